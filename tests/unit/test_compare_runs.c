/* Comparisons of windows, regions and runs whose counts are known by hand. */
#include "compare/compare.h"

#include "test_report_fixture.h"

#include <math.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

#define TWO_REGIONS(deployment)                                                                    \
    "{\"name\":\"two\",\"regions\":[{\"name\":\"eastus2\",\"endpoint\":\"https://"                 \
    "a.openai.azure.com\","                                                                        \
    "\"deployment\":\"" deployment                                                                 \
    "\",\"auth\":{\"api_key\":\"${KEY}\"}},{\"name\":\"swedencentral\","                           \
    "\"endpoint\":\"https://"                                                                      \
    "b.openai.azure.com\",\"deployment\":\"rt\",\"auth\":{\"api_key\":\"${KEY}\"}}],"              \
    "\"load\":{\"stages\":[{\"duration\":\"3h\",\"target\":1}]},\"windows\":{\"interval\":\"1h\"," \
    "\"report\":[\"1h\",\"peak=08:00-09:00@America/Los_Angeles\"]}}"

static const bool no_latencies[METRIC_COUNT];

static cJSON *json_of(const struct compared *compared)
{
    struct text out = {0};
    compare_json(compared, &out);
    cJSON *root = cJSON_Parse(text_str(&out));
    assert_non_null(root);
    text_free(&out);
    return root;
}

static const cJSON *metric(const cJSON *root, const char *name, const char *region)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(root, "metrics"))
    {
        if (strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(item, "metric")), name) == 0 &&
            strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(item, "region")), region) == 0)
            return item;
    }
    fail_msg("no row %s of %s", name, region);
    return NULL;
}

static double part(const cJSON *row, const char *key, const char *sub)
{
    const cJSON *item = cJSON_GetObjectItem(row, key);
    return cJSON_GetNumberValue(sub == NULL ? item : cJSON_GetObjectItem(item, sub));
}

static const char *verdict_in(const cJSON *row)
{
    return cJSON_GetStringValue(cJSON_GetObjectItem(row, "verdict"));
}

static void is_near(double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance)) fail_msg("%.10g is not %.10g", got, wanted);
}

static struct compared *windows_of(const char *folder, const char *first, const char *second,
                                   struct results **results)
{
    struct error err = {0};
    struct compared *compared;
    struct compare_options options = compare_defaults();
    bool latencies[METRIC_COUNT];
    compare_latencies(&options, latencies);
    if (results_load_pair(folder, first, second, latencies, results, &err) != ERR_OK)
        fail_msg("%s", err.text);
    if (compare_windows(*results, &options, &compared, &err) != ERR_OK) fail_msg("%s", err.text);
    return compared;
}

/*
 * 135 of 893 against 8 of 997. Interval of what happened by statsmodels 0.13.5,
 * confint_proportions_2indep(135, 893, 8, 997, method="newcomb"); that of such hours is wider.
 */
static void the_peak_of_the_incident_is_worse(void **state)
{
    (void)state;
    struct maker *m = maker_new(INCIDENT_PROFILE(""), NULL);
    maker_incident(m);
    maker_finish(m, "complete");
    struct results *results;
    struct compared *compared = windows_of(m->folder, "peak", "off-peak", &results);
    assert_int_equal(compare_verdict_of(compared), COMPARE_WORSE);
    cJSON *root = json_of(compared);
    const cJSON *row = metric(root, "failure_rate", "eastus2");
    assert_string_equal(verdict_in(row), "worse");
    is_near(part(row, "observed_difference", "low"), 0.11983545089, 1e-9);
    is_near(part(row, "observed_difference", "high"), 0.16844859964, 1e-9);
    is_near(part(row, "difference", "value"), 135.0 / 893 - 8.0 / 997, 1e-9);
    assert_true(part(row, "difference", "low") < 0.1199);
    assert_true(part(row, "difference", "low") > 0.09);
    assert_true(part(row, "difference", "high") > 0.1684);
    assert_true(part(row, "p_adjusted", NULL) < 1e-4);
    is_near(part(row, "a", "n"), 997, 0);
    is_near(part(row, "b", "n"), 893, 0);
    cJSON_Delete(root);
    struct text text = {0};
    compare_text(compared, false, &text);
    assert_non_null(strstr(text_str(&text), "Verdict: worse\n"));
    assert_non_null(strstr(text_str(&text), "+14.3 points (+1"));
    text_free(&text);
    compare_free(compared);
    results_free(results);

    /* The other way round it is the same difference. */
    compared = windows_of(m->folder, "early=06:00-07:00@America/Los_Angeles", "peak", &results);
    assert_int_equal(compare_verdict_of(compared), COMPARE_BETTER);
    compare_free(compared);
    results_free(results);
    maker_free(m);
}

static void unknown_windows_are_refused(void **state)
{
    (void)state;
    struct maker *m = maker_new(INCIDENT_PROFILE(""), NULL);
    maker_incident(m);
    maker_finish(m, "complete");
    static const char *const names[] = {"noon", "1h", "x=99:00-10:00@UTC"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct results *results;
        struct error err = {0};
        assert_int_equal(
            results_load_pair(m->folder, names[i], "rest", no_latencies, &results, &err),
            ERR_USAGE);
        assert_true(err.text[0] != '\0');
    }
    struct results *results;
    struct error err = {0};
    struct compared *compared;
    struct compare_options options = compare_defaults();
    assert_int_equal(
        results_load_pair(m->folder, "night=00:00-01:00@UTC", "rest", no_latencies, &results, &err),
        ERR_OK);
    assert_int_equal(compare_windows(results, &options, &compared, &err), ERR_USAGE);
    results_free(results);
    maker_free(m);
}

/* Two hours; in the second one eastus2 fails more. `extra` failures go to both regions in the
 * second hour. */
static struct maker *two_hours(const char *profile, uint64_t quiet, uint64_t busy, uint64_t extra)
{
    struct maker *m = maker_new(profile, NULL);
    for (int hour = 0; hour < 2; hour++) {
        int64_t start_ns = SIX_PDT + (1 + hour) * HOUR;
        uint64_t failed = hour == 0 ? quiet : busy + extra;
        maker_interval(m, start_ns, start_ns + HOUR);
        for (uint64_t i = 0; i < 1000; i++) {
            uint64_t number = (uint64_t)hour * 1000 + i + 1;
            maker_session(m, 0, number, i < failed ? "F" : ".", 100);
            maker_session(m, 1, number, i < quiet + (hour == 0 ? 0 : extra) ? "F" : ".", 100);
        }
        maker_write(m);
    }
    maker_finish(m, "complete");
    return m;
}

static void a_quiet_hour_is_no_alarm(void **state)
{
    (void)state;
    struct maker *m = two_hours(TWO_REGIONS("rt"), 8, 11, 0);
    struct results *results;
    struct compared *compared = windows_of(m->folder, "peak", "rest", &results);
    assert_int_equal(compare_verdict_of(compared), COMPARE_INCONCLUSIVE);
    cJSON *root = json_of(compared);
    const cJSON *row = metric(root, "failure_rate", "eastus2");
    assert_string_equal(verdict_in(row), "inconclusive");
    assert_true(part(row, "needed", NULL) > 100);
    assert_true(part(row, "needed_minutes", NULL) > 1);
    cJSON_Delete(root);
    compare_free(compared);

    /* A margin of three points holds the whole interval: equal. */
    struct error err = {0};
    struct compare_options options = compare_defaults();
    options.rate_margin = 0.03;
    assert_int_equal(compare_windows(results, &options, &compared, &err), ERR_OK);
    assert_int_equal(compare_verdict_of(compared), COMPARE_EQUAL);
    compare_free(compared);
    results_free(results);
    maker_free(m);
}

/* Everyone fails 60 more in the busy hour, eastus2 another 80: only those are its own. */
static void what_all_regions_share_is_taken_off(void **state)
{
    (void)state;
    struct maker *m = two_hours(TWO_REGIONS("rt"), 10, 90, 60);
    struct results *results;
    struct compared *compared = windows_of(m->folder, "peak", "rest", &results);
    cJSON *root = json_of(compared);
    const cJSON *first = cJSON_GetArrayItem(cJSON_GetObjectItem(root, "beyond_other_regions"), 0);
    is_near(part(first, "own", "value"), 0.14, 1e-12);
    is_near(part(first, "others", "value"), 0.06, 1e-12);
    is_near(part(first, "difference", "value"), 0.08, 1e-12);
    assert_true(part(first, "difference", "low") > 0);
    cJSON_Delete(root);
    compare_free(compared);
    results_free(results);
    maker_free(m);
}

/* Two hours of 1,000 sessions each in either region, `a` and `b` of which failed in each. */
static struct maker *steady(const char *profile, uint64_t a, uint64_t b)
{
    struct maker *m = maker_new(profile, NULL);
    for (int hour = 0; hour < 2; hour++) {
        int64_t start_ns = SIX_PDT + (1 + hour) * HOUR;
        maker_interval(m, start_ns, start_ns + HOUR);
        for (uint64_t i = 0; i < 1000; i++) {
            uint64_t number = (uint64_t)hour * 1000 + i + 1;
            maker_session(m, 0, number, i < a ? "F" : ".", 100);
            maker_session(m, 1, number, i < b ? "F" : ".", 100);
        }
        maker_write(m);
    }
    maker_finish(m, "complete");
    return m;
}

static void regions_are_compared_in_the_same_minutes(void **state)
{
    (void)state;
    struct maker *m = steady(TWO_REGIONS("rt"), 150, 10);
    struct results *results = maker_load(m, NULL, 0);
    struct compare_options options = compare_defaults();
    struct compared *compared;
    struct error err = {0};
    assert_int_equal(
        compare_regions(results, "swedencentral", "eastus2", &options, &compared, &err), ERR_OK);
    assert_int_equal(compare_verdict_of(compared), COMPARE_WORSE);
    cJSON *root = json_of(compared);
    const cJSON *row = metric(root, "failure_rate", "eastus2 / swedencentral");
    is_near(part(row, "difference", "value"), 0.14, 1e-12);
    assert_true(part(row, "difference", "low") > 0.1);
    assert_true(part(row, "difference", "low") <= part(row, "observed_difference", "low"));
    cJSON_Delete(root);
    compare_free(compared);
    assert_int_equal(compare_regions(results, "nowhere", "eastus2", &options, &compared, &err),
                     ERR_USAGE);
    assert_non_null(strstr(err.text, "swedencentral"));
    results_free(results);
    maker_free(m);

    /* A change halfway through that lasts to the end of the run tells nothing about other hours. */
    m = two_hours(TWO_REGIONS("rt"), 10, 150, 0);
    results = maker_load(m, NULL, 0);
    assert_int_equal(
        compare_regions(results, "swedencentral", "eastus2", &options, &compared, &err), ERR_OK);
    assert_int_equal(compare_verdict_of(compared), COMPARE_INCONCLUSIVE);
    root = json_of(compared);
    row = metric(root, "failure_rate", "eastus2 / swedencentral");
    assert_true(strlen(cJSON_GetStringValue(cJSON_GetObjectItem(row, "why"))) > 20);
    assert_true(part(row, "needed", NULL) > 0);
    assert_true(part(row, "difference", "low") < 0);
    assert_true(part(row, "observed_difference", "low") > 0.05);
    is_near(part(row, "observed_difference", "value"), 0.07, 1e-12);
    cJSON_Delete(root);
    compare_free(compared);
    results_free(results);
    maker_free(m);
}

static void runs_name_what_differs_first(void **state)
{
    (void)state;
    struct maker *before = steady(TWO_REGIONS("rt"), 10, 10);
    struct maker *after = steady(TWO_REGIONS("rt-2"), 90, 10);
    struct results *a = maker_load(before, NULL, 0);
    struct results *b = maker_load(after, NULL, 0);
    struct compare_options options = compare_defaults();
    struct compared *compared;
    struct error err = {0};
    assert_int_equal(compare_runs(a, "monday", b, "tuesday", &options, &compared, &err), ERR_OK);
    assert_int_equal(compare_verdict_of(compared), COMPARE_WORSE);
    cJSON *root = json_of(compared);
    const cJSON *change = cJSON_GetArrayItem(cJSON_GetObjectItem(root, "changes"), 0);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(change, "path")),
                        "profile.regions.eastus2.deployment");
    assert_string_equal(verdict_in(metric(root, "failure_rate", "eastus2")), "worse");
    assert_string_equal(verdict_in(metric(root, "failure_rate", "swedencentral")), "inconclusive");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(root, "new_codes")), 0);
    cJSON_Delete(root);
    struct text page = {0};
    compare_html(compared, &page);
    assert_non_null(strstr(text_str(&page), "<p class=\"word\" data-figure=\"verdict\">Worse</p>"));
    text_clear(&page);
    compare_markdown(compared, &page);
    assert_non_null(strstr(text_str(&page), "# Comparison: worse"));
    text_free(&page);
    compare_free(compared);

    static const char *const wrong[] = {"failure_rte"};
    options.metrics = wrong;
    options.metric_count = 1;
    assert_int_equal(compare_runs(a, "monday", b, "tuesday", &options, &compared, &err), ERR_USAGE);
    results_free(a);
    results_free(b);
    maker_free(before);
    maker_free(after);
}

/* Both an hour of 1,000 sessions: B's interval ends below a margin that it begins far below. */
static void fewer_failures_are_not_worse(void **state)
{
    (void)state;
    struct maker *m = two_hours(TWO_REGIONS("rt"), 16, 10, 0);
    struct results *results;
    struct compared *compared = windows_of(m->folder, "peak", "rest", &results);
    compare_free(compared);
    struct error err = {0};
    struct compare_options options = compare_defaults();
    static const char *const metrics[] = {"failure_rate{region=eastus2}"};
    options.metrics = metrics;
    options.metric_count = 1;
    options.rate_margin = 0.01;
    assert_int_equal(compare_windows(results, &options, &compared, &err), ERR_OK);
    assert_int_equal(compare_verdict_of(compared), COMPARE_NOT_WORSE);
    cJSON *root = json_of(compared);
    const cJSON *row = metric(root, metrics[0], "eastus2");
    assert_string_equal(verdict_in(row), "not_worse");
    assert_true(part(row, "difference", "low") < -0.01);
    assert_true(part(row, "difference", "high") < 0.015);
    cJSON_Delete(root);
    compare_free(compared);
    results_free(results);
    maker_free(m);
}

#define ONE_REGION(model, load, more)                                                              \
    "{\"name\":\"one\",\"regions\":[{\"name\":\"eastus2\",\"endpoint\":\"https://"                 \
    "a.openai.azure.com\",\"deployment\":\"rt\",\"model\":\"" model                                \
    "\",\"auth\":{\"api_key\":\"${KEY}\"}}],\"load\":" load more ",\"windows\":{\"interval\":"     \
    "\"1h\",\"report\":[\"1h\"]}}"

static struct results *hour_of(const char *profile)
{
    struct maker *m = maker_new(profile, NULL);
    maker_interval(m, SIX_PDT, SIX_PDT + HOUR);
    for (uint64_t i = 0; i < 500; i++) maker_session(m, 0, i + 1, i < 10 ? "F" : ".", 100);
    maker_write(m);
    maker_finish(m, "complete");
    struct results *results = maker_load(m, NULL, 0);
    maker_free(m);
    return results;
}

/* Another model, load or conversation is another question; a longer run is not. */
static void runs_that_asked_otherwise_are_not_comparable(void **state)
{
    (void)state;
#define HOURS(n, target) "{\"stages\":[{\"duration\":\"" n "\",\"target\":" target "}]}"
    static const struct {
        const char *profile, *why; /* why: NULL: comparable */
    } others[] = {
        {ONE_REGION("m", HOURS("1h", "1"), ""), NULL},
        {ONE_REGION("m", HOURS("3h", "1"), ""), NULL},
        {ONE_REGION("m", HOURS("1h", "2"), ""), "another load"},
        {ONE_REGION("n", HOURS("1h", "1"), ""), "another model"},
        {ONE_REGION("m", HOURS("1h", "1"), ",\"session\":{\"modality\":\"audio\"}"),
         "another load"},
        {ONE_REGION("m", HOURS("1h", "1"), ",\"simulator\":{\"quota\":[{\"rpm\":10}]}"),
         "another quota"},
    };
    struct results *a = hour_of(ONE_REGION("m", HOURS("1h", "1"), ""));
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        struct results *b = hour_of(others[i].profile);
        struct compare_options options = compare_defaults();
        struct compared *compared;
        struct error err = {0};
        assert_int_equal(compare_runs(a, "a", b, "b", &options, &compared, &err), ERR_OK);
        bool differs = compare_verdict_of(compared) == COMPARE_NOT_COMPARABLE;
        if (differs != (others[i].why != NULL)) fail_msg("other %zu", i);
        cJSON *root = json_of(compared);
        const char *why = cJSON_GetStringValue(cJSON_GetObjectItem(root, "why"));
        if (differs && strstr(why, others[i].why) == NULL) fail_msg("%s", why);
        cJSON_Delete(root);
        compare_free(compared);
        options.anyway = true;
        assert_int_equal(compare_runs(a, "a", b, "b", &options, &compared, &err), ERR_OK);
        assert_int_not_equal(compare_verdict_of(compared), COMPARE_NOT_COMPARABLE);
        compare_free(compared);
        results_free(b);
    }
    results_free(a);
}

static void a_saturated_side_is_invalid(void **state)
{
    (void)state;
    struct maker *m = maker_new(INCIDENT_PROFILE(""), NULL);
    m->health.cpu = 1;
    m->health.wall_ms = 3600000;
    m->health.loops = 100;
    m->health.loops_late = 50;
    health_judge(&m->health);
    assert_false(m->health.valid);
    maker_incident(m);
    maker_finish(m, "complete");
    struct results *results;
    struct compared *compared = windows_of(m->folder, "peak", "rest", &results);
    assert_int_equal(compare_verdict_of(compared), COMPARE_INVALID);
    compare_free(compared);
    results_free(results);
    maker_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_peak_of_the_incident_is_worse),
        cmocka_unit_test(unknown_windows_are_refused),
        cmocka_unit_test(a_quiet_hour_is_no_alarm),
        cmocka_unit_test(what_all_regions_share_is_taken_off),
        cmocka_unit_test(regions_are_compared_in_the_same_minutes),
        cmocka_unit_test(runs_name_what_differs_first),
        cmocka_unit_test(fewer_failures_are_not_worse),
        cmocka_unit_test(runs_that_asked_otherwise_are_not_comparable),
        cmocka_unit_test(a_saturated_side_is_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
