#include "figures/losses.h"

#include "base/digits.h"
#include "figures/cells.h"
#include "figures/grouping.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Where run.json keeps a counter of intervals.csv. */
struct counted {
    const char *group, *key; /* group NULL: at the region itself */
    size_t offset;
};

#define AT(counter) offsetof(struct counters, counter)

static const struct counted counted[] = {
    {"attempts", "started", AT(attempts_started)},
    {"attempts", "ok", AT(attempts_ok)},
    {"attempts", "failed", AT(attempts_failed)},
    {"attempts", "cancelled", AT(attempts_cancelled)},
    {"sessions", "started", AT(sessions_started)},
    {"sessions", "opened", AT(sessions_opened)},
    {"sessions", "failed", AT(sessions_failed)},
    {"sessions", "ended", AT(sessions_ended)},
    {"interactions", "ok", AT(interactions_ok)},
    {"interactions", "failed", AT(interactions_failed)},
    {"tokens", "input", AT(input_tokens)},
    {"tokens", "output", AT(output_tokens)},
};

static const cJSON *member(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

/* "12 of the 1,000"; run.json may hold any number. */
static void put_of(struct text *notes, double now, double then)
{
    text_count(notes, (uint64_t)now);
    text_puts(notes, " of the ");
    if (then >= 0 && then < 1e18) {
        text_count(notes, (uint64_t)then);
    } else {
        text_printf(notes, "%.3g", then);
    }
}

/* Notes the difference if both are known and differ. */
static bool note_difference(struct text *notes, const char *region, const char *file,
                            const char *what, const cJSON *then, double now)
{
    double number = cJSON_GetNumberValue(then);
    if (!isfinite(number) || number == now) return false;
    text_printf(notes, "%s: %s has ", region, file);
    put_of(notes, now, number);
    text_printf(notes, " %s that run.json counted%s.\n", what,
                now < number ? ": the rest was lost" : "");
    return true;
}

static void note_counters(struct text *notes, const char *name, const cJSON *region,
                          const struct counters *now)
{
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++) {
        uint64_t count;
        char what[48];
        memcpy(&count, (const char *)now + counted[i].offset, sizeof count);
        (void)snprintf(what, sizeof what, "%s (%s)", counted[i].group, counted[i].key);
        const cJSON *then = member(member(region, counted[i].group), counted[i].key);
        if (note_difference(notes, name, "intervals.csv", what, then, (double)count)) return;
    }
}

static void note_latencies(struct text *notes, const char *name, const cJSON *region,
                           const struct report_cell *now)
{
    const cJSON *latencies = member(region, "latency_ms");
    for (int m = 0; m < METRIC_COUNT; m++) {
        char what[48];
        if (m == METRIC_INTERACTION && now->unanswered > 0) continue;
        (void)snprintf(what, sizeof what, "latencies (%s)", metric_name((enum metric)m));
        const cJSON *then = member(member(latencies, metric_name((enum metric)m)), "count");
        if (note_difference(notes, name, "latency.hlog", what, then, (double)now->latency[m].count))
            return;
    }
}

/* The records that failures.jsonl has of a region, and those that run.json counted; false if it
 * counted none. */
static bool count_records(const cJSON *region, const struct cell *now, double *have, double *then)
{
    static const char *const lists[] = {"failures", "lifecycle"};
    *have = *then = 0;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const cJSON *tally;
        cJSON_ArrayForEach(tally, member(region, lists[i]))
        {
            double count = cJSON_GetNumberValue(member(tally, "count"));
            if (isfinite(count)) *then += count;
        }
    }
    for (size_t i = 0; i < now->tally_count; i++) *have += (double)now->tallies[i].count;
    return member(region, "failures") != NULL;
}

static void note_failures(struct text *notes, const char *name, const cJSON *region,
                          const struct cell *now)
{
    double then;
    double have;
    if (!count_records(region, now, &have, &then) || then == have) return;
    text_printf(notes, "%s: failures.jsonl has ", name);
    put_of(notes, have, then);
    text_printf(notes, " records that run.json counted%s.\n",
                have < then ? ": the rest was lost" : "");
}

void losses_note(struct results *results)
{
    const cJSON *region;
    cJSON_ArrayForEach(region, member(results->manifest, "regions"))
    {
        const char *name = cJSON_GetStringValue(member(region, "name"));
        for (size_t r = 0; name != NULL && r < results->region_count; r++) {
            if (strcmp(results->regions[r], name) != 0) continue;
            const struct report_cell *now = results_region(results, r);
            note_counters(&results->notes, name, region, &now->cell.counters);
            note_latencies(&results->notes, name, region, now);
            note_failures(&results->notes, name, region, &now->cell);
        }
    }
}

bool losses_of_records(const struct results *results, size_t region, double *have, double *then)
{
    const struct cell *now = &results_region(results, region)->cell;
    const cJSON *item;
    cJSON_ArrayForEach(item, member(results->manifest, "regions"))
    {
        const char *name = cJSON_GetStringValue(member(item, "name"));
        if (name == NULL || strcmp(results->regions[region], name) != 0) continue;
        if (count_records(item, now, have, then) && *have < *then) return true;
    }
    return false;
}
