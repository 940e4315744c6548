#include "watch/openmetrics.h"

#include "base/clock.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const openmetrics_states[] = {"starting", "running", "draining", "finished", NULL};

struct page {
    const struct openmetrics_state *state;
    struct text *out;
    bool plain; /* format 0.0.4: no UNIT, no _created, no info and stateset, no EOF */
};

struct label {
    const char *name, *value;
};

/* ---- lines ---- */

/* Both formats escape alike: backslash, quote and line feed. What is no UTF-8 was refused by the
 * profile. */
static void put_escaped(struct text *out, const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value == '\\' || *value == '"') text_append(out, "\\", 1);
        if (*value == '\n') {
            text_puts(out, "\\n");
        } else {
            text_append(out, value, 1);
        }
    }
}

static void put_series(struct text *out, const char *name, const char *suffix,
                       const struct label *labels, size_t count)
{
    text_puts(out, name);
    text_puts(out, suffix);
    for (size_t i = 0; i < count; i++) {
        text_printf(out, "%c%s=\"", i == 0 ? '{' : ',', labels[i].name);
        put_escaped(out, labels[i].value);
        text_puts(out, "\"");
    }
    text_puts(out, count > 0 ? "} " : " ");
}

static void put_whole(struct text *out, uint64_t value)
{
    text_printf(out, "%" PRIu64 "\n", value);
}

/* In as few digits as give the same number back. */
static void put_real(struct text *out, double value)
{
    char digits[40];
    if (isnan(value)) {
        text_puts(out, "NaN\n");
        return;
    }
    if (isinf(value)) {
        text_puts(out, value > 0 ? "+Inf\n" : "-Inf\n");
        return;
    }
    (void)snprintf(digits, sizeof digits, "%.15g", value);
    if (strtod(digits, NULL) != value) (void)snprintf(digits, sizeof digits, "%.17g", value);
    text_printf(out, "%s\n", digits);
}

/* TYPE, UNIT and HELP of a family. `total` is the suffix by which format 0.0.4 knows it. */
static void put_family(const struct page *page, const char *name, const char *type,
                       const char *suffix, const char *unit, const char *help)
{
    const char *end = page->plain ? suffix : "";
    bool known = !page->plain || (strcmp(type, "info") != 0 && strcmp(type, "stateset") != 0);
    text_printf(page->out, "# TYPE %s%s %s\n", name, end, known ? type : "gauge");
    if (!page->plain && unit != NULL) text_printf(page->out, "# UNIT %s %s\n", name, unit);
    text_printf(page->out, "# HELP %s%s %s\n", name, end, help);
}

static void put_created(const struct page *page, const char *name, const struct label *labels,
                        size_t count)
{
    if (page->plain) return;
    int64_t ms = page->state->created_ns / NS_PER_MS;
    put_series(page->out, name, "_created", labels, count);
    text_printf(page->out, "%" PRId64 ".%03" PRId64 "\n", ms / 1000, ms % 1000);
}

static void put_gauge(const struct page *page, const char *name, const char *unit, const char *help,
                      double value)
{
    put_family(page, name, "gauge", "", unit, help);
    put_series(page->out, name, "", NULL, 0);
    put_real(page->out, value);
}

static void put_counter(const struct page *page, const char *name, const char *help, uint64_t value)
{
    put_family(page, name, "counter", "_total", NULL, help);
    put_series(page->out, name, "_total", NULL, 0);
    put_whole(page->out, value);
    put_created(page, name, NULL, 0);
}

/* ---- counters by region ---- */

struct source {
    const char *value; /* of the family's label */
    size_t offset;     /* in struct counters */
};

struct family {
    const char *name, *help;
    const char *label; /* NULL: one source, without a label of its own */
    struct source sources[3];
    size_t source_count;
};

#define AT(counter) offsetof(struct counters, counter)
#define ONE(name, counter, help)                                                                   \
    {                                                                                              \
        "rushhour_" name, help, NULL, {{NULL, AT(counter)}}, 1                                     \
    }

/* The values of a label never overlap, so that their sum means something. */
static const struct family families[] = {
    ONE("sessions", sessions_started, "Sessions begun (dials)."),
    ONE("sessions_opened", sessions_opened, "Sessions that received session.created."),
    ONE("sessions_failed", sessions_failed,
        "Sessions that did not open, or ended otherwise than asked."),
    ONE("sessions_ended", sessions_ended, "Sessions that are over, opened or not."),
    ONE("attempts_started", attempts_started, "Attempts begun."),
    {"rushhour_attempts",
     "Attempts that ended, by outcome.",
     "outcome",
     {{"ok", AT(attempts_ok)},
      {"failed", AT(attempts_failed)},
      {"cancelled", AT(attempts_cancelled)}},
     3},
    {"rushhour_first_attempts",
     "Attempts that were the first of their interaction, by outcome.",
     "outcome",
     {{"ok", AT(first_attempts_ok)}, {"failed", AT(first_attempts_failed)}},
     2},
    {"rushhour_interactions",
     "Interactions that ended, by outcome after all retries.",
     "outcome",
     {{"ok", AT(interactions_ok)}, {"failed", AT(interactions_failed)}},
     2},
    ONE("interactions_recovered", recovered,
        "Interactions that were ok after at least one failed attempt."),
    ONE("retries", retries, "Attempts beyond the first of their interaction."),
    ONE("probes", probes, "Retries in a session whose response had failed."),
    ONE("probes_recovered", probes_recovered, "Probes that were ok."),
    {"rushhour_tokens",
     "Tokens that the service reported.",
     "kind",
     {{"input", AT(input_tokens)}, {"output", AT(output_tokens)}},
     2},
    ONE("cached_input_tokens", cached_tokens, "Input tokens that the service had cached."),
    ONE("failed_tokens", failed_tokens, "Tokens reported for failed attempts: possibly billed."),
    ONE("unknown_events", unknown_events, "Events of a type that this version does not know."),
    ONE("harmless_errors", harmless_errors, "Error events that cost no attempt."),
    ONE("clipped_values", clipped, "Latencies outside the range of the histograms."),
};

static uint64_t count_at(const struct openmetrics_region *region, size_t offset)
{
    uint64_t count = 0;
    if (region->totals != NULL)
        memcpy(&count, (const char *)&region->totals->counters + offset, sizeof count);
    return count;
}

static void put_counters(const struct page *page, const struct family *family)
{
    put_family(page, family->name, "counter", "_total", NULL, family->help);
    for (size_t i = 0; i < page->state->region_count; i++) {
        const struct openmetrics_region *region = &page->state->regions[i];
        for (size_t s = 0; s < family->source_count; s++) {
            const struct label labels[] = {{"region", region->region->name},
                                           {family->label, family->sources[s].value}};
            size_t count = family->label != NULL ? 2 : 1;
            put_series(page->out, family->name, "_total", labels, count);
            put_whole(page->out, count_at(region, family->sources[s].offset));
            put_created(page, family->name, labels, count);
        }
    }
}

static void put_costs(const struct page *page, const char *name, bool failed_only, const char *help)
{
    put_family(page, name, "counter", "_total", "usd", help);
    for (size_t i = 0; i < page->state->region_count; i++) {
        const struct openmetrics_region *region = &page->state->regions[i];
        const struct label labels[] = {{"region", region->region->name}};
        double usd = 0;
        if (region->totals != NULL)
            usd = failed_only ? region->totals->counters.failed_cost_usd
                              : region->totals->counters.cost_usd;
        put_series(page->out, name, "_total", labels, 1);
        put_real(page->out, usd);
        put_created(page, name, labels, 1);
    }
}

/* Failures, or the ends that are none (domain none). */
static void put_tallies(const struct page *page, const char *name, bool lifecycle, const char *help)
{
    put_family(page, name, "counter", "_total", NULL, help);
    for (size_t i = 0; i < page->state->region_count; i++) {
        const struct openmetrics_region *region = &page->state->regions[i];
        for (size_t t = 0; region->totals != NULL && t < region->totals->tally_count; t++) {
            const struct tally *tally = &region->totals->tallies[t];
            if ((tally->domain == DOMAIN_NONE) != lifecycle) continue;
            const struct label labels[] = {{"region", region->region->name},
                                           {"code", tally->code},
                                           {"phase", phase_name(tally->phase)},
                                           {"domain", domain_name(tally->domain)}};
            size_t count = lifecycle ? 3 : 4;
            put_series(page->out, name, "_total", labels, count);
            put_whole(page->out, tally->count);
            put_created(page, name, labels, count);
        }
    }
}

/* ---- histograms by region ---- */

#define BUCKETS_MOST 14

/* Where the service's own delays lie, in ascending seconds; each is a whole number of
 * microseconds. A metric without bounds of its own has those of METRIC_COUNT. */
static const double bounds_s[METRIC_COUNT + 1][BUCKETS_MOST] = {
    [METRIC_TTFT] = {0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30},
    [METRIC_RESPONSE] = {0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 7.5, 10, 20, 30, 60},
    [METRIC_INTERACTION] = {0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 30, 60, 120},
    [METRIC_LAG] = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10},
    [METRIC_COUNT] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10},
};

/* One metric of the endpoint. */
struct ladder {
    enum metric metric;
    const char *name;
    const double *bounds_s;
};

/* Bounds as OpenMetrics writes numbers that are well known: with a point, "1.0". */
static void bound_text(double bound_s, char out[32])
{
    (void)snprintf(out, 32, "%.15g", bound_s);
    if (strpbrk(out, ".e") == NULL) (void)strncat(out, ".0", 3);
}

static void put_buckets(const struct page *page, const struct ladder *ladder, const char *region,
                        const struct histogram *values)
{
    uint64_t total = values != NULL ? values->total : 0;
    char bound[32];
    struct label labels[] = {{"region", region}, {"le", bound}};
    for (size_t b = 0; b < BUCKETS_MOST; b++) {
        int64_t bound_us = llround(ladder->bounds_s[b] * 1e6);
        uint64_t above = values != NULL ? histogram_count_above(values, bound_us) : 0;
        bound_text(ladder->bounds_s[b], bound);
        put_series(page->out, ladder->name, "_bucket", labels, 2);
        put_whole(page->out, total - above);
    }
    labels[1].value = "+Inf";
    put_series(page->out, ladder->name, "_bucket", labels, 2);
    put_whole(page->out, total);
}

static void put_histograms(const struct page *page, const struct ladder *ladder)
{
    put_family(page, ladder->name, "histogram", "", "seconds", metric_meaning(ladder->metric));
    for (size_t i = 0; i < page->state->region_count; i++) {
        const struct openmetrics_region *region = &page->state->regions[i];
        const struct histogram *values =
            region->totals != NULL ? region->totals->latency[ladder->metric] : NULL;
        const struct label labels[] = {{"region", region->region->name}};
        put_buckets(page, ladder, region->region->name, values);
        put_series(page->out, ladder->name, "_count", labels, 1);
        put_whole(page->out, values != NULL ? values->total : 0);
        put_series(page->out, ladder->name, "_sum", labels, 1);
        put_real(page->out, values != NULL ? histogram_sum(values) / 1e6 : 0);
        put_created(page, ladder->name, labels, 1);
    }
}

static void put_latencies(const struct page *page)
{
    for (int m = 0; m < METRIC_COUNT; m++) {
        if (!metric_has((enum metric)m, METRIC_EXPORTED)) continue;
        struct text name = {0};
        text_printf(&name, "rushhour_%s_seconds", metric_name((enum metric)m));
        const struct ladder ladder = {(enum metric)m, text_str(&name),
                                      bounds_s[m][0] > 0 ? bounds_s[m] : bounds_s[METRIC_COUNT]};
        put_histograms(page, &ladder);
        page->out->failed = page->out->failed || name.failed;
        text_free(&name);
    }
}

/* ---- gauges ---- */

static void put_live(const struct page *page)
{
    const struct openmetrics_state *state = page->state;
    put_family(page, "rushhour_sessions_open", "gauge", "", NULL, "Sessions that are open now.");
    for (size_t i = 0; i < state->region_count; i++) {
        const struct label labels[] = {{"region", state->regions[i].region->name}};
        put_series(page->out, "rushhour_sessions_open", "", labels, 1);
        put_whole(page->out, state->regions[i].sessions_open);
    }
    put_family(page, "rushhour_attempts_in_flight", "gauge", "", NULL,
               "Attempts without an outcome yet.");
    for (size_t i = 0; i < state->region_count; i++) {
        const struct label labels[] = {{"region", state->regions[i].region->name}};
        put_series(page->out, "rushhour_attempts_in_flight", "", labels, 1);
        put_whole(page->out, state->regions[i].in_flight);
    }
}

/* The load that is asked for now, region by region: sessions in a closed load, arrivals in an open
 * one. */
static void put_requested(const struct page *page)
{
    bool closed = page->state->model == LOAD_SESSIONS;
    const char *name =
        closed ? "rushhour_requested_sessions" : "rushhour_requested_arrivals_per_second";
    put_family(page, name, "gauge", "", NULL,
               closed ? "Sessions that the load keeps busy now."
                      : "Session arrivals that are due per second of the run's clock now.");
    for (size_t i = 0; i < page->state->region_count; i++) {
        const struct label labels[] = {{"region", page->state->regions[i].region->name}};
        put_series(page->out, name, "", labels, 1);
        put_real(page->out, page->state->requested);
    }
}

static double seconds(int64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

static void put_generator(const struct page *page)
{
    const struct health *whole = page->state->health;
    const struct health *latest = page->state->latest;
    if (whole == NULL || latest == NULL) return;
    put_counter(page, "rushhour_generator_arrivals_requested",
                "Arrivals that were due, all regions (open load).", whole->requested);
    put_counter(page, "rushhour_generator_arrivals_achieved",
                "Arrivals that were dialled in time, all regions.", whole->achieved);
    put_counter(page, "rushhour_generator_loops",
                "Firings of the 10 ms timer that asks for the loops' delay.", whole->loops);
    put_counter(page, "rushhour_generator_loops_late", "Of these, later than 20 ms.",
                whole->loops_late);
    put_counter(page, "rushhour_generator_dispatches", "Attempts that were sent.",
                whole->dispatches);
    put_counter(page, "rushhour_generator_dispatches_late",
                "Of these, later than 20 ms after they were due.", whole->dispatches_late);
    put_gauge(page, "rushhour_generator_loop_delay_p99_seconds", "seconds",
              "P99 of the event loops' delay in the last whole interval.",
              seconds(latest->loop_delay_p99_ns));
    put_gauge(page, "rushhour_generator_lag_p99_seconds", "seconds",
              "P99 of sent minus due in the last whole interval.", seconds(latest->lag_p99_ns));
    put_gauge(page, "rushhour_generator_cpu_ratio", "ratio",
              "The busiest worker's share of one core in the last whole interval.", latest->cpu);
    put_gauge(page, "rushhour_generator_valid", NULL,
              "1 when the figures of the last whole interval can be believed, 0 when the generator "
              "was late.",
              latest->valid);
    put_gauge(page, "rushhour_run_valid", NULL, "The same of the run so far.", whole->valid);
}

/* ---- what it is ---- */

static void put_infos(const struct page *page)
{
    const struct openmetrics_state *state = page->state;
    char seed[24];
    char workers[16];
    (void)snprintf(seed, sizeof seed, "%" PRIu64, state->seed);
    (void)snprintf(workers, sizeof workers, "%u", state->workers);
    const struct label build[] = {{"version", RUSHHOUR_VERSION}, {"commit", RUSHHOUR_COMMIT}};
    const struct label run[] = {{"run", state->run_id},
                                {"profile", state->profile},
                                {"seed", seed},
                                {"workers", workers},
                                {"simulated", state->simulated ? "true" : "false"}};
    put_family(page, "rushhour_build", "info", "_info", NULL, "The build of rushhour.");
    put_series(page->out, "rushhour_build", "_info", build, 2);
    put_whole(page->out, 1);
    put_family(page, "rushhour_run", "info", "_info", NULL, "The run.");
    put_series(page->out, "rushhour_run", "_info", run, sizeof run / sizeof *run);
    put_whole(page->out, 1);
    put_family(page, "rushhour_region", "info", "_info", NULL, "The regions of the run.");
    for (size_t i = 0; i < state->region_count; i++) {
        const struct region *region = state->regions[i].region;
        const struct label labels[] = {
            {"region", region->name},
            {"dialect", dialect_name(region->dialect)},
            {"deployment", region->deployment != NULL ? region->deployment : ""},
            {"model", region->model != NULL ? region->model : ""}};
        put_series(page->out, "rushhour_region", "_info", labels, 4);
        put_whole(page->out, 1);
    }
}

static void put_course(const struct page *page)
{
    const struct openmetrics_state *state = page->state;
    put_family(page, "rushhour_run_state", "stateset", "", NULL, "What the run does now.");
    for (const char *const *name = openmetrics_states; *name != NULL; name++) {
        const struct label labels[] = {{"rushhour_run_state", *name}};
        put_series(page->out, "rushhour_run_state", "", labels, 1);
        put_whole(page->out, strcmp(*name, state->state) == 0);
    }
    put_gauge(page, "rushhour_run_elapsed_seconds", "seconds",
              "Time since the load began, by the run's clock.", seconds(state->elapsed_ns));
    put_gauge(page, "rushhour_run_load_seconds", "seconds",
              "How long the load lasts, by the run's clock.", seconds(state->load_ns));
    put_gauge(page, "rushhour_run_clock_speed_ratio", "ratio",
              "How much faster than real time the run's clock goes (1 against a real service).",
              state->clock_speed);
    if (state->budget_spent >= 0)
        put_gauge(page, "rushhour_budget_spent_ratio", "ratio",
                  "Share of the budget that is spent.", state->budget_spent);
}

void openmetrics_write(const struct openmetrics_state *state, enum exposition exposition,
                       struct text *out)
{
    const struct page page = {.state = state, .out = out, .plain = exposition == EXPOSITION_PLAIN};
    put_infos(&page);
    put_course(&page);
    put_live(&page);
    put_requested(&page);
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        put_counters(&page, &families[i]);
    put_tallies(&page, "rushhour_failures", false, "Failures of attempts and sessions, by class.");
    put_tallies(&page, "rushhour_lifecycle", true,
                "Ends that are no failures: cancelled, expired, at the session's cap.");
    put_costs(&page, "rushhour_cost_usd", false, "Cost of all attempts by the profile's prices.");
    put_costs(&page, "rushhour_failed_cost_usd", true, "Cost of failed attempts: possibly billed.");
    put_latencies(&page);
    put_generator(&page);
    if (!page.plain) text_puts(out, "# EOF\n");
}
