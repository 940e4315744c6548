/* The target of a capacity search in the request for quota. */
#include "test_package_fixture.h"

#include "base/files.h"
#include "package/blanks.h"

static char file[160];

#define SEARCHED(low, high)                                                                        \
    "\"regions\":[{\"name\":\"west\",\"low\":7,\"high\":8},{\"name\":\"east\",\"unit\":"           \
    "\"sessions\",\"low\":" low ",\"high\":" high                                                  \
    ",\"confidence\":0.95,\"limited_by\":\"quota_rpm\"}]"
#define HEAD "{\"objectives\":[\"failure_rate < 5%\",\"ttft.p95 < 1s\"],\"simulated\":true,"
#define NEED(name, rpm, measured)                                                                  \
    "{\"name\":\"" name "\",\"rpm\":" rpm ",\"tpm\":9000000,\"measured\":\"" measured "\"}"
#define TARGET(level, unit, needs)                                                                 \
    ",\"target\":{\"level\":" level ",\"unit\":\"" unit "\",\"regions\":[" needs "]}}"

/* A run with refusals for quota in its first region, and what a search said. */
static struct maker *begin_refused(const char *json, struct package_request *request)
{
    struct maker *m = begin();
    struct error err = {0};
    add(m, "upgrade_429", NS_PER_S);
    add(m, "upgrade_429", 2 * NS_PER_S);
    maker_write(m);
    maker_finish(m, "complete");
    (void)snprintf(file, sizeof file, "%s/capacity.json", m->root);
    assert_int_equal(file_write(file, json, strlen(json), &err), ERR_OK);
    *request =
        (struct package_request){.folder = m->folder, .output = "/nowhere", .capacity_file = file};
    return m;
}

/* The letter after a limit of requests was told, as if it had been when the file was read. */
static void write_letter(const char *json, uint64_t limit, struct text *letter, struct text *left)
{
    struct package_request request;
    struct error err = {0};
    struct maker *m = begin_refused(json, &request);
    struct package package = {.request = &request};
    if (package_open(&package, &err) != ERR_OK) fail_msg("%s", err.text);
    package.results->groupings[0].slices[0].cells[0].cell.limits.requests =
        (struct told_limit){limit, limit};
    blanks_free(&package.blanks);
    quota_target_free(&package.target);
    if (quota_target_read(&package, &err) != ERR_OK) fail_msg("%s", err.text);
    package_quota_letter(&package, letter);
    (void)blanks_left(&package, ";", left);
    package_close(&package);
    maker_free(m);
}

static const struct {
    const char *json;
    uint64_t limit; /* told by the service; 0: none */
    const char *wanted[8], *none;
} asked[] = {
    {HEAD SEARCHED("90", "96")
         TARGET("500", "sessions", NEED("west", "1", "meets") "," NEED("east", "1200", "does_not")),
     0,
     {"| RPM requested | 1,200, for 500 sessions kept busy |",
      "| TPM requested | 9,000,000, for 500 sessions kept busy |",
      "500 sessions kept busy in this region take 1,200 requests and 9,000,000 tokens a minute",
      "this deployment meets it at 90 sessions kept busy, and does not at 96 sessions kept busy (",
      "(all such claims of that search hold together at 95% confidence", "limited by quota",
      "So it does not carry the target now."},
     "no more than now"},
    {HEAD SEARCHED("90", "null") TARGET("90", "arrivals_per_minute", NEED("east", "89.2", "meets")),
     200,
     {"| RPM requested | 90, for 90 session arrivals a minute; no more than now |",
      "meets it at 90 session arrivals a minute (all", "So it carries the target already."},
     "does not at"},
    {HEAD SEARCHED("null", "60")
         TARGET("90", "arrivals_per_minute", NEED("east", "200", "does_not")),
     200,
     {"200, for 90 session arrivals a minute; no more",
      "no level was proven to meet it; it does not at 60 session arrivals a minute"},
     "meets it at"},
    {HEAD SEARCHED("null", "null") TARGET("1", "sessions", NEED("east", "201", "not_measured")),
     200,
     {"| RPM requested | 201, for 1 session kept busy |", "The target itself was not measured."},
     "no level was proven"},
};

static void what_a_target_takes_is_asked_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        struct text letter = {0};
        struct text left = {0};
        write_letter(asked[i].json, asked[i].limit, &letter, &left);
        for (size_t w = 0; asked[i].wanted[w] != NULL; w++) {
            const char *at = strstr(text_str(&letter), "## What we ask for");
            if (strstr(text_str(&letter), asked[i].wanted[w]) == NULL)
                fail_msg("row %zu: no \"%s\": %s", i, asked[i].wanted[w], at);
        }
        assert_null(strstr(text_str(&letter), asked[i].none));
        assert_null(strstr(text_str(&left), "requested"));
        text_free(&letter);
        text_free(&left);
    }
}

/* What --fill says stands. */
static void what_was_filled_in_is_kept(void **state)
{
    (void)state;
    struct package_request request;
    struct text letter = {0};
    struct error err = {0};
    struct maker *m = begin_refused(HEAD SEARCHED("90", "96")
                                        TARGET("500", "sessions", NEED("east", "1200", "does_not")),
                                    &request);
    struct package package = {.request = &request};
    package.blanks.values[BLANK_RPM_REQUESTED] = strdup("1500");
    if (package_open(&package, &err) != ERR_OK) fail_msg("%s", err.text);
    package_quota_letter(&package, &letter);
    assert_non_null(strstr(text_str(&letter), "| RPM requested | 1500 |"));
    assert_non_null(strstr(text_str(&letter), "| TPM requested | 9,000,000, for 500"));
    text_free(&letter);
    package_close(&package);
    maker_free(m);
}

static void what_says_nothing_of_this_run_is_refused(void **state)
{
    static const struct {
        const char *json;
        enum err_code code;
        const char *wanted;
    } rows[] = {
        {"", ERR_FORMAT, "capacity.json: is not the result of a capacity search"},
        {"[]", ERR_FORMAT, "is not the result of a capacity search"},
        {HEAD "\"regions\":7}", ERR_FORMAT, "is not the result of a capacity search"},
        {"{\"simulated\":false," SEARCHED("90", "96") "}", ERR_USAGE,
         "the run, and not the search, was simulated"},
        {HEAD SEARCHED("90", "96") "}", ERR_USAGE, "names no target: search, or go on with"},
        {HEAD SEARCHED("90", "96") TARGET("500", "sessions", NEED("west", "1", "meets")), ERR_USAGE,
         "its target has no region east, which this package is about (it has west)"},
        {HEAD SEARCHED("90", "96") TARGET("500", "sessions", ""), ERR_USAGE, "(it has none)"},
        {HEAD SEARCHED("90", "96") TARGET("500", "sessions", NEED("east", "-1", "meets")),
         ERR_FORMAT, "target of east: level, rpm and tpm must be numbers above 0"},
        {HEAD SEARCHED("90", "96") TARGET("1e300", "sessions", NEED("east", "1", "meets")),
         ERR_FORMAT, "target of east: level, rpm and tpm"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct package_request request;
        struct error err = {0};
        struct maker *m = begin_refused(rows[i].json, &request);
        struct package package = {.request = &request};
        assert_int_equal(package_open(&package, &err), rows[i].code);
        if (strstr(err.text, rows[i].wanted) == NULL) fail_msg("row %zu: %s", i, err.text);
        package_close(&package);
        maker_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_target_takes_is_asked_for),
        cmocka_unit_test(what_was_filled_in_is_kept),
        cmocka_unit_test(what_says_nothing_of_this_run_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
