#include "stats/incident.h"

#include "stats/incident_scan.h"
#include "stats/incident_search.h"

#include <math.h>
#include <stdlib.h>

#define UNLIKE_MOST                                                                                \
    8 /* ratio of lengths from which they are two incidents, not one that struck
                         both */

static bool search_start(struct incident_search *search)
{
    size_t count = search->count;
    search->seen = calloc(count + 1, sizeof *search->seen);
    search->expected = calloc(count + 1, sizeof *search->expected);
    search->extent = calloc(count + 1, sizeof *search->extent);
    search->owner = calloc(search->region_count * count + 1, sizeof *search->owner);
    search->piece = calloc(count + 1, sizeof *search->piece);
    return search->piece != NULL && search->seen != NULL && search->expected != NULL &&
           search->extent != NULL && search->owner != NULL;
}

static void search_free(struct incident_search *search)
{
    free(search->seen);
    free(search->expected);
    free(search->extent);
    free(search->pieces);
    free(search->piece);
    free(search->owner);
}

static void number_pieces(struct incident_search *search)
{
    const bool *after_gap = search->region_count > 0 ? search->series[0].after_gap : NULL;
    for (size_t i = 1; after_gap != NULL && i < search->count; i++)
        search->piece[i] = search->piece[i - 1] + after_gap[i];
}

/* ---- the series ---- */

/* Adds a region to the current series. */
static void add_region(struct incident_search *search, size_t region, bool onsets)
{
    const struct incident_series *series = &search->series[region];
    struct incident_block all = incident_sum(series, 0, search->count);
    if (!(all.attempts > 0)) return;
    double rate = (onsets ? all.onsets : all.failed) / all.attempts;
    for (size_t i = 0; i < search->count; i++) {
        const struct incident_block *block = &series->blocks[i];
        search->seen[i] += onsets ? block->onsets : block->failed;
        search->extent[i] += block->failed;
        search->expected[i] += block->attempts * rate;
    }
}

/* The cluster size of the failures of regions from..to, weighted by failures. */
static double cluster_of(const struct incident_search *search, size_t from, size_t to)
{
    double sum = 0;
    double failed = 0;
    for (size_t r = from; r < to; r++) {
        double x = incident_sum(&search->series[r], 0, search->count).failed;
        sum += x * fmax(1, search->series[r].cluster);
        failed += x;
    }
    return failed > 0 ? sum / failed : 1;
}

static bool have_onsets(const struct incident_search *search, size_t from, size_t to)
{
    for (size_t r = from; r < to; r++) {
        if (!search->series[r].has_onsets) return false;
    }
    return true;
}

static bool add_piece(struct incident_search *search, size_t region, const struct stretch *stretch)
{
    if (search->piece_count == search->piece_capacity) {
        size_t capacity = search->piece_capacity > 0 ? 2 * search->piece_capacity : 16;
        struct incident_piece *pieces = realloc(search->pieces, capacity * sizeof *pieces);
        if (pieces == NULL) return false;
        search->pieces = pieces;
        search->piece_capacity = capacity;
    }
    search->pieces[search->piece_count++] = (struct incident_piece){
        region, stretch->start, stretch->start + stretch->length, stretch->log_p};
    return true;
}

/* Scans regions from..to as one series. */
static bool scan_regions(struct incident_search *search, size_t from, size_t to, bool onsets)
{
    struct stretches found = {0};
    for (size_t i = 0; i < search->count; i++)
        search->seen[i] = search->expected[i] = search->extent[i] = 0;
    for (size_t r = from; r < to; r++) add_region(search, r, onsets);
    const struct scan scan = {search->seen,   search->expected,
                              search->extent, search->piece,
                              search->count,  onsets ? 1 : cluster_of(search, from, to),
                              search->tests};
    bool ok = scan_series(&scan, &found);
    size_t region = to - from == 1 ? from : search->region_count;
    for (size_t i = 0; ok && i < found.count; i++) ok = add_piece(search, region, &found.list[i]);
    stretches_free(&found);
    return ok;
}

static bool scan_both_ways(struct incident_search *search, size_t from, size_t to)
{
    if (have_onsets(search, from, to) && !scan_regions(search, from, to, true)) return false;
    return scan_regions(search, from, to, false);
}

static bool scan_all(struct incident_search *search)
{
    double windows = scan_windows(search->count);
    size_t regions = search->region_count;
    for (size_t r = 0; r < regions; r++)
        search->tests += windows * (1 + have_onsets(search, r, r + 1));
    if (regions > 1) search->tests += windows * (1 + have_onsets(search, 0, regions));
    bool ok = true;
    for (size_t r = 0; ok && r < regions; r++) ok = scan_both_ways(search, r, r + 1);
    if (ok && regions > 1) ok = scan_both_ways(search, 0, regions);
    search->out->tested = search->tests;
    return ok;
}

/* ---- from stretches to incidents ---- */

static int by_region_and_start(const void *left, const void *right)
{
    const struct incident_piece *a = left;
    const struct incident_piece *b = right;
    if (a->region != b->region) return a->region < b->region ? -1 : 1;
    if (a->start != b->start) return a->start < b->start ? -1 : 1;
    return a->end < b->end ? -1 : a->end > b->end;
}

static int by_start(const void *left, const void *right)
{
    const struct incident_piece *a = left;
    const struct incident_piece *b = right;
    if (a->start != b->start) return a->start < b->start ? -1 : 1;
    if (a->end != b->end) return a->end < b->end ? -1 : 1;
    return a->region < b->region ? -1 : a->region > b->region;
}

/* Joins stretches of one region that touch, or lie within a minute of each other, with no gap in
 * between. */
static void join_pieces(struct incident_search *search)
{
    size_t kept = 0;
    if (search->piece_count > 1)
        qsort(search->pieces, search->piece_count, sizeof *search->pieces, by_region_and_start);
    for (size_t i = 0; i < search->piece_count; i++) {
        struct incident_piece *piece = &search->pieces[i];
        struct incident_piece *last = kept > 0 ? &search->pieces[kept - 1] : NULL;
        bool same = last != NULL && last->region == piece->region &&
                    search->piece[piece->start] == search->piece[last->start] &&
                    piece->start <= last->end + search->minute;
        if (!same) {
            search->pieces[kept++] = *piece;
            continue;
        }
        if (piece->end > last->end) last->end = piece->end;
        last->log_p = fmin(last->log_p, piece->log_p);
    }
    search->piece_count = kept;
}

/* All regions together only matter where none of them stands out by itself. */
static void drop_known(struct incident_search *search)
{
    double *known = search->extent;
    size_t kept = 0;
    for (size_t i = 0; i < search->count; i++) known[i] = 0;
    for (size_t i = 0; i < search->piece_count; i++) {
        const struct incident_piece *piece = &search->pieces[i];
        if (piece->region == search->region_count) continue;
        for (size_t k = piece->start; k < piece->end; k++) known[k] = 1;
    }
    for (size_t i = 0; i < search->piece_count; i++) {
        struct incident_piece piece = search->pieces[i];
        bool drop = false;
        for (size_t k = piece.start; k < piece.end && piece.region == search->region_count; k++)
            drop = drop || known[k] > 0;
        if (!drop) search->pieces[kept++] = piece;
    }
    search->piece_count = kept;
}

static struct incident *add_incident(struct incidents *out, const struct incident_piece *piece)
{
    if (out->count == out->capacity) {
        size_t capacity = out->capacity > 0 ? 2 * out->capacity : 16;
        struct incident *list = realloc(out->list, capacity * sizeof *list);
        if (list == NULL) return NULL;
        out->list = list;
        out->capacity = capacity;
    }
    struct incident *incident = &out->list[out->count++];
    *incident = (struct incident){
        .start = piece->start, .length = piece->end - piece->start, .log_p = piece->log_p};
    return incident;
}

/* Whether a stretch is part of an incident: at least half of the shorter one lies in the longer. */
static bool belongs(const struct incident *incident, const struct incident_piece *piece)
{
    size_t end = incident->start + incident->length;
    size_t from = piece->start > incident->start ? piece->start : incident->start;
    size_t to = piece->end < end ? piece->end : end;
    size_t length = piece->end - piece->start;
    size_t shorter = length < incident->length ? length : incident->length;
    size_t longer = length < incident->length ? incident->length : length;
    return to > from && 2 * (to - from) >= shorter && longer <= UNLIKE_MOST * shorter;
}

static void own(struct incident_search *search, size_t region, size_t start, size_t end,
                size_t incident)
{
    if (region == search->region_count) return;
    size_t *owner = search->owner + region * search->count;
    for (size_t i = start; i < end; i++) owner[i] = incident + 1;
}

static bool unite(struct incident_search *search)
{
    struct incidents *out = search->out;
    size_t open = 0; /* incidents before it end before any later stretch */
    if (search->piece_count > 1)
        qsort(search->pieces, search->piece_count, sizeof *search->pieces, by_start);
    for (size_t i = 0; i < search->piece_count; i++) {
        const struct incident_piece *piece = &search->pieces[i];
        while (open < out->count && out->list[open].start + out->list[open].length <= piece->start)
            open++;
        size_t k = open;
        while (k < out->count && !belongs(&out->list[k], piece)) k++;
        if (k == out->count && add_incident(out, piece) == NULL) return false;
        struct incident *incident = &out->list[k];
        size_t end = incident->start + incident->length;
        if (piece->end > end) incident->length = piece->end - incident->start;
        incident->log_p = fmin(incident->log_p, piece->log_p);
        own(search, piece->region, piece->start, piece->end, k);
    }
    return true;
}

bool incidents_find(const struct incident_series *series, size_t region_count, size_t count,
                    size_t minute, struct incidents *out)
{
    struct incident_search search = {.series = series,
                                     .region_count = region_count,
                                     .count = count,
                                     .minute = minute > 0 ? minute : 1,
                                     .out = out};
    *out = (struct incidents){.region_count = region_count};
    out->outside = calloc(region_count + 1, sizeof *out->outside);
    bool ok = out->outside != NULL && search_start(&search);
    if (ok) number_pieces(&search);
    ok = ok && scan_all(&search);
    if (ok) {
        join_pieces(&search);
        drop_known(&search);
        ok = unite(&search) && incident_effects(&search);
    }
    search_free(&search);
    if (!ok) incidents_free(out);
    return ok;
}

void incidents_free(struct incidents *incidents)
{
    for (size_t i = 0; i < incidents->count; i++) free(incidents->list[i].struck);
    free(incidents->list);
    free(incidents->outside);
    *incidents = (struct incidents){0};
}

/* Clopper and Pearson's interval for a count from so many trials that it is Poisson. */
struct estimate incidents_per_hour(size_t count, double hours, double confidence)
{
    const double many = 1e9;
    if (!(hours > 0)) return (struct estimate){0};
    struct estimate e = rate_clopper_pearson(count, (uint64_t)many, confidence);
    e.value = (double)count / hours;
    e.low *= many / hours;
    e.high *= many / hours;
    return e;
}
