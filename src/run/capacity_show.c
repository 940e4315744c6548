#include "run/capacity_private.h"

#include "base/digits.h"
#include "base/units.h"
#include "report/format.h"
#include "report/table.h"

#include <math.h>

void capacity_level(enum load_model model, double level, struct text *out)
{
    if (model == LOAD_SESSIONS) {
        text_printf(out, "%.0f session%s", level, level == 1 ? "" : "s");
    } else {
        text_printf(out, "%.4g/m", 60 * level);
    }
}

static double shown(const struct capacity *capacity, double level)
{
    return capacity->model == LOAD_SESSIONS ? level : 60 * level;
}

static const char *unit_of(const struct capacity *capacity)
{
    return capacity->model == LOAD_SESSIONS ? "sessions" : "arrivals_per_minute";
}

/* ---- words ---- */

static void put_use(const struct limiter_facts *facts, struct text *out)
{
    const struct {
        const char *what;
        double use, limit;
    } parts[] = {{"requests", facts->rpm, facts->rpm_limit},
                 {"tokens", facts->tpm, facts->tpm_limit}};
    for (size_t i = 0; i < 2; i++) {
        if (parts[i].limit <= 0) continue;
        text_puts(out, i == 0 ? " (" : ", ");
        text_count(out, (uint64_t)(parts[i].use + 0.5));
        text_puts(out, " of ");
        text_count(out, (uint64_t)parts[i].limit);
        text_printf(out, " %s a minute", parts[i].what);
    }
    if (facts->rpm_limit > 0) text_puts(out, ")");
}

/* What ended it, as a clause. */
static void put_limiter(const struct capacity_region *region, struct text *out)
{
    switch (region->limiter) {
    case LIMITER_QUOTA_RPM:
        text_puts(out, "refused for its quota of requests");
        put_use(&region->facts, out);
        break;
    case LIMITER_QUOTA_TPM:
        text_puts(out, "refused for its quota of tokens");
        put_use(&region->facts, out);
        break;
    case LIMITER_CONCURRENCY:
        text_puts(out, "refused for a quota that is neither of requests nor of tokens a minute, so "
                       "probably of sessions at once");
        put_use(&region->facts, out);
        break;
    case LIMITER_LATENCY:
        text_puts(out, "answered too slowly");
        break;
    case LIMITER_FAILURES:
        text_puts(out, region->facts.refused > region->facts.failed
                           ? "refused for a quota, which one cannot be told"
                           : "failed by the service: more quota would not help");
        break;
    case LIMITER_OWN_MACHINE:
        text_printf(out, "this machine cannot drive it: %s", region->why);
        break;
    case LIMITER_BUDGET:
        text_puts(out, "the budget is used up");
        break;
    case LIMITER_NONE:
        text_puts(out, "no limit was reached");
        break;
    }
}

static void put_region(const struct capacity *capacity, const struct capacity_region *region,
                       struct text *out)
{
    const struct search *search = &region->search;
    text_printf(out, "%s: ", region->name);
    if (search->proven > 0) {
        text_puts(out, "meets the objectives at ");
        capacity_level(capacity->model, search->proven, out);
    } else {
        text_puts(out, "no level is proven to meet the objectives");
    }
    if (isfinite(search->refuted)) {
        text_puts(out, ", does not at ");
        capacity_level(capacity->model, search->refuted, out);
    }
    text_puts(out, "; ");
    switch (search->end) {
    case SEARCH_UNDECIDED:
        text_puts(out, "above that the bad share is too near its limit to tell");
        break;
    case SEARCH_UNSTABLE:
        text_puts(out, "its proofs contradict each other: it changed meanwhile, measure again");
        break;
    case SEARCH_AT_MOST:
        text_puts(out, "that was the highest level to drive (--up-to)");
        break;
    case SEARCH_UNFINISHED:
        if (capacity->end != CAPACITY_BUDGET)
            text_puts(out, "the search was stopped before its end");
        else
            put_limiter(region, out);
        break;
    case SEARCH_BRACKETED:
    case SEARCH_BLOCKED:
    case SEARCH_ALL_BAD:
        put_limiter(region, out);
        break;
    }
    text_puts(out, "\n");
}

static void put_question(const struct capacity *capacity, struct text *out)
{
    text_printf(out, "capacity of %s in %s, where", capacity->profile->name,
                capacity->model == LOAD_SESSIONS ? "sessions kept busy"
                                                 : "session arrivals a minute");
    for (size_t i = 0; i < capacity->objective_count; i++)
        text_printf(out, "%s %s", i == 0 ? "" : " and", capacity->objectives[i].expression);
    text_puts(out, "\n");
}

static void put_rows(const struct capacity *capacity, struct table *table)
{
    for (size_t i = 0; i < capacity->region_count; i++) {
        const struct capacity_region *region = &capacity->regions[i];
        table_put(table, region->name);
        if (region->search.proven > 0)
            capacity_level(capacity->model, region->search.proven, table_cell(table));
        else
            text_puts(table_cell(table), "-");
        table_next(table);
        if (isfinite(region->search.refuted))
            capacity_level(capacity->model, region->search.refuted, table_cell(table));
        else
            text_puts(table_cell(table), "-");
        table_next(table);
        text_count(table_cell(table), region->attempts);
        table_next(table);
        text_printf(table_cell(table), "%.1f", region->minutes);
        table_next(table);
        if (region->unpriced)
            text_puts(table_cell(table), "no price");
        else
            format_usd(table_cell(table), region->cost_usd);
        table_next(table);
        table_put(table, limiter_name(region->limiter));
    }
}

/* Sums of what is proven, where every region has a proof. */
struct pool {
    double low, high; /* 0, infinite: not known */
};

static struct pool pool_of(const struct capacity *capacity)
{
    struct pool pool = {0, 0};
    bool all = true;
    for (size_t i = 0; i < capacity->region_count; i++) {
        const struct search *search = &capacity->regions[i].search;
        all &= search->proven > 0 && search->end != SEARCH_UNSTABLE;
        pool.low += search->proven;
        pool.high += search->refuted;
    }
    if (!all) pool.low = 0;
    return pool;
}

static void put_pool(const struct capacity *capacity, struct text *out)
{
    const struct pool pool = pool_of(capacity);
    if (capacity->region_count < 2 || pool.low <= 0) return;
    text_puts(out, "together: ");
    capacity_level(capacity->model, pool.low, out);
    text_puts(out, ", the sum of regions that were measured one after the other: a limit that they "
                   "share would not show\n");
}

void capacity_text(const struct capacity *capacity, bool colour, struct text *out)
{
    struct table table = {0};
    put_question(capacity, out);
    table_column(&table, "region", true);
    table_column(&table, "meets", false);
    table_column(&table, "does not", false);
    table_column(&table, "attempts", false);
    table_column(&table, "minutes", false);
    table_column(&table, "cost", false);
    table_column(&table, "limited by", true);
    put_rows(capacity, &table);
    text_puts(out, "\n");
    table_draw(&table, 0, colour, out);
    table_free(&table);
    text_puts(out, "\n");
    for (size_t i = 0; i < capacity->region_count; i++)
        put_region(capacity, &capacity->regions[i], out);
    put_pool(capacity, out);
    text_printf(out,
                "Both ends of all brackets hold together at %.4g%% confidence, for the service as "
                "it was then\nand a load that is steady; the objectives are of a session's mean "
                "share, without retries.\n",
                100 * capacity->options->confidence);
    if (capacity->options->run.simulate)
        text_puts(out, "Simulated: this says nothing about a real service.\n");
    capacity_target_text(capacity, out);
    text_printf(out, "\nsearch folder  %s\n", text_str(&capacity->folder));
}

/* ---- before ---- */

void capacity_plan_text(const struct capacity *capacity, struct text *out)
{
    put_question(capacity, out);
    for (size_t i = 0; i < capacity->region_count; i++) {
        const struct capacity_region *region = &capacity->regions[i];
        struct search first = region->search;
        first.phase = SEARCH_PROVE;
        first.proofs = 1;
        text_printf(out, "%s: begins at ", region->name);
        capacity_level(capacity->model, first.level, out);
        text_puts(out, "; a session is expected to last ");
        text_duration(out, (int64_t)(region->stay_s * 1e9));
        text_puts(out, ", of each level ");
        text_duration(out, capacity_settle_ns(capacity, region));
        text_printf(out,
                    " are left out at both ends\n  a screening takes at least %llu good sessions, "
                    "a proof %llu "
                    "and ",
                    (unsigned long long)search_fewest(&region->search),
                    (unsigned long long)search_fewest(&first));
        text_duration(out, capacity->options->sustain_ns);
        text_puts(out, "\n");
    }
    text_puts(out, "Usually 6 to 12 levels are screened and 2 to 4 proven; nothing is sent "
                   "(--dry-run)\n");
    capacity_target_text(capacity, out);
}

/* ---- JSON ---- */

static void add_number(cJSON *object, const char *key, double value, bool known)
{
    if (known)
        (void)cJSON_AddNumberToObject(object, key, value);
    else
        (void)cJSON_AddNullToObject(object, key);
}

static cJSON *region_json(const struct capacity *capacity, const struct capacity_region *region)
{
    static const char *const ends[] = {
        [SEARCH_UNFINISHED] = "unfinished", [SEARCH_BRACKETED] = "bracketed",
        [SEARCH_AT_MOST] = "at_most",       [SEARCH_BLOCKED] = "blocked",
        [SEARCH_UNDECIDED] = "undecided",   [SEARCH_ALL_BAD] = "all_bad",
        [SEARCH_UNSTABLE] = "unstable"};
    const struct search *search = &region->search;
    struct text why = {0};
    cJSON *object = cJSON_CreateObject();
    put_limiter(region, &why);
    (void)cJSON_AddStringToObject(object, "name", region->name);
    (void)cJSON_AddStringToObject(object, "unit", unit_of(capacity));
    add_number(object, "low", shown(capacity, search->proven), search->proven > 0);
    add_number(object, "high", shown(capacity, search->refuted), isfinite(search->refuted));
    (void)cJSON_AddNumberToObject(object, "confidence", capacity->options->confidence);
    (void)cJSON_AddStringToObject(object, "end", ends[search->end]);
    (void)cJSON_AddStringToObject(object, "limited_by", limiter_name(region->limiter));
    (void)cJSON_AddStringToObject(object, "why", text_str(&why));
    (void)cJSON_AddNumberToObject(object, "attempts", (double)region->attempts);
    (void)cJSON_AddNumberToObject(object, "minutes", region->minutes);
    add_number(object, "cost_usd", region->cost_usd, !region->unpriced);
    text_free(&why);
    return object;
}

cJSON *capacity_result(const struct capacity *capacity)
{
    const struct pool pool = pool_of(capacity);
    cJSON *root = cJSON_CreateObject();
    cJSON *objectives = cJSON_AddArrayToObject(root, "objectives");
    for (size_t i = 0; i < capacity->objective_count; i++)
        (void)cJSON_AddItemToArray(objectives,
                                   cJSON_CreateString(capacity->objectives[i].expression));
    (void)cJSON_AddStringToObject(root, "folder", text_str(&capacity->folder));
    (void)cJSON_AddBoolToObject(root, "simulated", capacity->options->run.simulate);
    cJSON *regions = cJSON_AddArrayToObject(root, "regions");
    for (size_t i = 0; i < capacity->region_count; i++)
        (void)cJSON_AddItemToArray(regions, region_json(capacity, &capacity->regions[i]));
    cJSON *pooled = cJSON_AddObjectToObject(root, "pooled");
    (void)cJSON_AddStringToObject(pooled, "unit", unit_of(capacity));
    add_number(pooled, "low", shown(capacity, pool.low), pool.low > 0);
    add_number(pooled, "high", shown(capacity, pool.high), isfinite(pool.high));
    (void)cJSON_AddNumberToObject(pooled, "confidence", capacity->options->confidence);
    (void)cJSON_AddBoolToObject(pooled, "measured_together", false);
    capacity_target_json(capacity, root);
    return root;
}

void capacity_json(const struct capacity *capacity, struct text *out)
{
    cJSON *root = capacity_result(capacity);
    char *json = cJSON_Print(root);
    if (json != NULL) text_printf(out, "%s\n", json);
    cJSON_free(json);
    cJSON_Delete(root);
}
