#include "simulator/quota.h"

#include "base/clock.h"
#include "realtime/model_facts.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_NS (60 * NS_PER_S)
#define DAY_NS (86400 * NS_PER_S)
#define USUAL_SLICE_NS (TOKEN_COUNT_SLICE_SECONDS * NS_PER_S)

static const struct fault_info refused_requests = {"quota_requests", "F30", CHANCE_PER_UPGRADE,
                                                   "more new connections than the limit"};
static const struct fault_info refused_tokens = {"quota_tokens", "F66", CHANCE_PER_RESPONSE,
                                                 "more tokens than the limit"};
static const struct fault_info refused_responses = {"quota_requests", "F66", CHANCE_PER_RESPONSE,
                                                    "more responses than the limit"};
static const struct fault_info refused_lowered = {"quota_lowered", "F32", CHANCE_PER_UPGRADE,
                                                  "the lowered limit of tokens is used up"};

static const struct fault_info refused_daily = {"quota_daily", "F104", CHANCE_PER_RESPONSE,
                                                "more requests than the limit of the day"};

static bool names(const struct quota_rule *rule, const char *region)
{
    for (size_t i = 0; i < rule->region_count; i++) {
        if (strcmp(rule->regions[i], region) == 0) return true;
    }
    return rule->region_count == 0;
}

/* The quota of a model's tier. False: not known. */
static bool tier_quota(const struct region *region, uint32_t *rpm, uint32_t *tpm)
{
    const struct model_use use = {.dialect = region->dialect,
                                  .model = region->model,
                                  .deployment_type = region->deployment_type};
    return model_facts_quota(&use, rpm, tpm);
}

/* What the region may use when nothing is scripted: what was bought, or else the tier's. */
static bool find_usual(const struct region *region, struct quota_rule *out)
{
    uint32_t rpm = 0;
    uint32_t tpm = 0;
    *out = (struct quota_rule){
        .rpm = region->quota_rpm, .tpm = region->quota_tpm, .slice_ns = USUAL_SLICE_NS};
    if (out->rpm > 0 || out->tpm > 0) return true;
    bool found = tier_quota(region, &rpm, &tpm);
    out->rpm = rpm;
    out->tpm = tpm;
    return found;
}

/* The service tells limits always: of a model whose limits nobody knows, those of gpt-realtime. */
static void find_told(const struct region *region, struct quota *quota)
{
    const struct model_use known = {.dialect = DIALECT_GA, .model = "gpt-realtime"};
    uint32_t rpm = 0;
    uint32_t tpm = 0;
    if (!tier_quota(region, &rpm, &tpm)) (void)model_facts_quota(&known, &rpm, &tpm);
    quota->told_rpm = region->quota_rpm > 0 ? region->quota_rpm : rpm;
    quota->told_tpm = region->quota_tpm > 0 ? region->quota_tpm : tpm;
}

bool quota_default(const struct simulator_plan *plan, const struct region *region,
                   struct quota_rule *out)
{
    bool always = false;
    for (size_t i = 0; i < plan->quota_count; i++)
        always |= plan->quota[i].during == NULL && names(&plan->quota[i], region->name);
    return find_usual(region, out) && !always && !plan->quota_none;
}

enum err_code quota_init(struct quota *quota, const struct simulator_plan *plan,
                         const struct region *region, struct error *err)
{
    *quota = (struct quota){.minute = INT64_MIN,
                            .slice = INT64_MIN,
                            .day_ns = INT64_MIN,
                            .counted = request_kind_of(region->dialect)};
    quota->limited = quota_default(plan, region, &quota->usual);
    find_told(region, quota);
    quota->rules = calloc(plan->quota_count + 1, sizeof *quota->rules);
    if (quota->rules == NULL)
        return error_set(err, ERR_NOMEM, "no memory for the simulator's quota of region %s",
                         region->name);
    for (size_t i = 0; i < plan->quota_count; i++) {
        if (names(&plan->quota[i], region->name))
            quota->rules[quota->rule_count++] = &plan->quota[i];
    }
    return ERR_OK;
}

void quota_free(struct quota *quota)
{
    free(quota->rules);
    *quota = (struct quota){0};
}

static int64_t floor_of(int64_t value, int64_t unit)
{
    return value / unit - (value % unit < 0);
}

static int64_t slice_length(const struct quota *quota)
{
    return quota->rule == NULL ? MINUTE_NS : quota->rule->slice_ns;
}

static void find_rule(struct quota *quota, int64_t wall_ns)
{
    const struct quota_rule *found = quota->limited ? &quota->usual : NULL;
    for (size_t i = 0; i < quota->rule_count; i++) {
        const struct quota_rule *rule = quota->rules[i];
        if (rule->during == NULL || window_contains(rule->during, wall_ns)) found = rule;
    }
    bool other_slices = (found == NULL ? MINUTE_NS : found->slice_ns) != slice_length(quota);
    quota->rule = found;
    if (other_slices) quota->slice = INT64_MIN;
}

/* Whether a request of the slice before comes behind the first of this one: requests do not come in
 * the order of their times, and to go back for one would start the slice anew. */
static bool is_straggler(const struct quota *quota, int64_t wall_ns)
{
    return floor_of(wall_ns, slice_length(quota)) + 1 == quota->slice;
}

/* Updates rule and counters to this time; a straggler counts in the slice under way. */
static void move_to(struct quota *quota, int64_t wall_ns)
{
    if (is_straggler(quota, wall_ns)) return;
    int64_t minute = floor_of(wall_ns, MINUTE_NS);
    if (minute != quota->minute) find_rule(quota, wall_ns);
    quota->minute = minute;
    int64_t slice = floor_of(wall_ns, slice_length(quota));
    if (slice == quota->slice) return;
    quota->slice = slice;
    quota->requests = quota->tokens = 0;
}

/* The slice's part of a limit per minute. */
static double share_of(const struct quota *quota, uint64_t per_minute)
{
    return (double)per_minute * (double)slice_length(quota) / (double)MINUTE_NS;
}

/* A share below one request would never let anyone in. */
static double share_of_requests(const struct quota *quota, uint64_t per_minute)
{
    return fmax(1, share_of(quota, per_minute));
}

static int64_t until_next_slice(const struct quota *quota, int64_t wall_ns)
{
    return (quota->slice + 1) * slice_length(quota) - wall_ns;
}

/* Hints are in ms, rounded up so that clients that follow them reach the next slice. */
static struct strike refuse(const struct quota *quota, int64_t wall_ns, enum fault_kind kind,
                            const struct fault_info *info)
{
    int64_t left_ms = (until_next_slice(quota, wall_ns) + NS_PER_MS - 1) / NS_PER_MS;
    return (struct strike){
        .struck = true, .kind = kind, .info = info, .retry_after_ns = left_ms * NS_PER_MS};
}

static bool has_no_request_left(const struct quota *quota)
{
    const uint64_t rpm = quota->rule == NULL ? 0 : quota->rule->rpm;
    return rpm > 0 && quota->requests > share_of_requests(quota, rpm);
}

struct strike quota_connect(struct quota *quota, int64_t wall_ns)
{
    move_to(quota, wall_ns);
    quota->requests += quota->counted == REQUEST_CONNECTION;
    const struct quota_rule *rule = quota->rule;
    if (rule == NULL) return (struct strike){0};
    bool requests_gone = quota->counted == REQUEST_CONNECTION && has_no_request_left(quota);
    bool lowered = rule->effective_tpm > 0 && rule->effective_tpm < quota->most_told;
    bool tokens_gone = lowered && quota->tokens >= share_of(quota, rule->effective_tpm);
    if (!requests_gone && !tokens_gone) return (struct strike){0};
    return lowered ? refuse(quota, wall_ns, FAULT_LOWERED_LIMIT_429, &refused_lowered)
                   : refuse(quota, wall_ns, FAULT_UPGRADE_429, &refused_requests);
}

/* The token limit in force; 0: none. */
static uint64_t token_limit(const struct quota *quota)
{
    if (quota->rule == NULL) return 0;
    return quota->rule->effective_tpm > 0 ? quota->rule->effective_tpm : quota->rule->tpm;
}

/* Counts a request of the day, unless it is one too many. */
static struct strike take_of_day(struct quota *quota, int64_t wall_ns, uint64_t limit)
{
    const int64_t share_ns = DAY_NS / (int64_t)limit;
    const int64_t passed_ns = quota->day_ns == INT64_MIN ? 0 : wall_ns - quota->day_ns;
    quota->day_used_ns = passed_ns < quota->day_used_ns ? quota->day_used_ns - passed_ns : 0;
    quota->day_ns = wall_ns;
    const int64_t wait_ns = quota->day_used_ns + share_ns - share_ns * (int64_t)limit;
    if (wait_ns <= 0) {
        quota->day_used_ns += share_ns;
        return (struct strike){0};
    }
    return (struct strike){.struck = true,
                           .kind = FAULT_DAILY_LIMIT,
                           .info = &refused_daily,
                           .retry_after_ns = (wait_ns + NS_PER_MS - 1) / NS_PER_MS * NS_PER_MS,
                           .limit = limit};
}

struct strike quota_respond(struct quota *quota, int64_t wall_ns, uint64_t tokens)
{
    move_to(quota, wall_ns);
    if (quota->rule != NULL && quota->rule->rpd > 0) {
        struct strike refused = take_of_day(quota, wall_ns, quota->rule->rpd);
        if (refused.struck) return refused;
    }
    bool unused = quota->tokens == 0;
    uint64_t limit = token_limit(quota);
    quota->tokens += (double)tokens;
    quota->requests += quota->counted == REQUEST_RESPONSE;
    if (quota->counted == REQUEST_RESPONSE && has_no_request_left(quota))
        return refuse(quota, wall_ns, FAULT_RATE_LIMIT_EXCEEDED, &refused_responses);
    if (limit == 0 || unused || quota->tokens <= share_of(quota, limit)) return (struct strike){0};
    return refuse(quota, wall_ns, FAULT_RATE_LIMIT_EXCEEDED, &refused_tokens);
}

static struct quota_state state_of(const struct quota *quota, int64_t wall_ns, uint64_t limit,
                                   double share, double used)
{
    return (struct quota_state){.limit = limit,
                                .remaining = share > used ? (uint64_t)(share - used) : 0,
                                .reset_ns = until_next_slice(quota, wall_ns)};
}

struct quota_state quota_of_requests(struct quota *quota, int64_t wall_ns)
{
    move_to(quota, wall_ns);
    uint64_t limit =
        quota->rule != NULL && quota->rule->rpm > 0 ? quota->rule->rpm : quota->told_rpm;
    return state_of(quota, wall_ns, limit, share_of_requests(quota, limit), quota->requests);
}

struct quota_state quota_of_tokens(struct quota *quota, int64_t wall_ns)
{
    move_to(quota, wall_ns);
    uint64_t limit = token_limit(quota) > 0 ? token_limit(quota) : quota->told_tpm;
    return state_of(quota, wall_ns, limit, share_of(quota, limit), quota->tokens);
}

static void add_state(const char *what, struct quota_state state, struct text *out)
{
    text_printf(out,
                "x-ratelimit-limit-%s: %" PRIu64 "\r\nx-ratelimit-remaining-%s: %" PRIu64
                "\r\nx-ratelimit-reset-%s: %" PRId64 "\r\n",
                what, state.limit, what, state.remaining, what,
                (state.reset_ns + NS_PER_S - 1) / NS_PER_S);
}

void quota_headers(struct quota *quota, int64_t wall_ns, struct text *out)
{
    struct quota_state tokens = quota_of_tokens(quota, wall_ns);
    if (tokens.limit > quota->most_told) quota->most_told = tokens.limit;
    add_state("requests", quota_of_requests(quota, wall_ns), out);
    add_state("tokens", tokens, out);
}
