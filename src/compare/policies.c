#include "compare/policies.h"

#include "compare/model.h"
#include "record/run_reader.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define ARRIVALS_MOST 100000000

/* ---- whether they can be ranked ---- */

/* What policies may differ in, and what does not change what happened. */
static const char *const allowed[] = {
    "profile.name",
    "profile.retry*",
    "profile.breaker*",
    "profile.load.routing",
    "profile.load.hedge_after",
    "profile.session.rotate_after",
    "profile.session.max_age",
    "profile.session.before_expiry",
    "profile.regions.*.weight",
    "profile.thresholds*",
    "profile.abort_on_fail*",
    "profile.windows.report*",
    "profile.budget*",
    "run.state",
    "tool.*",
    "host*",
};

static bool is_allowed(const char *path)
{
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        if (fnmatch(allowed[i], path, 0) == 0) return true;
    }
    return false;
}

/* "" if a folder does not tell. */
static const char *routing_of(const struct results *results)
{
    const cJSON *profile = cJSON_GetObjectItemCaseSensitive(results->manifest, "profile");
    const cJSON *load = cJSON_GetObjectItemCaseSensitive(profile, "load");
    const char *routing = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(load, "routing"));
    return routing == NULL ? "" : routing;
}

/* With routing `each`, every region has arrivals of its own. */
static bool is_each(const struct results *results)
{
    const char *routing = routing_of(results);
    return routing[0] == '\0' || strcmp(routing, "each") == 0;
}

static bool is_open(const struct results *results)
{
    const cJSON *profile = cJSON_GetObjectItemCaseSensitive(results->manifest, "profile");
    const cJSON *load = cJSON_GetObjectItemCaseSensitive(profile, "load");
    const char *model = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(load, "model"));
    return model != NULL && strcmp(model, "arrivals") == 0;
}

static void complain(struct policies *policies, const char *label, const char *what)
{
    struct text *why = &policies->not_comparable;
    text_printf(why, "%s%s: %s", why->length > 0 ? "; " : "", label, what);
}

/* Everything in which a run differs from the first one. */
static enum err_code check_differences(struct policies *policies, const struct policy *first,
                                       const struct policy *other, struct error *err)
{
    struct compared *compared = calloc(1, sizeof *compared);
    if (compared == NULL) return error_set(err, ERR_NOMEM, "no memory to compare the manifests");
    enum err_code code = compare_find_changes(compared, first->results, other->results, err);
    for (size_t i = 0; code == ERR_OK && i < compared->change_count; i++) {
        const struct compare_change *change = &compared->changes[i];
        if (is_allowed(change->path)) continue;
        struct text what = {0};
        text_printf(&what, "%s is %s instead of %s", change->path, change->b, change->a);
        complain(policies, other->label, text_str(&what));
        text_free(&what);
    }
    if (is_each(first->results) != is_each(other->results))
        complain(policies, other->label, "only one of them lets the regions share one load");
    compare_free(compared);
    return code;
}

/* ---- what became of the users ---- */

/* A user's attempts come in their order, and those of one interaction together, but for those that
 * another region outran: they are told as cancelled once the service has ended them. */
struct user {
    uint64_t interaction;
    enum outcome last;
    bool seen, answered, lost;
};

struct reading {
    bool each, hedged;
    uint64_t arrivals; /* of a region, or of all together */
    size_t regions;
    struct user *users;
    bool foreign; /* rows without an arrival */
};

static struct user *user_of(struct reading *reading, size_t region, uint64_t arrival)
{
    if (arrival == 0 || arrival > reading->arrivals) return NULL;
    return &reading->users[(reading->each ? region * reading->arrivals : 0) + arrival - 1];
}

static void on_attempt(void *context, size_t region, const struct attempt_row *row)
{
    struct reading *reading = context;
    struct user *user = user_of(reading, region, row->arrival);
    if (user == NULL) {
        reading->foreign = true;
        return;
    }
    const bool same = user->seen && row->interaction == user->interaction;
    if (user->seen && row->interaction < user->interaction) return;
    if (same && user->last == OUTCOME_OK) return;
    if (same && reading->hedged && row->outcome == OUTCOME_CANCELLED) return;
    if (user->seen && !same) user->lost |= user->last == OUTCOME_FAILED;
    user->seen = true;
    user->interaction = row->interaction;
    user->last = row->outcome;
    user->answered |= row->outcome == OUTCOME_OK;
}

static enum paired_end end_of(const struct user *user)
{
    if (!user->seen || user->lost || user->last == OUTCOME_FAILED) return PAIRED_BAD;
    return user->answered ? PAIRED_GOOD : PAIRED_UNKNOWN; /* only cancelled ones */
}

static void take_ends(const struct reading *reading, size_t count, struct policy *policy)
{
    for (size_t i = 0; i < count; i++) {
        const enum paired_end end = end_of(&reading->users[i]);
        policy->ends[i] = (unsigned char)end;
        policy->users += end != PAIRED_UNKNOWN;
        policy->lost += end == PAIRED_BAD;
        policy->turned_away += !reading->users[i].seen;
    }
}

static enum err_code read_ends(struct policy *policy, const char *folder, size_t count,
                               uint64_t arrivals, struct error *err)
{
    struct reading reading = {.each = is_each(policy->results),
                              .hedged = strcmp(routing_of(policy->results), "hedged") == 0,
                              .arrivals = arrivals};
    struct run_reader *reader = NULL;
    reading.users = calloc(count + 1, sizeof *reading.users);
    policy->ends = calloc(count + 1, sizeof *policy->ends);
    if (reading.users == NULL || policy->ends == NULL) {
        free(reading.users);
        return error_set(err, ERR_NOMEM, "no memory for %zu users", count);
    }
    enum err_code code = run_reader_open(folder, &reader, err);
    if (code == ERR_OK) code = run_reader_attempts(reader, on_attempt, &reading, err);
    if (code == ERR_OK && reading.foreign)
        code = error_set(err, ERR_USAGE,
                         "%s: attempts.csv does not say of which arrival its rows are: run it "
                         "again with this version and load.model arrivals",
                         folder);
    if (code == ERR_OK) take_ends(&reading, count, policy);
    run_reader_close(reader);
    free(reading.users);
    return code;
}

/* Those due in a region, or in all regions where they share one load. */
static uint64_t arrivals_of(const struct results *results)
{
    uint64_t most = 0;
    if (!is_each(results)) return results->all.cell.counters.requested_sessions;
    for (size_t r = 0; r < results->region_count; r++) {
        const uint64_t due = results_region(results, r)->cell.counters.requested_sessions;
        if (due > most) most = due;
    }
    return most;
}

/* ---- the ranking ---- */

static double share_lost(const struct policy *policy)
{
    return policy->users > 0 ? (double)policy->lost / (double)policy->users : 0;
}

static int by_lost(const void *a, const void *b)
{
    const double x = share_lost(a);
    const double y = share_lost(b);
    return x < y   ? -1
           : x > y ? 1
                   : strcmp(((const struct policy *)a)->label, ((const struct policy *)b)->label);
}

static enum compare_verdict verdict_of(const struct policy_pair *pair, const struct policies *all)
{
    const struct difference *d = &pair->paired.difference;
    if (!d->valid) return COMPARE_INCONCLUSIVE;
    if (pair->adjusted < 1 - all->confidence && d->value > 0) return COMPARE_WORSE;
    if (pair->adjusted < 1 - all->confidence && d->value < 0) return COMPARE_BETTER;
    const bool within = d->low > -all->margin && d->high < all->margin;
    return within ? COMPARE_EQUAL : COMPARE_INCONCLUSIVE;
}

static enum err_code judge(struct policies *policies, size_t count, struct error *err)
{
    double p[POLICIES_MOST * (POLICIES_MOST - 1) / 2] = {0};
    for (size_t a = 0; a < policies->count; a++) {
        for (size_t b = a + 1; b < policies->count; b++) {
            struct policy_pair *pair = &policies->pairs[policies->pair_count];
            *pair = (struct policy_pair){.a = a, .b = b};
            pair->paired = paired_compare(policies->list[a].ends, policies->list[b].ends, count,
                                          policies->confidence);
            p[policies->pair_count++] = pair->paired.p;
        }
    }
    if (!holm_adjust(p, policies->pair_count, p))
        return error_set(err, ERR_NOMEM, "no memory to rank the runs");
    for (size_t i = 0; i < policies->count; i++) policies->list[i].rank = 1;
    for (size_t i = 0; i < policies->pair_count; i++) {
        struct policy_pair *pair = &policies->pairs[i];
        pair->adjusted = p[i];
        pair->verdict = verdict_of(pair, policies);
        policies->list[pair->b].rank += pair->verdict == COMPARE_WORSE;
        policies->list[pair->a].rank += pair->verdict == COMPARE_BETTER;
    }
    return ERR_OK;
}

static void note_health(struct policies *policies, const struct policy *policy)
{
    const struct health *health = &policy->results->all.health;
    if (health->valid) return;
    text_printf(&policies->invalid, "%s%s: %s", policies->invalid.length > 0 ? "; " : "",
                policy->label, health->why);
}

static enum err_code check_runs(struct policies *policies, const char *const *folders,
                                struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 0; code == ERR_OK && i < policies->count; i++) {
        const struct policy *policy = &policies->list[i];
        if (!is_open(policy->results))
            return error_set(err, ERR_USAGE,
                             "%s: a closed load has no arrivals to pair: policies are ranked by "
                             "runs with load.model arrivals",
                             folders[i]);
        if (i > 0) code = check_differences(policies, &policies->list[0], policy, err);
        note_health(policies, policy);
    }
    return code;
}

enum err_code policies_rank(const struct results *const *results, const char *const *folders,
                            size_t count, const struct compare_options *options,
                            struct policies *out, struct error *err)
{
    *out = (struct policies){.confidence = options->confidence, .margin = options->rate_margin};
    for (size_t i = 0; i < count; i++) {
        const char *slash = strrchr(folders[i], '/');
        struct policy *policy = &out->list[out->count++];
        *policy = (struct policy){.results = results[i]};
        policy->label = strdup(slash != NULL && slash[1] != '\0' ? slash + 1 : folders[i]);
        if (policy->label == NULL)
            return error_set(err, ERR_NOMEM, "no memory for %zu runs", count);
    }
    enum err_code code = check_runs(out, folders, err);
    if (options->anyway) text_clear(&out->not_comparable);
    if (code != ERR_OK || out->not_comparable.length > 0) return code;
    uint64_t arrivals = 0;
    for (size_t i = 0; i < count; i++) {
        const uint64_t due = arrivals_of(results[i]);
        if (due > arrivals) arrivals = due;
    }
    const size_t users = (size_t)arrivals * (is_each(results[0]) ? results[0]->region_count : 1);
    if (users == 0 || users > ARRIVALS_MOST)
        return error_set(err, ERR_USAGE, "%s: %zu arrivals are none to compare", folders[0], users);
    out->arrivals = users;
    for (size_t i = 0; code == ERR_OK && i < count; i++)
        code = read_ends(&out->list[i], folders[i], users, arrivals, err);
    if (code != ERR_OK) return code;
    qsort(out->list, out->count, sizeof *out->list, by_lost);
    return judge(out, users, err);
}

void policies_free(struct policies *policies)
{
    for (size_t i = 0; i < policies->count; i++) {
        free(policies->list[i].label);
        free(policies->list[i].ends);
    }
    text_free(&policies->not_comparable);
    text_free(&policies->invalid);
    *policies = (struct policies){0};
}
