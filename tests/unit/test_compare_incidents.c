/* Incidents of the two sides of a comparison, and the failure rate with and without them. */
#include "compare/compare.h"
#include "test_report_fixture.h"

#include <math.h>

#define MINUTE (60 * NS_PER_S)
#define MINUTES 90

#define PROFILE                                                                                    \
    "{\"name\":\"two\",\"regions\":[{\"name\":\"eastus2\",\"endpoint\":"                           \
    "\"https://a.openai.azure.com\",\"deployment\":\"rt\",\"auth\":{\"api_key\":\"${KEY}\"}},"     \
    "{\"name\":\"swedencentral\",\"endpoint\":\"https://b.openai.azure.com\","                     \
    "\"deployment\":\"rt\",\"auth\":{\"api_key\":\"${KEY}\"}}],"                                   \
    "\"load\":{\"stages\":[{\"duration\":\"0s\",\"target\":1},"                                    \
    "{\"duration\":\"90m\",\"target\":1}]},"                                                       \
    "\"windows\":{\"interval\":\"1m\",\"report\":[\"30m\",\"six=06:00-07:00@America/"              \
    "Los_Angeles\"]}}"

/* Fifteen of twenty fail in the minutes 20 to 22 of the first region, else one in 30 minutes. */
static struct maker *run_of(int minutes)
{
    struct maker *m = maker_new(PROFILE, NULL);
    uint64_t number = 0;
    for (int i = 0; i < minutes; i++) {
        maker_interval(m, SIX_PDT + i * MINUTE, SIX_PDT + (i + 1) * MINUTE);
        for (size_t r = 0; r < 2; r++) {
            int failed = r == 0 && i >= 20 && i < 23 ? 15 : i % 30 == (int)r;
            for (int k = 0; k < 20; k++) maker_session(m, r, ++number, k < failed ? "F" : ".", 100);
        }
        maker_write(m);
    }
    maker_finish(m, "complete");
    return m;
}

static cJSON *json_of(const struct compared *comparison)
{
    struct text json = {0};
    compare_json(comparison, &json);
    cJSON *root = cJSON_ParseWithLength(text_str(&json), json.length);
    text_free(&json);
    assert_non_null(root);
    return root;
}

static const cJSON *at(const cJSON *item, const char *key)
{
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(item, key);
    if (found == NULL) fail_msg("nothing at %s", key);
    return found;
}

static void is_near(const cJSON *item, double wanted)
{
    if (!cJSON_IsNumber(item) || fabs(item->valuedouble - wanted) > 1e-6 * fmax(1, wanted))
        fail_msg("%s: %g is not %g", item->string, item->valuedouble, wanted);
}

static const cJSON *side_of(const cJSON *root, int pair, const char *side)
{
    const cJSON *item = cJSON_GetArrayItem(at(root, "incidents"), pair);
    assert_non_null(item);
    return at(item, side);
}

static void between_regions(void **state)
{
    (void)state;
    struct error err = {0};
    struct compare_options options = compare_defaults();
    struct compared *comparison;
    struct maker *m = run_of(MINUTES);
    struct results *results = maker_load(m, NULL, 0);
    assert_int_equal(
        compare_regions(results, "swedencentral", "eastus2", &options, &comparison, &err), ERR_OK);
    cJSON *root = json_of(comparison);
    const cJSON *a = side_of(root, 0, "a");
    const cJSON *b = side_of(root, 0, "b");
    is_near(at(a, "incidents"), 0);
    is_near(at(b, "incidents"), 1);
    is_near(at(b, "hours"), 1.5);
    is_near(at(at(a, "per_hour"), "high"), 3.688879454114 / 1.5); /* -ln(0.025) */
    is_near(at(at(b, "per_hour"), "value"), 1 / 1.5);
    is_near(at(at(b, "failure_rate"), "value"), 48.0 / 1800);
    is_near(at(at(b, "outside"), "value"), 3.0 / 1740);
    is_near(at(at(a, "outside"), "value"), 3.0 / 1800);
    struct text out = {0};
    compare_text(comparison, false, &out);
    assert_non_null(strstr(text_str(&out), "Incidents, and what fails outside of them"));
    text_clear(&out);
    compare_html(comparison, &out);
    assert_non_null(strstr(text_str(&out), "Incidents, and what fails outside of them"));
    text_free(&out);
    cJSON_Delete(root);
    compare_free(comparison);
    results_free(results);
    maker_free(m);
}

static void between_times(void **state)
{
    (void)state;
    struct error err = {0};
    struct compare_options options = compare_defaults();
    struct compared *comparison;
    struct results *pair;
    struct maker *m = run_of(MINUTES);
    bool latencies[METRIC_COUNT];
    compare_latencies(&options, latencies);
    assert_int_equal(results_load_pair(m->folder, "six", "rest", latencies, &pair, &err), ERR_OK);
    assert_int_equal(compare_windows(pair, &options, &comparison, &err), ERR_OK);
    cJSON *root = json_of(comparison);
    is_near(at(side_of(root, 0, "b"), "incidents"), 1);
    is_near(at(side_of(root, 0, "b"), "hours"), 1);
    is_near(at(at(side_of(root, 0, "b"), "outside"), "value"), 2.0 / 1140);
    is_near(at(side_of(root, 0, "a"), "incidents"), 0);
    is_near(at(side_of(root, 0, "a"), "hours"), 0.5);
    is_near(at(at(side_of(root, 0, "a"), "outside"), "value"), 1.0 / 600);
    cJSON_Delete(root);
    compare_free(comparison);
    results_free(pair);
    maker_free(m);
}

/* Three intervals show nothing about incidents, so nothing is claimed. */
static void of_too_little(void **state)
{
    (void)state;
    struct error err = {0};
    struct compare_options options = compare_defaults();
    struct compared *comparison;
    struct maker *m = run_of(3);
    struct results *results = maker_load(m, NULL, 0);
    assert_int_equal(
        compare_regions(results, "swedencentral", "eastus2", &options, &comparison, &err), ERR_OK);
    cJSON *root = json_of(comparison);
    assert_true(cJSON_IsNull(at(side_of(root, 0, "a"), "incidents")));
    assert_true(cJSON_IsNull(at(side_of(root, 0, "a"), "per_hour")));
    assert_true(cJSON_IsNull(at(side_of(root, 0, "a"), "outside")));
    cJSON_Delete(root);
    compare_free(comparison);
    results_free(results);
    maker_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(between_regions),
        cmocka_unit_test(between_times),
        cmocka_unit_test(of_too_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
