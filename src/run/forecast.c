#include "run/forecast.h"

#include "record/cost.h"

#include "base/clock.h"
#include "engine/pacer.h"
#include "run/terms.h"

#include <math.h>

/* How much of load.connect_rate the first sessions may use: each failed turn may open one or two
 * more. */
#define CONNECT_SHARE 0.5

static double seconds(int64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

/* How long a session is open: for its turns, and the thinking between them. */
static double session_seconds(const struct session_plan *session)
{
    double turns = (double)session->interactions;
    return turns * ASSUMED_ATTEMPT_SECONDS + (turns - 1) * seconds(session->think_time_ns);
}

/* The targets of a load, summed up over its seconds. */
static double load_area(const struct load *load)
{
    double area = 0;
    double from = 0;
    for (size_t i = 0; i < load->stage_count; i++) {
        area += (from + load->stages[i].target) / 2 * seconds(load->stages[i].duration_ns);
        from = load->stages[i].target;
    }
    return area;
}

static double highest_target(const struct load *load)
{
    double most = 0;
    for (size_t i = 0; i < load->stage_count; i++) most = fmax(most, load->stages[i].target);
    return most;
}

/* How many sessions a closed load gets through: its slots are never empty. */
static double closed_sessions(const struct profile *profile)
{
    return load_area(&profile->load) / session_seconds(&profile->session);
}

/* How often the load's mean its highest stage is. */
static double peak_of(const struct load *load)
{
    double area = load_area(load);
    return area > 0 ? highest_target(load) * seconds(load_duration_ns(load)) / area : 1;
}

static double attempt_usd(const struct profile *profile, const struct price *price)
{
    struct usage usage = {.present = true,
                          .input = (uint64_t)ASSUMED_INPUT_TOKENS,
                          .output = (uint64_t)ASSUMED_OUTPUT_TOKENS};
    if (profile->session.modality == MODALITY_AUDIO) usage.audio_out = usage.output;
    return cost_of(price, &usage);
}

struct forecast forecast_region(const struct profile *profile, const struct region *region)
{
    int64_t length = load_duration_ns(&profile->load);
    struct forecast f = {0};
    f.sessions = profile->load.model == LOAD_ARRIVALS ? pacer_expected(&profile->load, length)
                                                      : closed_sessions(profile);
    f.attempts = f.sessions * (double)profile->session.interactions;
    f.tokens = f.attempts * (ASSUMED_INPUT_TOKENS + ASSUMED_OUTPUT_TOKENS);
    const struct terms terms = terms_of(profile, region);
    const struct price *price = &terms.price;
    f.unpriced = terms.price_source == TERMS_UNKNOWN;
    f.listed = terms.price_source == TERMS_PUBLIC;
    if (!f.unpriced) {
        double open_minutes = f.sessions * session_seconds(&profile->session) / 60;
        f.likely_usd = f.attempts * attempt_usd(profile, price) + open_minutes * price->per_minute;
        f.low_usd = f.likely_usd / 2;
        f.high_usd =
            f.likely_usd * 2 * fmin((double)profile->retry.attempts, 1 + profile->retry.budget);
    }
    double minutes = seconds(length) / 60;
    if (minutes > 0) {
        f.rpm = f.attempts / minutes;
        f.tpm = f.tokens / minutes;
        f.peak_rpm = f.rpm * peak_of(&profile->load);
        f.peak_tpm = f.tpm * peak_of(&profile->load);
    }
    return f;
}

void forecast_add(struct forecast *into, const struct forecast *from)
{
    into->sessions += from->sessions;
    into->attempts += from->attempts;
    into->tokens += from->tokens;
    into->low_usd += from->low_usd;
    into->likely_usd += from->likely_usd;
    into->high_usd += from->high_usd;
    into->rpm += from->rpm;
    into->tpm += from->tpm;
    into->unpriced |= from->unpriced;
    into->listed |= from->listed;
}

void forecast_json(cJSON *object, const struct forecast *f)
{
    (void)cJSON_AddNumberToObject(object, "sessions", round(f->sessions));
    (void)cJSON_AddNumberToObject(object, "attempts", round(f->attempts));
    (void)cJSON_AddNumberToObject(object, "tokens", round(f->tokens));
    if (f->unpriced) {
        (void)cJSON_AddNullToObject(object, "cost_usd");
    } else {
        cJSON *cost = cJSON_AddObjectToObject(object, "cost_usd");
        (void)cJSON_AddNumberToObject(cost, "low", f->low_usd);
        (void)cJSON_AddNumberToObject(cost, "likely", f->likely_usd);
        (void)cJSON_AddNumberToObject(cost, "high", f->high_usd);
    }
    (void)cJSON_AddNumberToObject(object, "rpm", f->rpm);
    (void)cJSON_AddNumberToObject(object, "tpm", f->tpm);
}

cJSON *forecast_profile_json(const struct profile *profile)
{
    cJSON *root = cJSON_CreateObject();
    cJSON *regions = cJSON_AddArrayToObject(root, "regions");
    struct forecast totals = {0};
    for (size_t i = 0; i < profile->region_count; i++) {
        struct forecast f = forecast_region(profile, &profile->regions[i]);
        forecast_add(&totals, &f);
        cJSON *object = cJSON_CreateObject();
        (void)cJSON_AddStringToObject(object, "name", profile->regions[i].name);
        forecast_json(object, &f);
        const struct terms terms = terms_of(profile, &profile->regions[i]);
        terms_json(object, &terms, f.peak_rpm, f.peak_tpm);
        (void)cJSON_AddItemToArray(regions, object);
    }
    forecast_json(cJSON_AddObjectToObject(root, "totals"), &totals);
    return root;
}

bool forecast_connects(const struct profile *profile, struct text *out)
{
    const struct load *load = &profile->load;
    double demands = load->routing == ROUTING_EACH ? (double)profile->region_count : 1;
    double real = highest_target(load) * demands * profile->simulator.clock_speed;
    if (load->model != LOAD_ARRIVALS || real <= CONNECT_SHARE * load->connect_rate) return false;
    text_printf(
        out,
        "up to %.3g sessions a second of real time arrive, and load.connect_rate is %.4g/s: "
        "retries in new sessions have to fit in, too, or a failing service makes the load "
        "fall short; raise load.connect_rate to %.3g/s or more",
        real, load->connect_rate, real / CONNECT_SHARE);
    return true;
}

static void table_row(struct text *out, const char *name, const struct forecast *f)
{
    text_printf(out, "%-20s %10.0f %10.0f %12.0f %9.1f %10.0f   ", name, f->sessions, f->attempts,
                f->tokens, f->rpm, f->tpm);
    if (f->unpriced) {
        text_puts(out, "unknown\n");
    } else {
        text_printf(out, "%.2f (%.2f to %.2f)\n", f->likely_usd, f->low_usd, f->high_usd);
    }
}

void forecast_table(const struct profile *profile, struct text *out)
{
    struct forecast totals = {0};
    text_printf(out, "%-20s %10s %10s %12s %9s %10s   %s\n", "region", "sessions", "attempts",
                "tokens", "RPM", "TPM", "USD (low to high)");
    for (size_t i = 0; i < profile->region_count; i++) {
        struct forecast f = forecast_region(profile, &profile->regions[i]);
        forecast_add(&totals, &f);
        table_row(out, profile->regions[i].name, &f);
    }
    table_row(out, "all", &totals);
    text_printf(out,
                "\nAssumed: %.0f input and %.0f output tokens and %.0f second an attempt (which a "
                "closed load and a\nprice per minute go by).\n",
                ASSUMED_INPUT_TOKENS, ASSUMED_OUTPUT_TOKENS, ASSUMED_ATTEMPT_SECONDS);
    struct text tight = {0};
    if (forecast_connects(profile, &tight)) text_printf(out, "Tight: %s.\n", text_str(&tight));
    text_free(&tight);
    if (totals.unpriced)
        text_puts(
            out, "Unknown cost: the profile's `prices` has no row for that region's model, and no\n"
                 "list price of it is known.\n");
    for (size_t i = 0; i < profile->region_count; i++) {
        const struct forecast f = forecast_region(profile, &profile->regions[i]);
        const struct terms terms = terms_of(profile, &profile->regions[i]);
        terms_text(&profile->regions[i], &terms, f.peak_rpm, f.peak_tpm, out);
    }
}
