#include "report/words.h"

#include "base/clock.h"
#include "base/units.h"
#include "figures/claim.h"
#include "figures/prices.h"
#include "record/holds.h"
#include "record/shards.h"
#include "report/format.h"

#include <string.h>

/* Of a run that long it is said what an hour cost. */
#define LONG_NS (3600 * NS_PER_S)

void words_run(const struct results *results, struct text *out)
{
    const char *state = results_fact(results, "run", "state");
    const char *reason = results_fact(results, "run", "reason");
    double speed = results_fact_number(results, "run", "clock_speed");
    /* The manifest is replaced at the end: if it still says "running", the run was most likely
     * killed. */
    text_puts(out, state[0] == '\0'                ? "state unknown"
                   : strcmp(state, "running") == 0 ? "killed or still running"
                                                   : state);
    if (reason[0] != '\0') text_printf(out, " (%s)", reason);
    text_puts(out, ", ");
    text_duration(out, results->end_ns - results->start_ns);
    text_puts(out, " recorded");
    if (results_simulated(results)) {
        text_puts(out, ", simulated");
        if (speed > 1) text_printf(out, " at %.4g times real time", speed);
    }
    text_printf(out, ", %zu region%s", results->region_count,
                results->region_count == 1 ? "" : "s");
    const double hourly = prices_hourly(results);
    if (!(hourly > 0) || results->end_ns - results->start_ns < LONG_NS) return;
    text_puts(out, ", ");
    format_usd(out, hourly);
    text_puts(out, " an hour");
}

static size_t count_verdicts(const struct results *results, enum verdict verdict)
{
    size_t count = 0;
    for (size_t i = 0; i < results->judged_count; i++)
        count += results->judged[i].of.verdict == verdict;
    return count;
}

/* A share's upper end with room for what a run so short cannot show. */
static void pass_words(const struct judgement *j, bool quantile, struct text *out)
{
    double room = claim_room(&j->service);
    text_puts(out, "passes as far as this run tells; ");
    text_puts(out, quantile ? "the share over the limit may be up to " : "up to ");
    format_percent(out, room);
    text_puts(out, " with room for an incident that a run of ");
    text_needed_time(out, j->service.dependence.seconds / 60);
    text_puts(out, " does not show");
}

static void open_words(const struct judgement *j, struct text *out)
{
    text_printf(out, "cannot be decided: %s", j->why);
    if (!j->needed_known || !(j->needed_hours > 0)) return;
    text_puts(out, "; about ");
    text_needed_time(out, 60 * j->needed_hours);
    text_puts(out, " more of this load would tell");
    const enum dependence_why why = j->service.dependence.why;
    if (!j->about_run && (why == DEPENDENCE_BRIEF || why == DEPENDENCE_SHORT))
        text_puts(out, ", and about=run would ask about this run alone");
}

void words_threshold(const struct judged *judged, struct text *out)
{
    const struct judgement *j = &judged->of;
    bool upper =
        judged->threshold.comparison == LESS || judged->threshold.comparison == LESS_OR_EQUAL;
    if (j->verdict == VERDICT_INCONCLUSIVE) {
        open_words(j, out);
    } else if (j->about_run && (j->verdict == VERDICT_PASS || j->verdict == VERDICT_FAIL)) {
        text_puts(out, "about this run alone; it says nothing of other hours");
    } else if (j->verdict == VERDICT_PASS && upper) {
        pass_words(j, judged->quantile, out);
    }
}

void words_thresholds(const struct results *results, struct text *out)
{
    struct text words = {0};
    for (size_t i = 0; i < results->judged_count; i++) {
        words_threshold(&results->judged[i], &words);
        if (words.length > 0)
            text_printf(out, "%s: %s\n", results->judged[i].expression, text_str(&words));
        text_clear(&words);
    }
    text_free(&words);
}

void words_verdict(const struct results *results, struct text *out)
{
    size_t all = results->judged_count;
    size_t same = count_verdicts(results, results->verdict);
    bool stopped = results_rule_failed(results);
    const char *plural = all == 1 ? "" : "s";
    switch (results->verdict) {
    case VERDICT_NONE:
        text_puts(out, "the profile sets no thresholds");
        break;
    case VERDICT_PASS:
        text_printf(out, "%zu of %zu threshold%s passed", same, all, plural);
        break;
    case VERDICT_FAIL:
        if (stopped)
            text_puts(out, all > 0 ? "stopped by abort_on_fail; " : "stopped by abort_on_fail");
        if (all > 0) text_printf(out, "%zu of %zu threshold%s failed", same, all, plural);
        break;
    case VERDICT_INCONCLUSIVE:
        text_printf(out, "%zu of %zu threshold%s cannot be decided by what was seen", same, all,
                    plural);
        break;
    case VERDICT_INVALID:
        text_puts(out, shards_whole(results->manifest)
                           ? "the load generator itself was in the way, so the figures are not "
                             "the service's"
                           : "a part of the load is missing");
        break;
    }
}

void words_generator(const struct results *results, struct text *out)
{
    const struct report_cell *all = &results->all;
    const struct health *h = &all->health;
    const struct latency_figures *lag = &all->latency[METRIC_LAG];
    if (all->intervals == 0) {
        text_puts(out, "nothing was recorded");
        return;
    }
    if (report_cell_valid(all)) {
        text_puts(out,
                  all->invalid_intervals == 0 ? "healthy in every interval" : "healthy as a whole");
    } else {
        text_puts(out, "not healthy: ");
        report_cell_why(all, out);
    }
    if (all->invalid_intervals > 0) {
        text_printf(out, "; %llu of %llu intervals %s not valid",
                    (unsigned long long)all->invalid_intervals, (unsigned long long)all->intervals,
                    all->invalid_intervals == 1 ? "is" : "are");
    }
    text_puts(out, "; worst interval: loop delay P99 ");
    format_us(out, (double)h->loop_delay_p99_ns / 1e3);
    text_puts(out, ", lag P99 ");
    format_us(out, (double)h->lag_p99_ns / 1e3);
    text_printf(out, ", CPU %.0f%% of a core", h->cpu * 100);
    if (h->pauses > 0) {
        text_printf(out, "; this machine was paused %llu time%s, ", (unsigned long long)h->pauses,
                    h->pauses == 1 ? "" : "s");
        format_us(out, (double)h->paused_ms * 1e3);
        text_puts(out, " in all, and did not look at its sockets meanwhile");
    }
    if (lag->count > 0) {
        text_puts(out, "; of all attempts: lag P50 ");
        format_us(out, (double)lag->p50);
        text_puts(out, ", max ");
        format_us(out, (double)lag->max);
    }
    const uint64_t wanted = health_wanted(h);
    if (wanted > 0) {
        text_printf(out, "; %.1f%% of the requested arrivals were started",
                    100 * (double)h->achieved / (double)wanted);
        if (h->achieved_late > 0)
            text_printf(out, ", %.1f%% over %.0f ms late",
                        100 * (double)h->achieved_late / (double)wanted,
                        (double)HEALTH_DIAL_LATE_NS / 1e6);
    }
    if (h->held > 0)
        text_printf(out, "%s%llu more were held back", wanted > 0 ? ", " : "; ",
                    (unsigned long long)h->held);
    if (h->displaced > 0)
        text_printf(out,
                    "; %llu of them came late or never only because retries of failed attempts "
                    "took their places (load.connect_rate, load.max_sessions): the load was less "
                    "than was asked for while the service failed, and its rates stand",
                    (unsigned long long)h->displaced);
}

/* Whether run.json lists a hold of a code; NULL: of any other code than our own ones. A killed run
 * lists none. */
static bool held_for(const struct results *results, const char *code)
{
    const cJSON *hold = NULL;
    cJSON_ArrayForEach(hold, results_holds(results))
    {
        const char *said =
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(hold, HOLD_CODE_KEY));
        if (said == NULL) continue;
        const bool ours = strcmp(said, HOLD_BUDGET_CODE) == 0 || strcmp(said, HOLD_PACE_CODE) == 0;
        if (code == NULL ? !ours : strcmp(said, code) == 0) return true;
    }
    return false;
}

void words_holds(const struct results *results, struct text *out)
{
    const struct counters *all = &results->all.cell.counters;
    if (all->held_ms == 0 && all->held_arrivals == 0) return;
    const bool by_budget = held_for(results, HOLD_BUDGET_CODE);
    const bool by_pace = held_for(results, HOLD_PACE_CODE);
    if (by_budget)
        text_puts(out, "While the budget had room for fewer turns at once than were due, those "
                       "that were due waited for others to give back what they had not needed: "
                       "the load was less than was asked for. ");
    if (by_pace)
        text_puts(out, "What was due beyond the quota waited for its time (load.pace_to_quota): "
                       "the load was less than was asked for. ");
    if (held_for(results, NULL) || !(by_budget || by_pace))
        text_puts(out, "A region is held back while the service asks to wait, and for growing "
                       "times after config, auth or quota failures in a row; then one attempt "
                       "goes first. ");
    text_puts(out, "Rates are those of the attempts that were sent. ");
    if (all->held_arrivals > 0)
        text_puts(out, "Arrivals that were due meanwhile were not started: they are in no rate, "
                       "and in no shortfall of the load. ");
    text_puts(out, "Who was there already waited and counts from the hold's end; only the latency "
                   "of an interaction that had failed before has the wait in it.");
}

/* How close its sum came to a stop; nothing if an older run did not record it. */
static void abort_peak(const cJSON *region, struct text *out)
{
    const cJSON *peak = cJSON_GetObjectItemCaseSensitive(region, "peak");
    const cJSON *limit = cJSON_GetObjectItemCaseSensitive(region, "limit");
    if (!cJSON_IsNumber(peak) || !cJSON_IsNumber(limit) || limit->valuedouble <= 0) return;
    double share = peak->valuedouble / limit->valuedouble;
    text_printf(out, ", at most %.0f%% of the way to a stop", 100 * (share < 1 ? share : 1));
}

static double count_in(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

/* What the rule promises; an older run recorded less of it. */
static void abort_promise(const cJSON *rule, struct text *out)
{
    const double attempts = count_in(rule, "mean_attempts_between_false_alarms");
    const double hours = count_in(rule, "mean_hours_between_false_alarms");
    if (attempts <= 0) return;
    text_printf(out,
                "; at %.3g%% a region gives a false alarm once in %.3g attempts at risk or more "
                "seldom",
                100 * count_in(rule, "acceptable"), attempts);
    if (hours <= 0) return;
    text_puts(out, ", all together once in ");
    text_needed_time(out, 60 * hours);
    text_puts(out, " of this load");
}

void words_abort_rule(const struct results *results, struct text *out)
{
    const cJSON *rule = results_abort_rule(results);
    const cJSON *region = NULL;
    bool first = true;
    cJSON_ArrayForEach(region, cJSON_GetObjectItemCaseSensitive(rule, "regions"))
    {
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(region, "name"));
        const char *verdict =
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(region, "verdict"));
        if (name == NULL || verdict == NULL) continue;
        const bool high = strcmp(verdict, "too_high") == 0;
        text_printf(out, "%s%s %s: %.0f first failures in %.0f attempts at risk", first ? "" : "; ",
                    name, high ? "too high" : "no alarm", count_in(region, "first_failures"),
                    count_in(region, "at_risk"));
        if (!high) abort_peak(region, out);
        first = false;
    }
    abort_promise(rule, out);
}

void words_grouping(const struct grouping *grouping, struct text *out)
{
    const struct window *window = grouping->window;
    if (window == NULL) return;
    if (window->width_ns > 0) {
        text_printf(out, "every %s", window->name);
    } else {
        text_puts(out, window->spec);
    }
}

void words_left_out(size_t windows, struct text *out)
{
    text_printf(
        out,
        "%zu more windows with fewer failed attempts are not shown; `rushhour report RUN --format "
        "csv` has all.",
        windows);
}

const struct definition *words_definitions(size_t *count)
{
    static const struct definition definitions[] = {
        {"attempt",
         "one try of an interaction, from response.create to response.done or failure; cancelled "
         "ones count "
         "neither way",
         USED_IN_PAGES},
        {"failure rate", "failed attempts out of all attempts that ended", USED_ALWAYS},
        {"in this run",
         "what happened: the 95% interval (in brackets) knows that attempts of one session fail "
         "together, and is about these very hours",
         USED_ALWAYS},
        {"at such hours",
         "what the service does at hours like these, also those that nobody measured: the 95% "
         "interval knows besides that an incident strikes all sessions at once; thresholds and "
         "comparisons go by it, and where the run is too short for it, it says so",
         USED_ALWAYS},
        {"sessions with failures",
         "sessions with at least one failed attempt, out of those with any", USED_IN_PAGES},
        {"interactions failed", "user turns that stayed without an answer after all retries",
         USED_ALWAYS},
        {"P50, P95, P99",
         "half, 95% and 99% of the values are at most this; P99 needs 368 samples, with fewer only "
         "a lower "
         "bound (>=) is given, under 100 none",
         USED_ALWAYS},
        {"incident",
         "a stretch of time in which regions failed at least twice as often as in the rest of the "
         "run, so much that at most 5% of runs without one show any",
         USED_IN_PAGES},
        {"window",
         "an attempt counts in the window in which it ended; where a bound lies inside an interval "
         "of the run, by attempts.csv, and the notes say what counts otherwise",
         USED_IN_PAGES},
        {"open, in flight",
         "sessions with an open connection, and responses asked for and not yet ended: how many "
         "at once on average over the time",
         USED_ALWAYS},
        {"valid",
         "the load generator was healthy over these intervals as a whole, so its own delay is not "
         "in the figures",
         USED_WHEN_INVALID},
        {"needed",
         "how much longer a run of this load would settle the threshold at an unchanged rate: an "
         "estimate",
         USED_WHEN_UNDECIDED},
    };
    *count = sizeof definitions / sizeof *definitions;
    return definitions;
}

bool words_needed(const struct results *results, const struct definition *definition)
{
    switch (definition->use) {
    case USED_IN_PAGES:
        return false;
    case USED_ALWAYS:
        return true;
    case USED_WHEN_UNDECIDED:
        return count_verdicts(results, VERDICT_INCONCLUSIVE) > 0;
    case USED_WHEN_INVALID:
        return results->all.invalid_intervals > 0;
    }
    return true;
}

bool words_metric_used(const struct results *results, enum metric metric)
{
    return results->all.latency[metric].count > 0;
}
