#include "stats/recovery.h"

#include "stats/recovery_find.h"

#include <math.h>
#include <stdlib.h>

#define TAIL_SECONDS DEPENDENCE_LEAST_SIDE_SECONDS /* without an incident, at the end */
#define NEARLY 0.99 /* of a time that is asked for: a run may end a moment early */
#define TILES_MOST 300000

const char *recovery_verdict_name(enum recovery_verdict verdict)
{
    static const char *const names[] = {"recovered", "not_yet", "relapsed", "too_early"};
    return names[verdict];
}

static double end_of(const struct time_block *block)
{
    return block->start + block->seconds;
}

/* ---- the parts ---- */

/* The blocks of a part that lie in no incident, and all of them. */
struct side {
    struct time_block *blocks;
    size_t count;
    struct cluster_sums chains;
    struct block_totals totals;
    /* incidents included; borrowed */
    const struct time_block *all;
    size_t all_count;
    struct cluster_sums all_chains;
};

static void add_block(struct block_totals *totals, const struct time_block *block)
{
    totals->seconds += block->seconds;
    totals->attempts += block->attempts;
    totals->failures += block->failures;
}

/* Which blocks make a part: those that begin in [from, to). */
struct cut {
    const struct recovery_series *series;
    bool elsewhere; /* they are of a baseline from elsewhere */
    double from, to;
};

static struct recovery_part part_of(const struct block_totals *all, const struct cluster_sums *sums,
                                    const struct side *side, double confidence)
{
    const struct block_totals *outside = &side->totals;
    return (struct recovery_part){
        .seconds = all->seconds,
        .attempts = all->attempts,
        .failures = all->failures,
        .rate = rate_in_sessions(all->failures, all->attempts, sums, confidence),
        .outside_seconds = outside->seconds,
        .outside_attempts = outside->attempts,
        .outside_failures = outside->failures,
        .outside =
            rate_in_sessions(outside->failures, outside->attempts, &side->chains, confidence)};
}

/* Sums up a part; `side` gets what lies outside of incidents; its blocks, which have room for all
 * of the series, may be NULL if they are not needed. */
static void sum_part(const struct cut *cut, const struct recovery_found *found, double confidence,
                     struct recovery_part *part, struct side *side)
{
    const struct recovery_series *series = cut->series;
    struct cluster_sums sums = {0};
    struct block_totals all = {0};
    double start = 0;
    double end = 0;
    size_t incidents = 0;
    bool was_struck = false;
    for (size_t i = 0; i < series->count; i++) {
        const struct time_block *block = &series->blocks[i];
        if (block->start < cut->from || block->start >= cut->to) continue;
        const bool struck = recovery_is_struck(found, cut->elsewhere, block->start);
        incidents += struck && !was_struck;
        was_struck = struck;
        if (side->all_count++ == 0) {
            side->all = block;
            start = block->start;
        }
        end = end_of(block);
        add_block(&all, block);
        if (series->chains != NULL) cluster_merge(&sums, &series->chains[i]);
        if (struck) continue;
        add_block(&side->totals, block);
        if (series->chains != NULL) cluster_merge(&side->chains, &series->chains[i]);
        if (side->blocks != NULL) side->blocks[side->count++] = *block;
    }
    side->all_chains = sums;
    *part = part_of(&all, &sums, side, confidence);
    part->start = start;
    part->end = end;
    part->incidents = incidents;
}

/* ---- the difference ---- */

/* Tests are of sides with these windows; they live as long as the side. */
struct tested {
    struct service_window window;
    struct service_side side;
};

static void test_side(const struct time_block *blocks, size_t count,
                      const struct cluster_sums *chains, double confidence, struct tested *out)
{
    struct block_totals totals = block_totals(blocks, count);
    double effect = cluster_design_effect(chains);
    out->window = (struct service_window){
        .estimate = rate_in_sessions(totals.failures, totals.attempts, chains, confidence),
        .design_effect = effect,
        .degrees = effect > 1 ? cluster_degrees(chains) : INFINITY};
    out->side = (struct service_side){.blocks = blocks, .count = count, .window = &out->window};
}

/* Since less baseline. */
static struct service_difference difference_of(const struct side *baseline,
                                               const struct time_block *since, size_t count,
                                               const struct cluster_sums *chains, double confidence)
{
    struct tested a;
    struct tested b;
    test_side(baseline->blocks, baseline->count, &baseline->chains, confidence, &a);
    test_side(since, count, chains, confidence, &b);
    return service_difference(&a.side, &b.side, confidence);
}

/* Of all that failed: which bursts a scan finds in two parts of different length is no ground for
 * telling them apart. */
static struct service_difference difference_of_all(const struct side *baseline,
                                                   const struct side *since, double confidence)
{
    struct tested a;
    struct tested b;
    test_side(baseline->all, baseline->all_count, &baseline->all_chains, confidence, &a);
    test_side(since->all, since->all_count, &since->all_chains, confidence, &b);
    return service_difference(&a.side, &b.side, confidence);
}

/* For a one-sided error of 1 - confidence. */
static double one_sided(double confidence)
{
    return 1 - 2 * (1 - confidence);
}

/* Whether it would be told if it went on like this until `growth` times as much was measured. */
static bool would_tell(const struct recovery_asked *asked, const struct side *baseline,
                       const struct side *since, double margin, double growth, bool *no_memory)
{
    const size_t each = since->count;
    const size_t count = (size_t)ceil((double)each * growth);
    if (each == 0 || count > TILES_MOST) return false;
    struct time_block *blocks = calloc(count, sizeof *blocks);
    struct cluster_sums chains = {0};
    if (blocks == NULL) {
        *no_memory = true;
        return false;
    }
    double span = end_of(&since->blocks[each - 1]) - since->blocks[0].start;
    for (size_t i = 0; i < count; i++) {
        const size_t round = i / each;
        blocks[i] = since->blocks[i - round * each];
        blocks[i].start += span * (double)round;
    }
    for (size_t i = 0; i < (size_t)growth; i++) cluster_merge(&chains, &since->chains);
    const struct service_difference d =
        difference_of(baseline, blocks, count, &chains, one_sided(asked->confidence));
    free(blocks);
    return service_within_margin(&d, margin);
}

/* Of further measuring; NaN: no length settles it. */
static double needed_of(const struct recovery_asked *asked, const struct side *baseline,
                        const struct side *since, double margin, bool *no_memory)
{
    static const double growths[] = {1.1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 16, 24};
    for (size_t i = 0; i < sizeof growths / sizeof *growths && !*no_memory; i++) {
        if (would_tell(asked, baseline, since, margin, growths[i], no_memory))
            return (growths[i] - 1) * since->totals.seconds;
    }
    return NAN;
}

/* ---- the verdict ---- */

static double share_of(double failures, double attempts)
{
    return attempts > 0 ? failures / attempts : 0;
}

static double length_of(const struct recovery_stretch *stretch)
{
    return stretch->end - stretch->start;
}

/* Whether the baseline, the blocks before `to`, had the like of it: as long, with two thirds of its
 * rate. */
static bool is_ordinary(const struct recovery_series *baseline, double to,
                        const struct recovery_stretch *one)
{
    const double rate = share_of(one->failures, one->attempts);
    struct block_totals sums = {0};
    size_t first = 0;
    for (size_t i = 0; i < baseline->count && baseline->blocks[i].start < to; i++) {
        const struct time_block *block = &baseline->blocks[i];
        add_block(&sums, block);
        for (; end_of(block) - baseline->blocks[first].start > 1.001 * length_of(one); first++) {
            sums.attempts -= baseline->blocks[first].attempts;
            sums.failures -= baseline->blocks[first].failures;
        }
        if (end_of(block) - baseline->blocks[first].start < NEARLY * length_of(one)) continue;
        if (share_of(sums.failures, sums.attempts) >= rate * 2 / 3) return true;
    }
    return false;
}

/* The first relapse, or else the last incident since; false: there is no incident since. */
static bool look_since(const struct recovery_asked *asked, const struct recovery_found *found,
                       double began, double ended, struct recovery *out, bool *relapsed)
{
    const struct recovery_part *incident = &out->incident;
    double base = out->baseline.outside.value;
    double half = base + (incident->rate.value - base) / 2;
    double lasting = fmin((incident->end - incident->start) / 2, RECOVERY_LASTING_SECONDS);
    const bool elsewhere = asked->baseline.count > 0;
    bool any = false;
    *relapsed = false;
    for (size_t i = found->of_baseline; i < found->count && !*relapsed; i++) {
        const struct recovery_stretch *one = &found->list[i];
        if (one->start < ended) continue;
        any = true;
        out->last = *one;
        *relapsed = share_of(one->failures, one->attempts) >= half && length_of(one) >= lasting &&
                    !is_ordinary(elsewhere ? &asked->baseline : &asked->run,
                                 elsewhere ? INFINITY : began, one);
    }
    return any;
}

static void say(struct recovery *out, enum recovery_verdict verdict, enum recovery_why why)
{
    out->verdict = verdict;
    out->why = why;
}

/* Whether incidents since keep it from being recovered: oftener or graver than before, or just
 * now. */
static bool incidents_weigh(struct recovery *out, double end)
{
    const struct recovery_part *before = &out->baseline;
    const struct recovery_part *since = &out->since;
    if (since->incidents == 0) return false;
    double quiet = end - out->last.end;
    bool oftener =
        (double)since->incidents * before->seconds > (double)before->incidents * since->seconds;
    /* A long one counts once, so what failed in all of them is looked at as well. */
    bool more = since->rate.value > before->rate.value + out->margin;
    if (!oftener && !more && quiet >= TAIL_SECONDS * NEARLY) return false;
    say(out, RECOVERY_TOO_EARLY, RECOVERY_INCIDENTS);
    if (more) return true;
    if (!oftener) out->needed_seconds = TAIL_SECONDS - quiet;
    if (oftener && before->incidents > 0)
        out->needed_seconds =
            fmax(TAIL_SECONDS - quiet,
                 (double)since->incidents * before->seconds / (double)before->incidents -
                     since->seconds);
    return true;
}

/* The part since against the baseline. False without memory. */
static bool weigh(const struct recovery_asked *asked, const struct side *baseline,
                  const struct side *since, double end, struct recovery *out)
{
    const double least = DEPENDENCE_LEAST_SIDE_SECONDS * NEARLY;
    bool no_memory = false;
    out->difference = difference_of(baseline, since->blocks, since->count, &since->chains,
                                    one_sided(asked->confidence));
    if (!(baseline->totals.attempts > 0) || baseline->totals.seconds < least) {
        say(out, RECOVERY_TOO_EARLY, RECOVERY_BASELINE);
        return true;
    }
    if (since->totals.seconds < least) {
        say(out, RECOVERY_TOO_EARLY, RECOVERY_BRIEF);
        out->needed_seconds = DEPENDENCE_LEAST_SIDE_SECONDS - since->totals.seconds;
        return true;
    }
    const struct service_difference surely =
        difference_of_all(baseline, since, 1 - (1 - asked->confidence) / (double)asked->tests);
    if (service_within_margin(&out->difference, out->margin)) {
        if (!incidents_weigh(out, end)) say(out, RECOVERY_RECOVERED, RECOVERY_WELL);
    } else if (service_verdict(&surely) == DIFFERENCE_WORSE) {
        say(out, RECOVERY_NOT_YET, RECOVERY_WORSE);
        out->difference = surely;
    } else {
        bool known = out->difference.dependence.why == DEPENDENCE_KNOWN;
        say(out, RECOVERY_TOO_EARLY, known ? RECOVERY_UNSURE : RECOVERY_DEPENDENCE);
        out->needed_seconds = needed_of(asked, baseline, since, out->margin, &no_memory);
    }
    return !no_memory;
}

/* Whether what came after the incident, as far as the scan can tell, shows that it has ended:
 * surely less than halfway back to what it was. */
static bool is_over(const struct recovery *out)
{
    double base = out->baseline.outside.value;
    double half = base + (out->incident.rate.value - base) / 2;
    return out->since.outside.valid && out->since.outside.high < half;
}

/* Fills the parts, then says what they come to. False without memory. */
static bool judge(const struct recovery_asked *asked, const struct recovery_found *found,
                  struct side *baseline, struct side *since, struct recovery *out)
{
    const struct recovery_series *run = &asked->run;
    bool elsewhere = asked->baseline.count > 0;
    const double began = found->began;
    const double ended = found->ended;
    double end = run->count > 0 ? end_of(&run->blocks[run->count - 1]) : 0;
    double before = isnan(began) ? asked->since : began;
    const struct cut cuts[] = {
        {elsewhere ? &asked->baseline : run, elsewhere, -INFINITY, elsewhere ? INFINITY : before},
        {run, false, began, ended},
        {run, false, ended, INFINITY},
    };
    struct side of_incident = {0};
    sum_part(&cuts[0], found, asked->confidence, &out->baseline, baseline);
    if (!isnan(began)) sum_part(&cuts[1], found, asked->confidence, &out->incident, &of_incident);
    sum_part(&cuts[2], found, asked->confidence, &out->since, since);
    double excess = out->incident.rate.value - out->baseline.outside.value;
    out->struck =
        out->incident.attempts > 0 &&
        (!out->baseline.outside.valid || out->incident.rate.low > out->baseline.outside.value);
    out->margin = asked->margin;
    if (out->struck && excess > 0)
        out->margin = fmin(asked->margin, RECOVERY_MOST_OF_EXCESS * excess);
    bool relapsed;
    bool again = look_since(asked, found, before, ended, out, &relapsed);
    if (out->struck && ended > asked->since && !is_over(out)) {
        say(out, RECOVERY_NOT_YET, RECOVERY_UNDER_WAY);
    } else if (out->struck && again && relapsed) {
        say(out, RECOVERY_RELAPSED, RECOVERY_AGAIN);
    } else if (!(out->since.attempts > 0)) {
        say(out, RECOVERY_TOO_EARLY, RECOVERY_NOTHING);
        out->needed_seconds = DEPENDENCE_LEAST_SIDE_SECONDS;
    } else {
        return weigh(asked, baseline, since, end, out);
    }
    return true;
}

/* An interval that `since` cuts belongs to the incident. */
static double whole_since(const struct recovery_asked *asked)
{
    for (size_t i = 0; i < asked->run.count; i++) {
        const struct time_block *block = &asked->run.blocks[i];
        if (block->start < asked->since && end_of(block) > asked->since) return end_of(block);
    }
    return asked->since;
}

bool recovery_judge(const struct recovery_asked *given, struct recovery *out)
{
    struct recovery_asked asked = *given;
    struct recovery_found found = {0};
    size_t of_baseline = asked.baseline.count > 0 ? asked.baseline.count : asked.run.count;
    struct side baseline = {.blocks = calloc(of_baseline + 1, sizeof *baseline.blocks)};
    struct side since = {.blocks = calloc(asked.run.count + 1, sizeof *since.blocks)};
    *out = (struct recovery){.needed_seconds = NAN,
                             .margin = asked.margin,
                             .difference.dependence.why = DEPENDENCE_NO_ATTEMPTS};
    asked.since = whole_since(given);
    bool ok = baseline.blocks != NULL && since.blocks != NULL && recovery_find(&asked, &found) &&
              judge(&asked, &found, &baseline, &since, out);
    free(found.list);
    free(baseline.blocks);
    free(since.blocks);
    return ok;
}
