/* Who was compared: other regions in the same minutes, other times in the same region. */
#include "figures/grouping.h"
#include "package/parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct contrast *next(struct package *package)
{
    if (package->comparison_count == COMPARISONS_MAX) return NULL;
    struct contrast *comparison = &package->comparisons[package->comparison_count++];
    comparison->looked_at = 1;
    return comparison;
}

/* Fisher's test is given the share of interaction chains with a failed attempt: attempts of one
 * chain fail together, chains are independent. */
static void compare(struct contrast *comparison, const struct report_cell *control,
                    const struct report_cell *subject)
{
    const struct cluster_sums *a = &control->cell.clusters;
    const struct cluster_sums *b = &subject->cell.clusters;
    comparison->a = report_cell_rate(control, RATE_ATTEMPT);
    comparison->b = report_cell_rate(subject, RATE_ATTEMPT);
    comparison->difference = rate_newcombe(&comparison->a.estimate, &comparison->b.estimate);
    comparison->p = fisher_exact(a->with_failure, a->count, b->with_failure, b->count);
}

static void with_regions(struct package *package)
{
    struct text routing = {0};
    package_profile(package, "load", "routing", &routing);
    bool each = routing.length == 0 || strcmp(text_str(&routing), "each") == 0;
    text_free(&routing);
    for (size_t r = 0; r < package->results->region_count; r++) {
        const struct report_cell *control = package_cell(package, r);
        if (r == package->focus || (package->subject[r] && !package->chosen)) continue;
        if (report_cell_attempts(control) == 0) continue;
        struct contrast *comparison = next(package);
        if (comparison == NULL) return;
        comparison->subject = strdup(package->results->regions[package->focus]);
        comparison->control = strdup(package->results->regions[r]);
        comparison->same_minutes = each;
        if (package->chosen) comparison->looked_at = package->results->region_count;
        compare(comparison, control, package_cell(package, package->focus));
    }
}

static void with_outside(struct package *package)
{
    const struct report_cell *outside = package_outside(package, package->focus);
    const char *region = package->results->regions[package->focus];
    if (report_cell_attempts(outside) == 0) return;
    struct contrast *comparison = next(package);
    if (comparison == NULL) return;
    struct text name = {0};
    text_printf(&name, "%s in %s", region, package->request->window->name);
    comparison->subject = text_take(&name);
    text_printf(&name, "%s at all other times", region);
    comparison->control = text_take(&name);
    compare(comparison, outside, package_cell(package, package->focus));
}

/* The worst slice against all the others of the same region. */
static void with_other_times(struct package *package)
{
    const struct slice *worst = package_worst(package);
    const struct grouping *grain = package_grain(package);
    if (worst == NULL || grain->slice_count < 2) return;
    struct report_cell rest = {0};
    bool ok = true;
    for (size_t i = 0; i < grain->slice_count; i++) {
        if (&grain->slices[i] == worst) continue;
        ok = ok && report_cell_merge(&rest, &grain->slices[i].cells[package->focus]);
    }
    struct contrast *comparison = ok && report_cell_attempts(&rest) > 0 ? next(package) : NULL;
    if (comparison != NULL) {
        const char *region = package->results->regions[package->focus];
        struct text name = {0};
        text_printf(&name, "%s, ", region);
        package_when(package, worst, &name);
        comparison->subject = text_take(&name);
        text_printf(&name, "%s, the rest of the run", region);
        comparison->control = text_take(&name);
        comparison->looked_at = grain->slice_count;
        compare(comparison, &rest, &worst->cells[package->focus]);
    }
    report_cell_free(&rest);
}

void package_compare(struct package *package)
{
    double p[COMPARISONS_MAX];
    with_regions(package);
    if (package->limited) {
        with_outside(package);
    } else {
        with_other_times(package);
    }
    size_t count = package->comparison_count;
    for (size_t i = 0; i < count; i++) {
        /* Bonferroni over what was looked at before this one was picked. */
        p[i] = fmin(1, package->comparisons[i].p * (double)package->comparisons[i].looked_at);
        package->reasons.failed = package->reasons.failed ||
                                  package->comparisons[i].subject == NULL ||
                                  package->comparisons[i].control == NULL;
    }
    if (!holm_adjust(p, count, p)) package->reasons.failed = true;
    for (size_t i = 0; i < count; i++) package->comparisons[i].adjusted = p[i];
}
