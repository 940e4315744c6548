#include "record/run_store.h"

#include "files_fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

static void limit_to(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes == 0 ? limit.rlim_max : bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static struct run_store *open_store(const char *spill)
{
    struct run_store *store = NULL;
    struct error err = {0};
    const char *path = below("run");
    const struct run_store_plan plan = {.path = path, .spill = spill};
    if (run_store_open(&plan, &store, &err) != ERR_OK) fail_msg("%s", err.text);
    static const char json[] = "{\"run\":{\"state\":\"running\",\"reason\":null}}";
    assert_int_equal(run_store_manifest(store, json, sizeof json - 1, &err), ERR_OK);
    for (enum run_file file = 0; file < RUN_FILE_COUNT; file++)
        assert_int_equal(run_store_create(store, file, &err), ERR_OK);
    return store;
}

static void add(struct run_store *store, enum run_file file, const char *lines)
{
    struct error err = {0};
    if (run_store_append(store, file, lines, strlen(lines), &err) != ERR_OK)
        fail_msg("%s", err.text);
}

/* As after the next interval. */
static void look(struct run_store *store)
{
    const struct timespec second = {.tv_sec = 1, .tv_nsec = 50 * 1000 * 1000};
    (void)nanosleep(&second, NULL);
    run_store_check(store);
}

static void finish(struct run_store *store)
{
    struct error err = {0};
    if (run_store_end(store, &err) != ERR_OK) fail_msg("%s", err.text);
    run_store_free(store);
}

/* ---- what was removed ---- */

static void a_removed_file_is_made_again(void **state)
{
    (void)state;
    struct text news = {0};
    struct run_store *store = open_store(NULL);
    add(store, FILE_ATTEMPTS, "one\n");
    assert_int_equal(unlink(below("run/attempts.csv")), 0);
    add(store, FILE_ATTEMPTS, "two\n");
    look(store);
    assert_content("run/attempts.csv", "one\ntwo\n");
    assert_true(run_store_news(store, &news));
    assert_non_null(strstr(text_str(&news), "attempts.csv was removed"));
    add(store, FILE_ATTEMPTS, "three\n");
    finish(store);
    assert_content("run/attempts.csv", "one\ntwo\nthree\n");
    text_free(&news);
}

static void a_removed_folder_is_made_again(void **state)
{
    (void)state;
    struct run_store *store = open_store(NULL);
    add(store, FILE_ATTEMPTS, "one\n");
    add(store, FILE_INTERVALS, "first\n");
    folder_remove(below("run"));
    add(store, FILE_ATTEMPTS, "two\n");
    look(store);
    add(store, FILE_INTERVALS, "second\n");
    finish(store);
    assert_content("run/attempts.csv", "one\ntwo\n");
    assert_content("run/intervals.csv", "first\nsecond\n");
    assert_content("run/run.json", "{\"run\":{\"state\":\"running\",\"reason\":null}}");
    assert_int_equal(mode_of("run"), S_IFDIR | 0700);
}

/* At the very end as well: nothing comes after it that would notice. */
static void a_folder_removed_at_the_end_is_made_again(void **state)
{
    (void)state;
    struct run_store *store = open_store(NULL);
    add(store, FILE_FAILURES, "{}\n");
    folder_remove(below("run"));
    finish(store);
    assert_content("run/failures.jsonl", "{}\n");
}

/* What took the place of a file is somebody's, and stays. */
static void what_stands_in_the_way_stays(void **state)
{
    (void)state;
    struct error err = {0};
    struct text news = {0};
    struct run_store *store = open_store(NULL);
    add(store, FILE_ATTEMPTS, "one\n");
    assert_int_equal(unlink(below("run/attempts.csv")), 0);
    put("precious", "kept", 0600);
    assert_int_equal(symlink("../precious", below("run/attempts.csv")), 0);
    look(store);
    assert_true(run_store_news(store, &news));
    assert_non_null(strstr(text_str(&news), "run/attempts.csv: cannot make it again"));
    assert_content("precious", "kept");
    assert_int_equal(unlink(below("run/attempts.csv")), 0);
    look(store);
    assert_content("run/attempts.csv", "one\n");
    assert_int_equal(run_store_end(store, &err), ERR_OK);
    run_store_free(store);
    text_free(&news);
}

static void a_renamed_folder_is_followed(void **state)
{
    (void)state;
    struct error err = {0};
    struct run_store *store = open_store(NULL);
    assert_int_equal(rename(below("run"), below("elsewhere")), 0);
    add(store, FILE_ATTEMPTS, "one\n");
    look(store);
    assert_int_equal(run_store_end(store, &err), ERR_OK);
    assert_string_equal(run_store_path(store), below("elsewhere"));
    run_store_free(store);
    assert_content("elsewhere/attempts.csv", "one\n");
    assert_false(file_exists(below("run")));
}

/* ---- another folder ---- */

/* The line that was written in part is written once. */
static void a_spill_that_fails_loses_nothing(void **state)
{
    (void)state;
    char expected[200];
    char spill[160];
    (void)snprintf(spill, sizeof spill, "%s", below("spill"));
    struct run_store *store = open_store(spill);
    add(store, FILE_ATTEMPTS, "one\n");
    add(store, FILE_LATENCIES, "12345678901234567890\n");
    limit_to(15);
    char line[] = "a line that does not fit\n";
    struct error err = {0};
    /* the other folder has no more room, yet */
    assert_int_equal(run_store_append(store, FILE_ATTEMPTS, line, strlen(line), &err), ERR_OK);
    limit_to(0);
    assert_content("run/attempts.csv", "one\na line that");
    add(store, FILE_ATTEMPTS, "two\n");
    finish(store);
    (void)snprintf(expected, sizeof expected, "one\n%stwo\n", line);
    assert_content("run/attempts.csv", expected); /* there was room again before the next try */
    assert_false(file_exists(spill));
}

static void a_folder_that_takes_nothing_is_left(void **state)
{
    (void)state;
    struct text news = {0};
    char spill[160], elsewhere[200];
    (void)snprintf(spill, sizeof spill, "%s", below("spill"));
    (void)snprintf(elsewhere, sizeof elsewhere, "%s/run", spill);
    struct run_store *store = open_store(spill);
    add(store, FILE_ATTEMPTS, "one\n");
    add(store, FILE_FAILURES, "{}\n");
    /* nobody can make a file of this name again */
    assert_int_equal(unlink(below("run/attempts.csv")), 0);
    assert_int_equal(mkdir(below("run/attempts.csv"), 0700), 0);
    look(store);
    assert_true(run_store_news(store, &news));
    assert_non_null(strstr(text_str(&news), "the run goes on in"));
    add(store, FILE_ATTEMPTS, "two\n");
    assert_string_equal(run_store_path(store), elsewhere);
    finish(store);
    assert_content("spill/run/attempts.csv", "one\ntwo\n");
    assert_content("spill/run/failures.jsonl", "{}\n");
    assert_content("spill/run/run.json", "{\"run\":{\"state\":\"running\",\"reason\":null}}");
    /* whoever reads the first folder is told */
    struct text left = {0};
    assert_int_equal(file_read(below("run/run.json"), 4096, &left, NULL), ERR_OK);
    assert_non_null(strstr(text_str(&left), "\"stopped\""));
    assert_non_null(strstr(text_str(&left), "the run goes on in"));
    text_free(&left);
    text_free(&news);
}

static void nothing_is_lost_without_a_spill_either(void **state)
{
    (void)state;
    struct error err = {0};
    struct run_store *store = open_store(NULL);
    add(store, FILE_ATTEMPTS, "one\n");
    assert_int_equal(unlink(below("run/attempts.csv")), 0);
    assert_int_equal(mkdir(below("run/attempts.csv"), 0700), 0);
    add(store, FILE_ATTEMPTS, "two\n");
    look(store);
    assert_int_equal(rmdir(below("run/attempts.csv")), 0);
    assert_int_equal(run_store_end(store, &err), ERR_OK);
    run_store_free(store);
    assert_content("run/attempts.csv", "one\ntwo\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, files_begin, files_end)

int main(void)
{
    (void)signal(SIGXFSZ, SIG_IGN);
    const struct CMUnitTest tests[] = {
        TEST(a_removed_file_is_made_again),
        TEST(a_removed_folder_is_made_again),
        TEST(a_folder_removed_at_the_end_is_made_again),
        TEST(what_stands_in_the_way_stays),
        TEST(a_renamed_folder_is_followed),
        TEST(a_spill_that_fails_loses_nothing),
        TEST(a_folder_that_takes_nothing_is_left),
        TEST(nothing_is_lost_without_a_spill_either),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
