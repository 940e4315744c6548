#include "figures/patterns.h"

#include "base/clock.h"
#include "figures/cells.h"
#include "figures/grouping.h"

#include <math.h>
#include <stdlib.h>

#define HOUR_NS (3600 * NS_PER_S)
#define EXPECTED_MIN                                                                               \
    5 /* failures in a window: with fewer the score test raises false alarms (Cochran 1954) */
#define STEPS_MIN 10 /* fewer say nothing about a correlation */

static struct estimate rate_of(const struct cluster_sums *sums)
{
    return rate_clustered(sums, CONFIDENCE, NULL);
}

/* ---- hours ---- */

static const struct grouping *series_of(const struct results *results)
{
    return &results->groupings[1];
}

/* A run of a day or less has each hour once: its windows tell the same. NULL then. */
static const struct grouping *hours_of(const struct results *results)
{
    if (results->end_ns - results->start_ns <= DAY_HOURS * HOUR_NS) return NULL;
    for (size_t g = 0; g < results->grouping_count; g++) {
        if (results->groupings[g].kind == GROUP_HOURS) return &results->groupings[g];
    }
    return NULL;
}

static bool find_hours(const struct grouping *hours, const struct results *results,
                       struct patterns *out)
{
    size_t count = results->region_count * DAY_HOURS;
    out->hours = calloc(count, sizeof *out->hours);
    if (out->hours == NULL) return false;
    for (size_t i = 0; i < hours->slice_count; i++) {
        size_t hour = (size_t)(hours->slices[i].start_ns / HOUR_NS);
        for (size_t r = 0; r < results->region_count; r++) {
            const struct cluster_sums *sums = &hours->slices[i].cells[r].cell.clusters;
            out->hours[r * DAY_HOURS + hour] = (struct hour_figures){
                .attempts = sums->m, .failed = sums->x, .rate = rate_of(sums)};
        }
    }
    return true;
}

/* ---- concentration ---- */

static const struct grouping *widths_of(const struct results *results)
{
    for (size_t g = 2; g < results->grouping_count; g++) {
        const struct grouping *grouping = &results->groupings[g];
        if (grouping->kind == GROUP_WINDOW && grouping->shown && grouping->window->width_ns > 0)
            return grouping;
    }
    return NULL;
}

static bool counts(const struct report_cell *cell)
{
    return report_cell_valid(cell) && cell->cell.clusters.m > 0;
}

static struct cluster_sums less(const struct cluster_sums *all, const struct cluster_sums *part)
{
    return (struct cluster_sums){
        .count = all->count - part->count,
        .with_failure = all->with_failure - part->with_failure,
        .m = all->m - part->m,
        .x = all->x - part->x,
        .mm = all->mm - part->mm,
        .mx = all->mx - part->mx,
        .xx = all->xx - part->xx,
        .at_risk = all->at_risk - part->at_risk,
        .first_failures = all->first_failures - part->first_failures,
    };
}

/* What the design effects leave of two groups, and the score test between them. */
struct contrast {
    double x1, n1, x2, n2, z, p;
};

static struct contrast score_of(const struct cluster_sums *part, const struct cluster_sums *rest)
{
    double of_part = cluster_design_effect(part);
    double of_rest = cluster_design_effect(rest);
    struct contrast c = {
        rest->x / of_rest, rest->m / of_rest, part->x / of_part, part->m / of_part, 0, 1};
    c.p = rate_score_test(c.x1, c.n1, c.x2, c.n2, &c.z);
    return c;
}

static double exact_where_few(const struct contrast *c)
{
    if (c->n2 * (c->x1 + c->x2) / (c->n1 + c->n2) >= EXPECTED_MIN || c->p >= 1) return c->p;
    return fisher_exact((uint64_t)llround(c->x1), (uint64_t)llround(c->n1),
                        (uint64_t)llround(c->x2), (uint64_t)llround(c->n2));
}

double patterns_contrast(const struct cluster_sums *part, const struct cluster_sums *rest,
                         double *p)
{
    struct contrast c = score_of(part, rest);
    *p = exact_where_few(&c);
    return c.z;
}

static struct concentration concentration_of(const struct grouping *windows, size_t region)
{
    struct concentration found = {.p = 1};
    struct cluster_sums all = {0};
    for (size_t i = 0; i < windows->slice_count; i++) {
        const struct report_cell *cell = &windows->slices[i].cells[region];
        if (!counts(cell)) continue;
        cluster_merge(&all, &cell->cell.clusters);
        found.windows++;
    }
    if (found.windows < 2 || !(all.x > 0)) return found;
    double least = INFINITY;
    double most = 0;
    for (size_t i = 0; i < windows->slice_count; i++) {
        const struct report_cell *cell = &windows->slices[i].cells[region];
        if (!counts(cell)) continue;
        const struct cluster_sums *part = &cell->cell.clusters;
        struct cluster_sums rest = less(&all, part);
        struct contrast c = score_of(part, &rest);
        if (c.z < 0 || c.p > least) continue; /* the exact test would only find it less striking */
        double p = exact_where_few(&c);
        if (p > least || (p == least && c.z <= most)) continue;
        least = p;
        most = c.z;
        found.worst = &windows->slices[i];
        found.p = fmin(1, p * (double)found.windows); /* Bonferroni: it was picked out of so many */
    }
    if (found.worst == NULL) return found;
    const struct cluster_sums *part = &found.worst->cells[region].cell.clusters;
    struct cluster_sums rest = less(&all, part);
    found.there = rate_of(part);
    found.rest = rate_of(&rest);
    found.share_failed = part->x / all.x;
    found.share_attempts = part->m / all.m;
    found.difference = rate_newcombe(&found.rest, &found.there);
    found.known = found.difference.valid;
    return found;
}

/* ---- together ---- */

/* A rate on a scale on which its spread does not depend on itself (Freeman and Tukey 1950). */
static double steady(const struct cluster_sums *sums)
{
    return asin(sqrt(sums->x / (sums->m + 1))) + asin(sqrt((sums->x + 1) / (sums->m + 1)));
}

static struct togetherness together_of(const struct grouping *series, size_t a, size_t b)
{
    struct togetherness found = {.a = a, .b = b};
    double n = 0;
    double x = 0;
    double y = 0;
    double xx = 0;
    double yy = 0;
    double xy = 0;
    for (size_t i = 0; i < series->slice_count; i++) {
        const struct report_cell *of_a = &series->slices[i].cells[a];
        const struct report_cell *of_b = &series->slices[i].cells[b];
        if (!counts(of_a) || !counts(of_b)) continue;
        double dx = steady(&of_a->cell.clusters) - x;
        double dy = steady(&of_b->cell.clusters) - y;
        n++; /* means and moments about them, step by step (Welford 1962) */
        x += dx / n;
        y += dy / n;
        xx += dx * dx * (n - 1) / n;
        yy += dy * dy * (n - 1) / n;
        xy += dx * dy * (n - 1) / n;
    }
    found.steps = (size_t)n;
    found.known = n >= STEPS_MIN && xx > 1e-12 && yy > 1e-12;
    if (!found.known) return found;
    found.r = fmin(fmax(xy / sqrt(xx * yy), -1), 1);
    double z = atanh(found.r);
    double half = normal_quantile(1 - (1 - CONFIDENCE) / 2) / sqrt(n - 3);
    found.low = tanh(z - half);
    found.high = tanh(z + half);
    return found;
}

struct patterns *patterns_find(const struct results *results)
{
    struct patterns *found = calloc(1, sizeof *found);
    if (found == NULL) return NULL;
    size_t regions = results->region_count;
    found->grouping = widths_of(results);
    found->concentration = calloc(regions + 1, sizeof *found->concentration);
    found->together = calloc(regions * regions / 2 + 1, sizeof *found->together);
    bool ok = found->concentration != NULL && found->together != NULL;
    const struct grouping *hours = hours_of(results);
    if (ok && hours != NULL) ok = find_hours(hours, results, found);
    for (size_t r = 0; ok && found->grouping != NULL && r < regions; r++)
        found->concentration[r] = concentration_of(found->grouping, r);
    for (size_t a = 0; ok && a < regions; a++) {
        for (size_t b = a + 1; b < regions; b++)
            found->together[found->together_count++] = together_of(series_of(results), a, b);
    }
    if (ok) return found;
    patterns_free(found);
    return NULL;
}

void patterns_free(struct patterns *patterns)
{
    if (patterns == NULL) return;
    free(patterns->hours);
    free(patterns->concentration);
    free(patterns->together);
    free(patterns);
}
