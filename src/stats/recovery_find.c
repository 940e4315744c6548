#include "stats/recovery_find.h"

#include "stats/incident.h"

#include <math.h>
#include <stdlib.h>

#define MINUTE_SECONDS 60.0

static double end_of(const struct time_block *block)
{
    return block->start + block->seconds;
}

bool recovery_is_struck(const struct recovery_found *found, bool elsewhere, double start)
{
    size_t from = elsewhere ? 0 : found->of_baseline;
    size_t to = elsewhere ? found->of_baseline : found->count;
    for (size_t i = from; i < to; i++) {
        if (start >= found->list[i].start && start < found->list[i].end) return true;
    }
    return false;
}

/* The blocks that are scanned together. */
struct scan {
    struct incident_block *blocks;
    bool *after_gap;
    const struct time_block **of;
    size_t count;
    double longest;
};

static void scan_free(struct scan *scan)
{
    free(scan->blocks);
    free(scan->after_gap);
    free(scan->of);
}

static bool scan_open(struct scan *scan, size_t most)
{
    *scan = (struct scan){.blocks = calloc(most + 1, sizeof *scan->blocks),
                          .after_gap = calloc(most + 1, sizeof *scan->after_gap),
                          .of = calloc(most + 1, sizeof(struct time_block *))};
    return scan->blocks != NULL && scan->after_gap != NULL && scan->of != NULL;
}

/* Adds the blocks of a series that begin in [from, to), but for those in incidents (NULL: all). */
static void scan_add(struct scan *scan, const struct recovery_series *series, double from,
                     double to, const struct recovery_found *but, bool elsewhere)
{
    const struct time_block *before = NULL;
    for (size_t i = 0; i < series->count; i++) {
        const struct time_block *block = &series->blocks[i];
        if (block->start < from || block->start >= to) continue;
        if (but != NULL && recovery_is_struck(but, elsewhere, block->start)) continue;
        scan->after_gap[scan->count] =
            before == NULL ? scan->count > 0 : time_block_gap(before, block);
        scan->blocks[scan->count] = (struct incident_block){block->attempts, block->failures, 0};
        scan->of[scan->count++] = block;
        scan->longest = fmax(scan->longest, block->seconds);
        before = block;
    }
}

static void add_sums(struct cluster_sums *sums, const struct recovery_series *series)
{
    for (size_t i = 0; series->chains != NULL && i < series->count; i++)
        cluster_merge(sums, &series->chains[i]);
}

/* How many failures come with a failure. */
static double cluster_of(const struct recovery_asked *asked)
{
    struct cluster_sums sums = {0};
    add_sums(&sums, &asked->baseline);
    add_sums(&sums, &asked->run);
    return sums.x > 0 ? fmax(1, sums.xx / sums.x) : 1;
}

/* Appends the incidents that begin at block `first` of the scan or later, those before block
 * `of_run` as the baseline's. False without memory. */
static bool scan_find(const struct scan *scan, double cluster, size_t first, size_t of_run,
                      struct recovery_found *found)
{
    const struct incident_series series = {
        .blocks = scan->blocks, .cluster = cluster, .after_gap = scan->after_gap};
    const bool brief = scan->longest > 0 && scan->longest < MINUTE_SECONDS;
    struct incidents incidents = {0};
    bool ok = incidents_find(&series, 1, scan->count,
                             brief ? (size_t)(MINUTE_SECONDS / scan->longest) : 1, &incidents);
    struct recovery_stretch *list =
        ok ? realloc(found->list, (found->count + incidents.count + 1) * sizeof *list) : NULL;
    ok = list != NULL;
    if (ok) found->list = list;
    for (size_t i = 0; ok && i < incidents.count; i++) {
        const struct incident *incident = &incidents.list[i];
        if (incident->start < first) continue;
        found->of_baseline += incident->start < of_run;
        found->list[found->count++] = (struct recovery_stretch){
            .start = scan->of[incident->start]->start,
            .end = end_of(scan->of[incident->start + incident->length - 1]),
            .attempts = incident->attempts,
            .failures = incident->failed};
    }
    incidents_free(&incidents);
    return ok;
}

/* The incidents before `since`, found among the blocks that begin before `to`. */
static bool find_before(const struct recovery_asked *asked, double to, struct recovery_found *found)
{
    struct scan scan;
    bool ok = scan_open(&scan, asked->baseline.count + asked->run.count);
    if (ok) {
        scan_add(&scan, &asked->baseline, -INFINITY, INFINITY, NULL, true);
        const size_t first = scan.count;
        scan_add(&scan, &asked->run, -INFINITY, to, NULL, false);
        ok = scan_find(&scan, cluster_of(asked), 0, first, found);
    }
    scan_free(&scan);
    while (found->count > found->of_baseline && found->list[found->count - 1].start >= asked->since)
        found->count--;
    if (found->count > found->of_baseline)
        found->list[found->count - 1].end = fmin(found->list[found->count - 1].end, asked->since);
    return ok;
}

/* Of what was before `since` alone, and if that shows none with what came after: of a time that was
 * mostly bad nothing stands out. */
static bool find_incident(const struct recovery_asked *asked, struct recovery_found *found)
{
    if (!find_before(asked, asked->since, found)) return false;
    if (found->count > found->of_baseline) return true;
    found->count = found->of_baseline = 0;
    return find_before(asked, INFINITY, found);
}

/* What there is since, held against the baseline outside of its incidents alone: a service that is
 * better than before must not make an incident of all that was before. */
static bool find_since(const struct recovery_asked *asked, double began,
                       struct recovery_found *found)
{
    struct scan scan;
    const bool elsewhere = asked->baseline.count > 0;
    bool ok = scan_open(&scan, asked->baseline.count + asked->run.count);
    if (ok) {
        scan_add(&scan, elsewhere ? &asked->baseline : &asked->run, -INFINITY,
                 elsewhere ? INFINITY : began, found, elsewhere);
        const size_t first = scan.count;
        scan_add(&scan, &asked->run, asked->since, INFINITY, NULL, false);
        ok = scan_find(&scan, cluster_of(asked), first, 0, found);
    }
    scan_free(&scan);
    return ok;
}

/* Whether a stretch belongs to the incident so far away from it: right beside it, or long enough
 * not to be a burst of its own. */
static bool belongs(const struct recovery_stretch *one, double away, double incident_seconds)
{
    const double lasting = fmin(incident_seconds / 2, RECOVERY_LASTING_SECONDS);
    return away <= MINUTE_SECONDS ||
           (away < RECOVERY_QUIET_SECONDS && one->end - one->start >= lasting);
}

/* When the incident began: the gravest one before `since`, with its neighbours. NaN: none. */
static double began_of(const struct recovery_asked *asked, const struct recovery_found *found)
{
    if (!isnan(asked->began)) return asked->began;
    size_t gravest = found->count;
    for (size_t i = found->of_baseline; i < found->count; i++) {
        if (found->list[i].start >= asked->since) break;
        if (gravest == found->count || found->list[i].failures > found->list[gravest].failures)
            gravest = i;
    }
    if (gravest == found->count)
        return asked->baseline.count > 0 && asked->run.count > 0 ? asked->run.blocks[0].start : NAN;
    const struct recovery_stretch *incident = &found->list[gravest];
    double began = incident->start;
    for (size_t i = gravest; i-- > found->of_baseline;) {
        const struct recovery_stretch *one = &found->list[i];
        if (began - one->end >= RECOVERY_QUIET_SECONDS) break;
        if (belongs(one, began - one->end, incident->end - incident->start)) began = one->start;
    }
    return began;
}

/* When it ended: at `since`, or later if it went on. */
static double ended_of(const struct recovery_asked *asked, const struct recovery_found *found)
{
    double end = asked->since;
    for (size_t i = found->of_baseline; i < found->count; i++) {
        const struct recovery_stretch *one = &found->list[i];
        if (one->end <= end) continue;
        if (one->start - end >= RECOVERY_QUIET_SECONDS) break;
        if (belongs(one, one->start - end, asked->since - found->began)) end = one->end;
    }
    return end;
}

/* How much of the incident's excess makes a stretch an incident here. */
#define LEAST_OF_EXCESS 0.25

static bool is_in(const struct time_block *block, double from, double to)
{
    return block->start >= from && block->start < to;
}

/* The rate from which on a stretch is one: a quarter of the way from what was outside of all that
 * was found to the incident. Less is left to the difference of the rates. */
static double least_rate(const struct recovery_asked *asked, const struct recovery_found *found)
{
    const bool elsewhere = asked->baseline.count > 0;
    const struct recovery_series *baseline = elsewhere ? &asked->baseline : &asked->run;
    struct block_totals quiet = {0};
    struct block_totals bad = {0};
    for (size_t i = 0; i < baseline->count; i++) {
        const struct time_block *block = &baseline->blocks[i];
        if (!elsewhere && block->start >= found->began) break;
        if (recovery_is_struck(found, elsewhere, block->start)) continue;
        quiet.attempts += block->attempts;
        quiet.failures += block->failures;
    }
    for (size_t i = 0; i < asked->run.count; i++) {
        if (!is_in(&asked->run.blocks[i], found->began, asked->since)) continue;
        bad.attempts += asked->run.blocks[i].attempts;
        bad.failures += asked->run.blocks[i].failures;
    }
    if (!(quiet.attempts > 0) || !(bad.attempts > 0)) return 0;
    const double base = quiet.failures / quiet.attempts;
    return base + LEAST_OF_EXCESS * (bad.failures / bad.attempts - base);
}

/* Forgets what is less, but for the incident itself. */
static void drop_mild(const struct recovery_asked *asked, double least,
                      struct recovery_found *found)
{
    size_t kept = 0;
    size_t of_baseline = 0;
    for (size_t i = 0; i < found->count; i++) {
        const struct recovery_stretch *one = &found->list[i];
        const bool itself =
            i >= found->of_baseline && one->start >= found->began && one->start < asked->since;
        if (!itself && one->failures < least * one->attempts) continue;
        of_baseline += i < found->of_baseline;
        found->list[kept++] = *one;
    }
    found->count = kept;
    found->of_baseline = of_baseline;
}

bool recovery_find(const struct recovery_asked *asked, struct recovery_found *found)
{
    *found = (struct recovery_found){0};
    if (!find_incident(asked, found)) return false;
    found->began = began_of(asked, found);
    const bool named = !isnan(found->began);
    const double least = named ? least_rate(asked, found) : 0;
    drop_mild(asked, least, found);
    if (!find_since(asked, named ? found->began : asked->since, found)) return false;
    drop_mild(asked, least, found);
    found->ended = ended_of(asked, found);
    return true;
}
