/* The sentence at the top of the page when the run holds an incident. */
#include "figures/incidents.h"
#include "page/story.h"
#include "report/format.h"
#include "report/incidents_show.h"

#include <math.h>

bool story_find_incident(const struct results *results, struct story *story)
{
    const struct run_incidents *incidents = results->incidents;
    const struct run_incident *gravest = run_incidents_gravest(incidents, results->region_count);
    if (gravest == NULL) return false;
    *story = (struct story){
        .kind = STORY_INCIDENT,
        .region = gravest->regions[0].region,
        .incident = gravest,
        .there = {.valid = true, .value = gravest->failed / gravest->attempts},
        .rest = incidents->regions[results->region_count].outside,
        .p = gravest->chance,
    };
    return true;
}

void story_incident(const struct results *results, const struct story *story, struct text *out)
{
    size_t count = results->incidents->count;
    if (count == 1) {
        text_puts(out, "An incident ");
    } else {
        text_printf(out, "The gravest of %zu incidents ", count);
    }
    incident_words(results, story->incident, out);
    text_puts(out, ". Outside of ");
    text_puts(out, count == 1 ? "it " : "all of them ");
    format_estimate(out, &story->rest);
    text_puts(out, " of attempts failed.");
}
