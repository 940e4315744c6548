/* An incident of a killed run, whose last lines are torn, in every form of the report. */
#include "figures/incidents.h"
#include "figures/model.h"
#include "page/page.h"
#include "report/report.h"
#include "test_report_fixture.h"

#define MINUTE (60 * NS_PER_S)
#define MINUTES 90
#define FROM 20 /* to 23: fifteen of twenty attempts fail */

#define PROFILE                                                                                    \
    "{\"name\":\"two\",\"regions\":[{\"name\":\"eastus2\",\"endpoint\":"                           \
    "\"https://a.openai.azure.com\",\"deployment\":\"rt\",\"auth\":{\"api_key\":\"${KEY}\"}},"     \
    "{\"name\":\"swedencentral\",\"endpoint\":\"https://b.openai.azure.com\","                     \
    "\"deployment\":\"rt\",\"auth\":{\"api_key\":\"${KEY}\"}}],"                                   \
    "\"load\":{\"stages\":[{\"duration\":\"0s\",\"target\":1},"                                    \
    "{\"duration\":\"90m\",\"target\":1}]},"                                                       \
    "\"windows\":{\"interval\":\"1m\",\"report\":[\"30m\",\"x=06:00-07:00@America/"                \
    "Los_Angeles\"]}}"

static void tear(const struct maker *m, const char *name)
{
    char path[120];
    (void)snprintf(path, sizeof path, "%s/%s", m->folder, name);
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    assert_true(fputs("2026-04-14T14:", file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static struct results *killed_run(struct maker *m)
{
    uint64_t number = 0;
    for (int i = 0; i < MINUTES; i++) {
        int64_t start_ns = SIX_PDT + i * MINUTE;
        maker_interval(m, start_ns, start_ns + MINUTE);
        for (size_t r = 0; r < 2; r++) {
            int failed = r == 0 && i >= FROM && i < FROM + 3 ? 15 : i % 30 == (int)r;
            for (int k = 0; k < 20; k++) maker_session(m, r, ++number, k < failed ? "F" : ".", 100);
        }
        maker_write(m);
    }
    maker_finish(m, "running");
    tear(m, "intervals.csv");
    tear(m, "attempts.csv");
    tear(m, "failures.jsonl");
    return maker_load(m, NULL, 0);
}

static const cJSON *at(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (item == NULL) fail_msg("nothing at %s", key);
    return item;
}

static void json_has(const struct results *results)
{
    struct text json = {0};
    results_json(results, &json);
    cJSON *root = cJSON_ParseWithLength(text_str(&json), json.length);
    assert_non_null(root);
    assert_int_equal(cJSON_GetArraySize(at(root, "incidents")), 1);
    const cJSON *incident = cJSON_GetArrayItem(at(root, "incidents"), 0);
    assert_string_equal(at(incident, "start")->valuestring, "2026-04-14T13:20:00.000Z");
    assert_string_equal(at(incident, "end")->valuestring, "2026-04-14T13:23:00.000Z");
    assert_int_equal(cJSON_GetArraySize(at(incident, "regions")), 1);
    assert_string_equal(cJSON_GetArrayItem(at(incident, "regions"), 0)->valuestring, "eastus2");
    assert_int_equal(at(incident, "attempts")->valueint, 60);
    assert_int_equal(at(incident, "failed")->valueint, 45);
    assert_int_equal(at(incident, "interactions_failed")->valueint, 45);
    assert_int_equal(at(at(incident, "codes"), "server_error")->valueint, 45);
    double share = at(incident, "share_of_failures")->valuedouble;
    assert_true(share > 45.0 / 51 - 1e-9 && share < 45.0 / 51 + 1e-9);
    const cJSON *search = at(root, "incident_search");
    assert_true(cJSON_IsTrue(at(search, "searched")));
    const cJSON *first = cJSON_GetArrayItem(at(search, "regions"), 0);
    assert_int_equal(at(first, "incidents")->valueint, 1);
    assert_int_equal(at(at(first, "outside"), "failed")->valueint, 3);
    assert_int_equal(at(at(first, "outside"), "attempts")->valueint, 20 * 87);
    cJSON_Delete(root);
    text_free(&json);
}

static void has(const struct text *form, const char *what)
{
    if (strstr(text_str(form), what) == NULL) fail_msg("not there: %s\n%s", what, text_str(form));
}

/* Folded lines differ by where they break: single spaces instead. */
static void unfold(struct text *form)
{
    struct text flat = {0};
    for (const char *s = text_str(form); *s != '\0'; s++) {
        bool space = *s == ' ' || *s == '\n';
        if (space && flat.length > 0 && flat.data[flat.length - 1] == ' ') continue;
        text_append(&flat, space ? " " : s, 1);
    }
    text_free(form);
    *form = flat;
}

static void told_in_every_form(void **state)
{
    (void)state;
    struct maker *m = maker_new(PROFILE, NULL);
    struct results *results = killed_run(m);
    struct text text = {0};
    struct text markdown = {0};
    struct text html = {0};
    json_has(results);
    results_text(results, false, &text);
    unfold(&text);
    has(&text, "1 incident in 1h 30m");
    has(&text, "at most 5% show one in this search");
    has(&text,
        "Incident 1 struck eastus2 alone at 06:20:00-06:23:00 PDT, for 3m: 45 of 60 attempts "
        "failed (75.0%), 88.2% of the failures that count; 45 interactions failed after all "
        "retries; in the worst minute 15 of 20 at 06:20:00; server_error 45");
    results_markdown(results, &markdown);
    has(&markdown, "| 06:20:00-06:23:00 PDT | 3m | eastus2 alone | 45 of 60, 75.0% | 88.2% | 45 |");
    results_html(results, &html);
    has(&html, "data-kind=\"7\"");
    has(&html, ">An incident struck eastus2 alone at 06:20:00-06:23:00 PDT, for 3m: 45 of 60 "
               "attempts failed (75.0%), 88.2% of the failures that count. Outside of it ");
    has(&html, "<a href=\"#incidents\">Incidents</a>");
    has(&html, "\"incidents\":[{\"start_ms\":1776172800000,\"end_ms\":1776172980000,"
               "\"regions\":[1,0]}]");
    text_free(&text);
    text_free(&markdown);
    text_free(&html);
    results_free(results);
    maker_free(m);
}

/* The day of the published incident as profiles/incident-eastus2.json has it, every hour's sessions
 * and failures spread evenly over intervals of ten minutes. */
static void reference_day(void **state)
{
    (void)state;
    static const char *const profile =
        "{\"name\":\"day\",\"regions\":[{\"name\":\"eastus2\",\"endpoint\":"
        "\"https://a.openai.azure.com\",\"deployment\":\"rt\",\"auth\":{\"api_key\":\"${KEY}\"}}],"
        "\"windows\":{\"interval\":\"10m\",\"report\":[\"1h\","
        "\"peak=07:00-09:00@America/Los_Angeles\"]}}";
    static const int sessions[] = {997, 950, 893, 860}; /* from 06:00 on; 300 in each other hour */
    static const int failures[] = {8, 92, 135, 20};     /* 35 in the 21 other hours */
    struct maker *m = maker_new(profile, NULL);
    uint64_t number = 0;
    for (int i = 0; i < 25 * 6; i++) {
        int64_t start_ns = SIX_PDT - 18 * HOUR + i * 10 * MINUTE; /* 12:00 the day before */
        int hour = i / 6 - 18;
        bool told = hour >= 0 && hour < 4;
        int all = told ? sessions[hour] : 300;
        int failed = told ? failures[hour] : 35;
        int of = told ? 6 : 21 * 6;
        int at = told ? i % 6 : i % 126;
        int bad = (at + 1) * failed / of - at * failed / of;
        int wanted = (i % 6 + 1) * all / 6 - i % 6 * all / 6;
        maker_interval(m, start_ns, start_ns + 10 * MINUTE);
        for (int k = 0; k < wanted; k++) maker_session(m, 0, ++number, k < bad ? "F" : ".", 100);
        maker_write(m);
    }
    maker_finish(m, "complete");
    struct results *results = maker_load(m, NULL, 0);
    const struct run_incidents *found = results->incidents;
    assert_int_equal(found->count, 1);
    assert_int_equal(found->list[0].start_ns, SIX_PDT + HOUR);
    assert_int_equal(found->list[0].end_ns, SIX_PDT + 3 * HOUR);
    assert_int_equal((int)found->list[0].failed, 92 + 135);
    assert_int_equal((int)found->list[0].attempts, 950 + 893);
    results_free(results);
    maker_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(told_in_every_form),
        cmocka_unit_test(reference_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
