#include "figures/load_notes.h"

#include "base/clock.h"
#include "base/digits.h"
#include "base/units.h"
#include "figures/cells.h"
#include "figures/losses.h"
#include "realtime/model_facts.h"
#include "record/clock_limits.h"
#include "record/shards.h"

#include <math.h>
#include <string.h>

/* Of what load.connect_rate allows in the whole run: dials that had to wait for it. */
#define DIALS_SHARE 0.9
#define DIALS_LEAST 20.0

void load_note_clusters(struct results *results, const struct report_cell *cell, const char *region)
{
    struct text *notes = &results->notes;
    uint64_t attempts = report_cell_attempts(cell);
    uint64_t failed = cell->cell.counters.attempts_failed;
    if (report_cell_agrees(cell)) return;
    text_printf(notes, "%s: intervals.csv counts ", region);
    text_count(notes, attempts);
    text_puts(notes, " attempts and ");
    text_count(notes, failed);
    text_puts(notes, " failed, attempts.csv has ");
    text_count(notes, (uint64_t)cell->recorded.m);
    text_puts(notes, " and ");
    text_count(notes, (uint64_t)cell->recorded.x);
    text_puts(notes, "; where they differ, rates and intervals are from the first.\n");
}

struct retirement_note {
    struct results *results;
    size_t region;
};

static void note_retirement(void *context, const char *sentence)
{
    const struct retirement_note *note = context;
    text_printf(&note->results->notes, "%s: %s.\n", note->results->regions[note->region], sentence);
}

static void note_retirements(struct results *results, size_t region)
{
    const char *version = results_region_fact(results, region, "api_version");
    const char *dialect = results_region_fact(results, region, "dialect");
    struct model_use use = {.model = results_region_fact(results, region, "model"),
                            .api_version = version[0] == '\0' ? NULL : version};
    struct retirement_note note = {results, region};
    while (strcmp(dialect_name(use.dialect), dialect) != 0) {
        if (use.dialect == DIALECT_OPENAI) return; /* of a later version */
        use.dialect++;
    }
    model_facts_warn(&use, results->start_ns, note_retirement, &note);
}

void load_note_regions(struct results *results)
{
    for (size_t r = 0; r < results->region_count; r++) {
        const char *type = results_deployment_type(results, r);
        bool global = strncmp(type, "global_", 7) == 0;
        bool zone = strncmp(type, "data_zone_", 10) == 0;
        if (global || zone)
            text_printf(&results->notes,
                        "%s is a %s deployment: the region is its entry; answers are computed "
                        "anywhere in %s, so a difference between regions need not be one between "
                        "places.\n",
                        results->regions[r], global ? "Global" : "Data Zone",
                        global ? "the world" : "the zone");
        if (!results_simulated(results)) note_retirements(results, r);
    }
}

void load_note_dials(struct results *results)
{
    const double real_s = results_fact_number(results, "run", "elapsed_s") /
                          fmax(1, results_fact_number(results, "run", "clock_speed"));
    const uint64_t dials = results->all.cell.counters.sessions_started;
    double rate = 0; /* a second */
    if (!(real_s > 0) || strcmp(results_fact(results, "load", "model"), "sessions") != 0 ||
        parse_rate(results_fact(results, "load", "connect_rate"), &rate, NULL) != ERR_OK)
        return;
    const double share = (double)dials / (rate * real_s);
    /* much more than the rate lets through is of a folder that was not driven at it */
    if ((double)dials < DIALS_LEAST || share < DIALS_SHARE || share > 2 - DIALS_SHARE) return;
    text_printf(&results->notes,
                "Sessions were dialled %.3g times a second of real time, and load.connect_rate is "
                "%.4g/s: who waited for a dial is missing from the number that this closed load "
                "asks for.\n",
                (double)dials / real_s, rate);
}

/* Whether two regions at least had attempts. */
static bool load_has_moved(const struct results *results)
{
    size_t driven = 0;
    for (size_t r = 0; r < results->region_count; r++)
        driven += report_cell_attempts(results_region(results, r)) > 0;
    return driven > 1;
}

void load_note_routing(struct results *results)
{
    const char *routing = results_fact(results, "load", "routing");
    const bool hedged = strcmp(routing, "hedged") == 0;
    const uint64_t cancelled = results->all.cell.counters.hedges_cancelled;
    if ((hedged || strcmp(routing, "failover") == 0) && load_has_moved(results))
        text_printf(&results->notes,
                    "With routing %s %s: the regions were not asked at the same times nor for the "
                    "same, and their rates and latencies do not compare them. Routing `each` "
                    "does.\n",
                    routing,
                    hedged ? "the others get what the first region answers late"
                           : "a region gets load only while those before it take none");
    if (cancelled == 0) return;
    text_count(&results->notes, cancelled);
    text_printf(&results->notes,
                " attempt%s cancelled since another region had answered: how long %s have taken is "
                "in no latency of attempts, so that their tails are shorter than the service's. "
                "Latencies of interactions lack nothing.\n",
                cancelled == 1 ? " was" : "s were", cancelled == 1 ? "it would" : "they would");
}

void load_note_replay(struct results *results)
{
    const double speed = results_fact_number(results, "run", "clock_speed");
    if (!(speed > 1)) return;
    struct clock_limits longer;
    const cJSON *run = cJSON_GetObjectItemCaseSensitive(results->manifest, "run");
    clock_limits_read(cJSON_GetObjectItemCaseSensitive(run, "longer_limits"), &longer);
    clock_limits_words(&longer, speed, &results->notes);
    if (longer.count > 0) text_puts(&results->notes, "\n");
    const struct clock_resolution least = results_resolution(results);
    if (least.tail_us == 0) return;
    text_printf(&results->notes,
                "At clock.speed %g what this machine takes for a step counts %g-fold, and is in "
                "every latency: medians below ",
                speed, speed);
    text_duration(&results->notes, least.median_us * NS_PER_US);
    text_puts(&results->notes, " and higher quantiles below ");
    text_duration(&results->notes, least.tail_us * NS_PER_US);
    text_puts(&results->notes,
              " cannot be told from 0 (P90 and P99 of how late the generator's own "
              "timers came); what is above holds some such waits too.\n");
}

static void note_shards(struct results *results)
{
    struct text names = {0};
    size_t missing = shards_missing(results->manifest, &names);
    if (missing > 0)
        text_printf(&results->notes,
                    "The run is incomplete: of its shards, %s %s missing. Its rates are those of "
                    "the others, and the load is less than was asked for.\n",
                    text_str(&names), missing == 1 ? "is" : "are");
    struct text cut = {0};
    if (shards_cut_short(results->manifest, &cut) > 0)
        text_printf(&results->notes,
                    "The run is incomplete: of its shards, %s. From then on the load is less than "
                    "was asked for, and its figures are those of the others.\n",
                    text_str(&cut));
    results->notes.failed = results->notes.failed || names.failed || cut.failed;
    text_free(&cut);
    text_free(&names);
}

/* How long the service took cannot be told from how long nobody looked. */
static void note_untimed(struct results *results, uint64_t rows)
{
    struct text *notes = &results->notes;
    if (rows == 0 || results->all.health.pauses == 0) return;
    text_count(notes, rows);
    text_printf(notes,
                " %s ok and in no latency: this machine paused for seconds while %s under way, and "
                "latencies would be those of the pause. What else was under way then, such as "
                "interactions, is in none either.\n",
                rows == 1 ? "attempt was" : "attempts were", rows == 1 ? "it was" : "they were");
}

void load_note_peaks(struct results *results)
{
    const cJSON *run = cJSON_GetObjectItemCaseSensitive(results->manifest, "run");
    const int parts = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(run, "merged"));
    if (parts < 2 || !concurrency_known(&results->all.cell.concurrency)) return;
    text_printf(&results->notes,
                "%d runs were merged: of what was open and in flight, the means are exact, and the "
                "peaks are sums of those of the runs, which need not have been at the same "
                "moment: no more than so many.\n",
                parts);
}

void load_note_losses(struct results *results, const struct load_losses *losses)
{
    struct text *notes = &results->notes;
    uint64_t failed = results->all.cell.counters.attempts_failed;
    text_puts(notes, losses->reader_notes);
    if (notes->length > 0 && notes->data[notes->length - 1] != '\n') text_puts(notes, "\n");
    if (results->interval_count == 0)
        text_puts(notes, "The run has no whole interval: there is nothing to report yet.\n");
    if (losses->attempts_beyond + losses->failures_beyond > 0) {
        text_count(notes, losses->attempts_beyond);
        text_puts(notes, " attempts and ");
        text_count(notes, losses->failures_beyond);
        text_puts(notes, " failures lie outside every interval that was kept and are not "
                         "counted.\n");
    }
    if (!results->has_attempts && report_cell_attempts(&results->all) > 0) {
        text_puts(notes, "There is no attempts.csv: intervals rest on the cluster sums of "
                         "intervals.csv, where a session "
                         "counts whole in the window in which it ended.\n");
    }
    uint64_t cancelled = results->all.cell.counters.attempts_cancelled;
    if (results->has_attempts && losses->cancelled_rows < cancelled) {
        text_puts(notes, "attempts.csv has ");
        text_count(notes, losses->cancelled_rows);
        text_puts(notes, " of the ");
        text_count(notes, cancelled);
        text_puts(notes, " cancelled attempts that intervals.csv counts.\n");
    }
    if (results->failure_lines < failed) {
        text_puts(notes, "failures.jsonl has ");
        text_count(notes, results->failure_lines);
        text_puts(notes, " records for ");
        text_count(notes, failed);
        text_puts(notes, " failed attempts: failures by code are incomplete.\n");
    }
    note_untimed(results, losses->untimed_rows);
    note_shards(results);
    losses_note(results);
}
