/*
 * What holds for the value of every key of every table: of another type, with another unit, or out
 * of range it is refused at its line, with the key's whole name. A key that is added is held to all
 * of it without a new line here.
 */
#include "profile_sites.h"

#include "base/units.h"
#include "profile/value.h"

#include <stdlib.h>

/* ---- types ---- */

/* A JSON value of each kind, and which types take some value of that kind. */
static bool takes(enum key_type type, const char *value)
{
    switch (value[0]) {
    case 't':
        return type == KEY_BOOL;
    case '7':
        return type == KEY_COUNT || type == KEY_NUMBER || type == KEY_SIZE || type == KEY_TARGET;
    case '[':
        return type == KEY_STRINGS || type == KEY_PROMPTS || type == KEY_FRACTIONS ||
               type == KEY_WINDOWS || type == KEY_OBJECTS;
    case '{':
        return type == KEY_HEADERS;
    case '"':
        return type != KEY_BOOL && type != KEY_COUNT && type != KEY_NUMBER && type < KEY_STRINGS &&
               type != KEY_HOURS;
    default: /* null */
        return false;
    }
}

static void refuse_other_kinds(const struct site *site, const struct key *key)
{
    static const char *const values[] = {"null", "true", "7", "\"word\"", "[]", "{}"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        if (!takes(key->type, values[i])) refuse_value(site, key->name, values[i], NULL);
    }
}

static void a_value_of_another_type_is_refused(void **state)
{
    (void)state;
    for_every_key(refuse_other_kinds);
}

/* Values that read as if they were right, per type; NULL-terminated. */
static const char *const *wrong_values(enum key_type type)
{
    static const char *const counts[] = {"1.5", "-1", "1e3", "99999999999999999999", NULL};
    static const char *const sizes[] = {"\"5x\"",    "1.5",     "-1",     "\"1.5\"",
                                        "\"5 KiB\"", "\"kib\"", "\"5s\"", NULL};
    static const char *const numbers[] = {"-1", "\"4\"", "1e999", NULL};
    static const char *const durations[] = {
        "\"5\"",   "\"5/s\"", "\"5%\"", "\"5 s\"",   "\"-5s\"",        "\"1e3s\"", "5",
        "\"5s \"", "\"s\"",   "\"5S\"", "\"5m30s\"", "\"999999999d\"", NULL};
    static const char *const rates[] = {"\"5\"",    "\"5s\"",   "\"5%\"", "\"5/d\"", "5",
                                        "\"-5/s\"", "\"5 /s\"", "\"/s\"", "\"5/S\"", NULL};
    static const char *const shares[] = {"\"5\"",   "\"101%\"", "\"5s\"",  "\"-1%\"", "0.05",
                                         "\"5 %\"", "\"%\"",    "\"5%%\"", NULL};
    static const char *const times[] = {"\"yesterday\"",
                                        "\"2026-01-01\"",
                                        "\"14:00\"",
                                        "\"2026-13-01T00:00:00Z\"",
                                        "\"2026-01-01T00:00:00\"",
                                        NULL};
    static const char *const words[] = {"\"nonsense\"", "\"\"", NULL};
    static const char *const spans[] = {
        "\"7-9\"", "\"peak=07:00-09:00\"", "\"1h\"",
        "\"\"",    "\"07:00-25:00@UTC\"",  "\"07:00-09:00@Nowhere/At\"",
        NULL};
    static const char *const targets[] = {"-1",     "1.5",          "\"5s\"", "\"-5/s\"",
                                          "100001", "\"100001/s\"", NULL};
    static const char *const strings[] = {"\"\"", "\"\\u0007\"", "\"a\\u001bb\"", NULL};
    static const char *const lists[] = {"\"word\"", "[7]", "[null]", "[[]]", "[\"\"]", NULL};
    static const char *const objects[] = {"[7]", "[\"a\"]", "[[]]", "[null]", NULL};
    static const char *const hours[] = {"[]", "[\"1%\"]", "{}", "{\"zone\": \"UTC\"}", NULL};
    static const char *const headers[] = {"{\"a b\": \"x\"}", "{\"x\": 7}", "{\"x\": \"\\n\"}",
                                          NULL};
    static const char *const none[] = {NULL};
    switch (type) {
    case KEY_COUNT:
        return counts;
    case KEY_SIZE:
        return sizes;
    case KEY_NUMBER:
        return numbers;
    case KEY_DURATION:
    case KEY_LATENCY:
        return durations;
    case KEY_RATE:
        return rates;
    case KEY_FRACTION:
    case KEY_SHARE:
        return shares;
    case KEY_TIME:
        return times;
    case KEY_WORD:
    case KEY_EITHER:
        return words;
    case KEY_DURING:
        return spans;
    case KEY_TARGET:
        return targets;
    case KEY_STRING:
    case KEY_HIDDEN:
    case KEY_REFERENCES:
    case KEY_CREDENTIAL:
        return strings;
    case KEY_STRINGS:
    case KEY_PROMPTS:
    case KEY_FRACTIONS:
    case KEY_WINDOWS:
        return lists;
    case KEY_OBJECTS:
        return objects;
    case KEY_HOURS:
        return hours;
    case KEY_HEADERS:
        return headers;
    default:
        return none;
    }
}

/* Lists are refused at the element: "thresholds[0]". */
static void refuse_wrong_values(const struct site *site, const struct key *key)
{
    const char *const *values = wrong_values(key->type);
    for (size_t i = 0; values[i] != NULL; i++) refuse_value(site, key->name, values[i], NULL);
}

static void a_value_with_another_unit_is_refused(void **state)
{
    (void)state;
    for_every_key(refuse_wrong_values);
}

static void refuse_slips_in_words(const struct site *site, const struct key *key)
{
    for (size_t i = 0; key->words != NULL && key->words[i] != NULL; i++) {
        char value[80];
        char words[100];
        (void)snprintf(value, sizeof value, "\"%sx\"", key->words[i]);
        (void)snprintf(words, sizeof words, "did you mean \"%s\"?", key->words[i]);
        refuse_value(site, key->name, value, words);
    }
}

static void a_slip_in_a_word_is_put_right(void **state)
{
    (void)state;
    for_every_key(refuse_slips_in_words);
}

/* ---- ranges ---- */

/* The nearest value beyond a bound, in a unit fine enough to write it; false when the type has no
 * range, or nothing lies beyond. */
static bool beyond(enum key_type type, const char *bound, bool above, struct text *out)
{
    struct error err = {0};
    int64_t ns = 0;
    uint64_t whole = 0;
    double number = 0;
    switch (type) {
    case KEY_COUNT:
    case KEY_SIZE:
        assert_int_equal((type == KEY_COUNT ? parse_count : parse_size)(bound, &whole, &err),
                         ERR_OK);
        if (!above && whole == 0) return false;
        text_printf(out, "%llu", (unsigned long long)(above ? whole + 1 : whole - 1));
        return true;
    case KEY_DURATION:
    case KEY_LATENCY:
        assert_int_equal(parse_duration(bound, &ns, &err), ERR_OK);
        if (!above && ns == 0) return false;
        text_printf(out, "\"%lldus\"", (long long)(ns / 1000 + (above ? 1 : -1)));
        return true;
    case KEY_RATE:
        assert_int_equal(parse_rate(bound, &number, &err), ERR_OK);
        text_printf(out, "\"%.3f/h\"", number * 3600 + (above ? 0.001 : -0.001));
        return true;
    case KEY_NUMBER:
        text_printf(out, "%.9g",
                    strtod(bound, NULL) * (above ? 1.0001 : 0.9999) -
                        (!above && strtod(bound, NULL) == 0 ? 1e-9 : 0));
        return true;
    default:
        return false;
    }
}

static size_t bounds_tried;

static void refuse_beyond_bounds(const struct site *site, const struct key *key)
{
    const char *const bounds[] = {key->least, key->most};
    for (size_t i = 0; i < 2; i++) {
        struct text value = {0};
        char words[100];
        if (bounds[i] == NULL || !beyond(key->type, bounds[i], i == 1, &value)) continue;
        (void)snprintf(words, sizeof words,
                       i == 0 ? "is too little: the least is %s" : "is too much: the most is %s",
                       bounds[i]);
        refuse_value(site, key->name, text_str(&value), words);
        text_free(&value);
        bounds_tried++;
    }
}

static void a_value_beyond_a_bound_is_refused_with_the_bound(void **state)
{
    (void)state;
    bounds_tried = 0;
    for_every_key(refuse_beyond_bounds);
    assert_true(bounds_tried > 70);
}

static void refuse_an_empty_list(const struct site *site, const struct key *key)
{
    if (value_is_composite(key->type) && key->least != NULL)
        refuse_value(site, key->name, "[]", "write at least one element");
}

static void a_list_that_needs_an_element_has_one(void **state)
{
    (void)state;
    for_every_key(refuse_an_empty_list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_of_another_type_is_refused),
        cmocka_unit_test(a_value_with_another_unit_is_refused),
        cmocka_unit_test(a_slip_in_a_word_is_put_right),
        cmocka_unit_test(a_value_beyond_a_bound_is_refused_with_the_bound),
        cmocka_unit_test(a_list_that_needs_an_element_has_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
