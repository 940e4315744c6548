/* When a region, and a run, has nothing to show. */
#include "engine/fruitless.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct cell cell_of(uint64_t ok, uint64_t failed, enum domain domain, const char *code)
{
    struct cell cell = {0};
    cell.counters.attempts_ok = ok;
    cell.counters.attempts_failed = failed;
    if (failed > 0) cell_failure(&cell, PHASE_RESOLVE, domain, code, failed);
    return cell;
}

static void only_what_never_answered_is_fruitless(void **state)
{
    static const struct {
        uint64_t ok, failed;
        enum domain domain;
        bool fruitless, config;
    } rows[] = {
        {0, 0, DOMAIN_NONE, false, false},     {1, 0, DOMAIN_NONE, false, false},
        {1, 999, DOMAIN_CONFIG, false, false}, {0, 1, DOMAIN_CONFIG, true, true},
        {0, 78, DOMAIN_AUTH, true, true},      {0, 78, DOMAIN_SERVICE, true, false},
        {0, 78, DOMAIN_QUOTA, true, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cell cell = cell_of(rows[i].ok, rows[i].failed, rows[i].domain, "x");
        assert_int_equal(fruitless_region(&cell), rows[i].fruitless);
        assert_int_equal(fruitless_by_config(&cell), rows[i].config);
        cell_free(&cell);
    }
}

static void a_run_ends_when_every_region_is_hopeless(void **state)
{
    (void)state;
    struct cell two[] = {cell_of(0, FRUITLESS_ATTEMPTS, DOMAIN_CONFIG, "resolve_failed"),
                         cell_of(0, FRUITLESS_ATTEMPTS - 1, DOMAIN_AUTH, "upgrade_401")};
    assert_false(fruitless_run(two, 2));
    assert_true(fruitless_run(two, 1));
    two[1].counters.attempts_failed++;
    assert_true(fruitless_run(two, 2));
    cell_failure(&two[1], PHASE_UPGRADE, DOMAIN_SERVICE, "upgrade_503", 1);
    assert_false(fruitless_run(two, 2)); /* an outage is worth being measured */
    assert_false(fruitless_run(two, 0));
    for (int i = 0; i < 2; i++) cell_free(&two[i]);
}

/* A region that is held back is asked seldom: then the growing waits count, not the attempts. */
static void a_region_that_is_asked_again_in_vain_is_over(void **state)
{
    (void)state;
    struct cell cell = cell_of(0, 3, DOMAIN_AUTH, "upgrade_401");
    for (unsigned probes = 0; probes < FRUITLESS_PROBES; probes++) {
        cell.counters.hold_probes = probes;
        assert_false(fruitless_over(&cell));
    }
    cell.counters.hold_probes = FRUITLESS_PROBES;
    assert_true(fruitless_over(&cell));
    assert_string_equal(fruitless_code(&cell), "upgrade_401");
    cell_failure(&cell, PHASE_RESPONSE, DOMAIN_QUOTA, "daily_limit", 1);
    assert_false(fruitless_over(&cell)); /* a limit opens again */
    cell.counters.attempts_ok = 1;
    assert_false(fruitless_over(&cell));
    cell_free(&cell);
}

/* The number is that of the tables, which count ok and failed attempts; what is still to end, or
 * failed on our own side, is told beside it. */
static void the_words_count_what_the_tables_count(void **state)
{
    static const struct {
        uint64_t failed, own;
        enum fruitless_moment moment;
        const char *words;
    } rows[] = {
        {9, 0, FRUITLESS_AT_LAST, "region r: none of 9 attempts was answered; `"},
        {9, 0, FRUITLESS_SO_FAR, "region r: none of the first 9 attempts was answered; `"},
        {9, 1, FRUITLESS_AT_LAST,
         "region r: none of 9 attempts was answered, and 1 more failed on our own side; `"},
        {0, 3, FRUITLESS_AT_LAST, "region r: 3 attempts failed on our own side; `"},
    };
    const struct region region = {.name = "r", .host = "x.azure.com", .tls = true};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct cell cell = {
            .counters = {.attempts_failed = rows[i].failed, .own_failures = rows[i].own}};
        struct text words = {0};
        fruitless_words(&region, &cell, "p.json", FRUITLESS_ELSEWHERE, rows[i].moment, &words);
        assert_true(fruitless_region(&cell));
        assert_memory_equal(text_str(&words), rows[i].words, strlen(rows[i].words));
        text_free(&words);
    }
}

static void the_words_name_the_cause_and_the_fix(void **state)
{
    struct text words = {0};
    (void)state;
    struct cell cell = cell_of(0, 78, DOMAIN_CONFIG, "resolve_failed");
    cell.counters.own_failures = 2;
    cell_failure(&cell, PHASE_CONNECT, DOMAIN_CLIENT, "local_limit", 2);
    static const char plain[] =
        "region eastus2: none of 78 attempts was answered, and 2 more "
        "failed on our own side (resolve_failed 78); `rushhour check p.json` finds the cause";
    const struct region region = {.name = "eastus2", .host = "x.azure.com", .tls = true};
    assert_int_equal(setenv("HTTPS_PROXY", "http://u:CANARY@proxy:3128", 1), 0);
    fruitless_words(&region, &cell, "p.json", FRUITLESS_ELSEWHERE, FRUITLESS_AT_LAST, &words);
    assert_string_equal(text_str(&words), plain);
    text_clear(&words);
    fruitless_words(&region, &cell, "p.json", FRUITLESS_SIMULATED, FRUITLESS_AT_LAST, &words);
    assert_non_null(strstr(text_str(&words), "; `rushhour check p.json --simulate` finds"));
    text_clear(&words);
    fruitless_words(&region, &cell, "p.json", FRUITLESS_DIRECT, FRUITLESS_AT_LAST, &words);
    assert_memory_equal(text_str(&words), plain, sizeof plain - 1);
    assert_non_null(strstr(text_str(&words), "HTTPS_PROXY is set and not used"));
    assert_null(strstr(text_str(&words), "CANARY"));
    text_free(&words);
    cell_free(&cell);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_never_answered_is_fruitless),
        cmocka_unit_test(a_run_ends_when_every_region_is_hopeless),
        cmocka_unit_test(a_region_that_is_asked_again_in_vain_is_over),
        cmocka_unit_test(the_words_count_what_the_tables_count),
        cmocka_unit_test(the_words_name_the_cause_and_the_fix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
