/* The commands that read run folders, from the command line to the exit status: report, compare,
 * merge and evidence, on folders with known figures. */
#include "cli_fixture.h"
#include "test_report_fixture.h"

#include <cjson/cJSON.h>
#include <sys/stat.h>

static struct maker *incident;

static int set_up(void **state)
{
    (void)state;
    incident = maker_new(INCIDENT_PROFILE(""), NULL);
    maker_incident(incident);
    maker_finish(incident, "complete");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    maker_free(incident);
    return 0;
}

/* "report --json" and the like; the folder follows the command. */
static const struct told *tell_of(const char *words, const struct maker *m)
{
    char line[512];
    size_t command = strcspn(words, " ");
    (void)snprintf(line, sizeof line, "%.*s %s%s", (int)command, words, m->folder, words + command);
    return tell_line(line);
}

static cJSON *json_of(const struct told *told)
{
    cJSON *root = cJSON_Parse(told->out);
    if (root == NULL) fail_msg("%d: no JSON: %s%s", told->status, told->out, told->err);
    return root;
}

static double number_at(const cJSON *object, const char *first, const char *second,
                        const char *third)
{
    const char *const keys[] = {first, second, third};
    for (size_t i = 0; i < 3 && keys[i] != NULL; i++) {
        object = cJSON_GetObjectItemCaseSensitive(object, keys[i]);
        if (object == NULL) fail_msg("no \"%s\"", keys[i]);
    }
    assert_true(cJSON_IsNumber(object));
    return object->valuedouble;
}

/* ---- report ---- */

static void one_report_in_five_forms(void **state)
{
    (void)state;
    const struct told *told = tell_of("report", incident);
    assert_int_equal(told->status, 0);
    holds(told->out, "eastus2");
    holds(told->out, "/run/report.html\n");
    lacks(told->out, "\x1b"); /* not a terminal */
    told = tell_of("report --format markdown", incident);
    holds(told->out, "| eastus2 |");
    lacks(told->out, "report.html");
    told = tell_of("report --format html", incident);
    assert_int_equal(strncmp(told->out, "<!doctype html>", 15), 0);
    told = tell_of("report --format csv", incident);
    holds(told->out, ",eastus2,");
    told = tell_of("report --format json", incident);
    cJSON *root = json_of(told);
    /* 8 and 135 first failures of 997 and 893 */
    assert_true(number_at(root, "totals", "attempts", "failed") == 143);
    assert_true(number_at(root, "totals", "attempts", "started") == 1890);
    cJSON_Delete(root);
    char copy[sizeof told->out];
    (void)strcpy(copy, told->out);
    told = tell_of("report --json --quiet", incident); /* JSON is printed even with --quiet */
    assert_string_equal(told->out, copy);
    told = tell_of("report --json --format json", incident);
    assert_string_equal(told->out, copy);
}

static void windows_of_the_command_line_replace_those_of_the_profile(void **state)
{
    (void)state;
    const struct told *told =
        tell_of("report --json --window six=06:00-07:00@America/Los_Angeles", incident);
    cJSON *root = json_of(told);
    const cJSON *windows = cJSON_GetObjectItemCaseSensitive(root, "windows");
    bool found = false;
    const cJSON *window;
    cJSON_ArrayForEach(window, windows)
    {
        const cJSON *region =
            cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(window, "regions"), 0);
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(window, "name"));
        assert_non_null(name);
        assert_string_not_equal(name, "peak");
        if (strcmp(name, "six") != 0) continue;
        found = true;
        assert_true(number_at(region, "attempts", "started", NULL) == 997);
        assert_true(number_at(region, "attempts", "failed", NULL) == 8);
    }
    assert_true(found);
    cJSON_Delete(root);
    /* Hours that windows cut are told. */
    holds(tell_of("report --window 7s", incident)->out, "Window 7s has bounds inside 2 intervals");
}

static void a_report_into_a_file(void **state)
{
    char line[256];
    char path[128];
    struct text file = {0};
    struct error err = {0};
    (void)state;
    (void)snprintf(path, sizeof path, "%s/made.md", incident->root);
    (void)snprintf(line, sizeof line, "report --format markdown -o %s", path);
    const struct told *told = tell_of(line, incident);
    assert_int_equal(told->status, 0);
    assert_string_equal(told->out, "");
    assert_int_equal(file_read(path, 1 << 20, &file, &err), ERR_OK);
    told = tell_of("report --format markdown", incident);
    assert_string_equal(text_str(&file), told->out);
    text_free(&file);
    told = tell_of("report -o /nowhere/at/all", incident);
    assert_int_equal(told->status, 1);
    holds(told->err, "/nowhere/at/all");
}

/* The pages are renewed, and nothing is printed. */
static void a_quiet_report_makes_the_pages(void **state)
{
    char page[128];
    struct stat before;
    (void)state;
    (void)snprintf(page, sizeof page, "%s/report.html", incident->folder);
    (void)unlink(page);
    assert_string_equal(tell_of("report --format text", incident)->err, "");
    assert_int_equal(stat(page, &before), -1); /* with an explicit format they are left alone */
    const struct told *told = tell_of("report -q", incident);
    assert_int_equal(told->status, 0);
    assert_string_equal(told->out, "");
    assert_int_equal(stat(page, &before), 0);
    assert_true(before.st_size > 10000);
}

/* A page that cannot be written (a folder is in its place) is reported, and the tables are
 * printed. */
static void a_folder_that_cannot_be_written_can_be_read(void **state)
{
    char page[128];
    (void)state;
    (void)snprintf(page, sizeof page, "%s/report.html", incident->folder);
    (void)unlink(page);
    assert_int_equal(mkdir(page, 0700), 0);
    const struct told *told = tell_of("report", incident);
    assert_int_equal(told->status, 0);
    holds(told->out, "eastus2");
    lacks(told->out, "report.html"); /* it does not exist, so it is not mentioned */
    holds(told->err, "report.html");
    assert_int_equal(tell_of("report -q", incident)->status, 1); /* nothing else was asked for */
    assert_int_equal(rmdir(page), 0);
}

/* ---- compare ---- */

static void exit_status_of_a_comparison(void **state)
{
    static const struct {
        const char *line;
        int status;
    } rows[] = {
        {"compare --between peak rest", 99},                                 /* 15% against 0.8% */
        {"compare --between early=06:00-07:00@America/Los_Angeles peak", 0}, /* better */
        {"compare --between rest peak", 2},                                  /* the rest of what? */
        {"compare --between peak rest --metric failure_rate", 99},
        {"compare --between peak rest --metric ttft.p99 --inconclusive pass", 0},
        {"compare --between peak nowhere", 2},
        {"compare --between peak rest --metric nonsense", 2},
        {"compare --regions eastus2 nowhere", 2},
        {"compare --between peak rest --margin 50%", 0}, /* 14 points are within */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct told *told = tell_of(rows[i].line, incident);
        if (told->status != rows[i].status)
            fail_msg("%s: %d\n%s%s", rows[i].line, told->status, told->out, told->err);
    }
}

static void one_comparison_in_four_forms(void **state)
{
    (void)state;
    const struct told *told = tell_of("compare --between peak rest", incident);
    holds(told->out, "failure_rate");
    holds(told->out, "worse");
    assert_string_equal(tell_of("compare --between peak rest -q", incident)->out, "");
    holds(tell_of("compare --between peak rest --format markdown", incident)->out, "| ");
    told = tell_of("compare --between peak rest --format html", incident);
    assert_int_equal(strncmp(told->out, "<!doctype html>", 15), 0);
    told = tell_of("compare --between peak rest --json --quiet", incident);
    assert_int_equal(told->status, 99);
    cJSON_Delete(json_of(told));
    told = tell_of("compare --between peak rest -o /nowhere/at/all", incident);
    assert_int_equal(told->status, 1);
    holds(told->err, "/nowhere/at/all");
}

/* Later runs against the first; with several, each is reported and the worst status counts. */
static void runs_against_a_baseline(void **state)
{
    char line[512];
    (void)state;
    struct maker *quiet = maker_new(INCIDENT_PROFILE(""), NULL);
    maker_interval(quiet, SIX_PDT, SIX_PDT + HOUR);
    for (uint64_t i = 1; i <= 997; i++) maker_session(quiet, 0, i, i <= 8 ? "F" : ".", 200);
    maker_write(quiet);
    maker_finish(quiet, "complete");
    struct maker *busy = maker_new(INCIDENT_PROFILE(""), NULL);
    maker_interval(busy, SIX_PDT, SIX_PDT + HOUR);
    for (uint64_t i = 1; i <= 893; i++) maker_session(busy, 0, i, i <= 135 ? "F" : ".", 200);
    maker_write(busy);
    maker_finish(busy, "complete");
    (void)snprintf(line, sizeof line, "compare %s %s --metric failure_rate", quiet->folder,
                   busy->folder);
    assert_int_equal(tell_line(line)->status, 99);
    (void)snprintf(line, sizeof line, "compare %s %s --metric failure_rate", busy->folder,
                   quiet->folder);
    assert_int_equal(tell_line(line)->status, 0);
    (void)snprintf(line, sizeof line, "compare %s %s %s %s --metric failure_rate --margin 2%%",
                   quiet->folder, quiet->folder, busy->folder, quiet->folder);
    const struct told *told = tell_line(line);
    assert_int_equal(told->status, 99);
    size_t tables = 0;
    for (const char *s = told->out; (s = strstr(s, "Verdict")) != NULL; s++) tables++;
    assert_int_equal(tables, 3);
    (void)snprintf(line, sizeof line, "compare %s %s /nowhere", quiet->folder, quiet->folder);
    assert_int_equal(tell_line(line)->status, 1);
    maker_free(quiet);
    maker_free(busy);
}

/* ---- merge ---- */

/* Gives a run of the maker its own name and shard. */
static void rename_run(const struct maker *m, const char *id, const char *shard)
{
    struct error err = {0};
    struct text json = {0};
    char path[128];
    (void)snprintf(path, sizeof path, "%s/run.json", m->folder);
    assert_int_equal(file_read(path, 1 << 20, &json, &err), ERR_OK);
    cJSON *root = cJSON_Parse(text_str(&json));
    cJSON *run = cJSON_GetObjectItemCaseSensitive(root, "run");
    assert_true(cJSON_ReplaceItemInObject(run, "id", cJSON_CreateString(id)));
    assert_true(cJSON_ReplaceItemInObject(run, "shard", cJSON_CreateString(shard)));
    char *printed = cJSON_Print(root);
    assert_int_equal(file_write(path, printed, strlen(printed), &err), ERR_OK);
    cJSON_free(printed);
    cJSON_Delete(root);
    text_free(&json);
}

/* A merged folder is for its owner alone, with every file in it, as that of a run is. */
static void check_modes(const struct maker *m, bool share)
{
    static const char *const names[] = {"",
                                        "run.json",
                                        "intervals.csv",
                                        "latency.hlog",
                                        "attempts.csv",
                                        "failures.jsonl",
                                        "report.md",
                                        "report.html"};
    const mode_t mask = umask(0);
    (void)umask(mask);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct stat status;
        char path[160];
        const mode_t folder = (share ? 0755 : 0700) & ~mask;
        const mode_t wanted = i == 0 ? folder : share ? 0644 : 0600;
        (void)snprintf(path, sizeof path, "%s/merged/%s", m->root, names[i]);
        assert_int_equal(stat(path, &status), 0);
        if ((status.st_mode & 07777) != wanted)
            fail_msg("%s: %o, not %o", path, (unsigned)(status.st_mode & 07777), (unsigned)wanted);
    }
}

static void merging(const char *shards[2], const char *options, int status, const char *out,
                    const char *err_words)
{
    struct maker *makers[2];
    char line[512];
    for (size_t i = 0; i < 2; i++) {
        char id[32];
        makers[i] = maker_new(INCIDENT_PROFILE(""), NULL);
        maker_incident(makers[i]);
        maker_finish(makers[i], "complete");
        (void)snprintf(id, sizeof id, "run-%zu", i);
        rename_run(makers[i], id, shards[i]);
    }
    (void)snprintf(line, sizeof line, "merge %s/merged %s %s %s", makers[0]->root,
                   makers[0]->folder, makers[1]->folder, options);
    const struct told *told = tell_line(line);
    if (told->status != status) fail_msg("%s: %d %s", line, told->status, told->err);
    if (out == NULL) {
        assert_string_equal(told->out, "");
    } else {
        holds(told->out, out);
    }
    holds(told->err, err_words);
    if (strstr(options, "--json") != NULL) {
        cJSON *root = json_of(told);
        assert_true(number_at(root, "totals", "attempts", "started") == 2 * 1890);
        cJSON_Delete(root);
    }
    check_modes(makers[0], strstr(options, "--share") != NULL);
    for (size_t i = 0; i < 2; i++) maker_free(makers[i]);
}

static void merges_say_what_came_of_them(void **state)
{
    static const char *whole[] = {"1/1", "1/1"};
    static const char *parts[] = {"1/2", "2/2"};
    static const char *gap[] = {"1/3", "3/3"};
    (void)state;
    merging(whole, "", 0, "/merged/report.html\n", "");
    merging(parts, "--json", 0, "\"totals\"", "");
    merging(parts, "--json -q", 0, "\"totals\"", "");
    merging(parts, "--quiet", 0, NULL, "");
    merging(gap, "--quiet", 4, NULL, "2/3 is missing");
    merging(whole, "--share", 0, "/merged/report.html\n", "");
    merging(gap, "", 4, "/merged/report.html\n", "2/3 is missing");
}

static void what_cannot_be_merged(void **state)
{
    char line[512];
    (void)state;
    (void)snprintf(line, sizeof line, "merge %s/merged %s %s", incident->root, incident->folder,
                   incident->folder);
    refused(line, 1, "same run");
    (void)snprintf(line, sizeof line, "merge %s %s", incident->folder, incident->folder);
    refused(line, 1, incident->folder); /* it exists already */
    (void)snprintf(line, sizeof line, "merge %s/merged %s /nowhere", incident->root,
                   incident->folder);
    refused(line, 1, "/nowhere");
    (void)snprintf(line, sizeof line, "%s/merged", incident->root);
    assert_false(file_exists(line)); /* nothing was left behind */
}

/* ---- evidence ---- */

static void a_package_and_where_it_is_put(void **state)
{
    char line[512];
    char path[160];
    (void)state;
    const struct told *told = tell_of("evidence", incident);
    assert_int_equal(told->status, 0);
    holds(told->err, "no preflight result is attached"); /* a hint, and how to make one */
    (void)snprintf(path, sizeof path, "%s-evidence", incident->folder);
    assert_true(file_exists(path));
    (void)snprintf(path, sizeof path, "%s-evidence.tar.gz", incident->folder);
    assert_true(file_exists(path));
    told = tell_of("evidence --no-check", incident);
    assert_int_equal(told->status, 1); /* neither may exist yet */
    holds(told->err, "-evidence");
    (void)snprintf(line, sizeof line, "evidence --no-check -o %s/ticket/", incident->root);
    told = tell_of(line, incident);
    assert_int_equal(told->status, 0);
    assert_string_equal(told->err, ""); /* no hint */
    (void)snprintf(path, sizeof path, "%s/ticket.tar.gz", incident->root);
    assert_true(file_exists(path)); /* beside the folder, not inside it */
    (void)snprintf(line, sizeof line, "evidence -q -o %s/silent", incident->root);
    told = tell_of(line, incident);
    assert_int_equal(told->status, 0);
    assert_string_equal(told->out, "");
    assert_string_equal(told->err, "");
    (void)snprintf(line, sizeof line, "evidence --json --no-check -q -o %s/json", incident->root);
    cJSON_Delete(json_of(tell_of(line, incident)));
}

static void what_no_package_is_made_of(void **state)
{
    char line[512];
    (void)state;
    (void)snprintf(line, sizeof line, "evidence %s --region nowhere -o %s/made", incident->folder,
                   incident->root);
    refused(line, 2, "nowhere");
    (void)snprintf(line, sizeof line, "evidence %s --check /nowhere.json -o %s/made",
                   incident->folder, incident->root);
    refused(line, 1, "/nowhere.json");
    (void)snprintf(line, sizeof line, "%s/made", incident->root);
    assert_false(file_exists(line));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_report_in_five_forms),
        cmocka_unit_test(windows_of_the_command_line_replace_those_of_the_profile),
        cmocka_unit_test(a_report_into_a_file),
        cmocka_unit_test(a_quiet_report_makes_the_pages),
        cmocka_unit_test(a_folder_that_cannot_be_written_can_be_read),
        cmocka_unit_test(exit_status_of_a_comparison),
        cmocka_unit_test(one_comparison_in_four_forms),
        cmocka_unit_test(runs_against_a_baseline),
        cmocka_unit_test(merges_say_what_came_of_them),
        cmocka_unit_test(what_cannot_be_merged),
        cmocka_unit_test(a_package_and_where_it_is_put),
        cmocka_unit_test(what_no_package_is_made_of),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
