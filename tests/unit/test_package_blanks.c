/* What only whoever sends a package knows: the file of --fill, which letters ask for it, and on how
 * many hosts the load was driven. */
#include "test_package_fixture.h"

#include "base/files.h"
#include "report/format.h"

static char file[160];

/* A folder to write into, with a whole run. */
static struct maker *begin_whole(void)
{
    struct maker *m = begin();
    maker_write(m);
    maker_finish(m, "complete");
    return m;
}

static enum err_code read_fill(const struct maker *m, const char *content, struct blanks *out,
                               struct error *err)
{
    struct error ignored = {0};
    (void)snprintf(file, sizeof file, "%s/fill.txt", m->root);
    assert_int_equal(file_write(file, content, strlen(content), &ignored), ERR_OK);
    *out = (struct blanks){0};
    return blanks_read(file, out, err);
}

static void lines_fill_blanks(void **state)
{
    static const struct {
        const char *content;
        enum blank blank;
        const char *value;
    } rows[] = {
        {"subscription id: 1111\n", BLANK_SUBSCRIPTION, "1111"},
        {"Subscription ID:1111", BLANK_SUBSCRIPTION, "1111"},
        {"\n# a note: of ours\n\n  subscription id \t:  11 11 \r\n", BLANK_SUBSCRIPTION, "11 11"},
        {"impact on our users: callers hear: nothing\n", BLANK_IMPACT, "callers hear: nothing"},
        {"growth: sessions per hour and tokens per session expected: 900 and 7,000\n", BLANK_GROWTH,
         "900 and 7,000"},
        {"use case, and why this model: voice\n", BLANK_USE_CASE, "voice"},
        {"RPM now: 200\nRPM requested: 400\n", BLANK_RPM_REQUESTED, "400"},
        {"", BLANK_IMPACT, NULL},
    };
    (void)state;
    struct maker *m = begin_whole();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error err = {0};
        struct blanks blanks;
        if (read_fill(m, rows[i].content, &blanks, &err) != ERR_OK) fail_msg("%s", err.text);
        if (rows[i].value == NULL) {
            assert_null(blanks.values[rows[i].blank]);
        } else {
            assert_non_null(blanks.values[rows[i].blank]);
            assert_string_equal(blanks.values[rows[i].blank], rows[i].value);
        }
        blanks_free(&blanks);
    }
    maker_free(m);
}

/* Each has a name of its own, by which it can be filled in. */
static void every_blank_can_be_filled_in(void **state)
{
    (void)state;
    struct maker *m = begin_whole();
    struct text all = {0};
    struct error err = {0};
    struct blanks blanks;
    for (int i = 0; i < BLANK_COUNT; i++)
        text_printf(&all, "%s: value %d\n", blank_name((enum blank)i), i);
    if (read_fill(m, text_str(&all), &blanks, &err) != ERR_OK) fail_msg("%s", err.text);
    for (int i = 0; i < BLANK_COUNT; i++) {
        char value[32];
        (void)snprintf(value, sizeof value, "value %d", i);
        assert_string_equal(blanks.values[i], value);
    }
    blanks_free(&blanks);
    text_free(&all);
    maker_free(m);
}

static void what_is_no_blank_is_named_with_its_line(void **state)
{
    static const struct {
        const char *content, *wanted;
    } rows[] = {
        {"# one\nsubscription: 1\n", "fill.txt:2: begins with no blank"},
        {"subscription id\n", "fill.txt:1: begins with no blank"},
        {": 1\n", "fill.txt:1: begins with no blank"},
        {"quota tier:\n", "fill.txt:1: \"quota tier\" has no value"},
        {"quota tier:  \t\n", "\"quota tier\" has no value"},
        {"quota tier: 1\nQuota Tier: 2\n", "fill.txt:2: \"quota tier\" is there a second time"},
    };
    (void)state;
    struct maker *m = begin_whole();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error err = {0};
        struct blanks blanks;
        assert_int_equal(read_fill(m, rows[i].content, &blanks, &err), ERR_FORMAT);
        if (strstr(err.text, rows[i].wanted) == NULL) fail_msg("%s", err.text);
        blanks_free(&blanks);
    }
    maker_free(m);
}

/* ---- the letters ---- */

static void holds_in_order(const char *letter, const char *const *wanted)
{
    const char *at = letter;
    for (; *wanted != NULL; wanted++) {
        const char *found = strstr(at, *wanted);
        if (found == NULL) fail_msg("no \"%s\" in its place in:\n%s", *wanted, letter);
        at = found + strlen(*wanted);
    }
}

/* A run with refusals for quota in its first region. */
static void open_refused(struct maker **m, struct package *package, struct package_request *request)
{
    *m = begin();
    add(*m, "upgrade_429", NS_PER_S);
    add(*m, "upgrade_429", 2 * NS_PER_S);
    add(*m, "upgrade_429", 3 * NS_PER_S);
    write_record(*m, &(struct record){.code = "server_error", .session_id = "sess_the_only_one"});
    open_package(*m, package, request);
    assert_int_equal(package->quota, QUOTA_EVIDENCE);
}

static void what_only_we_know_and_what_to_look_up_come_first(void **state)
{
    static const char *const order[] = {"# Failures of realtime sessions in east",
                                        "| subscription id | to fill in",
                                        "| impact on our users | to fill in",
                                        "Hello,",
                                        "failures to look up first",
                                        "sess_the_only_one",
                                        "## What it is about",
                                        "## How often",
                                        "## What failed",
                                        "3 of 4: `upgrade_429` (quota",
                                        "1 of 4: `server_error` (service",
                                        "# Appendices",
                                        "## More ids to look up",
                                        "## What we have excluded",
                                        "## Attached",
                                        NULL};
    static const char *const quota[] = {"| subscription id | to fill in",
                                        "| impact on our users | to fill in",
                                        "| RPM now |",
                                        "| time counted | the whole run, 2026-04-14T13:00:00.000Z",
                                        "What failed, by cause",
                                        "3 of 4: `upgrade_429`",
                                        NULL};
    static const char *const files[] = {"failures.csv", NULL};
    (void)state;
    struct maker *m;
    struct package package;
    struct package_request request = {0};
    struct text letter = {0};
    open_refused(&m, &package, &request);
    package_letter(&package, files, &letter);
    holds_in_order(text_str(&letter), order);
    text_clear(&letter);
    package_quota_letter(&package, &letter);
    holds_in_order(text_str(&letter), quota);
    text_free(&letter);
    package_close(&package);
    maker_free(m);
}

/* Everything that was filled in stands in the letters, and nothing is left to fill in. */
static void filled_in_letters_have_no_blanks(void **state)
{
    static const char *const files[] = {"failures.csv", NULL};
    (void)state;
    struct maker *m;
    struct package package;
    struct package_request request = {0};
    struct text letter = {0};
    struct text left = {0};
    open_refused(&m, &package, &request);
    assert_true(blanks_left(&package, "; ", &left) > 10);
    assert_non_null(strstr(text_str(&left), "subscription id; impact on our users"));
    package_close(&package);
    text_clear(&left);
    for (int i = 0; i < BLANK_COUNT; i++)
        text_printf(&letter, "%s: as | told\n", blank_name((enum blank)i));
    struct error err = {0};
    (void)snprintf(file, sizeof file, "%s/fill.txt", m->root);
    assert_int_equal(file_write(file, text_str(&letter), letter.length, &err), ERR_OK);
    text_clear(&letter);
    request.fill_file = file;
    open_package(m, &package, &request);
    assert_int_equal(blanks_left(&package, "; ", &left), 0);
    package_letter(&package, files, &letter);
    package_quota_letter(&package, &letter);
    assert_null(strstr(text_str(&letter), "to fill in: "));
    assert_null(strstr(text_str(&letter), "as | told")); /* it would end a cell */
    assert_non_null(strstr(text_str(&letter), "as \\| told"));
    text_free(&letter);
    text_free(&left);
    package_close(&package);
    maker_free(m);
}

/* What we have: as we say, else as the service told, and what the profile says beside it. */
static void limits_that_were_told_are_no_blanks(void **state)
{
    static const struct {
        uint64_t low, high;
        const char *said, *wanted;
    } rows[] = {
        {0, 0, NULL, "| RPM now | to fill in: ____________ - as the portal shows it |"},
        {200, 200, NULL, "| RPM now | 200, as the service told |"},
        {20, 1200, NULL, "| RPM now | 1,200, as the service told (20 at the lowest) |"},
        {200, 200, "300", "| RPM now | 300 |"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct maker *m;
        struct package package;
        struct package_request request = {0};
        struct text letter = {0};
        struct text left = {0};
        open_refused(&m, &package, &request);
        package.results->groupings[0].slices[0].cells[0].cell.limits.requests =
            (struct told_limit){rows[i].low, rows[i].high};
        if (rows[i].said != NULL) package.blanks.values[BLANK_RPM_NOW] = strdup(rows[i].said);
        package_quota_letter(&package, &letter);
        if (strstr(text_str(&letter), rows[i].wanted) == NULL) fail_msg("%s", text_str(&letter));
        (void)blanks_left(&package, ";", &left);
        assert_int_equal(strstr(text_str(&left), "RPM now") != NULL, rows[i].high == 0);
        text_free(&letter);
        text_free(&left);
        package_close(&package);
        maker_free(m);
    }
}

/* Refusals of one session are one event more or less: the interval is that of their sessions, as
 * that of any other rate in the letters. */
static void the_share_refused_has_the_interval_of_its_sessions(void **state)
{
    (void)state;
    struct maker *m;
    struct package package;
    struct package_request request = {0};
    struct text letter = {0};
    struct text wanted = {0};
    open_refused(&m, &package, &request);
    struct cluster_sums *sums = &package.results->groupings[0].slices[0].cells[0].cell.clusters;
    *sums = (struct cluster_sums){0};
    for (int i = 0; i < 8; i++) cluster_add(sums, 10, i < 3 ? 10 : 0, i < 3);
    const struct estimate of_sessions = rate_in_sessions(3, 80, sums, 0.95);
    const struct estimate alone = rate_wilson(3, 80, 0.95);
    assert_true(of_sessions.high > 1.5 * alone.high);
    text_puts(&wanted, "Refused for quota: 3 times in 80 attempts, ");
    format_estimate(&wanted, &of_sessions);
    package_quota_letter(&package, &letter);
    if (strstr(text_str(&letter), text_str(&wanted)) == NULL) fail_msg("%s", text_str(&letter));
    text_free(&letter);
    text_free(&wanted);
    package_close(&package);
    maker_free(m);
}

/* ---- hosts ---- */

static void add_run(cJSON *merged, const char *kernel)
{
    cJSON *part = cJSON_CreateObject();
    cJSON *host = cJSON_CreateObject();
    cJSON_AddStringToObject(host, "kernel", kernel);
    cJSON_AddItemToObject(part, "host", host);
    cJSON_AddItemToArray(merged, part);
}

/* Machines that are alike cannot be told apart, unless we say how many there were. */
static void hosts_are_counted_as_far_as_they_can_be(void **state)
{
    static const struct {
        const char *kernels[4], *said;
        size_t runs, hosts;
        const char *words;
    } rows[] = {
        {{NULL}, NULL, 1, 1, "one host, one network path"},
        {{"a"}, NULL, 1, 1, "one host, one network path"},
        {{"a", "b"}, NULL, 2, 2, "2 runs from 2 hosts"},
        {{"a", "a", "b"}, NULL, 3, 2, "3 runs from at least 2 hosts (machines that are alike"},
        {{"a", "a"}, NULL, 2, 1, "2 runs from at least 1 host (machines"},
        {{"a", "a", "a"}, "3", 3, 3, "3 runs from 3 hosts, as we say ourselves"},
        {{"a", "a"}, "5", 2, 1, "2 runs from at least 1 host"}, /* more than there are runs */
        {{"a", "b"}, "1", 2, 2, "2 runs from 2 hosts"},         /* fewer than are told apart */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct results results = {.manifest = cJSON_CreateObject()};
        struct package package = {.results = &results};
        struct text words = {0};
        cJSON *run = cJSON_AddObjectToObject(results.manifest, "run");
        cJSON *merged = cJSON_AddArrayToObject(run, "merged");
        for (size_t k = 0; k < 4 && rows[i].kernels[k] != NULL; k++)
            add_run(merged, rows[i].kernels[k]);
        if (rows[i].said != NULL) package.blanks.values[BLANK_HOSTS] = strdup(rows[i].said);
        assert_true(package_count_hosts(&package));
        assert_int_equal(package.hosts.runs, rows[i].runs);
        assert_int_equal(package_hosts(&package), rows[i].hosts);
        package_hosts_words(&package, &words);
        if (strncmp(text_str(&words), rows[i].words, strlen(rows[i].words)) != 0)
            fail_msg("%s", text_str(&words));
        text_free(&words);
        blanks_free(&package.blanks);
        cJSON_Delete(results.manifest);
    }
}

static cJSON *run_with_rate(double value, double low, double high)
{
    char json[256];
    (void)snprintf(json, sizeof json,
                   "{\"regions\":[{\"name\":\"west\"},{\"name\":\"east\",\"failure_rate\":"
                   "{\"attempt\":{\"value\":%g,\"low\":%g,\"high\":%g}}}]}",
                   value, low, high);
    return cJSON_Parse(json);
}

static void runs_fail_alike_if_they_can_have_one_rate(void **state)
{
    static const struct {
        double rates[2][3];
        enum finding_state wanted;
    } rows[] = {
        {{{0.1, 0.08, 0.12}, {0.11, 0.09, 0.13}}, FINDING_MET},
        {{{0.1, 0.08, 0.12}, {0.2, 0.15, 0.25}}, FINDING_NOT_MET}, /* surely not the same */
        {{{0.1, 0.08, 0.12}, {0, 0, 0.2}}, FINDING_NOT_MET},       /* nothing failed there */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static char east[] = "east";
        static char *regions[] = {east};
        struct results results = {.regions = regions, .region_count = 1};
        struct package_request request = {.run_count = 2};
        struct package package = {.request = &request, .results = &results};
        struct text how = {0};
        cJSON *manifests[2];
        for (size_t k = 0; k < 2; k++)
            manifests[k] =
                run_with_rate(rows[i].rates[k][0], rows[i].rates[k][1], rows[i].rates[k][2]);
        package.manifests = manifests;
        assert_int_equal(package_hosts_alike(&package, &how), rows[i].wanted);
        text_clear(&how);
        cJSON_Delete(manifests[1]);
        manifests[1] = cJSON_Parse("{}");
        assert_int_equal(package_hosts_alike(&package, &how), FINDING_NOT_KNOWN);
        package.manifests = NULL; /* a run that was merged before */
        assert_int_equal(package_hosts_alike(&package, &how), FINDING_NOT_KNOWN);
        text_free(&how);
        for (size_t k = 0; k < 2; k++) cJSON_Delete(manifests[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_fill_blanks),
        cmocka_unit_test(every_blank_can_be_filled_in),
        cmocka_unit_test(what_is_no_blank_is_named_with_its_line),
        cmocka_unit_test(what_only_we_know_and_what_to_look_up_come_first),
        cmocka_unit_test(filled_in_letters_have_no_blanks),
        cmocka_unit_test(limits_that_were_told_are_no_blanks),
        cmocka_unit_test(the_share_refused_has_the_interval_of_its_sessions),
        cmocka_unit_test(hosts_are_counted_as_far_as_they_can_be),
        cmocka_unit_test(runs_fail_alike_if_they_can_have_one_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
