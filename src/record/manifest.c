#include "record/manifest.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/text.h"
#include "record/host.h"

#include <inttypes.h>
#include <math.h>

/* Integers below this are printed exactly: cJSON prints 15 digits if they compare equal
 * (compare_double in cJSON.c). */
#define EXACT_WHEN_PRINTED UINT64_C(1000000000000000)

/* The cJSON calls return NULL when out of memory and accept a NULL parent, so one check of `ok` at
 * the end is enough. */
struct building {
    bool ok;
};

static cJSON *object(struct building *b, cJSON *parent, const char *key)
{
    cJSON *child = cJSON_AddObjectToObject(parent, key);
    b->ok = b->ok && child != NULL;
    return child;
}

static void item(struct building *b, cJSON *parent, const char *key, cJSON *value)
{
    if (cJSON_AddItemToObject(parent, key, value)) return;
    cJSON_Delete(value);
    b->ok = false;
}

static void string(struct building *b, cJSON *parent, const char *key, const char *value)
{
    bool known = value != NULL && *value != '\0';
    item(b, parent, key, known ? cJSON_CreateString(value) : cJSON_CreateNull());
}

static void number(struct building *b, cJSON *parent, const char *key, double value, bool known)
{
    item(b, parent, key, known && isfinite(value) ? cJSON_CreateNumber(value) : cJSON_CreateNull());
}

static void boolean(struct building *b, cJSON *parent, const char *key, bool value)
{
    item(b, parent, key, cJSON_CreateBool(value));
}

/* A seed must be reusable exactly, so a large one is written digit by digit. */
static void seed(struct building *b, cJSON *parent, uint64_t value)
{
    if (value < EXACT_WHEN_PRINTED) {
        number(b, parent, "seed", (double)value, true);
        return;
    }
    struct text digits = {0};
    text_printf(&digits, "%" PRIu64, value);
    item(b, parent, "seed", digits.failed ? NULL : cJSON_CreateRaw(digits.data));
    text_free(&digits);
}

static void moment(struct building *b, cJSON *parent, const char *key, int64_t utc_ns)
{
    char stamp[40] = "";
    if (utc_ns != 0) format_utc_ms(utc_ns, stamp);
    string(b, parent, key, stamp);
}

static void add_tool(struct building *b, cJSON *manifest, const struct library_version *libraries,
                     size_t library_count)
{
    cJSON *tool = object(b, manifest, "tool");
    string(b, tool, "name", "rushhour");
    string(b, tool, "version", RUSHHOUR_VERSION);
    string(b, tool, "commit", RUSHHOUR_COMMIT);
    cJSON *versions = object(b, tool, "libraries");
    for (size_t i = 0; i < library_count; i++)
        string(b, versions, libraries[i].name, libraries[i].version);
}

static void add_run(struct building *b, cJSON *manifest, const struct run_snapshot *snapshot)
{
    cJSON *run = object(b, manifest, "run");
    string(b, run, "id", snapshot->id);
    string(b, run, "profile", snapshot->profile->name);
    string(b, run, "state", run_state_name(snapshot->phase, snapshot->end));
    moment(b, run, "started", snapshot->started_ns);
    moment(b, run, "ended", snapshot->ended_ns);
    seed(b, run, snapshot->seed);
    boolean(b, run, "simulated", snapshot->simulated);
    string(b, run, "shard", snapshot->shard);
    number(b, run, "workers", snapshot->workers, true);
    number(b, run, "clock_speed", snapshot->clock_speed, true);
    if (snapshot->phase == RUN_FINISHED && snapshot->resolution.tail_us > 0)
        item(b, run, "resolution_ms", clock_resolution_json(&snapshot->resolution));
    if (snapshot->longer != NULL && snapshot->longer->count > 0)
        item(b, run, "longer_limits", clock_limits_json(snapshot->longer));
    number(b, run, "elapsed_s", (double)snapshot->driven_ns / (double)NS_PER_S, true);
    string(b, run, "reason", snapshot->reason);
    moment(b, run, "written", clock_wall_ns()); /* real time, whatever the run's own clock shows */
}

/* profile_manifest alone decides what may be shown of a profile; `load` is its part of that
 * name. */
static void add_profile(struct building *b, cJSON *manifest, const struct profile *profile)
{
    struct text json = {0};
    profile_manifest(profile, &json);
    cJSON *shown = json.failed ? NULL : cJSON_ParseWithLength(text_str(&json), json.length);
    text_free(&json);
    const cJSON *load = cJSON_GetObjectItemCaseSensitive(shown, "load");
    item(b, manifest, "load", load == NULL ? cJSON_CreateNull() : cJSON_Duplicate(load, true));
    item(b, manifest, "profile", shown);
}

static void us_as_ms(struct building *b, cJSON *parent, const char *key, int64_t us)
{
    number(b, parent, key, (double)us / 1e3, us >= 0);
}

/* The generator's lateness over the whole run, all regions combined. */
static void add_lag(struct building *b, cJSON *generator, const struct run_snapshot *run)
{
    const struct health *h = run->phase == RUN_FINISHED ? run->health : NULL;
    struct histogram *lags = histogram_new(METRIC_LOWEST_US, METRIC_HIGHEST_US, METRIC_DIGITS);
    b->ok = b->ok && lags != NULL;
    for (size_t i = 0; lags != NULL && i < run->region_count; i++) {
        const struct cell *totals = run->regions[i].totals;
        const struct histogram *lag = totals != NULL ? totals->latency[METRIC_LAG] : NULL;
        if (lag != NULL) histogram_add(lags, lag);
    }
    bool known = lags != NULL && lags->total > 0;
    cJSON *lag = object(b, generator, "lag_ms");
    us_as_ms(b, lag, "p50", known ? histogram_percentile(lags, 50) : -1);
    us_as_ms(b, lag, "p99", known ? histogram_percentile(lags, 99) : -1);
    us_as_ms(b, lag, "max", known ? histogram_max(lags) : -1);
    number(b, lag, "worst_interval_p99", h != NULL ? (double)h->lag_p99_ns / 1e6 : 0, h != NULL);
    histogram_free(lags);
}

static void add_timestamps(struct building *b, cJSON *generator, const struct health *h)
{
    string(b, generator, "timestamps", h != NULL ? health_timestamps(h) : NULL);
    number(b, generator, "stamps_kernel", h != NULL ? (double)h->stamps_kernel : 0, h != NULL);
    number(b, generator, "stamps_loop", h != NULL ? (double)h->stamps_loop : 0, h != NULL);
    number(b, generator, "answers", h != NULL ? (double)h->answers : 0, h != NULL);
    number(b, generator, "answers_off", h != NULL ? (double)h->answers_off : 0, h != NULL);
    number(b, generator, "dials", h != NULL ? (double)h->dials : 0, h != NULL);
    number(b, generator, "dials_off", h != NULL ? (double)h->dials_off : 0, h != NULL);
}

static void add_generator(struct building *b, cJSON *manifest, const struct run_snapshot *run)
{
    const struct health *h = run->phase == RUN_FINISHED ? run->health : NULL;
    cJSON *generator = object(b, manifest, "generator");
    add_lag(b, generator, run);
    cJSON *loop = object(b, generator, "loop_delay_ms");
    number(b, loop, "p99", h != NULL ? (double)h->loop_delay_p99_ns / 1e6 : 0, h != NULL);
    number(b, loop, "max", h != NULL ? (double)h->loop_delay_max_ns / 1e6 : 0, h != NULL);
    number(b, generator, "cpu", h != NULL ? h->cpu : 0, h != NULL);
    number(b, generator, "requested", h != NULL ? (double)h->requested : 0, h != NULL);
    number(b, generator, "achieved", h != NULL ? (double)h->achieved : 0, h != NULL);
    number(b, generator, "achieved_late", h != NULL ? (double)h->achieved_late : 0, h != NULL);
    number(b, generator, "held", h != NULL ? (double)h->held : 0, h != NULL);
    number(b, generator, "displaced", h != NULL ? (double)h->displaced : 0, h != NULL);
    number(b, generator, "pauses", h != NULL ? (double)h->pauses : 0, h != NULL);
    number(b, generator, "paused_ms", h != NULL ? (double)h->paused_ms : 0, h != NULL);
    add_timestamps(b, generator, h);
    item(b, generator, "trustworthy", h != NULL ? cJSON_CreateBool(h->valid) : cJSON_CreateNull());
    string(b, generator, "why", h != NULL ? h->why : NULL);
}

/* What was held back, as far as it is known: the whole of it at the end. */
static void add_holds(struct building *b, cJSON *manifest, const struct run_snapshot *run)
{
    if (run->holds == NULL || run->phase != RUN_FINISHED) return;
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < run->holds->count; i++) {
        const struct hold_span *span = &run->holds->spans[i];
        cJSON *hold = cJSON_CreateObject();
        string(b, hold, "region", run->regions[span->region].region->name);
        moment(b, hold, "from", span->from_utc_ns);
        moment(b, hold, "until", span->until_utc_ns);
        string(b, hold, "why", hold_cause_words(span->cause));
        string(b, hold, HOLD_CODE_KEY, span->code);
        if (!cJSON_AddItemToArray(list, hold)) b->ok = false;
    }
    item(b, manifest, "holds", list);
    if (run->holds->left_out > 0)
        number(b, manifest, "holds_left_out", (double)run->holds->left_out, true);
}

static void rate(struct building *b, cJSON *parent, const char *key, double fraction)
{
    number(b, parent, key, fraction, true);
}

static void add_abort_region(struct building *b, cJSON *region, const struct abort_fact *fact)
{
    string(b, region, "name", fact->name);
    string(b, region, "verdict", fact->verdict);
    number(b, region, "at_risk", (double)fact->at_risk, true);
    number(b, region, "first_failures", (double)fact->first_failures, true);
    number(b, region, "sum", fact->sum, true);
    number(b, region, "peak", fact->peak, true);
    number(b, region, "limit", fact->limit, true);
    number(b, region, "restarts", (double)fact->restarts, true);
}

static void add_abort(struct building *b, cJSON *manifest, const struct run_snapshot *run)
{
    const struct abort_plan *rule = &run->profile->abort_on_fail;
    if (run->abort == NULL || run->phase != RUN_FINISHED) return;
    cJSON *abort = object(b, manifest, "abort_rule");
    rate(b, abort, "acceptable", rule->acceptable.value);
    rate(b, abort, "too_high", rule->too_high.value);
    rate(b, abort, "errors", rule->errors);
    number(b, abort, "mean_attempts_between_false_alarms", run->abort[0].mean_attempts, true);
    number(b, abort, "mean_hours_between_false_alarms", run->abort_hours,
           isfinite(run->abort_hours));
    cJSON *regions = cJSON_CreateArray();
    for (size_t i = 0; i < run->region_count; i++) {
        cJSON *region = cJSON_CreateObject();
        add_abort_region(b, region, &run->abort[i]);
        if (!cJSON_AddItemToArray(regions, region)) b->ok = false;
    }
    item(b, abort, "regions", regions);
}

cJSON *manifest_new(const struct run_snapshot *run, const struct library_version *libraries,
                    size_t library_count)
{
    struct building b = {.ok = true};
    cJSON *manifest = cJSON_CreateObject();
    number(&b, manifest, "format", 1, true);
    add_tool(&b, manifest, libraries, library_count);
    add_run(&b, manifest, run);
    item(&b, manifest, "host", host_facts());
    add_profile(&b, manifest, run->profile);
    add_generator(&b, manifest, run);
    add_holds(&b, manifest, run);
    add_abort(&b, manifest, run);
    if (b.ok) return manifest;
    cJSON_Delete(manifest);
    return NULL;
}
