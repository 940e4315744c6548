#include "record/run_reader.h"

#include "base/files.h"
#include "fresh_folder_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void put_run(const char *folder, const char *json)
{
    struct error err = {0};
    char path[128];
    assert_int_equal(folder_make(folder, &err), ERR_OK);
    (void)snprintf(path, sizeof path, "%s/run.json", folder);
    assert_int_equal(file_write(path, json, strlen(json), &err), ERR_OK);
}

static void find(const char *run, const char *wanted)
{
    struct text folder = {0};
    struct error err = {0};
    assert_int_equal(run_find(run, &folder, &err), ERR_OK);
    assert_string_equal(text_str(&folder), wanted);
    text_free(&folder);
}

static void refuse(const char *run, enum err_code code, const char *says)
{
    struct text folder = {0};
    struct error err = {0};
    assert_int_equal(run_find(run, &folder, &err), code);
    assert_non_null(strstr(err.text, says));
    assert_string_equal(text_str(&folder), "");
    text_free(&folder);
}

static void test_a_path_or_a_name_below_results(void **state)
{
    put_run("results/one", "{}");
    put_run("elsewhere/two", "{}");
    find("elsewhere/two", "elsewhere/two");
    find("one", "results/one");
    find("results/one", "results/one");
    find(*state, *state);
    refuse("three", ERR_IO, "three: no such run folder, nor below results/");
    refuse("/nowhere/three", ERR_IO, "/nowhere/three: no such run folder");
    refuse("", ERR_USAGE, "empty");
}

static void test_latest_without_any_run(void **state)
{
    (void)state;
    refuse("latest", ERR_IO, "results");
    assert_int_equal(folder_make("results/empty", NULL), ERR_OK);
    refuse("latest", ERR_IO, "does not hold any run yet");
}

/* A replay's own clock is in the past: what counts is when its manifest was written. */
static void test_latest_is_the_run_written_last(void **state)
{
    (void)state;
    put_run("results/a", "{\"run\":{\"started\":\"2020-11-20T14:05:00Z\"}}");
    put_run("results/b", "{\"run\":{\"started\":\"2020-11-20T14:04:59.999Z\"}}");
    find("latest", "results/a");
    put_run(
        "results/replay",
        "{\"run\":{\"started\":\"2018-04-13T07:00:00Z\",\"written\":\"2020-11-20T14:06:00Z\"}}");
    put_run("results/.hidden", "{\"run\":{\"written\":\"2099-11-20T14:06:00Z\"}}");
    find("latest", "results/replay");
    put_run("results/same", "{\"run\":{\"written\":\"2020-11-20T14:06:00Z\"}}");
    find("latest", "results/same");
    put_run("results/torn", "{\"run\":{"); /* falls back to the file's own time, which is now */
    put_run("results/z", "{\"run\":{\"started\":\"1999-01-01T00:00:00Z\"}}");
    find("latest", "results/torn");
}

static void a_profile_or_a_day_names_a_run(void **state)
{
    (void)state;
    put_run("results/a", "{\"run\":{\"profile\":\"peak\",\"started\":\"2026-11-20T00:00:00Z\"}}");
    put_run("results/b",
            "{\"run\":{\"profile\":\"peak\",\"started\":\"2026-11-20T23:59:59.999Z\"}}");
    put_run("results/c", "{\"run\":{\"profile\":\"soak\",\"started\":\"2026-11-21T00:00:00Z\"}}");
    put_run("results/replay",
            "{\"run\":{\"profile\":\"replay\",\"started\":\"2018-04-13T07:00:00Z\","
            "\"written\":\"2026-11-22T14:06:00Z\"}}");
    find("latest", "results/replay");
    find("latest:peak", "results/b");
    find("latest:soak", "results/c");
    find("2026-11-20", "results/b");
    find("2026-11-21", "results/c");
    find("2018-04-13", "results/replay");
    refuse("latest:", ERR_USAGE, "latest:PROFILE");
    assert_int_equal(folder_make("results/zz/run.json", NULL), ERR_OK); /* no manifest */
    find("latest", "results/replay");
    refuse("latest:none", ERR_IO, "does not hold a run of profile \"none\"");
    refuse("2026-11-19", ERR_IO, "that day (UTC)");
    find("2026-11-20T00", "results/a");
    find("2026-11-20T23", "results/b");
    find("2026-11-20:peak", "results/b");
    find("2026-11-20T00:peak", "results/a");
    refuse("2026-11-20T01", ERR_IO, "a run that started in that hour (UTC)");
    refuse("2026-11-20:soak", ERR_IO, "a run of profile \"soak\" that started on that day (UTC)");
    refuse("2026-11-20:", ERR_USAGE, "2026-11-20:PROFILE");
    refuse("2026-11-20T25", ERR_IO, "no such run folder");
    refuse("2026-13-19", ERR_IO, "no such run folder");
    put_run("2026-11-20", "{}"); /* a folder of that name is what is meant */
    find("2026-11-20", "2026-11-20");
}

/* The run of the same profile a week before, within half an hour; never the run itself. */
static void the_same_hour_of_last_week(void **state)
{
    static const struct {
        const char *started, *profile;
        bool found;
    } cases[] = {
        {"2026-11-13T08:00:00Z", "peak", true},      {"2026-11-13T08:30:00Z", "peak", true},
        {"2026-11-13T07:30:00Z", "peak", true},      {"2026-11-13T08:30:00.001Z", "peak", false},
        {"2026-11-13T07:29:59.999Z", "peak", false}, {"2026-11-13T08:00:00Z", "soak", false},
        {"2026-11-20T08:00:00Z", "peak", false},
    };
    (void)state;
    put_run("results/now", "{\"run\":{\"profile\":\"peak\",\"started\":\"2026-11-20T08:00:00Z\"}}");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text folder = {0};
        struct error err = {0};
        char json[160];
        (void)snprintf(json, sizeof json, "{\"run\":{\"profile\":\"%s\",\"started\":\"%s\"}}",
                       cases[i].profile, cases[i].started);
        put_run("results/then", json);
        enum err_code code = run_find_beside(RUN_WEEK_BEFORE, "results/now", &folder, &err);
        assert_int_equal(code, cases[i].found ? ERR_OK : ERR_IO);
        assert_string_equal(text_str(&folder), cases[i].found ? "results/then" : "");
        if (!cases[i].found) assert_non_null(strstr(err.text, "2026-11-13T08:00:00.000Z"));
        text_free(&folder);
    }
    refuse(RUN_WEEK_BEFORE, ERR_USAGE, "beside another run");
    /* Of two the nearest, whichever was written last. */
    put_run("results/then",
            "{\"run\":{\"profile\":\"peak\",\"started\":\"2026-11-13T08:01:00Z\"}}");
    put_run("results/z-off",
            "{\"run\":{\"profile\":\"peak\",\"started\":\"2026-11-13T08:28:00Z\"}}");
    struct text folder = {0};
    assert_int_equal(run_find_beside(RUN_WEEK_BEFORE, "results/now", &folder, NULL), ERR_OK);
    assert_string_equal(text_str(&folder), "results/then");
    text_free(&folder);
}

/* Of the same profile the one written last before, never the run itself under another name. */
static void the_previous_run(void **state)
{
    struct text folder = {0};
    struct error err = {0};
    (void)state;
    put_run("results/one", "{\"run\":{\"profile\":\"peak\",\"started\":\"2026-11-20T06:00:00Z\"}}");
    put_run("results/other",
            "{\"run\":{\"profile\":\"soak\",\"started\":\"2026-11-20T06:30:00Z\"}}");
    put_run("results/two", "{\"run\":{\"profile\":\"peak\",\"started\":\"2026-11-20T07:00:00Z\"}}");
    put_run("results/three",
            "{\"run\":{\"profile\":\"peak\",\"started\":\"2026-11-20T08:00:00Z\"}}");
    assert_int_equal(symlink("two", "results/zz-baseline"), 0);
    assert_int_equal(run_find_beside(RUN_PREVIOUS, "results/two", &folder, &err), ERR_OK);
    assert_string_equal(text_str(&folder), "results/one");
    text_clear(&folder);
    assert_int_equal(run_find_beside(RUN_PREVIOUS, "results/one", &folder, &err), ERR_IO);
    assert_non_null(strstr(err.text, "an earlier run of profile \"peak\""));
    text_free(&folder);
    refuse(RUN_PREVIOUS, ERR_USAGE, "beside another run");
}

/* By the clock of the zone of the profile's windows: weeks with a change of daylight saving have an
 * hour more or less. Instants from Python's zoneinfo. */
static void the_same_hour_is_by_the_zone(void **state)
{
    static const struct {
        const char *windows, *started, *then;
    } cases[] = {
        {"\"1m\",\"peak=07:00-09:00@America/Los_Angeles,mon-fri\"", "2026-11-03T15:00:00Z",
         "2026-10-27T14:00:00.000Z"}, /* PST now, PDT then */
        {"\"peak=07:00-09:00@America/Los_Angeles\"", "2026-03-10T14:00:20Z",
         "2026-03-03T15:00:20.000Z"},
        {"\"a=22:00-02:00@Europe/Berlin\",\"b=07:00-09:00@America/Los_Angeles\"",
         "2026-03-30T20:30:00Z", "2026-03-23T21:30:00.000Z"},
        {"\"peak=07:00-09:00@America/Los_Angeles\"", "2026-11-17T15:00:00Z",
         "2026-11-10T15:00:00.000Z"},
        {"\"peak=07:00-09:00@Australia/Sydney\"", "2026-10-05T22:00:00.250Z",
         "2026-09-28T23:00:00.250Z"},
        {"\"peak=07:00-09:00@Asia/Kolkata\"", "2026-11-03T15:00:00Z", "2026-10-27T15:00:00.000Z"},
        {"\"1m\"", "2026-11-03T15:00:00Z", "2026-10-27T15:00:00.000Z"},
        {"\"peak=07:00-09:00@No/Where\"", "2026-11-03T15:00:00Z", "2026-10-27T15:00:00.000Z"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text folder = {0};
        char json[300];
        (void)snprintf(json, sizeof json,
                       "{\"run\":{\"profile\":\"p\",\"started\":\"%s\"},\"profile\":{\"windows\":{"
                       "\"report\":[%s]}}}",
                       cases[i].started, cases[i].windows);
        put_run("results/now", json);
        (void)snprintf(json, sizeof json, "{\"run\":{\"profile\":\"p\",\"started\":\"%s\"}}",
                       cases[i].then);
        put_run("results/then", json);
        put_run("results/hour-off",
                "{\"run\":{\"profile\":\"p\",\"started\":\"2026-01-01T00:00:00Z\"}}");
        struct error err = {0};
        if (run_find_beside(RUN_WEEK_BEFORE, "results/now", &folder, &err) != ERR_OK)
            fail_msg("case %zu: %s", i, err.text);
        assert_string_equal(text_str(&folder), "results/then");
        text_free(&folder);
        put_run("results/then",
                "{\"run\":{\"profile\":\"p\",\"started\":\"2026-01-01T00:00:00Z\"}}");
        assert_int_equal(run_find_beside(RUN_WEEK_BEFORE, "results/now", &folder, &err), ERR_IO);
        if (strstr(err.text, cases[i].then) == NULL) fail_msg("case %zu: %s", i, err.text);
        text_free(&folder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_path_or_a_name_below_results, enter_fresh_folder,
                                        leave_folder),
        cmocka_unit_test_setup_teardown(test_latest_without_any_run, enter_fresh_folder,
                                        leave_folder),
        cmocka_unit_test_setup_teardown(test_latest_is_the_run_written_last, enter_fresh_folder,
                                        leave_folder),
        cmocka_unit_test_setup_teardown(a_profile_or_a_day_names_a_run, enter_fresh_folder,
                                        leave_folder),
        cmocka_unit_test_setup_teardown(the_previous_run, enter_fresh_folder, leave_folder),
        cmocka_unit_test_setup_teardown(the_same_hour_is_by_the_zone, enter_fresh_folder,
                                        leave_folder),
        cmocka_unit_test_setup_teardown(the_same_hour_of_last_week, enter_fresh_folder,
                                        leave_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
