#include "watch/families.h"

#include "base/clock.h"
#include "base/metric.h"
#include "base/words.h"
#include "watch/buckets.h"
#include "watch/region_values.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct telling {
    const struct run_snapshot *run;
    const struct family_sink *sink;
    const struct row *row;
};

/* A value of the family's label, and the counter for it in struct counters. */
struct source {
    const char *value;
    size_t offset;
};

struct row {
    struct family family;
    bool (*present)(const struct run_snapshot *run); /* NULL: every run has it */
    void (*tell)(const struct telling *telling);
    const char *label; /* name of the label of `sources`; NULL: one source, without a label */
    struct source sources[3];
    size_t source_count;
    double (*of_run)(const struct run_snapshot *run);
    region_value *of_region;
};

static double seconds(int64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

static void put_count(const struct telling *telling, const struct label *labels, size_t count,
                      uint64_t value)
{
    const struct sample sample = {
        .labels = labels, .label_count = count, .whole = true, .count = value};
    telling->sink->on_sample(telling->sink->user, &sample);
}

static void put_value(const struct telling *telling, const struct label *labels, size_t count,
                      double value)
{
    const struct sample sample = {.labels = labels, .label_count = count, .value = value};
    telling->sink->on_sample(telling->sink->user, &sample);
}

/* ---- what it is ---- */

static void tell_build(const struct telling *telling)
{
    const struct label labels[] = {{"version", RUSHHOUR_VERSION}, {"commit", RUSHHOUR_COMMIT}};
    put_count(telling, labels, 2, 1);
}

static void tell_run(const struct telling *telling)
{
    const struct run_snapshot *run = telling->run;
    char seed[24];
    char workers[16];
    (void)snprintf(seed, sizeof seed, "%" PRIu64, run->seed);
    (void)snprintf(workers, sizeof workers, "%u", run->workers);
    const struct label labels[] = {{"run", run->id},
                                   {"profile", run->profile->name},
                                   {"seed", seed},
                                   {"workers", workers},
                                   {"simulated", run->simulated ? "true" : "false"}};
    put_count(telling, labels, sizeof labels / sizeof *labels, 1);
}

static void tell_regions(const struct telling *telling)
{
    for (size_t i = 0; i < telling->run->region_count; i++) {
        const struct region *region = telling->run->regions[i].region;
        const struct label labels[] = {
            {"region", region->name},
            {"dialect", dialect_name(region->dialect)},
            {"deployment", region->deployment != NULL ? region->deployment : ""},
            {"model", region->model != NULL ? region->model : ""}};
        put_count(telling, labels, 4, 1);
    }
}

/* Seen from outside, a run that stops at once is draining too. */
static void tell_state(const struct telling *telling)
{
    static const enum run_phase shown[] = {RUN_STARTING, RUN_RUNNING, RUN_DRAINING, RUN_FINISHED};
    enum run_phase now = telling->run->phase == RUN_STOPPING ? RUN_DRAINING : telling->run->phase;
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        const struct label label = {"rushhour_run_state", run_phase_name(shown[i])};
        put_count(telling, &label, 1, shown[i] == now);
    }
}

/* ---- one value of the run, or of each region ---- */

static void tell_of_run(const struct telling *telling)
{
    put_value(telling, NULL, 0, telling->row->of_run(telling->run));
}

static void tell_of_regions(const struct telling *telling)
{
    for (size_t i = 0; i < telling->run->region_count; i++) {
        const struct region_snapshot *region = &telling->run->regions[i];
        const struct label label = {"region", region->region->name};
        const double value = telling->row->of_region(telling->run, region);
        if (!isnan(value)) put_value(telling, &label, 1, value); /* unknown is not 0 */
    }
}

static double elapsed(const struct run_snapshot *run)
{
    return seconds(run->elapsed_ns);
}

static double load_length(const struct run_snapshot *run)
{
    return seconds(run->load_ns);
}

static double clock_speed(const struct run_snapshot *run)
{
    return run->clock_speed;
}

static bool has_budget(const struct run_snapshot *run)
{
    return run->budget_spent >= 0;
}

static double budget_spent(const struct run_snapshot *run)
{
    return run->budget_spent;
}

static bool is_closed(const struct run_snapshot *run)
{
    return run->profile->load.model == LOAD_SESSIONS;
}

static bool is_open(const struct run_snapshot *run)
{
    return run->profile->load.model == LOAD_ARRIVALS;
}

/* ---- the generator ---- */

static bool has_health(const struct run_snapshot *run)
{
    return run->health != NULL && run->latest != NULL;
}

static void tell_health(const struct telling *telling)
{
    uint64_t count;
    memcpy(&count, (const char *)telling->run->health + telling->row->sources[0].offset,
           sizeof count);
    put_count(telling, NULL, 0, count);
}

static double loop_delay(const struct run_snapshot *run)
{
    return seconds(run->latest->loop_delay_p99_ns);
}

static double lag(const struct run_snapshot *run)
{
    return seconds(run->latest->lag_p99_ns);
}

static double cpu(const struct run_snapshot *run)
{
    return run->latest->cpu;
}

static double latest_valid(const struct run_snapshot *run)
{
    return run->latest->valid;
}

static double run_valid(const struct run_snapshot *run)
{
    return run->health->valid;
}

/* ---- counters by region ---- */

static uint64_t count_at(const struct region_snapshot *region, size_t offset)
{
    uint64_t count = 0;
    if (region->totals != NULL)
        memcpy(&count, (const char *)&region->totals->counters + offset, sizeof count);
    return count;
}

static void tell_counters(const struct telling *telling)
{
    const struct row *row = telling->row;
    for (size_t i = 0; i < telling->run->region_count; i++) {
        const struct region_snapshot *region = &telling->run->regions[i];
        for (size_t s = 0; s < row->source_count; s++) {
            const struct label labels[] = {{"region", region->region->name},
                                           {row->label, row->sources[s].value}};
            put_count(telling, labels, row->label != NULL ? 2 : 1,
                      count_at(region, row->sources[s].offset));
        }
    }
}

static void tell_tallies(const struct telling *telling, bool lifecycle)
{
    for (size_t i = 0; i < telling->run->region_count; i++) {
        const struct region_snapshot *region = &telling->run->regions[i];
        for (size_t t = 0; region->totals != NULL && t < region->totals->tally_count; t++) {
            const struct tally *tally = &region->totals->tallies[t];
            if ((tally->domain == DOMAIN_NONE) != lifecycle) continue;
            const struct label labels[] = {{"region", region->region->name},
                                           {"code", tally->code},
                                           {"phase", phase_name(tally->phase)},
                                           {"domain", domain_name(tally->domain)}};
            put_count(telling, labels, lifecycle ? 3 : 4, tally->count);
        }
    }
}

static void tell_failures(const struct telling *telling)
{
    tell_tallies(telling, false);
}

static void tell_lifecycle(const struct telling *telling)
{
    tell_tallies(telling, true);
}

/* ---- the table ---- */

#define AT(counter) offsetof(struct counters, counter)
#define COUNTER(name_, counter, help_)                                                             \
    {                                                                                              \
        .family = {"rushhour_" name_, FAMILY_COUNTER, NULL, help_}, .tell = tell_counters,         \
        .sources = {{NULL, AT(counter)}}, .source_count = 1                                        \
    }
#define RUN_GAUGE(name_, unit_, present_, read, help_)                                             \
    {                                                                                              \
        .family = {"rushhour_" name_, FAMILY_GAUGE, unit_, help_}, .present = present_,            \
        .tell = tell_of_run, .of_run = read                                                        \
    }
#define REGION_VALUE(name_, type_, unit_, present_, read, help_)                                   \
    {                                                                                              \
        .family = {"rushhour_" name_, type_, unit_, help_}, .present = present_,                   \
        .tell = tell_of_regions, .of_region = read                                                 \
    }
#define HEALTH_COUNTER(name_, field, help_)                                                        \
    {                                                                                              \
        .family = {"rushhour_generator_" name_, FAMILY_COUNTER, NULL, help_},                      \
        .present = has_health, .tell = tell_health, .sources = {                                   \
            {NULL, offsetof(struct health, field)}                                                 \
        }                                                                                          \
    }

/* Rows before the histograms. The values of a label never overlap, so that their sum is
 * meaningful. */
static const struct row before[] = {
    {.family = {"rushhour_build", FAMILY_INFO, NULL, "The build of rushhour."}, .tell = tell_build},
    {.family = {"rushhour_run", FAMILY_INFO, NULL, "The run."}, .tell = tell_run},
    {.family = {"rushhour_region", FAMILY_INFO, NULL, "The regions of the run."},
     .tell = tell_regions},
    {.family = {"rushhour_run_state", FAMILY_STATESET, NULL, "What the run does now."},
     .tell = tell_state},
    RUN_GAUGE("run_elapsed_seconds", "seconds", NULL, elapsed,
              "Time since the load began, by the run's clock."),
    RUN_GAUGE("run_load_seconds", "seconds", NULL, load_length,
              "How long the load lasts, by the run's clock."),
    RUN_GAUGE("run_clock_speed_ratio", "ratio", NULL, clock_speed,
              "How much faster than real time the run's clock goes (1 against a real service)."),
    RUN_GAUGE("budget_spent_ratio", "ratio", has_budget, budget_spent,
              "Share of the budget that is spent."),
    REGION_VALUE("sessions_open", FAMILY_GAUGE, NULL, NULL, region_sessions_open,
                 "Sessions that are open now."),
    REGION_VALUE("attempts_in_flight", FAMILY_GAUGE, NULL, NULL, region_in_flight,
                 "Attempts without an outcome yet."),
    REGION_VALUE("sessions_open_seconds", FAMILY_COUNTER, "seconds", NULL, region_open_seconds,
                 "Time that sessions were open, added up over them: its increase over the time of "
                 "the run's clock is how many were open on average."),
    REGION_VALUE("attempts_in_flight_seconds", FAMILY_COUNTER, "seconds", NULL,
                 region_flight_seconds, "The same of attempts without an outcome."),
    REGION_VALUE("sessions_open_peak", FAMILY_GAUGE, NULL, NULL, region_open_peak,
                 "The most sessions that were open at once so far."),
    REGION_VALUE("attempts_in_flight_peak", FAMILY_GAUGE, NULL, NULL, region_flight_peak,
                 "The most attempts that had no outcome at once so far."),
    REGION_VALUE("requested_sessions", FAMILY_GAUGE, NULL, is_closed, region_requested,
                 "Sessions that the load keeps busy now."),
    REGION_VALUE("requested_arrivals_per_second", FAMILY_GAUGE, NULL, is_open, region_requested,
                 "Session arrivals that are due per second of the run's clock now."),
    REGION_VALUE("held", FAMILY_GAUGE, NULL, NULL, region_held,
                 "1 while the region's load is held back: the service asked to wait, or config, "
                 "auth or quota failures came in a row."),
    REGION_VALUE("held_seconds", FAMILY_COUNTER, "seconds", NULL, region_held_seconds,
                 "Time in which it was held back, by the run's clock, all workers together."),
    REGION_VALUE("driven_seconds", FAMILY_COUNTER, "seconds", NULL, region_driven_seconds,
                 "Time of load that this is a part of, all workers together."),
    COUNTER("held_arrivals", held_arrivals,
            "Arrivals that were due while the region was held back, and never started."),
    COUNTER("held_tries", held_tries, "Tries that waited for the end of a hold."),
    COUNTER("sessions", sessions_started, "Sessions begun (dials)."),
    COUNTER("sessions_opened", sessions_opened, "Sessions that received session.created."),
    COUNTER("sessions_failed", sessions_failed,
            "Sessions that did not open, or ended otherwise than asked."),
    COUNTER("sessions_ended", sessions_ended, "Sessions that are over, opened or not."),
    COUNTER("attempts_started", attempts_started, "Attempts begun."),
    {.family = {"rushhour_attempts", FAMILY_COUNTER, NULL, "Attempts that ended, by outcome."},
     .tell = tell_counters,
     .label = "outcome",
     .sources = {{"ok", AT(attempts_ok)},
                 {"failed", AT(attempts_failed)},
                 {"cancelled", AT(attempts_cancelled)}},
     .source_count = 3},
    {.family = {"rushhour_first_attempts", FAMILY_COUNTER, NULL,
                "Attempts that were the first of their interaction, by outcome."},
     .tell = tell_counters,
     .label = "outcome",
     .sources = {{"ok", AT(first_attempts_ok)}, {"failed", AT(first_attempts_failed)}},
     .source_count = 2},
    {.family = {"rushhour_interactions", FAMILY_COUNTER, NULL,
                "Interactions that ended, by outcome after all retries."},
     .tell = tell_counters,
     .label = "outcome",
     .sources = {{"ok", AT(interactions_ok)}, {"failed", AT(interactions_failed)}},
     .source_count = 2},
    COUNTER("interactions_recovered", recovered,
            "Interactions that were ok after at least one failed attempt."),
    COUNTER("retries", retries, "Attempts beyond the first of their interaction."),
    COUNTER("probes", probes, "Retries in a session whose response had failed."),
    COUNTER("probes_recovered", probes_recovered, "Probes that were ok."),
    {.family = {"rushhour_tokens", FAMILY_COUNTER, NULL, "Tokens that the service reported."},
     .tell = tell_counters,
     .label = "kind",
     .sources = {{"input", AT(input_tokens)}, {"output", AT(output_tokens)}},
     .source_count = 2},
    COUNTER("cached_input_tokens", cached_tokens, "Input tokens that the service had cached."),
    COUNTER("failed_tokens", failed_tokens,
            "Tokens reported for failed attempts: possibly billed."),
    COUNTER("unknown_events", unknown_events, "Events of a type that this version does not know."),
    COUNTER("harmless_errors", harmless_errors, "Error events that cost no attempt."),
    COUNTER("clipped_values", clipped, "Latencies outside the range of the histograms."),
    {.family = {"rushhour_failures", FAMILY_COUNTER, NULL,
                "Failures of attempts and sessions, by class."},
     .tell = tell_failures},
    {.family = {"rushhour_lifecycle", FAMILY_COUNTER, NULL,
                "Ends that are not failures: cancelled, expired, at the session's cap."},
     .tell = tell_lifecycle},
    REGION_VALUE("cost_usd", FAMILY_COUNTER, "usd", NULL, region_cost,
                 "Cost of all attempts by the profile's prices."),
    REGION_VALUE("failed_cost_usd", FAMILY_COUNTER, "usd", NULL, region_failed_cost,
                 "Cost of failed attempts: possibly billed."),
};

/* Rows after them. */
static const struct row behind[] = {
    HEALTH_COUNTER("arrivals_requested", requested,
                   "Arrivals that were due, all regions (open load)."),
    HEALTH_COUNTER("arrivals_achieved", achieved, "Arrivals that were dialled, all regions."),
    HEALTH_COUNTER("arrivals_late", achieved_late, "Of these, over 250 ms after they were due."),
    HEALTH_COUNTER("arrivals_held", held,
                   "Of those due, arrivals that a hold of their region kept back."),
    HEALTH_COUNTER("arrivals_displaced", displaced,
                   "Of those due, dialled late or never only because of retries of failed "
                   "attempts."),
    HEALTH_COUNTER("pauses", pauses,
                   "Times that this machine did not look at its sockets for over 100 ms."),
    HEALTH_COUNTER("loops", loops, "Firings of the 10 ms timer that asks for the loops' delay."),
    HEALTH_COUNTER("loops_late", loops_late, "Of these, later than 20 ms."),
    HEALTH_COUNTER("dispatches", dispatches, "Attempts that were sent."),
    HEALTH_COUNTER("dispatches_late", dispatches_late,
                   "Of these, later than 20 ms after they were due."),
    RUN_GAUGE("generator_loop_delay_p99_seconds", "seconds", has_health, loop_delay,
              "P99 of the event loops' delay in the last whole interval."),
    RUN_GAUGE("generator_lag_p99_seconds", "seconds", has_health, lag,
              "P99 of sent minus due in the last whole interval."),
    RUN_GAUGE("generator_cpu_ratio", "ratio", has_health, cpu,
              "The busiest worker's share of one core in the last whole interval."),
    RUN_GAUGE("generator_valid", NULL, has_health, latest_valid,
              "1 when the figures of the last whole interval can be believed, 0 when the generator "
              "was late."),
    RUN_GAUGE("run_valid", NULL, has_health, run_valid, "The same of the run so far."),
};

static void tell_rows(const struct run_snapshot *snapshot, const struct family_sink *sink,
                      const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].present != NULL && !rows[i].present(snapshot)) continue;
        const struct telling telling = {.run = snapshot, .sink = sink, .row = &rows[i]};
        sink->on_family(sink->user, &rows[i].family);
        rows[i].tell(&telling);
    }
}

/* ---- histograms: those of the metric table that are exported ---- */

static void tell_latency(const struct run_snapshot *run, const struct family_sink *sink,
                         enum metric metric)
{
    char name[64];
    (void)snprintf(name, sizeof name, "rushhour_%s_seconds", metric_name(metric));
    const struct family family = {name, FAMILY_HISTOGRAM, "seconds", metric_meaning(metric)};
    sink->on_family(sink->user, &family);
    for (size_t i = 0; i < run->region_count; i++) {
        const struct region_snapshot *region = &run->regions[i];
        const struct label label = {"region", region->region->name};
        const struct sample sample = {
            .labels = &label,
            .label_count = 1,
            .latency = region->totals != NULL ? region->totals->latency[metric] : NULL,
            .bounds_s = buckets_of(metric),
        };
        sink->on_sample(sink->user, &sample);
    }
}

void families_each(const struct run_snapshot *snapshot, const struct family_sink *sink)
{
    tell_rows(snapshot, sink, before, sizeof before / sizeof *before);
    for (int m = 0; m < METRIC_COUNT; m++) {
        if (metric_has((enum metric)m, METRIC_EXPORTED))
            tell_latency(snapshot, sink, (enum metric)m);
    }
    tell_rows(snapshot, sink, behind, sizeof behind / sizeof *behind);
}
