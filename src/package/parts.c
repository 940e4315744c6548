#include "package/parts.h"

#include "figures/grouping.h"
#include "figures/splits.h"

#include <stdlib.h>
#include <string.h>

const char *finding_state_name(enum finding_state state)
{
    static const char *const names[] = {
        [FINDING_EXCLUDED] = "excluded",
        [FINDING_NOT_EXCLUDED] = "not excluded",
        [FINDING_NOT_CHECKED] = "not checked",
        [FINDING_SUPPORTS] = "supports",
        [FINDING_LIMITS] = "limits",
        [FINDING_WEAKENS] = "weakens",
        [FINDING_MET] = "met",
        [FINDING_NOT_MET] = "not met",
        [FINDING_NOT_KNOWN] = "not known",
    };
    return names[state];
}

void finding_add(struct findings *findings, const char *what, enum finding_state state,
                 struct text *how)
{
    bool room = findings->count < sizeof findings->items / sizeof *findings->items;
    if (how->length == 0) text_puts(how, "");
    struct finding finding = {strdup(what), text_take(how), state};
    if (room && finding.what != NULL && finding.how != NULL) {
        findings->items[findings->count++] = finding;
        return;
    }
    findings->failed = true;
    free(finding.what);
    free(finding.how);
}

void findings_free(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        free(findings->items[i].what);
        free(findings->items[i].how);
    }
    *findings = (struct findings){0};
}

struct claim_of package_claim(const struct package *package, bool outside, size_t region)
{
    return package->limited ? claim_of_part(package->results, outside, region)
                            : claim_of_region(package->results, region);
}

const struct report_cell *package_cell(const struct package *package, size_t region)
{
    return package->limited ? results_part(package->results, false, region)
                            : results_region(package->results, region);
}

const struct report_cell *package_outside(const struct package *package, size_t region)
{
    return results_part(package->results, true, region);
}

bool package_holds(const struct package *package, int64_t utc_ns)
{
    struct moment moment;
    if (!results_moment(package->results, utc_ns, &moment)) return false;
    return !package->limited || window_contains(package->request->window, moment.part_ns);
}

bool package_holds_any(const struct package *package, int64_t from_ns, int64_t to_ns)
{
    const int64_t middle_ns = from_ns + (to_ns - from_ns) / 2;
    struct moment moment;
    if (!results_moment(package->results, middle_ns, &moment)) return false;
    if (!package->limited || window_contains(package->request->window, moment.interval_ns))
        return true;
    const bool split = splits_find(package->results->splits, moment.interval_ns, true) != NULL;
    return split && window_next_bound(package->request->window, moment.interval_ns) < to_ns;
}

bool package_region(const struct package *package, const char *name, size_t *out)
{
    for (size_t r = 0; r < package->results->region_count; r++) {
        if (strcmp(package->results->regions[r], name) != 0) continue;
        *out = r;
        return true;
    }
    return false;
}

const struct grouping *package_grain(const struct package *package)
{
    return &package->results->groupings[2]; /* after the whole run and the series: the first
                                               window */
}

const char *package_grain_name(const struct package *package)
{
    return grouping_name(package_grain(package));
}

const struct slice *package_worst(const struct package *package)
{
    const struct grouping *grain = package_grain(package);
    const struct slice *worst = NULL;
    double worst_low = 0;
    for (size_t i = 0; i < grain->slice_count; i++) {
        const struct report_cell *cell = &grain->slices[i].cells[package->focus];
        struct rate rate = report_cell_rate(cell, RATE_ATTEMPT);
        if (cell->cell.counters.attempts_failed == 0 || !rate.estimate.valid) continue;
        if (package->limited &&
            !window_contains(package->request->window, grain->slices[i].start_ns))
            continue;
        if (worst != NULL && rate.estimate.low <= worst_low) continue;
        worst = &grain->slices[i];
        worst_low = rate.estimate.low;
    }
    return worst;
}

static void clock_time(const struct civil *civil, bool date, struct text *out)
{
    if (date) text_printf(out, "%04d-%02d-%02d ", civil->year, civil->month, civil->day);
    text_printf(out, "%02d:%02d", civil->hour, civil->minute);
}

void package_when(const struct package *package, const struct slice *slice, struct text *out)
{
    const struct zone *zone = results_zone(package->results);
    struct civil start;
    struct civil end;
    zone_civil(NULL, slice->start_ns, &start);
    zone_civil(NULL, slice->end_ns, &end);
    clock_time(&start, true, out);
    text_puts(out, "-");
    clock_time(&end, false, out);
    text_puts(out, " UTC");
    if (zone == NULL) return;
    zone_civil(zone, slice->start_ns, &start);
    zone_civil(zone, slice->end_ns, &end);
    text_puts(out, " (");
    clock_time(&start, false, out);
    text_puts(out, "-");
    clock_time(&end, false, out);
    text_printf(out, " %s)", end.abbreviation);
}

uint64_t package_attempts(const struct package *package)
{
    uint64_t count = 0;
    for (size_t r = 0; r < package->results->region_count; r++) {
        if (package->subject[r]) count += report_cell_attempts(package_cell(package, r));
    }
    return count;
}

static uint64_t tallied(const struct package *package, bool by_phase, int wanted)
{
    uint64_t count = 0;
    for (size_t r = 0; r < package->results->region_count; r++) {
        if (!package->subject[r]) continue;
        const struct cell *cell = &package_cell(package, r)->cell;
        for (size_t i = 0; i < cell->tally_count; i++) {
            const struct tally *tally = &cell->tallies[i];
            if ((by_phase ? (int)tally->phase : (int)tally->domain) == wanted)
                count += tally->count;
        }
    }
    return count;
}

uint64_t package_in_domain(const struct package *package, enum domain domain)
{
    return tallied(package, false, (int)domain);
}

uint64_t package_in_phase(const struct package *package, enum phase phase)
{
    return tallied(package, true, (int)phase);
}

void package_profile(const struct package *package, const char *section, const char *key,
                     struct text *out)
{
    const cJSON *profile = cJSON_GetObjectItemCaseSensitive(package->results->manifest, "profile");
    const cJSON *item =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(profile, section), key);
    if (cJSON_IsString(item)) text_puts(out, item->valuestring);
    if (cJSON_IsNumber(item)) text_printf(out, "%.10g", item->valuedouble);
}

const char *package_simulated(const struct package *package)
{
    return results_simulated(package->results) ? "**SIMULATED: this is a rehearsal against the "
                                                 "simulator and says nothing about a real "
                                                 "service.**\n\n"
                                               : "";
}

void package_counted(const struct package *package, struct text *out)
{
    char from[32];
    char to[32];
    format_utc_ms(package->results->start_ns, from);
    format_utc_ms(package->results->end_ns, to);
    if (package->limited) {
        text_printf(out, "only %s of the run, %s to %s", package->request->window->spec, from, to);
    } else {
        text_printf(out, "the whole run, %s to %s", from, to);
    }
}

const struct told_limit *package_told_limit(const struct package *package, const char *key)
{
    const struct told_limits *limits = &package_cell(package, package->focus)->cell.limits;
    return strcmp(key, "rpm") == 0 ? &limits->requests : &limits->tokens;
}
