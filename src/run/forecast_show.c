/* The forecast as JSON and as a table, with what it assumes. */
#include "run/forecast.h"

#include "base/clock.h"
#include "base/digits.h"
#include "base/units.h"
#include "engine/quota_pace.h"
#include "engine/turn_bound.h"
#include "realtime/token_count.h"

#include <math.h>

static const char *bound_name(enum bound bound)
{
    static const char *const names[] = {"none", "rpm", "tpm", "max_sessions"};
    return names[bound];
}

/* ---- JSON ---- */

static void put_known(cJSON *object, const char *name, bool known, double value)
{
    if (known)
        (void)cJSON_AddNumberToObject(object, name, value);
    else
        (void)cJSON_AddNullToObject(object, name);
}

/* Whole sessions; no more for what rounding added to a mean. */
static double at_once(const struct forecast *f)
{
    return fmax(0, ceil(f->peak_sessions - 1e-6)) + 0.0; /* -0 is 0 */
}

static void figures(cJSON *object, const struct forecast *f)
{
    (void)cJSON_AddNumberToObject(object, "sessions", round(f->sessions));
    (void)cJSON_AddNumberToObject(object, "peak_sessions", at_once(f));
    (void)cJSON_AddNumberToObject(object, "attempts", round(f->attempts));
    (void)cJSON_AddNumberToObject(object, "tokens", round(f->tokens));
    if (f->unpriced) {
        (void)cJSON_AddNullToObject(object, "cost_usd");
    } else {
        cJSON *cost = cJSON_AddObjectToObject(object, "cost_usd");
        (void)cJSON_AddNumberToObject(cost, "low", f->usd[COST_LOW]);
        (void)cJSON_AddNumberToObject(cost, "likely", f->usd[COST_LIKELY]);
        (void)cJSON_AddNumberToObject(cost, "high", f->usd[COST_HIGH]);
    }
    (void)cJSON_AddNumberToObject(object, "attempts_per_minute", f->attempts_per_minute);
    (void)cJSON_AddNumberToObject(object, "rpm", f->rpm);
    (void)cJSON_AddNumberToObject(object, "tpm", f->tpm);
}

/* How many turns the whole budget has room for, as each is reserved before anything was heard. */
static double turns_at_once(const struct budget *budget, const struct turn_room *room)
{
    double most = INFINITY;
    if (budget->usd > 0 && room->most_usd > 0) most = budget->usd / room->most_usd;
    if (budget->tokens > 0) most = fmin(most, (double)budget->tokens / (double)room->most_tokens);
    return floor(most);
}

/* What the first turn takes out of the budget; null without one. */
static void reserve_json(cJSON *object, const struct profile *profile, const struct region *region)
{
    const struct budget *budget = &profile->budget;
    if (budget->usd <= 0 && budget->tokens == 0) {
        (void)cJSON_AddNullToObject(object, "turn_reserves");
        return;
    }
    const struct turn_room room = turn_room_of(profile, region);
    cJSON *reserve = cJSON_AddObjectToObject(object, "turn_reserves");
    (void)cJSON_AddNumberToObject(reserve, "tokens", (double)room.most_tokens);
    put_known(reserve, "usd", prices_find(&profile->prices, region->model) != NULL, room.most_usd);
    const double at_once = turns_at_once(budget, &room);
    put_known(reserve, "at_once", isfinite(at_once), at_once);
}

static void limits(cJSON *object, const struct region *region, const struct terms *terms,
                   const struct forecast *f)
{
    const bool responses = request_kind_of(region->dialect) == REQUEST_RESPONSE;
    (void)cJSON_AddStringToObject(object, "requests", responses ? "responses" : "connections");
    terms_json(object, terms);
    if (terms->quota_source == TERMS_UNKNOWN) {
        (void)cJSON_AddNullToObject(object, "quota_share");
    } else {
        cJSON *share = cJSON_AddObjectToObject(object, "quota_share");
        put_known(share, "rpm", terms->rpm > 0, f->rpm_share);
        put_known(share, "tpm", terms->tpm > 0, f->tpm_share);
    }
    if (f->breaks_first == BOUND_NONE)
        (void)cJSON_AddNullToObject(object, "breaks_first");
    else
        (void)cJSON_AddStringToObject(object, "breaks_first", bound_name(f->breaks_first));
    put_known(object, "breaks_at_s", f->breaks_at_s >= 0, f->breaks_at_s);
}

static void budget_json(cJSON *totals, const struct profile *profile,
                        const struct forecast_all *all)
{
    const struct budget *budget = &profile->budget;
    if (budget->usd <= 0 && budget->tokens == 0) {
        (void)cJSON_AddNullToObject(totals, "budget");
        return;
    }
    cJSON *object = cJSON_AddObjectToObject(totals, "budget");
    put_known(object, "usd", budget->usd > 0, budget->usd);
    put_known(object, "usd_share", budget->usd > 0 && !all->totals.unpriced,
              all->totals.usd[COST_LIKELY] / budget->usd);
    put_known(object, "usd_reached_at_s", all->usd_at_s >= 0, all->usd_at_s);
    put_known(object, "tokens", budget->tokens > 0, (double)budget->tokens);
    put_known(object, "tokens_share", budget->tokens > 0,
              all->totals.tokens / (double)budget->tokens);
    put_known(object, "tokens_reached_at_s", all->tokens_at_s >= 0, all->tokens_at_s);
}

static void assumed_json(cJSON *root, const struct profile *profile)
{
    static const char *const routings[] = {"each", "weighted", "failover"};
    cJSON *object = cJSON_AddObjectToObject(root, "assumed");
    (void)cJSON_AddNumberToObject(object, "output_tokens", ASSUMED_OUTPUT_TOKENS);
    (void)cJSON_AddNumberToObject(object, "speech_ms", ASSUMED_SPEECH_MS);
    (void)cJSON_AddNumberToObject(object, "reasoning_tokens", ASSUMED_REASONING_TOKENS);
    (void)cJSON_AddNumberToObject(object, "attempt_seconds", ASSUMED_ATTEMPT_SECONDS);
    (void)cJSON_AddNumberToObject(object, "dial_seconds", ASSUMED_DIAL_SECONDS);
    (void)cJSON_AddStringToObject(object, "routing", routings[profile->load.routing]);
}

static void prompts_json(cJSON *root, const struct session_plan *session)
{
    const struct expected_prompt prompt = expected_prompt_of(session);
    cJSON *object = cJSON_AddObjectToObject(root, "prompts");
    (void)cJSON_AddNumberToObject(object, "count", (double)session->prompt_count);
    cJSON *tokens = cJSON_AddObjectToObject(object, "tokens");
    (void)cJSON_AddNumberToObject(tokens, "mean", prompt.mean);
    (void)cJSON_AddNumberToObject(tokens, "least", (double)prompt.least);
    (void)cJSON_AddNumberToObject(tokens, "most", (double)prompt.most);
}

cJSON *forecast_profile_json(const struct profile *profile, uint64_t seed)
{
    struct forecast_all all = forecast_make(profile, seed);
    cJSON *root = cJSON_CreateObject();
    cJSON *regions = cJSON_AddArrayToObject(root, "regions");
    for (size_t i = 0; i < all.count; i++) {
        const struct region *region = &profile->regions[i];
        const struct terms terms = terms_of(profile, region);
        cJSON *object = cJSON_CreateObject();
        (void)cJSON_AddStringToObject(object, "name", region->name);
        figures(object, &all.regions[i]);
        limits(object, region, &terms, &all.regions[i]);
        reserve_json(object, profile, region);
        (void)cJSON_AddItemToArray(regions, object);
    }
    cJSON *totals = cJSON_AddObjectToObject(root, "totals");
    figures(totals, &all.totals);
    budget_json(totals, profile, &all);
    const double pace = profile->load.pace_to_quota;
    put_known(root, "pace_to_quota", pace > 0, pace);
    prompts_json(root, &profile->session);
    assumed_json(root, profile);
    forecast_free(&all);
    return root;
}

/* ---- text ---- */

static void table_row(struct text *out, const char *name, const struct forecast *f)
{
    text_printf(out, "%-20s %8.0f %7.0f %9.0f %11.0f %8.0f %9.0f   ", name, f->sessions, at_once(f),
                f->attempts, f->tokens, f->rpm, f->tpm);
    if (f->unpriced) {
        text_puts(out, "unknown\n");
    } else {
        text_printf(out, "%.2f (%.2f to %.2f)\n", f->usd[COST_LIKELY], f->usd[COST_LOW],
                    f->usd[COST_HIGH]);
    }
}

/* Three digits, or as many more as show on which side of the limit it is. */
static void put_share(struct text *out, double share, uint64_t limit, const char *unit)
{
    if (limit == 0) return;
    const double percent = fabs(share - 1) <= 1e-9 ? 100 : 100 * share;
    if (percent >= 99.95 && percent < 100.5)
        text_printf(out, " %s%%", digits_apart(percent, 100, 0).text);
    else
        text_printf(out, percent < 100 ? " %.3g%%" : " %.0f%%", percent);
    text_printf(out, " of %llu %s,", (unsigned long long)limit, unit);
}

static void put_time(struct text *out, double at_s)
{
    text_duration(out, (int64_t)(round(at_s) * (double)NS_PER_S));
}

static void quota_text(const struct region *region, const struct terms *terms,
                       const struct forecast *f, struct text *out)
{
    static const char *const words[] = {"", "RPM", "TPM", "load.max_sessions"};
    if (terms->quota_source == TERMS_UNKNOWN && f->breaks_at_s < 0) return;
    text_printf(out, "Quota of %s: at the peak", region->name);
    put_share(out, f->rpm_share, terms->rpm, "RPM");
    put_share(out, f->tpm_share, terms->tpm, "TPM");
    text_puts(out, " by ");
    terms_quota_source(terms, out);
    if (f->breaks_at_s >= 0) {
        text_printf(out, ".\n  Breaks first: %s, after ", words[f->breaks_first]);
        put_time(out, f->breaks_at_s);
        text_puts(out, " of load.\n");
    } else if (f->breaks_first != BOUND_NONE) {
        text_printf(out, ".\n  Nothing breaks; nearest is %s.\n", words[f->breaks_first]);
    } else {
        text_puts(out, ".\n");
    }
}

/* The load above is what was asked for; its pace keeps it below these. */
static void pace_text(const struct profile *profile, struct text *out)
{
    const double share = profile->load.pace_to_quota;
    if (share <= 0) return;
    text_printf(out, "Paced to %.3g%% of the quota: at most", 100 * share);
    for (size_t i = 0; i < profile->region_count; i++) {
        const struct pace_limits limits = pace_limits_of(&profile->regions[i]);
        if (i > 0) text_puts(out, ",");
        if (limits.rpm > 0) text_printf(out, " %.0f RPM", share * (double)limits.rpm);
        if (limits.rpm > 0 && limits.tpm > 0) text_puts(out, " and");
        if (limits.tpm > 0) text_printf(out, " %.0f TPM", share * (double)limits.tpm);
        text_printf(out, " in %s", profile->regions[i].name);
    }
    text_puts(out, ";\n  what is due beyond that waits, arrivals for 10 s at most.\n");
}

/* What one turn takes out of the budget before it is sent, of the region where that is most. */
static void reserve_text(const struct profile *profile, struct text *out)
{
    const struct budget *budget = &profile->budget;
    struct turn_room most = {0};
    if (budget->usd <= 0 && budget->tokens == 0) return;
    for (size_t i = 0; i < profile->region_count; i++) {
        const struct turn_room room = turn_room_of(profile, &profile->regions[i]);
        if (room.most_usd > most.most_usd || most.most_tokens == 0) most = room;
    }
    text_printf(out, "A turn reserves at first %llu tokens", (unsigned long long)most.most_tokens);
    if (budget->usd > 0) text_printf(out, ", $%.4f", most.most_usd);
    const double at_once = turns_at_once(budget, &most);
    if (isfinite(at_once)) text_printf(out, ": %.0f fit in at once", at_once);
    if (profile->session.max_output_tokens == 0)
        text_printf(out,
                    "; without session.max_output_tokens these are\n  answers of %d tokens, until "
                    "%d were heard, then %d times the longest (one turn at a time where that\n"
                    "  does not fit)",
                    TOKEN_COUNT_USUAL_OUTPUT, TURN_HEARD_ENOUGH, TURN_HEARD_TIMES);
    text_puts(out, ".\n");
}

static void budget_text(const struct profile *profile, const struct forecast_all *all,
                        struct text *out)
{
    const struct budget *budget = &profile->budget;
    const double usd = all->totals.usd[COST_LIKELY];
    if (budget->usd > 0 && !all->totals.unpriced) {
        text_printf(out, "Budget: $%s of $%.2f are likely", digits_apart(usd, budget->usd, 2).text,
                    budget->usd);
        if (all->usd_at_s >= 0) text_puts(out, "; it stops the run after ");
        if (all->usd_at_s >= 0) put_time(out, all->usd_at_s);
        text_puts(out, all->totals.usd[COST_HIGH] > budget->usd && all->usd_at_s < 0
                           ? "; the high case exceeds it.\n"
                           : ".\n");
    }
    if (budget->tokens == 0) return;
    text_printf(out, "Budget: %s of %llu tokens are likely",
                digits_apart(all->totals.tokens, (double)budget->tokens, 0).text,
                (unsigned long long)budget->tokens);
    if (all->tokens_at_s >= 0) text_puts(out, "; it stops the run after ");
    if (all->tokens_at_s >= 0) put_time(out, all->tokens_at_s);
    text_puts(out, ".\n");
}

/* Spend per hour, for loads that go on for hours. */
static void hourly_text(const struct profile *profile, const struct forecast_all *all,
                        struct text *out)
{
    const double hours = (double)load_duration_ns(&profile->load) / (3600.0 * (double)NS_PER_S);
    if (hours < 1 || all->totals.unpriced) return;
    text_printf(out, "By the hour: $%.2f (%.2f to %.2f), %.0f tokens.\n",
                all->totals.usd[COST_LIKELY] / hours, all->totals.usd[COST_LOW] / hours,
                all->totals.usd[COST_HIGH] / hours, all->totals.tokens / hours);
}

static void prompts_text(const struct session_plan *session, struct text *out)
{
    const struct expected_prompt prompt = expected_prompt_of(session);
    if (session->audio.mean_ns > 0)
        text_printf(
            out,
            "Speech: utterances of %.1f s on average, %.1f s at most; an attempt takes that "
            "and, in speech, listening to the answer besides.\n",
            (double)session->audio.mean_ns / (double)NS_PER_S,
            (double)session->audio.most_ns / (double)NS_PER_S);
    if (session->prompt_count == 1 || session->audio.mean_ns > 0) return;
    text_printf(out, "Prompts: %zu, of about %.0f tokens as they are drawn (%llu to %llu).\n",
                session->prompt_count, prompt.mean, (unsigned long long)prompt.least,
                (unsigned long long)prompt.most);
}

static bool any_of_kind(const struct profile *profile, enum request_kind kind)
{
    for (size_t i = 0; i < profile->region_count; i++) {
        if (request_kind_of(profile->regions[i].dialect) == kind) return true;
    }
    return false;
}

static void assumptions(const struct profile *profile, struct text *out)
{
    text_printf(out,
                "\nAssumed: answers of %d tokens (in speech, %.2f s more of audio at 20 tokens a "
                "second), %d tokens of\nthought where the model reasons, %.0f s an attempt, %.1f s "
                "a dial; each turn reads the whole conversation again.\nLow: half as long, no "
                "thoughts. High: as long as max_output_tokens allows (without one, %d times as "
                "long),\nnothing cached, and the whole retry.budget is used.\n",
                ASSUMED_OUTPUT_TOKENS, ASSUMED_SPEECH_MS / 1000.0, ASSUMED_REASONING_TOKENS,
                ASSUMED_ATTEMPT_SECONDS, ASSUMED_DIAL_SECONDS, ASSUMED_MOST_TIMES);
    text_printf(out,
                "RPM and TPM: six times the busiest %d s, as limits are enforced in slices. Tokens "
                "count as input plus\nmax_output_tokens (%d without one) when a response is asked "
                "for (Azure's quota page of 2026-05).\n",
                TOKEN_COUNT_SLICE_SECONDS, TOKEN_COUNT_USUAL_OUTPUT);
    if (any_of_kind(profile, REQUEST_CONNECTION))
        text_printf(out, "Requests are %s.\n", request_kind_words(DIALECT_GA));
    if (any_of_kind(profile, REQUEST_RESPONSE))
        text_printf(out, "Requests of dialect openai are %s.\n",
                    request_kind_words(DIALECT_OPENAI));
}

/* What the policies do to the load that is not in the figures. */
static void policy_text(const struct profile *profile, struct text *out)
{
    static const char *const routings[] = {
        [ROUTING_EACH] = "",
        [ROUTING_WEIGHTED] = "Routing: the regions share one load by their weights. What a region "
                             "takes over while another takes no load is\nnot in its figures.\n",
        [ROUTING_FAILOVER] = "Routing: all load goes to the first region. While that one takes "
                             "none, the next one gets all of it, which is\nnot in its figures.\n",
        [ROUTING_HEDGED] = "Routing: all load goes to the first region. Second attempts in another "
                           "one are retries: at most\nretry.budget of the turns, in the high cost "
                           "alone, and users whom they answered stay there.\n",
    };
    text_puts(out, routings[profile->load.routing]);
    if (profile->breaker.failure_rate.set)
        text_puts(out, "Breaker: it is closed in all figures; an open one takes load away.\n");
}

static void region_notes(const struct profile *profile, const struct forecast_all *all,
                         struct text *out)
{
    for (size_t i = 0; i < all->count; i++) {
        const struct region *region = &profile->regions[i];
        const struct terms terms = terms_of(profile, region);
        quota_text(region, &terms, &all->regions[i], out);
    }
    pace_text(profile, out);
    budget_text(profile, all, out);
    reserve_text(profile, out);
    hourly_text(profile, all, out);
    prompts_text(&profile->session, out);
}

void forecast_table(const struct profile *profile, uint64_t seed, struct text *out)
{
    struct forecast_all all = forecast_make(profile, seed);
    text_printf(out, "%-20s %8s %7s %9s %11s %8s %9s   %s\n", "region", "sessions", "at once",
                "attempts", "tokens", "peak RPM", "peak TPM", "USD (low to high)");
    for (size_t i = 0; i < all.count; i++)
        table_row(out, profile->regions[i].name, &all.regions[i]);
    table_row(out, "all", &all.totals);
    struct text notes = {0};
    region_notes(profile, &all, &notes);
    if (notes.length > 0) text_printf(out, "\n%s", text_str(&notes));
    text_free(&notes);
    assumptions(profile, out);
    policy_text(profile, out);
    if (all.totals.draws > 0)
        text_printf(out, "Arrivals are drawn: without a seed the peaks are the highest of %u %s.\n",
                    all.totals.draws, all.totals.draws == 1 ? "draw" : "draws");
    struct text tight = {0};
    if (forecast_connects(profile, &tight)) text_printf(out, "Tight: %s.\n", text_str(&tight));
    text_free(&tight);
    if (all.totals.unpriced)
        text_puts(
            out, "Unknown cost: the profile's `prices` has no row for that region's model, and no\n"
                 "list price of it is known.\n");
    for (size_t i = 0; i < profile->region_count; i++) {
        const struct terms terms = terms_of(profile, &profile->regions[i]);
        terms_price_text(&profile->regions[i], &terms, out);
    }
    forecast_free(&all);
}
