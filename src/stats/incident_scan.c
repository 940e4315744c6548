#include "stats/incident_scan.h"

#include "stats/incident.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GAP_GAIN 4 /* nats beyond log(length) that a gap must explain: a likelihood ratio of 50 */
#define PASSES_MOST 12 /* removing stretches can uncover more, but rarely twice */

/* ---- stretches ---- */

bool stretches_add(struct stretches *stretches, struct stretch stretch)
{
    if (stretches->count == stretches->capacity) {
        size_t capacity = stretches->capacity > 0 ? 2 * stretches->capacity : 16;
        struct stretch *list = realloc(stretches->list, capacity * sizeof *list);
        if (list == NULL) return false;
        stretches->list = list;
        stretches->capacity = capacity;
    }
    stretches->list[stretches->count++] = stretch;
    return true;
}

void stretches_free(struct stretches *stretches)
{
    free(stretches->list);
    *stretches = (struct stretches){0};
}

/* ---- windows ---- */

/* 1, 2, 3, 4, 6, 8, 12, 16, ...: powers of two and the midpoints between them. */
static size_t next_length(size_t length)
{
    if (length < 3) return length + 1;
    bool power = (length & (length - 1)) == 0;
    return power ? length + length / 2 : length / 3 * 4;
}

static size_t step_of(size_t length)
{
    return length < 8 ? 1 : length / 4;
}

double scan_windows(size_t count)
{
    double windows = 0;
    for (size_t length = 1; length <= count / 2; length = next_length(length)) {
        size_t starts = (count - length) / step_of(length) + 1;
        windows += (double)starts;
    }
    return windows;
}

/* ---- one pass ---- */

/* What is left of a series: cumulative sums, without the stretches already taken. */
struct rest {
    const struct scan *scan;
    bool *taken;
    double *seen, *expected; /* before block i; count + 1 values */
    double extent_left, expected_left;
    size_t *taken_tree; /* Fenwick tree: how many blocks were taken in this pass */
    struct stretches windows;
};

static void rest_free(struct rest *rest)
{
    free(rest->taken);
    free(rest->seen);
    free(rest->expected);
    free(rest->taken_tree);
    stretches_free(&rest->windows);
}

static bool rest_start(struct rest *rest, const struct scan *scan)
{
    *rest = (struct rest){.scan = scan};
    rest->taken = calloc(scan->count + 1, sizeof *rest->taken);
    rest->seen = calloc(scan->count + 1, sizeof *rest->seen);
    rest->expected = calloc(scan->count + 1, sizeof *rest->expected);
    rest->taken_tree = calloc(scan->count + 1, sizeof *rest->taken_tree);
    for (size_t i = 0; i < scan->count; i++) {
        rest->extent_left += scan->extent[i];
        rest->expected_left += scan->expected[i];
    }
    return rest->taken != NULL && rest->seen != NULL && rest->expected != NULL &&
           rest->taken_tree != NULL;
}

static void cumulate(struct rest *rest)
{
    const struct scan *scan = rest->scan;
    for (size_t i = 0; i < scan->count; i++) {
        rest->seen[i + 1] = rest->seen[i] + (rest->taken[i] ? 0 : scan->seen[i]);
        rest->expected[i + 1] = rest->expected[i] + (rest->taken[i] ? 0 : scan->expected[i]);
    }
    memset(rest->taken_tree, 0, (scan->count + 1) * sizeof *rest->taken_tree);
}

static size_t taken_before(const struct rest *rest, size_t block)
{
    size_t sum = 0;
    for (size_t i = block; i > 0; i &= i - 1) sum += rest->taken_tree[i];
    return sum;
}

static void take(struct rest *rest, size_t from, size_t to)
{
    for (size_t block = from; block < to; block++) {
        if (rest->taken[block]) continue;
        rest->taken[block] = true;
        rest->extent_left -= rest->scan->extent[block];
        rest->expected_left -= rest->scan->expected[block];
        for (size_t i = block + 1; i <= rest->scan->count; i += i & -i) rest->taken_tree[i]++;
    }
}

/* The logarithm of the bound for x of t clusters in a window with the share w; 0 if it does not
 * stand out. */
static double log_bound(double x, double t, double w)
{
    if (!(x > 0) || !(w > 0) || !(w < 1) || x <= t * w) return 0;
    double out = t - x;
    double sum = x * log(x / (t * w));
    if (out > 0) sum += out * log(out / (t * (1 - w)));
    return -sum;
}

static bool stands_out(double x, double t, double w)
{
    return x >= INCIDENT_LEAST_ONSETS && x * (1 - w) >= INCIDENT_LEAST_RATIO * w * (t - x);
}

/* Adds all windows of this length that stand out, with their corrected probabilities. */
static bool windows_of_length(struct rest *rest, size_t length)
{
    const struct scan *scan = rest->scan;
    double all = rest->expected[scan->count];
    double t = rest->seen[scan->count] / scan->cluster;
    for (size_t start = 0; start + length <= scan->count; start += step_of(length)) {
        if (scan->piece[start] != scan->piece[start + length - 1]) continue;
        double x = (rest->seen[start + length] - rest->seen[start]) / scan->cluster;
        if (x < INCIDENT_LEAST_ONSETS) continue;
        double w = (rest->expected[start + length] - rest->expected[start]) / all;
        if (!stands_out(x, t, w)) continue;
        double log_p = log_bound(x, t, w) + log(scan->tests);
        if (log_p > log(INCIDENT_FALSE_ALARM)) continue;
        if (!stretches_add(&rest->windows, (struct stretch){start, length, log_p})) return false;
    }
    return true;
}

static int by_chance(const void *left, const void *right)
{
    const struct stretch *a = left;
    const struct stretch *b = right;
    if (a->log_p != b->log_p) return a->log_p < b->log_p ? -1 : 1;
    return a->start < b->start ? -1 : a->start > b->start;
}

/* ---- start and end ---- */

/* The weight of a block: its log likelihood ratio for the incident against the rest (Poisson). */
struct weights {
    double per_failure, per_expected;
};

static struct weights weights_of(const struct rest *rest, const struct stretch *window)
{
    const struct scan *scan = rest->scan;
    double in = 0;
    double in_expected = 0;
    for (size_t i = window->start; i < window->start + window->length; i++) {
        if (rest->taken[i]) continue;
        in += scan->extent[i];
        in_expected += scan->expected[i];
    }
    double rate_in = in / in_expected;
    /* Half a failure more, so that a rest without failures still has a rate. */
    double rate_out = (fmax(0, rest->extent_left - in) + 0.5) / (rest->expected_left - in_expected);
    /* A window found by onsets may hold few failures in excess. */
    double ratio = fmax(INCIDENT_LEAST_RATIO, rate_in / rate_out);
    return (struct weights){log(ratio), rate_out * (ratio - 1)};
}

static double weight_of(const struct scan *scan, const struct weights *weights, size_t i)
{
    return scan->extent[i] * weights->per_failure - scan->expected[i] * weights->per_expected;
}

/* The heaviest stretch within from..to (Bentley 1984), avoiding what was taken; its weight in
 * *most. With sign -1, the lightest. */
static struct stretch heaviest(const struct rest *rest, const struct weights *weights, size_t from,
                               size_t to, double sign, double *most)
{
    struct stretch best = {from, 0, 0};
    double sum = 0;
    size_t start = from;
    *most = 0;
    for (size_t i = from; i < to; i++) {
        if (!(sum > 0)) {
            sum = 0;
            start = i;
        }
        sum = rest->taken[i] ? -INFINITY : sum + sign * weight_of(rest->scan, weights, i);
        if (sum <= *most) continue;
        *most = sum;
        best.start = start;
        best.length = i + 1 - start;
    }
    return best;
}

/* Places start and end of a window within its neighbourhood, which grows while they touch its
 * edges, up to those of its piece of the run: what happened behind a gap is another matter. */
static struct stretch drawn(const struct rest *rest, const struct stretch *window)
{
    const size_t *piece = rest->scan->piece;
    struct weights weights = weights_of(rest, window);
    size_t first = window->start;
    size_t end = window->start + window->length;
    while (first > 0 && piece[first - 1] == piece[window->start]) first--;
    while (end < rest->scan->count && piece[end] == piece[window->start]) end++;
    size_t reach = window->length;
    for (;;) {
        size_t from = window->start > first + reach ? window->start - reach : first;
        size_t to = window->start + window->length + reach;
        if (to > end) to = end;
        double weight;
        struct stretch best = heaviest(rest, &weights, from, to, 1, &weight);
        if (best.length == 0) return *window;
        best.log_p = window->log_p;
        bool at_edge =
            (best.start == from && from > first) || (best.start + best.length == to && to < end);
        if (!at_edge) return best;
        reach *= 2;
    }
}

/* The logarithm of the corrected bound for a stretch's own failures; 0 if it does not stand out. */
static double log_p_of(const struct rest *rest, const struct stretch *stretch)
{
    const struct scan *scan = rest->scan;
    size_t end = stretch->start + stretch->length;
    double x = (rest->seen[end] - rest->seen[stretch->start]) / scan->cluster;
    double w = (rest->expected[end] - rest->expected[stretch->start]) / rest->expected[scan->count];
    double t = rest->seen[scan->count] / scan->cluster;
    return stands_out(x, t, w) ? log_bound(x, t, w) + log(scan->tests) : 0;
}

/*
 * Finds what lies between two incidents in a stretch: the sub-stretch that most favours the rate
 * outside. It separates them if it does so by more than picking the best of all sub-stretches
 * explains.
 */
static bool find_gap(const struct rest *rest, const struct stretch *stretch, struct stretch *gap)
{
    struct weights weights = weights_of(rest, stretch);
    double gain;
    size_t end = stretch->start + stretch->length;
    *gap = heaviest(rest, &weights, stretch->start, end, -1, &gain);
    return gain / rest->scan->cluster > GAP_GAIN + log((double)stretch->length) &&
           gap->start > stretch->start && gap->start + gap->length < end;
}

/* One side of a gap, with its own start and end. */
static struct stretch trimmed(const struct rest *rest, size_t from, size_t to)
{
    double weight;
    struct stretch all = {from, to - from, 0};
    struct weights weights = weights_of(rest, &all);
    struct stretch best = heaviest(rest, &weights, from, to, 1, &weight);
    return best.length > 0 ? best : all;
}

/* Splits the stretch placed around a window at its gaps, and takes the parts that stand out by
 * themselves; the window unchanged if none does. */
static bool take_parts(struct rest *rest, struct stretch whole, struct stretches *found)
{
    struct stretches parts = {0};
    size_t before = found->count;
    bool ok = stretches_add(&parts, whole);
    while (ok && parts.count > 0) {
        struct stretch part = parts.list[--parts.count];
        struct stretch gap;
        if (find_gap(rest, &part, &gap)) {
            size_t end = part.start + part.length;
            ok = stretches_add(&parts, trimmed(rest, part.start, gap.start)) &&
                 stretches_add(&parts, trimmed(rest, gap.start + gap.length, end));
            continue;
        }
        part.log_p = log_p_of(rest, &part);
        if (part.log_p <= log(INCIDENT_FALSE_ALARM)) ok = stretches_add(found, part);
    }
    if (ok && found->count == before) ok = stretches_add(found, whole);
    for (size_t i = before; i < found->count; i++)
        take(rest, found->list[i].start, found->list[i].start + found->list[i].length);
    stretches_free(&parts);
    return ok;
}

/* Whether the placed stretch overlaps the window; the heaviest stretch may lie beside it. */
static bool meets(const struct stretch *a, const struct stretch *b)
{
    return a->start < b->start + b->length && b->start < a->start + a->length;
}

/* Takes the most striking windows that do not overlap; *more: something was taken. */
static bool take_windows(struct rest *rest, struct stretches *found, bool *more)
{
    struct stretches *windows = &rest->windows;
    if (windows->count > 0) qsort(windows->list, windows->count, sizeof *windows->list, by_chance);
    for (size_t i = 0; i < windows->count; i++) {
        const struct stretch *window = &windows->list[i];
        size_t end = window->start + window->length;
        if (taken_before(rest, end) > taken_before(rest, window->start)) continue;
        struct stretch stretch = drawn(rest, window);
        if (!meets(&stretch, window)) stretch = *window;
        if (!take_parts(rest, stretch, found)) return false;
        *more = true;
    }
    windows->count = 0;
    return true;
}

bool scan_series(const struct scan *scan, struct stretches *found)
{
    struct rest rest;
    bool ok = rest_start(&rest, scan);
    bool more = true;
    for (int pass = 0; ok && more && pass < PASSES_MOST; pass++) {
        more = false;
        cumulate(&rest);
        if (!(rest.expected[scan->count] > 0)) break;
        for (size_t length = 1; ok && length <= scan->count / 2; length = next_length(length))
            ok = windows_of_length(&rest, length);
        ok = ok && take_windows(&rest, found, &more);
    }
    rest_free(&rest);
    return ok;
}
