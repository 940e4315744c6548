/* The finding in one plain sentence, without intervals: they follow in the sentence below it. */
#include "base/digits.h"
#include "figures/cells.h"
#include "figures/claim.h"
#include "figures/grouping.h"
#include "figures/incidents.h"
#include "page/story.h"
#include "report/format.h"
#include "report/incidents_show.h"

#define CLEARLY_MORE 1.5 /* a smaller ratio is not told as one */

/* "6 times as often as", of the rates in this run. */
static void put_times(double there, double rest, struct text *out)
{
    const double ratio = there / rest;
    if (!(ratio >= CLEARLY_MORE)) {
        text_puts(out, " more often than");
    } else if (ratio < 9.95) {
        text_printf(out, " %.2g times as often as", ratio);
    } else {
        text_printf(out, " %.0f times as often as", ratio);
    }
}

static const char *others(const struct results *results)
{
    static const char *const words[] = {"", "", " the other one", " the other two",
                                        " the other three"};
    const size_t count = results->region_count;
    return count < sizeof words / sizeof *words ? words[count] : " the others";
}

/* The window, in the zone of the tables. */
static void put_window(const struct results *results, const struct story *story, struct text *out)
{
    grouping_label(results, story->grouping, story->slice, out);
    if (results_zone(results) == NULL) text_puts(out, " UTC");
}

static void region_failed(const struct results *results, const struct story *story,
                          struct text *out)
{
    text_puts(out, results->regions[story->region]);
    if (story->rest.value > 0) {
        text_puts(out, " failed");
        put_times(story->there.value, story->rest.value, out);
        text_puts(out, others(results));
    } else {
        text_puts(out, " alone failed");
    }
    const struct story worst = story_worst(results, story->region);
    if (worst.kind == STORY_LEVEL) return;
    text_puts(out, "; worst ");
    put_window(results, &worst, out);
}

static void window_failed(const struct results *results, const struct story *story,
                          struct text *out)
{
    text_printf(out, "%s failed", results->regions[story->region]);
    const bool ever = story->rest.value > 0;
    if (ever) put_times(story->there.value, story->rest.value, out);
    text_puts(out, ever ? " at other times in" : " in no other time than in");
    text_puts(out, story->kind == STORY_NAMED ? " the window " : " ");
    if (story->kind == STORY_NAMED) {
        text_puts(out, grouping_name(story->grouping));
    } else {
        put_window(results, story, out);
    }
}

static void incident_failed(const struct results *results, const struct story *story,
                            struct text *out)
{
    const struct run_incident *incident = story->incident;
    const struct incident_rates *rates = results->incidents->regions;
    const double rest =
        incident->region_count == 1 ? rates[story->region].outside.value : story->rest.value;
    text_puts(out, results->regions[story->region]);
    if (incident->region_count == 2)
        text_printf(out, " and %s", results->regions[incident->regions[1].region]);
    if (incident->region_count > 2)
        text_printf(out, " and %zu more regions", incident->region_count - 1);
    text_puts(out, " failed");
    if (rest > 0) {
        put_times(story->there.value, rest, out);
        text_puts(out, " otherwise");
    }
    text_puts(out, " in an incident, ");
    incident_when(results, incident, out);
    if (results_zone(results) == NULL) text_puts(out, " UTC");
}

/* What was left for users. */
static void put_users(const struct results *results, struct text *out)
{
    const struct rate lost = report_cell_rate(&results->all, RATE_INTERACTION);
    if (!(lost.trials > 0)) return;
    if (lost.failed > 0) {
        text_puts(out, "; users lost ");
        format_percent(out, lost.estimate.value);
        text_puts(out, " after retries");
    } else {
        text_puts(out, "; after retries users lost nothing");
    }
}

void story_plain(const struct results *results, const struct story *story, struct text *out)
{
    const bool valid = report_cell_valid(&results->all) || story_rests_on_valid(story);
    if (!valid || story->kind <= STORY_FEW) return;
    if (story->kind >= STORY_WINDOW && story->kind != STORY_INCIDENT &&
        service_verdict(&story->service) != DIFFERENCE_WORSE)
        text_puts(out, "In this run ");
    switch (story->kind) {
    case STORY_REGION:
        region_failed(results, story, out);
        break;
    case STORY_WINDOW:
    case STORY_NAMED:
        window_failed(results, story, out);
        break;
    case STORY_INCIDENT:
        incident_failed(results, story, out);
        break;
    case STORY_FLAWLESS:
        text_puts(out, "No attempt failed");
        break;
    default:
        format_percent(out, story->there.value);
        text_puts(out, " of attempts failed, ");
        text_puts(out, results->region_count > 1 ? "in no region and at no time clearly more"
                                                 : "at no time clearly more");
        break;
    }
    put_users(results, out);
    text_puts(out, ".");
}
