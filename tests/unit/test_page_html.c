#include "page/page.h"
#include "report/report.h"
#include "test_report_fixture.h"

#include "figures/ages.h"
#include "page/assets.h"

#define HOSTILE_REGION "=<b>&\"'|`x"
#define HOSTILE_PROFILE                                                                            \
    "{\"name\":\"x\",\"regions\":[{\"name\":\"a\",\"endpoint\":\"https://"                         \
    "contoso.openai.azure.com\","                                                                  \
    "\"deployment\":\"rt\",\"dialect\":\"ga\",\"auth\":{\"api_key\":\"${KEY}\"}}],\"load\":{"      \
    "\"model\":"                                                                                   \
    "\"sessions\",\"stages\":[{\"duration\":\"1h\",\"target\":1}]},\"session\":{\"prompts\":["     \
    "\"hi\"]},"                                                                                    \
    "\"windows\":{\"interval\":\"1h\",\"report\":[\"1h\"]},\"thresholds\":[\"failure_rate < "      \
    "1%\"]}"

static size_t occurrences(const char *text, const char *what)
{
    size_t count = 0;
    for (const char *s = strstr(text, what); s != NULL; s = strstr(s + 1, what)) count++;
    return count;
}

struct forms {
    struct text text, markdown, html, csv;
};

static void make_forms(const struct results *results, struct forms *forms)
{
    *forms = (struct forms){0};
    results_text(results, false, &forms->text);
    results_markdown(results, &forms->markdown);
    results_html(results, &forms->html);
    results_csv(results, &forms->csv);
    assert_false(forms->text.failed || forms->markdown.failed || forms->html.failed ||
                 forms->csv.failed);
}

static void free_forms(struct forms *forms)
{
    text_free(&forms->text);
    text_free(&forms->markdown);
    text_free(&forms->html);
    text_free(&forms->csv);
}

static void contains(const struct text *text, const char *what)
{
    if (strstr(text_str(text), what) == NULL) fail_msg("not there: %s", what);
}

static void lacks(const struct text *text, const char *what)
{
    if (strstr(text_str(text), what) != NULL) fail_msg("there: %s", what);
}

/* Whatever a name holds: it stays a name. */
static void names_cannot_break_out(void **state)
{
    (void)state;
    struct maker *m = maker_new(HOSTILE_PROFILE, HOSTILE_REGION);
    free(m->profile->name);
    m->profile->name = strdup("</script><img src=x onerror=alert(1)>\x1b[31m\xE2\x80\xA8");
    maker_interval(m, SIX_PDT, SIX_PDT + HOUR);
    maker_session(m, 0, 1, ".F.", 100);
    maker_failure(m, 0, "</script>\xE2\x80\xA8x");
    maker_write(m);
    maker_finish(m, "complete");
    struct results *results = maker_load(m, NULL, 0);
    struct forms forms;
    make_forms(results, &forms);
    lacks(&forms.html, "<img");
    lacks(&forms.html, "<b>&");
    contains(&forms.html, "&lt;img src=x onerror=alert(1)&gt;");
    contains(&forms.html, "=&lt;b&gt;&amp;&quot;&#39;|`x");
    /* Exactly the three script elements of the page: the figures, Chart.js and its own script. */
    assert_int_equal(occurrences(text_str(&forms.html), "</script"), 3);
    const char *figures = strstr(text_str(&forms.html), "id=\"figures\">");
    assert_non_null(figures);
    const char *end = strstr(figures, "</script>");
    assert_null(memchr(figures + 13, '<', (size_t)(end - figures - 13)));
    const char *code = strstr(figures, "\\u003c/script\\u003e\\u2028x");
    assert_true(code != NULL && code < end);
    lacks(&forms.text, "\x1b");
    lacks(&forms.markdown, "<b>");
    lacks(&forms.markdown, "<img");
    contains(&forms.markdown, "\\|\\`x");
    contains(&forms.csv, "\"'=<b>&\"\"'|`x");
    free_forms(&forms);
    results_free(results);
    maker_free(m);
}

static void the_page_is_whole_and_alone(void **state)
{
    (void)state;
    struct maker *m =
        maker_new(INCIDENT_PROFILE("\"failure_rate < 1%\",\"ttft.p99 < 1.5s\""), NULL);
    maker_incident(m);
    maker_finish(m, "complete");
    struct results *results = maker_load(m, NULL, 0);
    struct forms forms;
    make_forms(results, &forms);
    static const char *const fragments[] = {
        "<!doctype html>",
        "default-src 'none'",
        "<p class=\"word\" data-figure=\"verdict\">Fail</p>",
        "<td class=\"number\">893</td><td class=\"number\">135</td>",
        "<td class=\"number\">15.1% (12.9-17.6)</td>",
        "<td class=\"number\">997</td><td class=\"number\">8</td>",
        "<td class=\"number\">0.80% (0.41-1.58)</td>",
        "<caption>By window, peak=07:00-09:00@America/Los_Angeles</caption>",
        "<th scope=\"row\">07:00-09:00 PDT</th>",
        "<th scope=\"col\">window</th>",
        "Chart.js v3.9.1",
        "\"zone\":\"America/Los_Angeles\"",
        "\"failed\":[8,135]",
        "response.create due to the first text or audio delta",
        "</html>",
    };
    for (size_t i = 0; i < sizeof fragments / sizeof *fragments; i++)
        contains(&forms.html, fragments[i]);
    static const char *const absent[] = {"src=",    "href=\"http", " onclick",
                                         " onload", "@import",     "url("};
    /* What the page loads and handles, without Chart.js, which is not ours. */
    struct asset chartjs = asset_chartjs();
    const char *library = strstr(text_str(&forms.html), "Chart.js v3.9.1");
    struct text ours = {0};
    text_append(&ours, text_str(&forms.html), (size_t)(library - text_str(&forms.html)));
    text_puts(&ours, library + chartjs.length - 32);
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) lacks(&ours, absent[i]);
    assert_true(forms.html.length < 1000000);
    text_free(&ours);
    free_forms(&forms);
    results_free(results);
    maker_free(m);
}

static void all_forms_say_the_same(void **state)
{
    (void)state;
    struct maker *m = maker_new(INCIDENT_PROFILE("\"failure_rate < 1%\""), NULL);
    maker_incident(m);
    maker_finish(m, "complete");
    struct results *results = maker_load(m, NULL, 0);
    struct forms forms;
    make_forms(results, &forms);
    contains(&forms.text, "Verdict: fail, 1 of 1 threshold failed");
    contains(&forms.text, "complete, 3h recorded, simulated at 1500 times real time, 1 region");
    contains(&forms.text, "06:00-07:00 PDT  eastus2       997       8   0.80% (0.41-1.58)");
    contains(&forms.text, "08:00-09:00 PDT  eastus2       893     135   15.1% (12.9-17.6)");
    contains(&forms.text, "server_error");
    contains(&forms.text, "ttft: response.create due to the first text or audio delta");
    contains(&forms.markdown, "**Verdict: fail**, 1 of 1 threshold failed");
    contains(&forms.markdown, "| 08:00-09:00 PDT | eastus2 | 893 | 135 | 15.1% (12.9-17.6) |");
    contains(&forms.csv,
             "\n1h,2026-04-14T15:00:00.000,2026-04-14T16:00:00.000,2026-04-14,15:00:00,eastus2,"
             "893,135,0,893,135,0,"
             "893,135,0.151176,");
    contains(&forms.csv, "\npeak,2026-04-14T14:00:00.000,2026-04-14T16:00:00.000,2026-04-14,14:00:"
                         "00,eastus2,893,135,");
    contains(&forms.csv, "\nwhole "
                         "run,2026-04-14T13:00:00.000,2026-04-14T16:00:00.000,2026-04-14,13:00:00,"
                         "eastus2,1890,143,");
    size_t line = 0;
    for (const char *s = text_str(&forms.text); *s != '\0'; s++) line = *s == '\n' ? 0 : line + 1;
    assert_int_equal(line, 0);
    free_forms(&forms);
    results_free(results);
    maker_free(m);
}

/* The asked windows replace the profile's; a threshold still finds the window that it names. */
static void windows_can_be_asked_for(void **state)
{
    (void)state;
    struct error err = {0};
    struct window window;
    struct maker *m = maker_new(INCIDENT_PROFILE("\"failure_rate{window=peak} < 5%\""), NULL);
    maker_incident(m);
    maker_finish(m, "complete");
    assert_int_equal(window_parse("dawn=06:00-07:00@America/Los_Angeles", &window, &err), ERR_OK);
    struct results *results = maker_load(m, &window, 1);
    struct forms forms;
    make_forms(results, &forms);
    contains(&forms.text, "By window, dawn=06:00-07:00@America/Los_Angeles");
    lacks(&forms.text, "By window, every 1h");
    lacks(&forms.text, "By window, peak");
    assert_int_equal(results_verdict(results), VERDICT_FAIL);
    free_forms(&forms);
    results_free(results);
    window_free(&window);
    maker_free(m);
}

/* 2,000 intervals: at most 300 points, each the exact sum of its intervals, and a page that stays
 * small. */
static void long_runs_are_thinned_out_exactly(void **state)
{
    (void)state;
    struct maker *m = maker_new(HOSTILE_PROFILE, NULL);
    uint64_t session = 0;
    for (int i = 0; i < 2000; i++) {
        int64_t start_ns = SIX_PDT + (int64_t)i * 10 * NS_PER_S;
        maker_interval(m, start_ns, start_ns + 10 * NS_PER_S);
        maker_session(m, 0, ++session, i % 100 == 0 ? ".F" : "..", 100);
        maker_write(m);
    }
    maker_finish(m, "complete");
    struct window minute;
    struct error err = {0};
    assert_int_equal(window_parse("1m", &minute, &err), ERR_OK);
    struct results *results = maker_load(m, &minute, 1);
    struct text html = {0};
    results_html(results, &html);
    const char *json = strstr(text_str(&html), "id=\"figures\">") + 13;
    cJSON *figures = cJSON_ParseWithLength(json, (size_t)(strstr(json, "</script>") - json));
    assert_non_null(figures);
    const cJSON *series = cJSON_GetObjectItem(figures, "series");
    int points = cJSON_GetArraySize(cJSON_GetObjectItem(series, "start_ms"));
    assert_in_range(points, 24, 300);
    const cJSON *region = cJSON_GetArrayItem(cJSON_GetObjectItem(series, "regions"), 0);
    const cJSON *value;
    double attempts = 0;
    double failed = 0;
    cJSON_ArrayForEach(value, cJSON_GetObjectItem(region, "attempts")) attempts +=
        value->valuedouble;
    cJSON_ArrayForEach(value, cJSON_GetObjectItem(region, "failed")) failed += value->valuedouble;
    assert_int_equal((int)attempts, 4000);
    assert_int_equal((int)failed, 20);
    assert_true(html.length < 1000000);
    cJSON_Delete(figures);
    text_free(&html);
    results_free(results);
    window_free(&minute);
    maker_free(m);
}

static char *page_of(struct maker *m, struct results **results)
{
    struct text html = {0};
    *results = maker_load(m, NULL, 0);
    results_html(*results, &html);
    assert_false(html.failed);
    return text_take(&html);
}

static void says(const char *html, const char *what)
{
    const char *story = strstr(html, "class=\"story\"");
    if (strstr(html, what) == NULL) fail_msg("not there: %s; the page says: %.300s", what, story);
}

/* The published incident: 8 of 997 and 135 of 893.
 * Two intervals are too few to tell an incident, or a window of one interval. */
static void the_finding_stands_on_top(void **state)
{
    (void)state;
    struct maker *m = maker_new(INCIDENT_PROFILE("\"failure_rate < 1%\""), NULL);
    struct results *results;
    maker_incident(m);
    maker_finish(m, "complete");
    char *html = page_of(m, &results);
    says(html, ">eastus2 failed 15.1% of attempts in the window peak, 07:00-09:00 PDT "
               "(12.9-17.6%), "
               "against 0.80% at all other times; it fails more at such hours, too, by 1");
    says(html, "Incidents were not looked for: the run has fewer than four intervals");
    says(html, "<p class=\"mark\">the difference is more than chance, at such hours, too</p>");
    assert_null(strstr(html, "beyond doubt"));
    says(html, "<p class=\"mark\">simulated: no service was asked</p>");
    /* The matrix: the hour at 10:00 has the colour of 10 to 20%, its value and its attempts. */
    says(html,
         "<td class=\"h5\" data-figure=\"matrix\" data-region=\"0\" data-start=\"1776178800000\" "
         "data-value=\"0.1511758119\"");
    says(html, ">15%<small>893</small></td>");
    assert_true(strstr(html, "data-figure=\"story\"") < strstr(html, "id=\"matrix\""));
    free(html);
    results_free(results);
    maker_free(m);
}

#define TWO_REGIONS                                                                                \
    "{\"name\":\"x\",\"regions\":[{\"name\":\"a\",\"endpoint\":\"https://"                         \
    "a.openai.azure.com\",\"deployment\":\"d\",\"auth\":{\"api_key\":\"${K}\"}},{\"name\":"        \
    "\"b\",\"endpoint\":\"https://b.openai.azure.com\",\"deployment\":\"d\",\"auth\":{"            \
    "\"api_key\":\"${K}\"}}],\"load\":{\"stages\":[{\"duration\":\"3h\",\"target\":15}]}}"

/* Three hours of minutes in which either region fails now and then, `together` at a time, with
 * twice as many failures in b. */
static char *page_of_clumps(size_t together, size_t count)
{
    struct maker *m = maker_new(TWO_REGIONS, NULL);
    struct results *results;
    uint64_t session = 0;
    for (size_t i = 0; i < 180; i++) {
        int64_t start_ns = SIX_PDT + (int64_t)i * 60 * NS_PER_S;
        maker_interval(m, start_ns, start_ns + 60 * NS_PER_S);
        for (size_t r = 0; r < 2; r++) {
            size_t clumps = (r + 1) * count / together;
            bool fails = (i * clumps + 60 * r) / 180 != ((i + 1) * clumps + 60 * r) / 180;
            for (size_t k = 0; k < 8; k++)
                maker_session(m, r, ++session, fails && k < together ? "F" : ".", 100);
        }
        maker_write(m);
    }
    maker_finish(m, "complete");
    char *html = page_of(m, &results);
    results_free(results);
    maker_free(m);
    return html;
}

/* 24 and 48 of 1,440 attempts: more than chance if each failed for itself, and no more than chance
 * where they come by threes, too few for an incident: then neither region stands out. */
static void failures_that_come_together_are_no_finding(void **state)
{
    (void)state;
    char *html = page_of_clumps(1, 24);
    says(html, ">b failed 3.33% of attempts (");
    says(html, "; it fails more at such hours, too, by ");
    free(html);
    html = page_of_clumps(3, 24);
    says(html, "; no region and no window stands out.</p>");
    says(html, "<p class=\"mark\">no difference beyond chance</p>");
    free(html);
}

/* A generator that was not healthy: the page says so before anything else, and marks the cells. */
static void an_unhealthy_generator_is_told_first(void **state)
{
    (void)state;
    struct maker *m = maker_new(INCIDENT_PROFILE(""), NULL);
    struct results *results;
    m->health.cpu = 0.99;
    health_judge(&m->health);
    maker_incident(m);
    maker_finish(m, "complete");
    char *html = page_of(m, &results);
    says(html, "; windows in which the load generator was not healthy were not compared.</p>");
    says(html, ">7.57% of all attempts failed (6.46-8.85%), 143 of 1,890; ");
    says(html, "<p class=\"warning\">Do not judge the service by these figures");
    says(html, "<td class=\"h5 bad\" data-figure=\"matrix\"");
    says(html, "<span class=\"sr\"> not valid</span>");
    assert_null(strstr(html, "eastus2 failed"));
    free(html);
    results_free(results);
    maker_free(m);
}

static void little_is_called_little(void **state)
{
    (void)state;
    struct maker *m = maker_new(INCIDENT_PROFILE(""), NULL);
    struct results *results;
    maker_interval(m, SIX_PDT, SIX_PDT + HOUR);
    for (uint64_t i = 1; i <= 10; i++) maker_session(m, 0, i, i == 1 ? "F" : ".", 100);
    maker_write(m);
    maker_finish(m, "complete");
    char *html = page_of(m, &results);
    says(html, ">Too little to say anything: 1 of 10 attempts failed, so the failure rate lies "
               "anywhere between ");
    says(html, "<td class=\"h4 few\"");
    free(html);
    results_free(results);
    maker_free(m);
}

static bool add_age(struct session_map *map, struct ages *ages, uint64_t key,
                    const struct attempt_row *row)
{
    const struct gathered_attempt attempt = {
        .chain = key, .session = key, .failed = row->outcome == OUTCOME_FAILED};
    struct session_place places[AGES_KINDS];
    ages_places(ages, row, places);
    return session_map_add(map, &attempt, places);
}

/* Attempts by hand: turns 1, 2, 3, 5 and 60; ages 0, 9.999 s, 10 s, an hour; one whose session
 * never opened. */
static void ages_fall_into_their_buckets(void **state)
{
    (void)state;
    static const struct {
        uint64_t turn;
        int64_t age_ms;
        size_t of_turn, of_age;
    } rows[] = {{1, 0, 0, 0},      {2, 9999, 1, 0},     {3, 10000, 2, 1},
                {5, 299999, 3, 2}, {60, 3600000, 7, 7}, {50, 3599999, 6, 6},
                {6, 300000, 4, 3}, {11, 600000, 5, 4},  {21, 1200000, 6, 5}};
    struct ages ages = {0};
    struct session_map map = {.ways = AGES_KINDS};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ages before = ages;
        struct attempt_row row = {
            .turn = rows[i].turn, .socket_age_ms = rows[i].age_ms, .outcome = OUTCOME_FAILED};
        assert_true(add_age(&map, &ages, i + 1, &row));
        session_map_finish(&map);
        assert_true(ages.sums[AGES_TURN][rows[i].of_turn].x ==
                    before.sums[AGES_TURN][rows[i].of_turn].x + 1);
        assert_true(ages.sums[AGES_SOCKET][rows[i].of_age].x ==
                    before.sums[AGES_SOCKET][rows[i].of_age].x + 1);
    }
    struct attempt_row unopened = {.turn = 0, .socket_age_ms = -1, .outcome = OUTCOME_FAILED};
    assert_true(add_age(&map, &ages, 99, &unopened));
    /* Two attempts of one session in one bucket are one cluster of two. */
    struct attempt_row row = {.turn = 4, .socket_age_ms = 1, .outcome = OUTCOME_OK};
    for (; row.turn <= 5; row.turn++) assert_true(add_age(&map, &ages, 100, &row));
    session_map_finish(&map);
    assert_int_equal(ages.sums[AGES_TURN][3].count, 2);
    assert_true(ages.sums[AGES_TURN][3].mm == 1 + 4);
    assert_true(ages_attempts(&ages, AGES_TURN) == 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_cannot_break_out),
        cmocka_unit_test(the_page_is_whole_and_alone),
        cmocka_unit_test(all_forms_say_the_same),
        cmocka_unit_test(windows_can_be_asked_for),
        cmocka_unit_test(long_runs_are_thinned_out_exactly),
        cmocka_unit_test(the_finding_stands_on_top),
        cmocka_unit_test(failures_that_come_together_are_no_finding),
        cmocka_unit_test(an_unhealthy_generator_is_told_first),
        cmocka_unit_test(little_is_called_little),
        cmocka_unit_test(ages_fall_into_their_buckets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
