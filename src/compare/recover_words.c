/* The sentences and tables about a recovery. */
#include "compare/recover_model.h"

#include "base/clock.h"
#include "base/digits.h"
#include "base/units.h"
#include "compare/words.h"
#include "figures/cells.h"
#include "report/format.h"

#include <math.h>
#include <string.h>

void recover_time(double seconds, struct text *out)
{
    char stamp[32];
    format_utc_ms((int64_t)(seconds * (double)NS_PER_S), stamp);
    stamp[19] = '\0'; /* whole seconds */
    text_printf(out, "%sZ", stamp);
}

static void lasting(double seconds, struct text *out)
{
    text_duration(out, (int64_t)(fmax(0, seconds) * (double)NS_PER_S));
}

static void failed_of(double failures, double attempts, struct text *out)
{
    text_count(out, (uint64_t)failures);
    text_puts(out, " of ");
    text_count(out, (uint64_t)attempts);
}

static void points(const struct difference *d, struct text *out)
{
    text_printf(out, "%+.2f points (%+.2f to %+.2f)", 100 * d->value, 100 * d->low, 100 * d->high);
}

/* ---- one region ---- */

static void three_rates(const struct recovery *found, struct text *out)
{
    format_estimate(out, &found->since.rate);
    text_puts(out, " of the attempts failed since ");
    recover_time(found->since.start, out);
    text_puts(out, ", ");
    format_estimate(out, &found->baseline.rate);
    text_puts(out, " before the incident");
    if (found->incident.attempts > 0) {
        text_puts(out, ", ");
        format_estimate(out, &found->incident.rate);
        text_puts(out, " in it");
    }
}

static void well_words(const struct recovery *found, struct text *out)
{
    const double high = 100 * found->difference.difference.high;
    const double margin = 100 * found->margin;
    three_rates(found, out);
    if (high > 0) {
        text_printf(out,
                    "; at such hours that is at most %s points more than before, within the "
                    "margin of %.3g points; ",
                    digits_apart(high, margin, 2).text, margin);
    } else {
        text_puts(out, "; at such hours that is less than before; ");
    }
    if (found->since.incidents == 0) {
        text_puts(out, "no incident in ");
        lasting(found->since.seconds, out);
    } else {
        text_printf(out, "incidents are no more frequent than before (%zu in ",
                    found->since.incidents);
        lasting(found->since.seconds, out);
        text_printf(out, ", %zu in ", found->baseline.incidents);
        lasting(found->baseline.seconds, out);
        text_puts(out, ")");
    }
}

static void last_words(const struct recovery *found, struct text *out)
{
    failed_of(found->last.failures, found->last.attempts, out);
    text_puts(out, " attempts failed from ");
    recover_time(found->last.start, out);
    text_puts(out, " on, for ");
    lasting(found->last.end - found->last.start, out);
}

static void needed_words(const struct recovery *found, struct text *out)
{
    if (isnan(found->needed_seconds)) return;
    text_puts(out, "; ");
    text_needed_time(out, found->needed_seconds / 60);
    text_puts(out, found->why == RECOVERY_BRIEF || found->why == RECOVERY_NOTHING
                       ? " more is the least"
                       : " more would settle it, if it goes on like this");
}

/* Why no length would settle it. */
static void never_words(const struct recovery *found, struct text *out)
{
    if (!isnan(found->needed_seconds)) return;
    text_puts(out, found->difference.difference.value > found->margin
                       ? "; as it is, that is more than the margin, and measuring longer would "
                         "not bring it below"
                       : "; the time before is too short for so small a margin: name a longer "
                         "one with --baseline, or a wider --margin");
}

static void unsure_words(const struct recovery *found, struct text *out)
{
    three_rates(found, out);
    text_puts(out, "; at such hours that is ");
    points(&found->difference.difference, out);
    text_printf(out, " against a margin of %.3g", 100 * found->margin);
    needed_words(found, out);
    never_words(found, out);
}

static void dependence_words(const struct recovery *found, struct text *out)
{
    three_rates(found, out);
    text_printf(out, "; of other hours that cannot tell yet: %s",
                dependence_phrase(found->difference.dependence.why));
    needed_words(found, out);
    never_words(found, out);
}

static void incidents_words(const struct recovery *found, struct text *out)
{
    text_puts(out, "incidents since: ");
    last_words(found, out);
    text_printf(out, " (%zu in ", found->since.incidents);
    lasting(found->since.seconds, out);
    text_printf(out, " since, %zu in ", found->baseline.incidents);
    lasting(found->baseline.seconds, out);
    text_puts(out, " before)");
    needed_words(found, out);
    text_puts(out, "; --since ");
    recover_time(found->last.end, out);
    text_puts(out, " judges the time after the last one");
}

static void brief_words(const struct recovery *found, struct text *out)
{
    three_rates(found, out);
    text_puts(out, "; ");
    lasting(found->since.outside_seconds, out);
    text_puts(out, " may lie between two incidents");
    needed_words(found, out);
}

static void baseline_words(const struct recovery *found, struct text *out)
{
    three_rates(found, out);
    text_puts(out, "; the time before the incident, ");
    lasting(found->baseline.outside_seconds, out);
    text_puts(out, ", is too short to be held against it: ");
    lasting(DEPENDENCE_LEAST_SIDE_SECONDS, out);
    text_puts(out, " is the least; name an earlier run with --baseline");
}

void recover_region_words(const struct recovered *recovered, const struct recover_region *region,
                          struct text *out)
{
    const struct recovery *found = &region->found;
    text_printf(out, "%s: ", region->name);
    switch (found->why) {
    case RECOVERY_WELL:
        well_words(found, out);
        break;
    case RECOVERY_UNDER_WAY:
        text_puts(out, "the incident went on beyond that time, until ");
        recover_time(found->incident.end, out);
        text_puts(out, " at least, and what was measured since does not show its end");
        break;
    case RECOVERY_WORSE:
        three_rates(found, out);
        text_puts(out, "; that is surely more than before, at such hours ");
        points(&found->difference.difference, out);
        break;
    case RECOVERY_AGAIN:
        text_puts(out, "it was over for ");
        lasting(found->last.start - fmax(recovered->since, found->incident.end), out);
        text_puts(out, " and has begun again: ");
        last_words(found, out);
        break;
    case RECOVERY_NOTHING:
        text_puts(out, "nothing was tried since that counts");
        needed_words(found, out);
        break;
    case RECOVERY_BRIEF:
        brief_words(found, out);
        break;
    case RECOVERY_BASELINE:
        baseline_words(found, out);
        break;
    case RECOVERY_INCIDENTS:
        incidents_words(found, out);
        break;
    case RECOVERY_DEPENDENCE:
        dependence_words(found, out);
        break;
    case RECOVERY_UNSURE:
        unsure_words(found, out);
        break;
    }
}

static void invalid_words(const struct recovered *recovered, struct text *out)
{
    const struct recover_region *region = &recovered->regions[recovered->deciding];
    const struct recover_series *series = recover_series_of(&recovered->path, region->name);
    text_printf(out, "%s: the load generator was not healthy for ", region->name);
    lasting(series->unhealthy_since, out);
    text_puts(out, " of the time since, which does not count, and healthy for ");
    lasting(region->found.since.seconds, out);
}

void recover_headline(const struct recovered *recovered, struct text *out)
{
    if (recovered->verdict == RECOVER_INVALID) {
        invalid_words(recovered, out);
    } else {
        recover_region_words(recovered, &recovered->regions[recovered->deciding], out);
    }
}

void recover_method(const struct recovered *recovered, struct text *out)
{
    text_printf(
        out,
        "recovered where the failure rate outside of incidents at such hours is less than the "
        "margin above that before (an error of %.3g%% on one side, half an hour and more on each "
        "side), incidents come no oftener, and none in the last half hour; relapsed where one at "
        "least half as grave lasts; not yet where the incident went on and nothing shows its end, "
        "or "
        "surely more fails than before. Failures of all kinds count, and no time in which the load "
        "generator "
        "was not healthy. Asking again and again until the answer is right makes it wrong more "
        "often (docs/statistics.md).",
        100 * (1 - recovered->confidence));
}

/* ---- tables ---- */

static void part_row(const struct recovered *recovered, const struct recover_region *region,
                     const char *name, const struct recovery_part *part, struct table *table)
{
    (void)recovered;
    if (!(part->seconds > 0)) return;
    table_put(table, region->name);
    table_put(table, name);
    recover_time(part->start, table_cell(table));
    table_next(table);
    lasting(part->seconds, table_cell(table));
    table_next(table);
    text_count(table_cell(table), (uint64_t)part->attempts);
    table_next(table);
    text_count(table_cell(table), (uint64_t)part->failures);
    table_next(table);
    format_estimate(table_cell(table), &part->rate);
    table_next(table);
    text_count(table_cell(table), part->incidents);
    table_next(table);
    if (strcmp(name, "incident") == 0) {
        text_puts(table_cell(table), "-");
    } else {
        format_estimate(table_cell(table), &part->outside);
    }
    table_next(table);
}

void recover_table_parts(const struct recovered *recovered, struct table *table)
{
    table_column(table, "region", true);
    table_column(table, "part", true);
    table_column(table, "from", true);
    table_column(table, "measured", false);
    table_column(table, "attempts", false);
    table_column(table, "failed", false);
    table_column(table, "rate (95%)", false);
    table_column(table, "incidents", false);
    table_column(table, "outside of them (95%)", false);
    for (size_t i = 0; i < recovered->region_count; i++) {
        const struct recover_region *region = &recovered->regions[i];
        part_row(recovered, region, "baseline", &region->found.baseline, table);
        part_row(recovered, region, "incident", &region->found.incident, table);
        part_row(recovered, region, "since", &region->found.since, table);
    }
}

static void beside_row(const char *region, const char *part, const struct recover_beside *beside,
                       struct table *table)
{
    if (!beside->known) return;
    table_put(table, region);
    table_put(table, part);
    recover_time(beside->start, table_cell(table));
    table_next(table);
    lasting(beside->end - beside->start, table_cell(table));
    table_next(table);
    for (size_t i = 0; i < 2; i++) {
        format_estimate(table_cell(table), &beside->rate[i]);
        text_puts(table_cell(table), ", ");
        failed_of(beside->failures[i], beside->attempts[i], table_cell(table));
        table_next(table);
    }
    points(&beside->difference, table_cell(table));
    table_next(table);
}

void recover_table_beside(const struct recovered *recovered, struct table *table)
{
    if (recovered->beside.run_count == 0) return;
    table_column(table, "region", true);
    table_column(table, "part", true);
    table_column(table, "from", true);
    table_column(table, "length", false);
    table_column(table, recovered->path.labels[recovered->path.run_count - 1], false);
    table_column(table, recovered->beside.labels[0], false);
    table_column(table, "difference in these minutes (95%)", false);
    size_t count = recovered->beside_together ? 1 : recovered->region_count;
    for (size_t i = 0; i < count; i++) {
        const struct recover_region *region =
            recovered->beside_together ? &recovered->together : &recovered->regions[i];
        beside_row(region->name, "incident", &region->during, table);
        beside_row(region->name, "since", &region->since, table);
    }
}
