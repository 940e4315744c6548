/* Compares the subject with other regions in the same minutes and with the same region at other
 * times. */
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

/* Compares what happened on both sides, and their difference at such hours. */
static void compare(struct contrast *comparison, const struct claim_of *control,
                    const struct claim_of *subject, bool paired)
{
    static const struct threshold rate = {.kind = THRESHOLD_ATTEMPT_RATE};
    struct service_difference d = claim_difference(control, subject, &rate, paired, CONFIDENCE);
    struct text why = {0};
    comparison->a = report_cell_rate(control->cell, RATE_ATTEMPT);
    comparison->b = report_cell_rate(subject->cell, RATE_ATTEMPT);
    comparison->observed = rate_newcombe(&comparison->a.estimate, &comparison->b.estimate);
    comparison->difference = d.difference;
    comparison->p = service_difference_p(&d, CONFIDENCE);
    if (d.dependence.why != DEPENDENCE_KNOWN) claim_why(subject, &d.dependence, &why);
    comparison->why = text_take(&why);
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
        const struct claim_of of_control = package_claim(package, false, r);
        const struct claim_of of_subject = package_claim(package, false, package->focus);
        compare(comparison, &of_control, &of_subject, true);
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
    const struct claim_of of_control = package_claim(package, true, package->focus);
    const struct claim_of of_subject = package_claim(package, false, package->focus);
    compare(comparison, &of_control, &of_subject, false);
}

/* The worst slice against all other slices of the same region. */
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
        const struct claim_of subject =
            claim_of_slice(package->results, grain, worst, package->focus);
        struct claim_of control = subject;
        control.cell = &rest;
        control.cut.outside = true;
        compare(comparison, &control, &subject, false);
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
        /* Bonferroni over all slices considered before this one was picked. */
        p[i] = fmin(1, package->comparisons[i].p * (double)package->comparisons[i].looked_at);
        package->reasons.failed =
            package->reasons.failed || package->comparisons[i].subject == NULL ||
            package->comparisons[i].control == NULL || package->comparisons[i].why == NULL;
    }
    if (!holm_adjust(p, count, p)) package->reasons.failed = true;
    for (size_t i = 0; i < count; i++) package->comparisons[i].adjusted = p[i];
}
