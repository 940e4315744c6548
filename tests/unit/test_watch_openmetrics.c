/* The exposition against the grammar of OpenMetrics 1.0.0, read here by hand, and against figures
 * counted by hand. */
#include "base/clock.h"
#include "watch/openmetrics.h"

#include <ctype.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char quoted_name[] = "we\"ird\\re\ngion";
static char plain_name[] = "eastus2";
static char demo[] = "demo";
static char model[] = "gpt-realtime";
static char other_model[] = "unpriced";
static struct price price = {.model = model, .text_out = 16};
static struct region regions[] = {
    {.name = plain_name, .deployment = model, .model = model},
    {.name = quoted_name, .model = other_model, .dialect = DIALECT_OPENAI}};

struct fixture {
    struct cell cells[2];
    struct region_snapshot live[2];
    struct health health;
    struct profile profile;
    struct run_snapshot state;
};

/* Latencies of exact buckets: 40 ms, 100 ms (a bound), 450 ms, 45 s (past the last bound). */
static void set_up(struct fixture *f)
{
    *f = (struct fixture){.health = {.loops = 7,
                                     .cpu = 0.25,
                                     .requested = 9,
                                     .achieved = 8,
                                     .achieved_late = 3,
                                     .displaced = 2,
                                     .valid = true}};
    cell_latency(&f->cells[0], METRIC_TTFT, 40 * NS_PER_MS);
    cell_latency(&f->cells[0], METRIC_TTFT, 100 * NS_PER_MS);
    cell_latency(&f->cells[0], METRIC_TTFT, 450 * NS_PER_MS);
    cell_latency(&f->cells[0], METRIC_TTFT, 45 * NS_PER_S);
    f->cells[0].counters.attempts_ok = 4;
    f->cells[0].counters.attempts_failed = 3;
    f->cells[0].concurrency =
        (struct concurrency){.known_ns = NS_PER_S,
                             .of = {[LEVEL_OPEN] = {.sum_s = 10.5, .peak = 13},
                                    [LEVEL_FLIGHT] = {.sum_s = 4.25, .peak = 7}}};
    f->cells[0].counters.cost_usd = 0.1;
    cell_failure(&f->cells[0], PHASE_RESPONSE, DOMAIN_SERVICE, "server_error", 2);
    cell_failure(&f->cells[0], PHASE_UPGRADE, DOMAIN_QUOTA, "rate_limited", 1);
    cell_failure(&f->cells[0], PHASE_RESPONSE, DOMAIN_NONE, "session_cap", 5);
    for (size_t i = 0; i < 2; i++) {
        f->live[i] = (struct region_snapshot){
            .region = &regions[i], .totals = &f->cells[i], .sessions_open = 11 + i, .in_flight = 6};
    }
    f->profile.name = demo;
    f->profile.prices = (struct prices){.models = &price, .count = 1};
    f->profile.load.model = LOAD_ARRIVALS;
    f->state = (struct run_snapshot){
        .id = "2026-11-20T140500Z-demo",
        .profile = &f->profile,
        .seed = 42,
        .workers = 3,
        .simulated = true,
        .clock_speed = 240,
        .phase = RUN_RUNNING,
        .counting_since_ns = INT64_C(1795183500123000000),
        .elapsed_ns = 1500 * NS_PER_MS,
        .load_ns = 40 * NS_PER_S,
        .requested = 2.5,
        .budget_spent = -1,
        .health = &f->health,
        .latest = &f->health,
        .regions = f->live,
        .region_count = 2,
    };
}

static void tear_down(struct fixture *f)
{
    cell_free(&f->cells[0]);
    cell_free(&f->cells[1]);
}

static char *exposition(const struct fixture *f, enum exposition form)
{
    struct text out = {0};
    openmetrics_write(&f->state, form, &out);
    char *text = text_take(&out);
    assert_non_null(text);
    return text;
}

/* ---- a reader of the grammar ---- */

static size_t name_length(const char *p)
{
    size_t n = 0;
    if (!isalpha((unsigned char)p[0]) && p[0] != '_' && p[0] != ':') return 0;
    while (isalnum((unsigned char)p[n]) || p[n] == '_' || p[n] == ':') n++;
    return n;
}

/* labels = [label *(COMMA label)], label = label-name EQ DQUOTE escaped-string DQUOTE; returns what
 * follows "}". */
static const char *skip_labels(const char *p)
{
    for (p++;;) {
        size_t n = name_length(p);
        assert_true(n > 0 && p[n] == '=' && p[n + 1] == '"');
        for (p += n + 2; *p != '"'; p++) {
            assert_true(*p != '\0' && *p != '\n');
            if (*p != '\\') continue;
            p++;
            assert_true(*p == '\\' || *p == '"' || *p == 'n');
        }
        p++;
        if (*p == '}') return p + 1;
        assert_int_equal(*p, ',');
        p++;
    }
}

static const char *const suffixes[] = {"",       "_total", "_created", "_bucket",
                                       "_count", "_sum",   "_info"};

/* True when a sample of this name may belong to the family of this name and type. */
static bool belongs(const char *name, size_t length, const char *family, const char *type)
{
    static const struct {
        const char *type, *suffixes;
    } allowed[] = {{"counter", "_total _created"},
                   {"gauge", ""},
                   {"stateset", ""},
                   {"info", "_info"},
                   {"histogram", "_bucket _count _sum _created"}};
    size_t base = strlen(family);
    if (length < base || strncmp(name, family, base) != 0) return false;
    char suffix[16] = "";
    if (length - base >= sizeof suffix) return false;
    memcpy(suffix, name + base, length - base);
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        if (strcmp(allowed[i].type, type) != 0) continue;
        if (suffix[0] == '\0') return allowed[i].suffixes[0] == '\0';
        for (size_t s = 1; s < sizeof suffixes / sizeof *suffixes; s++) {
            if (strcmp(suffix, suffixes[s]) == 0)
                return strstr(allowed[i].suffixes, suffix) != NULL;
        }
    }
    return false;
}

struct reading {
    char family[64], type[16];
    char seen[64][64]; /* families so far */
    size_t seen_count;
};

/* metric-descriptor: TYPE first and once, UNIT a suffix of the name, HELP with text. */
static void read_descriptor(struct reading *r, const char *line)
{
    char kind[8];
    char name[64];
    int rest = 0;
    assert_int_equal(sscanf(line, "# %7s %63s %n", kind, name, &rest), 2);
    if (strcmp(kind, "TYPE") == 0) {
        for (size_t i = 0; i < r->seen_count; i++) assert_string_not_equal(r->seen[i], name);
        assert_true(r->seen_count < 64);
        (void)strcpy(r->seen[r->seen_count++], name);
        (void)strcpy(r->family, name);
        assert_int_equal(sscanf(line + rest, "%15s", r->type), 1);
        return;
    }
    assert_string_equal(name, r->family);
    assert_true(line[rest] != '\0');
    if (strcmp(kind, "HELP") == 0) return;
    assert_string_equal(kind, "UNIT");
    size_t unit = strlen(line + rest);
    assert_true(strlen(name) > unit + 1 && name[strlen(name) - unit - 1] == '_');
    assert_string_equal(name + strlen(name) - unit, line + rest);
}

static void read_sample(const struct reading *r, const char *line)
{
    size_t length = name_length(line);
    assert_true(length > 0);
    if (!belongs(line, length, r->family, r->type))
        fail_msg("%s is no sample of %s", line, r->family);
    const char *p = line + length;
    if (*p == '{') p = skip_labels(p);
    assert_int_equal(*p, ' ');
    char *end;
    double value = strtod(p + 1, &end);
    assert_true(end != p + 1 && *end == '\0');
    if (strcmp(r->type, "gauge") != 0) assert_true(value >= 0);
}

static void follows_the_grammar(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    f.state.budget_spent = 0.5;
    char *text = exposition(&f, EXPOSITION_OPENMETRICS);
    struct reading r = {0};
    size_t length = strlen(text);
    assert_true(length > 6);
    assert_string_equal(text + length - 6, "# EOF\n");
    text[length - 6] = '\0';
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        *line == '#' ? read_descriptor(&r, line) : read_sample(&r, line);
    }
    assert_true(r.seen_count > 30);
    free(text);
    tear_down(&f);
}

/* ---- figures ---- */

static void assert_line(const char *text, const char *line)
{
    char wanted[256];
    (void)snprintf(wanted, sizeof wanted, "\n%s\n", line);
    if (strstr(text, wanted) == NULL) fail_msg("no line \"%s\"", line);
}

static void tells_what_was_counted(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    char *text = exposition(&f, EXPOSITION_OPENMETRICS);
    assert_line(text, "rushhour_attempts_total{region=\"eastus2\",outcome=\"ok\"} 4");
    assert_line(text, "rushhour_attempts_total{region=\"eastus2\",outcome=\"failed\"} 3");
    assert_line(text,
                "rushhour_attempts_total{region=\"we\\\"ird\\\\re\\ngion\",outcome=\"failed\"} 0");
    assert_line(
        text, "rushhour_failures_total{region=\"eastus2\",code=\"server_error\",phase=\"response\","
              "domain=\"service\"} 2");
    assert_line(
        text, "rushhour_failures_total{region=\"eastus2\",code=\"rate_limited\",phase=\"upgrade\","
              "domain=\"quota\"} 1");
    assert_line(
        text,
        "rushhour_lifecycle_total{region=\"eastus2\",code=\"session_cap\",phase=\"response\"} 5");
    assert_null(strstr(text, "domain=\"none\""));
    assert_line(text, "rushhour_cost_usd_total{region=\"eastus2\"} 0.1");
    assert_null(strstr(text, "rushhour_cost_usd_total{region=\"we")); /* it has no price */
    assert_line(text, "rushhour_sessions_open{region=\"eastus2\"} 11");
    assert_line(text, "rushhour_attempts_in_flight{region=\"eastus2\"} 6");
    assert_line(text, "rushhour_sessions_open_seconds_total{region=\"eastus2\"} 10.5");
    assert_line(text, "rushhour_attempts_in_flight_seconds_total{region=\"eastus2\"} 4.25");
    assert_line(text, "rushhour_sessions_open_peak{region=\"eastus2\"} 13");
    assert_line(text, "rushhour_attempts_in_flight_peak{region=\"eastus2\"} 7");
    assert_line(text, "rushhour_requested_arrivals_per_second{region=\"eastus2\"} 2.5");
    assert_line(text, "rushhour_generator_arrivals_requested_total 9");
    assert_line(text, "rushhour_generator_arrivals_achieved_total 8");
    assert_line(text, "rushhour_generator_arrivals_late_total 3");
    assert_line(text, "rushhour_generator_arrivals_displaced_total 2");
    assert_line(text, "rushhour_generator_cpu_ratio 0.25");
    assert_line(text, "rushhour_run_state{rushhour_run_state=\"running\"} 1");
    assert_line(text, "rushhour_run_state{rushhour_run_state=\"finished\"} 0");
    assert_line(text, "rushhour_run_elapsed_seconds 1.5");
    assert_line(text, "rushhour_retries_created{region=\"eastus2\"} 1795183500.123");
    assert_null(strstr(text, "rushhour_budget_spent_ratio"));
    free(text);
    tear_down(&f);
}

static void counts_into_cumulative_buckets(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    char *text = exposition(&f, EXPOSITION_OPENMETRICS);
    assert_line(text, "rushhour_ttft_seconds_bucket{region=\"eastus2\",le=\"0.05\"} 1");
    assert_line(text,
                /* the bound is inside */
                "rushhour_ttft_seconds_bucket{region=\"eastus2\",le=\"0.1\"} 2");
    assert_line(text, "rushhour_ttft_seconds_bucket{region=\"eastus2\",le=\"0.4\"} 2");
    assert_line(text, "rushhour_ttft_seconds_bucket{region=\"eastus2\",le=\"0.5\"} 3");
    assert_line(text, "rushhour_ttft_seconds_bucket{region=\"eastus2\",le=\"1.0\"} 3");
    assert_line(text, "rushhour_ttft_seconds_bucket{region=\"eastus2\",le=\"30.0\"} 3");
    assert_line(text, "rushhour_ttft_seconds_bucket{region=\"eastus2\",le=\"+Inf\"} 4");
    assert_line(text, "rushhour_ttft_seconds_count{region=\"eastus2\"} 4");
    assert_line(text, "rushhour_ttft_seconds_created{region=\"eastus2\"} 1795183500.123");
    assert_line(text, "rushhour_dial_seconds_bucket{region=\"eastus2\",le=\"+Inf\"} 0");
    const char *sum = strstr(text, "rushhour_ttft_seconds_sum{region=\"eastus2\"} ");
    assert_non_null(sum);
    /* 0.04 + 0.1 + 0.45 + 45, to the histograms' three digits */
    assert_true(fabs(strtod(strchr(sum, ' '), NULL) - 45.59) < 45.59e-3);
    free(text);
    tear_down(&f);
}

/* A run that stops at once is shown as draining: watchers know four states. */
static void one_state_is_set(void **state)
{
    static const struct {
        enum run_phase phase;
        const char *shown;
    } rows[] = {{RUN_STARTING, "starting"},
                {RUN_RUNNING, "running"},
                {RUN_DRAINING, "draining"},
                {RUN_STOPPING, "draining"},
                {RUN_FINISHED, "finished"}};
    (void)state;
    struct fixture f;
    set_up(&f);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t set = 0;
        char line[80];
        f.state.phase = rows[i].phase;
        char *text = exposition(&f, EXPOSITION_OPENMETRICS);
        (void)snprintf(line, sizeof line, "rushhour_run_state{rushhour_run_state=\"%s\"} 1",
                       rows[i].shown);
        assert_line(text, line);
        for (const char *p = text; (p = strstr(p, "rushhour_run_state{")) != NULL; p++)
            set += strncmp(strchr(p, '}'), "} 1\n", 4) == 0;
        assert_int_equal(set, 1);
        free(text);
    }
    tear_down(&f);
}

/* Before anything has begun there are zeros, and no health. */
static void begins_with_zeros(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    f.live[0].totals = f.live[1].totals = NULL;
    f.state.health = f.state.latest = NULL;
    f.state.phase = RUN_STARTING;
    f.profile.load.model = LOAD_SESSIONS;
    char *text = exposition(&f, EXPOSITION_OPENMETRICS);
    assert_line(text, "rushhour_attempts_total{region=\"eastus2\",outcome=\"ok\"} 0");
    assert_line(text, "rushhour_ttft_seconds_sum{region=\"eastus2\"} 0");
    assert_line(text, "rushhour_requested_sessions{region=\"eastus2\"} 2.5");
    assert_null(strstr(text, "rushhour_generator"));
    free(text);
    tear_down(&f);
}

/* Format 0.0.4 knows counters by their whole name, and neither units nor info nor an end. */
static void speaks_the_older_format(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    char *text = exposition(&f, EXPOSITION_PLAIN);
    assert_line(text, "# TYPE rushhour_retries_total counter");
    assert_line(text, "# TYPE rushhour_ttft_seconds histogram");
    assert_int_equal(strncmp(text, "# TYPE rushhour_build_info gauge\n", 33), 0);
    assert_line(text, "# TYPE rushhour_run_state gauge");
    assert_line(text, "rushhour_attempts_total{region=\"eastus2\",outcome=\"ok\"} 4");
    assert_null(strstr(text, "# UNIT"));
    assert_null(strstr(text, "# EOF"));
    assert_null(strstr(text, "_created"));
    free(text);
    tear_down(&f);
}

static void answers_in_the_format_that_is_liked(void **state)
{
    (void)state;
    static const struct {
        const char *accept;
        enum exposition wanted;
    } cases[] = {
        {NULL, EXPOSITION_OPENMETRICS},
        {"", EXPOSITION_OPENMETRICS},
        {"*/*", EXPOSITION_OPENMETRICS},
        {"text/plain", EXPOSITION_PLAIN},
        {"text/plain;version=0.0.4;q=1,*/*;q=0.1", EXPOSITION_PLAIN},
        {"Text/*", EXPOSITION_PLAIN},
        {"application/openmetrics-text", EXPOSITION_OPENMETRICS},
        /* what Prometheus 2.42 sends */
        {"application/openmetrics-text;version=1.0.0,application/"
         "openmetrics-text;version=0.0.1;q=0.75,"
         "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         EXPOSITION_OPENMETRICS},
        {"application/openmetrics-text; q=0.2, text/plain ; q=0.9", EXPOSITION_PLAIN},
        {"application/openmetrics-text;q=0, */*", EXPOSITION_PLAIN},
        {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", EXPOSITION_OPENMETRICS},
        {"text/plainer", EXPOSITION_OPENMETRICS},
        {",,;q=x", EXPOSITION_OPENMETRICS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (openmetrics_negotiate(cases[i].accept) != cases[i].wanted)
            fail_msg("Accept: %s", cases[i].accept != NULL ? cases[i].accept : "(none)");
    }
    assert_string_equal(openmetrics_content_type(EXPOSITION_OPENMETRICS),
                        "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert_string_equal(openmetrics_content_type(EXPOSITION_PLAIN),
                        "text/plain; version=0.0.4; charset=utf-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_the_grammar),
        cmocka_unit_test(tells_what_was_counted),
        cmocka_unit_test(counts_into_cumulative_buckets),
        cmocka_unit_test(one_state_is_set),
        cmocka_unit_test(begins_with_zeros),
        cmocka_unit_test(speaks_the_older_format),
        cmocka_unit_test(answers_in_the_format_that_is_liked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
