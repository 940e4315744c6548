#include "record/manifest.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/text.h"
#include "record/host.h"

#include <inttypes.h>
#include <math.h>

/* Whole numbers below this are printed exactly: cJSON is content with 15 digits (compare_double in
 * cJSON.c). */
#define EXACT_WHEN_PRINTED UINT64_C(1000000000000000)

/* The cJSON calls say NULL without memory, and take a NULL parent: one check of `ok` at the end is
 * enough. */
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

/* A seed must be typed in again exactly, so a large one is written digit by digit. */
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

static void add_tool(struct building *b, cJSON *manifest, const struct run_facts *facts)
{
    cJSON *tool = object(b, manifest, "tool");
    string(b, tool, "name", "rushhour");
    string(b, tool, "version", RUSHHOUR_VERSION);
    string(b, tool, "commit", RUSHHOUR_COMMIT);
    cJSON *libraries = object(b, tool, "libraries");
    for (size_t i = 0; i < facts->library_count; i++) {
        string(b, libraries, facts->libraries[i].name, facts->libraries[i].version);
    }
}

static void add_run(struct building *b, cJSON *manifest, const struct run_facts *facts)
{
    cJSON *run = object(b, manifest, "run");
    string(b, run, "id", facts->id);
    string(b, run, "profile", facts->profile->name);
    string(b, run, "state", facts->state);
    moment(b, run, "started", facts->started_utc_ns);
    moment(b, run, "ended", facts->ended_utc_ns);
    seed(b, run, facts->seed);
    boolean(b, run, "simulated", facts->simulated);
    string(b, run, "shard", facts->shard);
    number(b, run, "workers", facts->workers, true);
    number(b, run, "clock_speed", facts->clock_speed, true);
    number(b, run, "elapsed_s", facts->elapsed_s, true);
    string(b, run, "reason", facts->reason);
    moment(b, run, "written", clock_wall_ns()); /* real time, whatever the run's own clock shows */
}

/* profile_manifest is the one place that knows what of a profile may be shown; `load` is its part
 * of that name. */
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

static void add_generator(struct building *b, cJSON *manifest, const struct run_facts *facts)
{
    const struct health *h = facts->health;
    cJSON *generator = object(b, manifest, "generator");
    cJSON *lag = object(b, generator, "lag_ms");
    us_as_ms(b, lag, "p50", facts->lag_p50_us);
    us_as_ms(b, lag, "p99", facts->lag_p99_us);
    us_as_ms(b, lag, "max", facts->lag_max_us);
    number(b, lag, "worst_interval_p99", h ? (double)h->lag_p99_ns / 1e6 : 0, h != NULL);
    cJSON *loop = object(b, generator, "loop_delay_ms");
    number(b, loop, "p99", h ? (double)h->loop_delay_p99_ns / 1e6 : 0, h != NULL);
    number(b, loop, "max", h ? (double)h->loop_delay_max_ns / 1e6 : 0, h != NULL);
    number(b, generator, "cpu", h ? h->cpu : 0, h != NULL);
    number(b, generator, "requested", h ? (double)h->requested : 0, h != NULL);
    number(b, generator, "achieved", h ? (double)h->achieved : 0, h != NULL);
    item(b, generator, "trustworthy", h ? cJSON_CreateBool(h->valid) : cJSON_CreateNull());
    string(b, generator, "why", h ? h->why : NULL);
}

static void rate(struct building *b, cJSON *parent, const char *key, double fraction)
{
    number(b, parent, key, fraction, true);
}

static void add_abort(struct building *b, cJSON *manifest, const struct run_facts *facts)
{
    const struct abort_plan *rule = &facts->profile->abort_on_fail;
    if (facts->abort == NULL) return;
    cJSON *abort = object(b, manifest, "abort_on_fail");
    rate(b, abort, "acceptable", rule->acceptable.value);
    rate(b, abort, "too_high", rule->too_high.value);
    rate(b, abort, "errors", rule->errors);
    cJSON *regions = cJSON_CreateArray();
    for (size_t i = 0; i < facts->abort_count; i++) {
        cJSON *region = cJSON_CreateObject();
        string(b, region, "name", facts->abort[i].name);
        string(b, region, "verdict", facts->abort[i].verdict);
        number(b, region, "at_risk", (double)facts->abort[i].at_risk, true);
        number(b, region, "first_failures", (double)facts->abort[i].first_failures, true);
        if (!cJSON_AddItemToArray(regions, region)) b->ok = false;
    }
    item(b, abort, "regions", regions);
}

cJSON *manifest_new(const struct run_facts *facts)
{
    struct building b = {.ok = true};
    cJSON *manifest = cJSON_CreateObject();
    number(&b, manifest, "format", 1, true);
    add_tool(&b, manifest, facts);
    add_run(&b, manifest, facts);
    item(&b, manifest, "host", host_facts());
    add_profile(&b, manifest, facts->profile);
    add_generator(&b, manifest, facts);
    add_abort(&b, manifest, facts);
    if (b.ok) return manifest;
    cJSON_Delete(manifest);
    return NULL;
}
