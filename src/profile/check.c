#include "profile/check.h"

#include "profile/extra_settings.h"
#include "profile/keys.h"
#include "profile/place.h"
#include "profile/threshold.h"

#include "base/text.h"
#include "base/units.h"

#include <stdio.h>
#include <string.h>

static enum err_code check_targets(const struct profile *profile, struct error *err)
{
    bool rates = profile->load.model == LOAD_ARRIVALS;
    for (size_t i = 0; i < profile->load.stage_count; i++) {
        const struct stage *stage = &profile->load.stages[i];
        if (stage->is_rate == rates || stage->target <= 0) continue;
        char path[64];
        (void)snprintf(path, sizeof path, "load.stages[%zu].target", i);
        struct place place = place_find(profile, path, err);
        if (rates) {
            return place_fail(&place,
                              "%.10g is a number of sessions, but load.model is arrivals: write a "
                              "rate such as %.10g/s",
                              stage->target, stage->target);
        }
        return place_fail(&place, "a rate of arrivals, but load.model is sessions: write a number "
                                  "of sessions such as 20, "
                                  "or \"model\": \"arrivals\"");
    }
    return ERR_OK;
}

static enum err_code check_load(const struct profile *profile, struct error *err)
{
    struct place place = place_find(profile, "load.stages", err);
    enum err_code code = check_targets(profile, err);
    if (code != ERR_OK) return code;
    double most = 0;
    for (size_t i = 0; i < profile->load.stage_count; i++) {
        if (profile->load.stages[i].target > most) most = profile->load.stages[i].target;
    }
    if (most <= 0) return place_fail(&place, "every target is 0: no session would ever start");
    if (load_duration_ns(&profile->load) <= 0)
        return place_fail(&place, "every duration is 0: there is no run");
    if (profile->load.model == LOAD_SESSIONS && most > (double)profile->load.max_sessions) {
        place = place_find(profile, "load.max_sessions", err);
        return place_fail(&place,
                          "a stage asks for %.10g sessions, but max_sessions is %llu: raise it",
                          most, (unsigned long long)profile->load.max_sessions);
    }
    return ERR_OK;
}

static enum err_code check_retry(const struct profile *profile, struct error *err)
{
    if (profile->retry.backoff_initial_ns > profile->retry.backoff_max_ns) {
        struct place place = place_find(profile, "retry.backoff.max", err);
        return place_fail(&place, "is less than retry.backoff.initial: raise it");
    }
    const enum retry_session session = profile->retry.session;
    if (profile->retry.probe_poisoned && (session == RETRY_SAME || session == RETRY_NEW)) {
        struct place place = place_find(profile, "retry.probe_poisoned", err);
        return place_fail(&place, "retry.session already says where each retry goes: remove one");
    }
    if (session == RETRY_ELSEWHERE && profile->load.routing == ROUTING_EACH) {
        struct place place = place_find(profile, "retry.session", err);
        return place_fail(&place, "with load.routing each no region takes the load of another: "
                                  "write \"routing\": \"failover\" or \"weighted\" in load");
    }
    return ERR_OK;
}

/* A second region, and the right to a second attempt. */
static enum err_code check_hedge(const struct profile *profile, struct error *err)
{
    if (profile->load.routing != ROUTING_HEDGED) return ERR_OK;
    struct place place = place_find(profile, "load.routing", err);
    if (profile->region_count < 2)
        return place_fail(&place, "hedged asks a second region, and there is one alone: add one");
    if (audio_speaks(&profile->session.audio))
        return place_fail(&place, "a turn that is spoken cannot be asked again while it is: take "
                                  "session.audio's files and voice away, or write failover");
    if (profile->retry.attempts < 2) {
        place = place_find(profile, "retry.attempts", err);
        return place_fail(&place, "a hedge is an interaction's second attempt: write 2 or more");
    }
    /* an attempt without output ends there, and what follows it is a retry */
    if (profile->load.hedge_after_ns < profile->timeouts.first_output_ns) return ERR_OK;
    place = place_find(profile, "load.hedge_after", err);
    return place_fail(&place,
                      "no turn waits so long, as timeouts.first_output ends it: write less");
}

/* A load that moves needs something that moves it. */
static enum err_code check_breaker(const struct profile *profile, struct error *err)
{
    const struct optional_rate *rate = &profile->breaker.failure_rate;
    struct place place = place_find(profile, "breaker.failure_rate", err);
    if (rate->set && !(rate->value > 0))
        return place_fail(&place, "the breaker would never be closed: write more than 0%%");
    if (!rate->set && profile->breaker.latency_ns > 0) {
        place = place_find(profile, "breaker.latency", err);
        return place_fail(&place, "there is no breaker without failure_rate: write one");
    }
    if (rate->set || profile->load.routing != ROUTING_FAILOVER) return ERR_OK;
    if (profile->retry.session == RETRY_ELSEWHERE) return ERR_OK;
    place = place_find(profile, "load.routing", err);
    return place_fail(&place, "nothing says when to leave a region: write "
                              "\"breaker\": {\"failure_rate\": \"50%%\"}, or \"session\": "
                              "\"other_region\" in retry");
}

static enum err_code check_abort(const struct profile *profile, struct error *err)
{
    const struct abort_plan *rule = &profile->abort_on_fail;
    struct place place = place_find(profile, "abort_on_fail", err);
    if (!rule->acceptable.set && !rule->too_high.set) return ERR_OK;
    if (!rule->acceptable.set || !rule->too_high.set) {
        return place_fail(&place, "has only one of acceptable and too_high: write both");
    }
    double acceptable = rule->acceptable.value;
    double too_high = rule->too_high.value;
    if (!(acceptable > 0 && acceptable < too_high && too_high < 1)) {
        return place_fail(
            &place,
            "acceptable is %.4g%% and too_high %.4g%%: write rates with 0%% < acceptable < "
            "too_high < 100%%",
            100 * acceptable, 100 * too_high);
    }
    if (!(rule->errors > 0 && rule->errors < 0.5)) {
        place = place_find(profile, "abort_on_fail.errors", err);
        return place_fail(&place, "%.4g%%: write more than 0%% and less than 50%%",
                          100 * rule->errors);
    }
    return ERR_OK;
}

static const struct window *find_window(const struct profile *profile, const char *name,
                                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(profile->windows.report[i].name, name) == 0) return &profile->windows.report[i];
    }
    return NULL;
}

static enum err_code check_windows(const struct profile *profile, struct error *err)
{
    for (size_t i = 0; i < profile->windows.report_count; i++) {
        const struct window *window = &profile->windows.report[i];
        char path[64];
        (void)snprintf(path, sizeof path, "windows.report[%zu]", i);
        struct place place = place_find(profile, path, err);
        if (window->width_ns > 0 && window->width_ns % profile->windows.interval_ns != 0) {
            struct text interval = {0};
            text_duration(&interval, profile->windows.interval_ns);
            enum err_code code = place_fail(
                &place, "%.60s is not a multiple of windows.interval (%s): choose one that is",
                window->spec, text_str(&interval));
            text_free(&interval);
            return code;
        }
        if (find_window(profile, window->name, i) != NULL) {
            return place_fail(&place, "two windows are called \"%.60s\": give each its own name",
                              window->name);
        }
    }
    return ERR_OK;
}

static enum err_code check_thresholds(const struct profile *profile, struct error *err)
{
    for (size_t i = 0; i < profile->threshold_count; i++) {
        struct threshold threshold;
        char path[64];
        (void)snprintf(path, sizeof path, "thresholds[%zu]", i);
        enum err_code code = threshold_parse(profile->thresholds[i], &threshold, err);
        if (code == ERR_OK && threshold.region[0] != '\0') {
            code = check_region_known(profile, threshold.region, path, err);
        }
        if (code != ERR_OK) return code;
        if (threshold.window[0] == '\0') continue;
        if (find_window(profile, threshold.window, profile->windows.report_count) != NULL) continue;
        struct place place = place_find(profile, path, err);
        return place_fail(&place, "no window is called \"%s\": add it to windows.report",
                          threshold.window);
    }
    return ERR_OK;
}

/* session.modality says what a turn must contain, so the service must be asked for it. */
static enum err_code check_modalities(const struct profile *profile, const char *settings,
                                      const char *path, struct error *err)
{
    const char *field = NULL;
    const char *modality = profile->session.modality == MODALITY_AUDIO ? "audio" : "text";
    if (extra_settings_allow(settings, modality, &field)) return ERR_OK;
    struct place place = place_find(profile, path, err);
    return place_fail(&place, "%s leaves out \"%s\", which session.modality asks for: change one",
                      field, modality);
}

static enum err_code check_prompts(const struct profile *profile, struct error *err)
{
    const struct json_node *session = json_member(profile->source, "session");
    if (session == NULL || json_member(session, "prompts") == NULL) return ERR_OK;
    if (profile->session.prompts_file == NULL) return ERR_OK;
    struct place place = place_find(profile, "session.prompts_file", err);
    return place_fail(&place, "stands beside session.prompts: remove one of them");
}

static bool has_truncation(const struct json_node *object)
{
    const struct json_node *settings = object == NULL ? NULL : json_member(object, "settings");
    return settings != NULL && settings->kind == JSON_OBJECT &&
           json_member(settings, "truncation") != NULL;
}

static enum err_code check_truncation(const struct profile *profile, struct error *err)
{
    const struct json_node *regions = json_member(profile->source, "regions");
    struct place place = place_find(profile, "session.history", err);
    bool stands = has_truncation(json_member(profile->source, "session"));
    for (size_t i = 0; i < profile->region_count; i++) {
        const struct json_node *region = regions == NULL ? NULL : json_element(regions, i);
        stands = stands || has_truncation(region);
        if (profile->regions[i].dialect == DIALECT_PREVIEW)
            return place_fail(&place,
                              "region %s: dialect preview knows no truncation: write "
                              "rotate, or another dialect",
                              profile->regions[i].name);
    }
    if (!stands) return ERR_OK;
    return place_fail(&place, "settings has a truncation of its own: remove one of them");
}

static enum err_code check_history(const struct profile *profile, struct error *err)
{
    const struct session_plan *session = &profile->session;
    struct place place = place_find(profile, "session.history_tokens", err);
    if (session->history == HISTORY_KEEP && session->history_tokens > 0)
        return place_fail(&place, "history keep has no limit: write \"history\": \"truncate\" or "
                                  "\"rotate\", or leave this out");
    if (session->history == HISTORY_KEEP) return ERR_OK;
    if (session->history_tokens == 0) {
        place = place_find(profile, "session.history", err);
        return place_fail(&place, "does not say when: write session.history_tokens");
    }
    if (session->history != HISTORY_TRUNCATE) return ERR_OK;
    if (!(session->history_retain > 0)) {
        place = place_find(profile, "session.history_retain", err);
        return place_fail(&place, "nothing would be kept: write more than 0%%");
    }
    return check_truncation(profile, err);
}

static enum err_code check_settings(const struct profile *profile, struct error *err)
{
    enum err_code code =
        check_modalities(profile, profile->session.settings, "session.settings", err);
    for (size_t i = 0; i < profile->region_count && code == ERR_OK; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "regions[%zu].settings", i);
        code = check_modalities(profile, profile->regions[i].settings, path, err);
    }
    return code;
}

/* Tokens without a price would count as free, unless the model is charged by time alone. */
static enum err_code check_price(const struct json_node *row, const struct place *place)
{
    static const char *const needed[] = {"text_in", "text_out"};
    const size_t by_time = json_member(row, "per_minute") != NULL;
    if (by_time == 1 && json_count(row) == 1) return ERR_OK;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (json_member(row, needed[i]) != NULL) continue;
        return place_fail(place,
                          "has no %s, so such tokens would cost nothing: add it, in USD per "
                          "million tokens (0 if they are free)%s",
                          needed[i], by_time == 1 ? ", or leave per_minute alone" : "");
    }
    return ERR_OK;
}

static enum err_code check_prices(const struct profile *profile, struct error *err)
{
    struct json_node *prices = json_member(profile->source, "prices");
    const struct place place = place_find(profile, "prices", err);
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < profile->prices.count && code == ERR_OK; i++) {
        const struct json_node *row = json_member(prices, profile->prices.models[i].model);
        const struct place at = place_of_member(&place, row);
        code = check_price(row, &at);
    }
    return code;
}

enum err_code profile_check(const struct profile *profile, struct error *err)
{
    enum err_code code = check_regions(profile, err);
    if (code == ERR_OK) code = check_load(profile, err);
    if (code == ERR_OK) code = check_prompts(profile, err);
    if (code == ERR_OK) code = check_history(profile, err);
    if (code == ERR_OK) code = check_settings(profile, err);
    if (code == ERR_OK) code = check_audio(profile, err);
    if (code == ERR_OK) code = check_prices(profile, err);
    if (code == ERR_OK) code = check_retry(profile, err);
    if (code == ERR_OK) code = check_breaker(profile, err);
    if (code == ERR_OK) code = check_hedge(profile, err);
    if (code == ERR_OK) code = check_abort(profile, err);
    if (code == ERR_OK) code = check_windows(profile, err);
    if (code == ERR_OK) code = check_thresholds(profile, err);
    if (code == ERR_OK) code = check_simulator(profile, err);
    return code;
}
