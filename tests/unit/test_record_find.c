#include "record/run_reader.h"

#include "base/files.h"

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

static int enter_fresh_folder(void **state)
{
    char root[] = "/tmp/rushhour-find-XXXXXX";
    if (mkdtemp(root) == NULL || chdir(root) != 0) return -1;
    *state = strdup(root);
    return *state == NULL ? -1 : 0;
}

static int leave_folder(void **state)
{
    int left = chdir("/");
    folder_remove(*state);
    free(*state);
    return left;
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
    refuse("latest", ERR_IO, "holds no run yet");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_path_or_a_name_below_results, enter_fresh_folder,
                                        leave_folder),
        cmocka_unit_test_setup_teardown(test_latest_without_any_run, enter_fresh_folder,
                                        leave_folder),
        cmocka_unit_test_setup_teardown(test_latest_is_the_run_written_last, enter_fresh_folder,
                                        leave_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
