/* "Did you mean": similar names are suggested, others are not. */
#include "profile/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *best_of(const char *wanted, const char *const *known)
{
    struct suggestion suggestion = suggest_start(wanted);
    for (; *known != NULL; known++) suggest_offer(&suggestion, *known);
    return suggestion.best;
}

static void the_nearest_is_offered(void **state)
{
    static const char *const known[] = {"interactions", "think_time", "prompts", "modality", NULL};
    static const struct {
        const char *wanted, *best;
    } rows[] = {
        {"interaction", "interactions"},
        {"Interactions", "interactions"},
        {"think_tmie", "think_time"},
        {"thinktime", "think_time"},
        {"promtps", "prompts"},
        {"zebra", NULL},
        {"x", NULL},
        {"", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *best = best_of(rows[i].wanted, known);
        if (rows[i].best == NULL ? best != NULL : best == NULL || strcmp(best, rows[i].best) != 0)
            fail_msg("%s: %s", rows[i].wanted, best != NULL ? best : "nothing");
    }
}

/* The order of the offers matters only between equals, where the first wins. */
static void the_first_of_equals_wins(void **state)
{
    static const char *const one[] = {"abcdef", "abcdeg", NULL};
    static const char *const other[] = {"abcdeg", "abcdef", NULL};
    (void)state;
    assert_string_equal(best_of("abcdeh", one), "abcdef");
    assert_string_equal(best_of("abcdeh", other), "abcdeg");
    assert_string_equal(best_of("abcdeg", one), "abcdeg");
}

/* Published examples: kitten and sitting are 3 apart (Levenshtein), a swap is one step
 * (Damerau). */
static void distances_are_those_of_the_textbook(void **state)
{
    static const struct {
        const char *a, *b;
        size_t distance;
    } rows[] = {
        {"", "", 0},         {"a", "", 1},        {"kitten", "sitting", 3},
        {"ca", "ac", 1},     {"ca", "abc", 3},    {"Saturday", "Sunday", 3},
        {"flaw", "lawn", 2}, {"SAME", "same", 0}, {"abcd", "badc", 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(suggest_distance(rows[i].a, rows[i].b), rows[i].distance);
        assert_int_equal(suggest_distance(rows[i].b, rows[i].a), rows[i].distance);
    }
}

/* Words of any length are compared by their first 64 bytes. */
static void long_words_are_bounded(void **state)
{
    char a[5000];
    char b[5000];
    (void)state;
    (void)memset(a, 'a', sizeof a - 1);
    (void)memset(b, 'a', sizeof b - 1);
    a[sizeof a - 1] = b[sizeof b - 1] = '\0';
    b[64] = 'b';
    assert_int_equal(suggest_distance(a, b), 0);
    b[63] = 'b';
    assert_int_equal(suggest_distance(a, b), 1);
    assert_int_equal(suggest_distance(a, ""), 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_is_offered),
        cmocka_unit_test(the_first_of_equals_wins),
        cmocka_unit_test(distances_are_those_of_the_textbook),
        cmocka_unit_test(long_words_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
