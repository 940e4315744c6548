#include "report/figures_json.h"

#include "base/json.h"
#include "figures/claim.h"
#include "figures/prices.h"
#include "report/concurrency_json.h"
#include "report/limits_json.h"
#include "report/retries_json.h"
#include "report/voice_json.h"

#include <math.h>
#include <stdlib.h>

static void counts(const struct report_cell *cell, struct text *out)
{
    const struct counters *c = &cell->cell.counters;
    json_key(out, "sessions");
    json_open(out, '{');
    json_put_count(out, "started", c->sessions_started);
    json_put_count(out, "opened", c->sessions_opened);
    json_put_count(out, "failed", c->sessions_failed);
    json_put_count(out, "ended", c->sessions_ended);
    json_put_count(out, "with_attempts", cell->cell.counters.sessions_with_attempts);
    json_put_count(out, "with_failed_attempt", cell->cell.counters.sessions_with_failure);
    json_put_count(out, "open_ms", c->open_ms);
    json_close(out, '}');
    json_key(out, "attempts");
    json_open(out, '{');
    json_put_count(out, "started", c->attempts_started);
    json_put_count(out, "ok", c->attempts_ok);
    json_put_count(out, "failed", c->attempts_failed);
    json_put_count(out, "cancelled", c->attempts_cancelled);
    json_put_count(out, "first_ok", c->first_attempts_ok);
    json_put_count(out, "first_failed", c->first_attempts_failed);
    json_close(out, '}');
    json_key(out, "interactions");
    json_open(out, '{');
    json_put_count(out, "ok", c->interactions_ok);
    json_put_count(out, "failed", c->interactions_failed);
    json_put_count(out, "recovered", c->recovered);
    json_close(out, '}');
    retries_counts_json(cell, out);
    voice_json(cell, out);
}

static void holds(const struct report_cell *cell, struct text *out)
{
    const struct counters *c = &cell->cell.counters;
    json_key(out, "held");
    json_open(out, '{');
    json_put_number(out, "share", report_cell_held(cell));
    json_put_count(out, "arrivals", c->held_arrivals);
    json_put_count(out, "tries", c->held_tries);
    json_put_count(out, "probes", c->hold_probes);
    json_close(out, '}');
}

static void costs(const struct counters *c, struct text *out)
{
    json_key(out, "tokens");
    json_open(out, '{');
    json_put_count(out, "input", c->input_tokens);
    json_put_count(out, "cached", c->cached_tokens);
    json_put_count(out, "output", c->output_tokens);
    json_put_count(out, "failed", c->failed_tokens);
    json_close(out, '}');
    const bool unpriced = counters_unpriced(c);
    json_put_number(out, "cost_usd", unpriced ? NAN : c->cost_usd);
    json_put_number(out, "failed_cost_usd", unpriced ? NAN : c->failed_cost_usd);
}

void figures_totals_json(const struct results *results, struct text *out)
{
    json_open(out, '{');
    counts(&results->all, out);
    concurrency_json(&results->all, "peak_at_most", out);
    retries_json(&results->all, out);
    holds(&results->all, out);
    costs(&results->all.cell.counters, out);
    json_put_number(out, "cost_usd_per_hour", prices_hourly(results));
    json_close(out, '}');
}

void figures_estimate_members_json(const struct estimate *estimate, struct text *out)
{
    bool valid = estimate->valid;
    json_put_number(out, "value", valid ? estimate->value : NAN);
    json_put_number(out, "low", valid ? estimate->low : NAN);
    json_put_number(out, "high", valid ? estimate->high : NAN);
}

void figures_estimate_json(const char *key, const struct estimate *estimate, struct text *out)
{
    json_key(out, key);
    json_open(out, '{');
    figures_estimate_members_json(estimate, out);
    json_close(out, '}');
}

void figures_interval_json(const char *key, const struct estimate *estimate, struct text *out)
{
    if (estimate->valid) {
        figures_estimate_json(key, estimate, out);
        return;
    }
    json_key(out, key);
    json_null(out);
}

void figures_service_bounds_json(const struct service_rate *rate, bool known, struct text *out)
{
    json_key(out, "low");
    known ? json_number(out, rate->estimate.low) : json_null(out);
    json_key(out, "high");
    known ? json_number(out, rate->estimate.high) : json_null(out);
    json_key(out, "high_with_room");
    known ? json_number(out, claim_room(rate)) : json_null(out);
    json_put_number(out, "effective_n", rate->effective_n);
}

/* What it says of the service at such hours. */
static void service_json(const struct claim_of *of, const struct service_rate *rate,
                         struct text *out)
{
    const struct dependence *d = &rate->dependence;
    struct text why = {0};
    bool known = d->why == DEPENDENCE_KNOWN;
    if (!known) claim_why(of, d, &why);
    json_key(out, "service");
    json_open(out, '{');
    figures_service_bounds_json(rate, known, out);
    json_put_number(out, "design_effect", d->design_effect);
    json_put_number(out, "block_seconds", d->block_seconds);
    json_put_string(out, "why", text_str(&why));
    json_close(out, '}');
    text_free(&why);
}

static void one_rate(const struct claim_of *of, enum rate_kind kind, const char *key,
                     struct text *out)
{
    struct rate rate = report_cell_rate(of->cell, kind);
    json_key(out, key);
    json_open(out, '{');
    figures_estimate_members_json(&rate.estimate, out);
    json_put_number(out, "failed", rate.failed);
    json_put_number(out, "n", rate.trials);
    json_put_string(out, "method", rate.method);
    if (kind != RATE_HAZARD) {
        struct service_rate service = claim_failure_rate(of, kind);
        service_json(of, &service, out);
    }
    json_close(out, '}');
}

static void rates(const struct claim_of *of, struct text *out)
{
    json_key(out, "failure_rate");
    json_open(out, '{');
    one_rate(of, RATE_ATTEMPT, "attempt", out);
    one_rate(of, RATE_INTERACTION, "interaction", out);
    one_rate(of, RATE_SESSION, "session", out);
    one_rate(of, RATE_HAZARD, "hazard", out);
    json_put_number(out, "design_effect", cluster_design_effect(&of->cell->cell.clusters));
    json_close(out, '}');
}

static void failures(const struct report_cell *cell, struct text *out)
{
    struct tally *tallies;
    size_t count = report_cell_tallies(cell, &tallies);
    json_key(out, "failures");
    json_open(out, '[');
    for (size_t i = 0; i < count; i++) {
        json_open(out, '{');
        json_put_string(out, "phase", phase_name(tallies[i].phase));
        json_put_string(out, "domain", domain_name(tallies[i].domain));
        json_put_string(out, "code", tallies[i].code);
        json_put_count(out, "count", tallies[i].count);
        json_close(out, '}');
    }
    json_close(out, ']');
    free(tallies);
}

/* Ends that are not failures, and the fate of sessions whose response had failed. */
static void lifecycle(const struct report_cell *cell, struct text *out)
{
    struct tally *tallies;
    size_t count = report_cell_lifecycle(cell, &tallies);
    json_key(out, "lifecycle");
    json_open(out, '[');
    for (size_t i = 0; i < count; i++) {
        json_open(out, '{');
        json_put_string(out, "phase", phase_name(tallies[i].phase));
        json_put_string(out, "code", tallies[i].code);
        json_put_count(out, "count", tallies[i].count);
        json_close(out, '}');
    }
    json_close(out, ']');
    free(tallies);
    json_key(out, "poisoned");
    json_open(out, '{');
    json_put_count(out, "probes", cell->cell.counters.probes);
    json_put_count(out, "recovered", cell->cell.counters.probes_recovered);
    json_close(out, '}');
}

/* P99 is withheld (null) if the sample is too small; its lower bound is still given. */
static void quantiles(const struct latency_figures *latency, struct text *out)
{
    const bool tail = latency_bears_tail(latency);
    if (latency->least.tail_us > 0) {
        json_put_ms(out, "median_resolution", latency->least.median_us);
        json_put_ms(out, "tail_resolution", latency->least.tail_us);
    }
    json_put_ms(out, "p50", latency->p50);
    json_put_ms(out, "p90", latency->p90);
    json_put_ms(out, "p95", latency->p95);
    json_key(out, "p99");
    tail ? json_ms(out, latency->p99) : json_null(out);
    json_put_ms(out, "max", latency->max);
    json_put_ms(out, "p50_low", latency->median.low);
    json_key(out, "p50_high");
    latency->median.two_sided ? json_ms(out, latency->median.high) : json_null(out);
    json_key(out, "p99_low");
    latency_bounds_tail(latency) ? json_ms(out, latency->tail.low) : json_null(out);
    json_key(out, "p99_high");
    tail ? json_ms(out, latency->tail.high) : json_null(out);
}

static void quantile_of_all(const struct all_attempts *all, const char *key, int64_t us,
                            struct text *out)
{
    json_key(out, key);
    all->count > 0 && us >= 0 ? json_ms(out, us) : json_null(out);
}

/* A quantile that falls among the failures is null, and its name is listed under `infinite`. */
static void all_attempts(const struct all_attempts *all, struct text *out)
{
    const struct {
        const char *key;
        int64_t us;
    } quantile[] = {{"p50", all->p50}, {"p95", all->p95}, {"p99", all->p99}};
    json_key(out, "all_attempts");
    json_open(out, '{');
    json_put_count(out, "count", all->count);
    json_put_count(out, "without_value", all->infinite);
    quantile_of_all(all, quantile[0].key, quantile[0].us, out);
    quantile_of_all(all, quantile[1].key, quantile[1].us, out);
    quantile_of_all(all, quantile[2].key, all_attempts_bear_tail(all) ? quantile[2].us : -1, out);
    json_key(out, "infinite");
    json_open(out, '[');
    for (size_t i = 0; i < 3; i++) {
        if (quantile[i].us < 0) json_string(out, quantile[i].key);
    }
    json_close(out, ']');
    json_close(out, '}');
}

/* The interval of a quantile at such hours; null where the run cannot tell or leaves too little.
 * What a lower quantile is at least, a higher one is, too: `least` goes from one to the next. */
static void claimed(const struct claim_of *of, enum metric metric, double q, const char *name,
                    int64_t *least, struct text *out)
{
    struct service_rate above;
    struct quantile quantile = claim_quantile(of, metric, q, CONFIDENCE, &above);
    if (quantile.valid && quantile.low > *least) *least = quantile.low;
    struct text key = {0};
    text_printf(&key, "%s_low", name);
    json_key(out, text_str(&key));
    quantile.valid ? json_ms(out, *least) : json_null(out);
    text_clear(&key);
    text_printf(&key, "%s_high", name);
    json_key(out, text_str(&key));
    quantile.valid ? json_ms(out, quantile.high) : json_null(out);
    text_clear(&key);
    text_printf(&key, "%s_effective_n", name);
    json_put_number(out, text_str(&key), above.effective_n);
    text_free(&key);
}

/* Only where the histograms of a whole run are still there, and its intervals were kept. */
static void claimed_quantiles(const struct claim_of *of, enum metric metric, struct text *out)
{
    if (of->cell->cell.latency[metric] == NULL || !of->results->series.wanted[metric]) return;
    json_key(out, "service");
    json_open(out, '{');
    int64_t least = 0;
    claimed(of, metric, 0.50, "p50", &least, out);
    claimed(of, metric, 0.99, "p99", &least, out);
    json_close(out, '}');
}

/* Whose values they are: one that was given up has the time until then. */
static void interactions_among(const struct report_cell *cell,
                               const struct latency_figures *latency, struct text *out)
{
    const struct counters *c = &cell->cell.counters;
    /* a pause, or a window's bound within an interval, parts values from counts */
    const bool known = latency->count == c->interactions_ok + c->interactions_failed;
    json_key(out, "answered");
    known ? json_whole(out, c->interactions_ok) : json_null(out);
    json_key(out, "given_up");
    known ? json_whole(out, c->interactions_failed) : json_null(out);
}

static void latencies(const struct claim_of *of, struct text *out)
{
    const struct report_cell *cell = of->cell;
    json_key(out, "latency_ms");
    json_open(out, '{');
    for (int m = 0; m < METRIC_COUNT; m++) {
        const struct all_attempts *all = &cell->all[m];
        const struct latency_figures *latency = &cell->latency[m];
        if (!report_cell_tells(cell, (enum metric)m)) continue;
        json_key(out, metric_name((enum metric)m));
        json_open(out, '{');
        json_put_count(out, "count", latency->count);
        if (m == METRIC_INTERACTION) interactions_among(cell, latency, out);
        if (latency->count > 0) quantiles(latency, out);
        claimed_quantiles(of, (enum metric)m, out);
        if (metric_has((enum metric)m, METRIC_OF_ATTEMPT)) all_attempts(all, out);
        json_close(out, '}');
    }
    json_close(out, '}');
}

static void region_facts(const struct results *results, size_t region, struct text *out)
{
    static const char *const keys[] = {"host", "deployment", "dialect"};
    json_put_string(out, "name", results->regions[region]);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *value = results_region_fact(results, region, keys[i]);
        json_key(out, keys[i]);
        value[0] == '\0' ? json_null(out) : json_string(out, value);
    }
}

void figures_cell_json(const struct claim_of *of, struct text *out)
{
    const struct report_cell *cell = of->cell;
    struct text why = {0};
    report_cell_why(cell, &why);
    json_open(out, '{');
    region_facts(of->results, of->region, out);
    counts(cell, out);
    rates(of, out);
    failures(cell, out);
    lifecycle(cell, out);
    concurrency_json(cell, "peak", out);
    holds(cell, out);
    limits_json(of->results, of->region, cell, out);
    latencies(of, out);
    costs(&cell->cell.counters, out);
    json_key(out, "valid");
    json_bool(out, report_cell_valid(cell));
    json_put_string(out, "why", text_str(&why));
    json_close(out, '}');
    text_free(&why);
}

void figures_regions_json(const struct results *results, struct text *out)
{
    json_open(out, '[');
    for (size_t r = 0; r < results->region_count; r++) {
        const struct claim_of of = claim_of_region(results, r);
        figures_cell_json(&of, out);
    }
    json_close(out, ']');
}

/* How late attempts were sent; the worst interval's figure comes from the health. */
static void lag_json(const struct latency_figures *lag, const struct health *health,
                     struct text *out)
{
    json_key(out, "lag_ms");
    json_open(out, '{');
    json_key(out, "p50");
    lag->count > 0 ? json_ms(out, lag->p50) : json_null(out);
    json_key(out, "p99");
    lag->count > 0 ? json_ms(out, lag->p99) : json_null(out);
    json_key(out, "max");
    lag->count > 0 ? json_ms(out, lag->max) : json_null(out);
    json_put_number(out, "worst_interval_p99", (double)health->lag_p99_ns / 1e6);
    json_close(out, '}');
}

static void loop_delay_json(const struct health *health, struct text *out)
{
    json_key(out, "loop_delay_ms");
    json_open(out, '{');
    json_put_number(out, "p99", (double)health->loop_delay_p99_ns / 1e6);
    json_put_number(out, "max", (double)health->loop_delay_max_ns / 1e6);
    json_close(out, '}');
}

void figures_generator_json(const struct results *results, struct text *out)
{
    const struct report_cell *all = &results->all;
    struct text why = {0};
    report_cell_why(all, &why);
    json_open(out, '{');
    lag_json(&all->latency[METRIC_LAG], &all->health, out);
    loop_delay_json(&all->health, out);
    json_put_number(out, "cpu", all->health.cpu);
    json_put_count(out, "requested", all->health.requested);
    json_put_count(out, "achieved", all->health.achieved);
    json_put_count(out, "achieved_late", all->health.achieved_late);
    json_put_count(out, "held", all->health.held);
    json_put_count(out, "displaced", all->health.displaced);
    json_put_count(out, "pauses", all->health.pauses);
    json_put_count(out, "paused_ms", all->health.paused_ms);
    const char *timestamps = health_timestamps(&all->health);
    if (timestamps != NULL) json_put_string(out, "timestamps", timestamps);
    json_put_count(out, "stamps_kernel", all->health.stamps_kernel);
    json_put_count(out, "stamps_loop", all->health.stamps_loop);
    json_put_count(out, "answers", all->health.answers);
    json_put_count(out, "answers_off", all->health.answers_off);
    json_put_count(out, "dials", all->health.dials);
    json_put_count(out, "dials_off", all->health.dials_off);
    json_put_count(out, "invalid_intervals", all->invalid_intervals);
    json_put_count(out, "intervals", all->intervals);
    json_key(out, "trustworthy");
    json_bool(out, report_cell_valid(all));
    json_put_string(out, "why", text_str(&why));
    json_close(out, '}');
    text_free(&why);
}
