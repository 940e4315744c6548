/* What prune lets go and what it keeps, by its own reasons one at a time; and that it removes a run
 * and nothing else. */
#include "record/prune.h"

#include "base/clock.h"
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

#define NOW (INT64_C(1796083200) * NS_PER_S) /* 2026-12-01T00:00:00Z */
#define DAY (86400 * NS_PER_S)
#define MOST 24

static void put(const char *folder, const char *name, const char *content)
{
    struct error err = {0};
    char path[256];
    assert_int_equal(folder_make(folder, &err), ERR_OK);
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(file_write(path, content, strlen(content), &err), ERR_OK);
}

/* A run of so many bytes besides run.json, written on a day of November 2026. */
static void put_run(const char *name, const char *profile, const char *state, int day, size_t bytes)
{
    char folder[64];
    char json[256];
    char *content = calloc(1, bytes + 1);
    assert_non_null(content);
    memset(content, 'x', bytes);
    (void)snprintf(folder, sizeof folder, "results/%s", name);
    (void)snprintf(json, sizeof json,
                   "{\"run\":{\"id\":\"%s\",\"profile\":\"%s\",\"state\":\"%s\",\"started\":"
                   "\"2026-11-%02dT00:00:00Z\"}}",
                   name, profile, state, day);
    put(folder, "run.json", json);
    put(folder, "attempts.csv", content);
    free(content);
}

struct decided {
    struct run_list list;
    struct pruned pruned[MOST];
};

static void decide(struct decided *d, const struct prune_rule *rule)
{
    struct error err = {0};
    if (run_list_read("results", &d->list, &err) != ERR_OK) fail_msg("%s", err.text);
    assert_true(d->list.count <= MOST);
    if (prune_plan("results", &d->list, rule, d->pruned, &err) != ERR_OK) fail_msg("%s", err.text);
}

static void holds(const struct decided *d, const char *name, enum prune_why why)
{
    for (size_t i = 0; i < d->list.count; i++) {
        if (strcmp(d->pruned[i].run->path + strlen("results/"), name) != 0) continue;
        if (d->pruned[i].why != why)
            fail_msg("%s: %s, not %s", name, prune_name(d->pruned[i].why), prune_name(why));
        return;
    }
    fail_msg("%s: not decided", name);
}

static void each_reason_keeps_a_run(void **state)
{
    struct decided d = {.list = {0}};
    struct run_facts named;
    (void)state;
    put_run("old", "peak", "complete", 1, 10);
    put_run("stopped", "peak", "stopped", 2, 10);
    put_run("killed", "peak", "running", 1, 10);
    put_run("packed", "peak", "complete", 1, 10);
    put("results/packed-evidence", "request.md", "");
    put_run("zipped", "peak", "complete", 1, 10);
    put("results", "zipped-evidence.tar.gz", "");
    put_run("ticket", "peak", "complete", 1, 10);
    put("results/4711", "manifest.json", "{\"run\":{\"id\":\"ticket\"}}");
    put_run("one-of-two", "peak", "complete", 1, 10);
    put("results/4712", "manifest.json",
        "{\"run\":{\"id\":\"both\",\"merged\":[{\"id\":\"x\"},{\"id\":\"one-of-two\"}]}}");
    put_run("linked", "peak", "complete", 1, 10);
    assert_int_equal(symlink("linked", "results/baseline"), 0);
    put_run("noted", "peak", "complete", 1, 10);
    put("results/noted", "notes.txt", "what we saw");
    put_run("alike", "peak", "complete", 1, 10);
    put("results/alike", "attempts-1.csv", "no part has so short a number");
    put_run("named", "peak", "complete", 1, 10);
    put_run("rare", "yearly", "complete", 1, 10);
    put("results/torn", "run.json", "{\"run\":{\"id\":");
    put_run("young", "peak", "complete", 29, 10);
    put_run("newest", "peak", "complete", 30, 10);
    assert_true(run_facts_read("results/named", &named));
    const struct prune_rule rule = {
        .now_ns = NOW, .older_ns = 10 * DAY, .over_bytes = -1, .keep = &named, .keep_count = 1};
    decide(&d, &rule);
    holds(&d, "old", PRUNE_REMOVE);
    holds(&d, "stopped", PRUNE_REMOVE);
    holds(&d, "killed", PRUNE_UNFINISHED);
    holds(&d, "torn", PRUNE_UNFINISHED);
    holds(&d, "packed", PRUNE_EVIDENCE);
    holds(&d, "zipped", PRUNE_EVIDENCE);
    holds(&d, "ticket", PRUNE_EVIDENCE);
    holds(&d, "one-of-two", PRUNE_EVIDENCE);
    holds(&d, "linked", PRUNE_LINKED);
    holds(&d, "baseline", PRUNE_LINKED);
    holds(&d, "noted", PRUNE_FOREIGN);
    holds(&d, "alike", PRUNE_FOREIGN);
    holds(&d, "named", PRUNE_NAMED);
    holds(&d, "rare", PRUNE_NEWEST);
    holds(&d, "young", PRUNE_YOUNG);
    holds(&d, "newest", PRUNE_NEWEST);
    run_list_free(&d.list);
}

/* The age is exact, and a run under way does not take the place of the newest one. */
static void age_and_newest(void **state)
{
    struct decided d = {.list = {0}};
    (void)state;
    put_run("a", "peak", "complete", 20, 10);
    put_run("b", "peak", "complete", 21, 10);
    put_run("c", "peak", "complete", 22, 10);
    put_run("under-way", "peak", "running", 30, 10);
    /* b is ten days old to the nanosecond */
    const struct prune_rule rule = {.now_ns = NOW, .older_ns = 10 * DAY, .over_bytes = -1};
    decide(&d, &rule);
    holds(&d, "a", PRUNE_REMOVE);
    holds(&d, "b", PRUNE_YOUNG);
    holds(&d, "c", PRUNE_NEWEST);
    holds(&d, "under-way", PRUNE_UNFINISHED);
    run_list_free(&d.list);
}

/* The oldest go first, and no more than need to. */
static void size_takes_the_oldest(void **state)
{
    struct decided d = {.list = {0}};
    uint64_t total = 0;
    (void)state;
    put_run("a", "peak", "complete", 1, 10000);
    put_run("b", "peak", "complete", 2, 10000);
    put_run("c", "peak", "complete", 3, 10000);
    put_run("d", "peak", "complete", 4, 10000);
    struct prune_rule rule = {.now_ns = NOW, .older_ns = -1, .over_bytes = INT64_MAX};
    decide(&d, &rule);
    for (size_t i = 0; i < d.list.count; i++) {
        assert_int_not_equal(d.pruned[i].why, PRUNE_REMOVE);
        total += d.pruned[i].bytes;
    }
    run_list_free(&d.list);
    assert_true(total > 40000 && total < 42000);
    rule.over_bytes = 31000; /* three of them */
    decide(&d, &rule);
    holds(&d, "a", PRUNE_REMOVE);
    holds(&d, "b", PRUNE_YOUNG);
    run_list_free(&d.list);
    rule.over_bytes = 0; /* the newest stays all the same */
    decide(&d, &rule);
    holds(&d, "a", PRUNE_REMOVE);
    holds(&d, "c", PRUNE_REMOVE);
    holds(&d, "d", PRUNE_NEWEST);
    run_list_free(&d.list);
}

static void a_run_goes_and_nothing_else(void **state)
{
    struct error err = {0};
    (void)state;
    put_run("a", "peak", "complete", 1, 10);
    put("results/a", "report.html", "<!doctype html>");
    put("results/a", "attempts-0001.csv.gz", "a part");
    put("results/a", "attempts-0002.csv", "another");
    put("elsewhere", "keep.txt", "mine");
    assert_int_equal(prune_remove("results/a", &err), ERR_OK);
    assert_false(file_exists("results/a"));
    assert_true(file_exists("elsewhere/keep.txt"));
    /* what came in meanwhile stays */
    put_run("b", "peak", "complete", 1, 10);
    put("results/b", "late.txt", "mine");
    assert_int_equal(prune_remove("results/b", &err), ERR_IO);
    assert_non_null(strstr(err.text, "results/b"));
    assert_true(file_exists("results/b/late.txt"));
    assert_int_equal(prune_remove("results/none", &err), ERR_IO);
}

/* One that cannot be looked at or removed does not keep the others from going. */
static void failures_are_told_and_the_others_go(void **state)
{
    struct decided d = {.list = {0}};
    struct error err = {0};
    (void)state;
    put_run("first", "peak", "complete", 1, 10);
    put_run("stuck", "peak", "complete", 2, 10);
    put_run("gone", "peak", "complete", 3, 10);
    put_run("last", "peak", "complete", 4, 10);
    put_run("newest", "peak", "complete", 5, 10);
    const struct prune_rule rule = {.now_ns = NOW, .older_ns = 10 * DAY, .over_bytes = -1};
    assert_int_equal(run_list_read("results", &d.list, &err), ERR_OK);
    folder_remove("results/gone");
    assert_int_equal(prune_plan("results", &d.list, &rule, d.pruned, &err), ERR_OK);
    assert_int_equal(unlink("results/stuck/attempts.csv"), 0);
    put("results/stuck/attempts.csv", "mine", "what no run writes");
    prune_carry_out(d.pruned, d.list.count);
    holds(&d, "first", PRUNE_REMOVE);
    holds(&d, "stuck", PRUNE_FAILED);
    holds(&d, "gone", PRUNE_FAILED);
    holds(&d, "last", PRUNE_REMOVE);
    holds(&d, "newest", PRUNE_NEWEST);
    for (size_t i = 0; i < d.list.count; i++) {
        const char *path = d.pruned[i].run->path;
        if (d.pruned[i].why == PRUNE_FAILED) assert_non_null(strstr(d.pruned[i].err.text, path));
        if (d.pruned[i].why == PRUNE_REMOVE) assert_false(file_exists(path));
    }
    assert_true(file_exists("results/stuck/run.json"));
    assert_true(file_exists("results/stuck/attempts.csv/mine"));
    run_list_free(&d.list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_reason_keeps_a_run, enter_fresh_folder, leave_folder),
        cmocka_unit_test_setup_teardown(age_and_newest, enter_fresh_folder, leave_folder),
        cmocka_unit_test_setup_teardown(size_takes_the_oldest, enter_fresh_folder, leave_folder),
        cmocka_unit_test_setup_teardown(failures_are_told_and_the_others_go, enter_fresh_folder,
                                        leave_folder),
        cmocka_unit_test_setup_teardown(a_run_goes_and_nothing_else, enter_fresh_folder,
                                        leave_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
