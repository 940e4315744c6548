/* When the subjects failed far oftener than in the rest of the record: the letter's first lines,
 * and the list in manifest.json. */
#include "figures/incidents.h"
#include "base/calendar.h"
#include "base/digits.h"
#include "base/json.h"
#include "base/units.h"
#include "package/parts.h"
#include "report/format.h"
#include "report/incidents_show.h"

#include <stdlib.h>

#define SHOWN 5

static void share(struct text *out, double failed, double attempts)
{
    text_count(out, (uint64_t)failed);
    text_puts(out, " of ");
    text_count(out, (uint64_t)attempts);
}

static void incident_line(const struct package *package, const struct run_incident *incident,
                          struct text *out)
{
    char from[32];
    char to[32];
    char worst[32];
    format_utc_ms(incident->start_ns, from);
    format_utc_ms(incident->end_ns, to);
    format_utc_ms(incident->worst_start_ns, worst);
    text_printf(out, "%s to %s, for ", from, to);
    incident_length(incident, out);
    text_puts(out, ", ");
    incident_regions(package->results, incident, out);
    text_puts(out, ": ");
    share(out, incident->failed, incident->attempts);
    text_puts(out, " attempts failed (");
    format_percent(out, incident->failed / incident->attempts);
    text_puts(out, "), at worst ");
    share(out, incident->worst_failed, incident->worst_attempts);
    text_printf(out, " from %s on; ", worst);
    text_count(out, (uint64_t)incident->interactions_failed);
    text_puts(out, incident->interactions_failed == 1 ? " user turn" : " user turns");
    text_puts(out, " failed after all retries");
    if (incident->code_count > 0) text_puts(out, "; ");
    incident_codes(incident, out);
}

static bool concerns(const struct package *package, const struct run_incident *incident)
{
    return package_holds(package, incident->start_ns) &&
           run_incident_struck(incident, package->focus);
}

/* How much an incident weighs: its place among those of the letter. */
static size_t graver(const struct package *package, const struct run_incident *incident)
{
    const struct run_incidents *incidents = package->results->incidents;
    size_t count = 0;
    for (size_t k = 0; k < incidents->count; k++) {
        const struct run_incident *other = &incidents->list[k];
        if (!concerns(package, other)) continue;
        count += other->failed > incident->failed ||
                 (other->failed == incident->failed && other < incident);
    }
    return count;
}

static void list(const struct package *package, size_t count, struct text *out)
{
    const struct run_incidents *incidents = package->results->incidents;
    for (size_t k = 0; k < incidents->count; k++) {
        const struct run_incident *incident = &incidents->list[k];
        struct text line = {0};
        if (!concerns(package, incident) || graver(package, incident) >= SHOWN) continue;
        incident_line(package, incident, &line);
        text_puts(out, "- ");
        markdown_plain(out, text_str(&line));
        text_puts(out, "\n");
        if (line.failed) out->failed = true;
        text_free(&line);
    }
    if (count > SHOWN) text_printf(out, "- %zu more with fewer failures\n", count - SHOWN);
}

void package_letter_incidents(const struct package *package, struct text *out)
{
    const struct run_incidents *incidents = package->results->incidents;
    size_t count = 0;
    for (size_t k = 0; k < incidents->count; k++) count += concerns(package, &incidents->list[k]);
    if (!incidents->searched) return;
    if (count == 0) {
        text_puts(out, " No stretch of time stands out as an incident.");
        return;
    }
    text_printf(out, " We found %s of far more failures than in the rest of the record:\n\n",
                count == 1 ? "a stretch" : "stretches");
    list(package, count, out);
    text_printf(out,
                "\n(They are found by a scan over the intervals of which at most %.0f%% of records "
                "without an incident show one. Refusals by a quota, our configuration and "
                "credentials, and our own failures do not count in it.)\n\n",
                100 * INCIDENT_FALSE_ALARM);
}

/* Of any subject: the letter is about one of them, this file about all. */
static bool concerns_any(const struct package *package, const struct run_incident *incident)
{
    bool any = false;
    for (size_t r = 0; r < package->results->region_count; r++)
        any = any || (package->subject[r] && run_incident_struck(incident, r));
    return any && package_holds(package, incident->start_ns);
}

void package_incidents_json(const struct package *package, struct text *out)
{
    const struct run_incidents *incidents = package->results->incidents;
    json_key(out, "incidents");
    if (!incidents->searched) {
        json_null(out);
        return;
    }
    json_open(out, '[');
    for (size_t k = 0; k < incidents->count; k++) {
        if (concerns_any(package, &incidents->list[k]))
            incident_json(package->results, &incidents->list[k], out);
    }
    json_close(out, ']');
}
