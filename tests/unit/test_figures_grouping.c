/* A run that ends just behind a bound has no last window in which nothing happened. */
#include "figures/model.h"
#include "test_report_fixture.h"

#define REGION(name)                                                                               \
    "{\"name\":\"" name "\",\"endpoint\":\"https://contoso.openai.azure.com\",\"deployment\":"     \
    "\"rt\",\"auth\":{\"api_key\":\"${KEY}\"}}"
#define TWO                                                                                        \
    "{\"name\":\"two\",\"regions\":[" REGION("a") "," REGION(                                      \
        "b") "],\"load\":{\"stages\":[{"                                                           \
             "\"duration\":\"3h\",\"target\":1}]},\"session\":{\"prompts\":[\"Say OK.\"]}}"

static size_t windows_of_run(uint64_t cancelled, const char *attempts)
{
    struct maker *m = maker_new(TWO, NULL);
    struct window hour;
    assert_int_equal(window_parse("1h", &hour, NULL), ERR_OK);
    maker_interval(m, SIX_PDT, SIX_PDT + HOUR);
    maker_session(m, 0, 1, "..F.", 100);
    maker_write(m);
    maker_interval(m, SIX_PDT + HOUR, SIX_PDT + HOUR + 100 * NS_PER_MS);
    if (attempts != NULL) maker_session(m, 1, 2, attempts, 100);
    m->cells[0].counters.sessions_ended = 5;
    m->cells[0].counters.open_ms = 500;
    m->cells[0].counters.driven_ms = 100;
    m->cells[1].counters.attempts_cancelled = cancelled;
    maker_write(m);
    maker_finish(m, "complete");
    struct results *results = maker_load(m, &hour, 1);
    size_t count = results->groupings[2].slice_count;
    assert_int_equal(results_region(results, 0)->cell.counters.sessions_ended, 6);
    results_free(results);
    window_free(&hour);
    maker_free(m);
    return count;
}

static void a_window_in_which_nothing_happened_is_not_the_last(void **state)
{
    (void)state;
    assert_int_equal(windows_of_run(0, NULL), 1);
    assert_int_equal(windows_of_run(1, NULL), 2);
    assert_int_equal(windows_of_run(0, "."), 2);
    assert_int_equal(windows_of_run(0, "F"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_in_which_nothing_happened_is_not_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
