#include "base/calendar.h"
#include "base/units.h"
#include "figures/grouping.h"
#include "figures/load_notes.h"
#include "figures/splits.h"

#include <string.h>

#define NAMED 3 /* intervals of one kind; the others are counted */

static void put_span(const struct split *split, struct text *out)
{
    char start[32];
    char end[32];
    format_utc_ms(split->start_ns, start);
    format_utc_ms(split->end_ns, end);
    text_printf(out, "%s to %s", start, end);
}

static bool is_cut_by(const struct grouping *grouping, const struct split *split)
{
    return grouping_next_bound(grouping, split->start_ns) < split->end_ns;
}

/* A window that is shown, pooled and set against the rest has one note. */
static bool is_noted(const struct results *results, size_t g)
{
    const struct window *window = results->groupings[g].window;
    for (size_t i = 0; i < g; i++) {
        const struct window *before = results->groupings[i].window;
        if (window != NULL && before != NULL && strcmp(before->spec, window->spec) == 0)
            return true;
    }
    return false;
}

static void put_window(const struct grouping *grouping, const char *verb, struct text *out)
{
    if (grouping->kind == GROUP_HOURS) {
        text_puts(out, "The hours of the day");
        text_puts(out, *verb == '\0' ? "" : " have");
    } else {
        text_printf(out, "Window %s%s%s", grouping_name(grouping), *verb == '\0' ? "" : " ", verb);
    }
}

/* ---- intervals that stayed whole ---- */

static void put_doubt(const struct results *results, const struct split *split, struct text *out)
{
    switch (split->doubt) {
    case SPLIT_SURE:
        break;
    case SPLIT_NO_ROWS:
        text_puts(out, "there is no attempts.csv, or no attempt in it, to tell what ended where");
        break;
    case SPLIT_DIFFERS:
        text_printf(out,
                    "attempts.csv has %llu attempts of %s there that ended ok or failed, "
                    "intervals.csv %llu%s",
                    (unsigned long long)split->rows, results->regions[split->region],
                    (unsigned long long)split->attempts,
                    split->rows == split->attempts ? ", but not as many of each" : "");
        break;
    case SPLIT_CROWDED:
        text_puts(out, "these windows would cut it into too many parts");
        break;
    }
}

/* Those of one kind of doubt. */
static void note_whole(struct results *results, const struct grouping *grouping,
                       enum split_doubt doubt)
{
    const struct splits *splits = results->splits;
    struct text *notes = &results->window_notes;
    const struct split *last = NULL;
    size_t count = 0;
    /* Without rows all are alike: the first one stands for them. */
    const size_t most = doubt == SPLIT_DIFFERS ? NAMED : 1;
    for (size_t i = 0; i < splits->count; i++) {
        const struct split *split = &splits->list[i];
        if (split->doubt != doubt || !is_cut_by(grouping, split)) continue;
        last = split;
        if (count++ >= most) continue;
        put_window(grouping, "", notes);
        text_puts(notes, ": the interval ");
        put_span(split, notes);
        text_puts(notes, " counts whole in the window in which it begins: ");
        put_doubt(results, split, notes);
        text_puts(notes, ".\n");
    }
    if (count <= most) return;
    put_window(grouping, "", notes);
    text_printf(notes, ": so %s %zu more interval%s, the last one ",
                count - most == 1 ? "does" : "do", count - most, count - most == 1 ? "" : "s");
    put_span(last, notes);
    text_puts(notes, ".\n");
}

static void note_effect(struct results *results, const struct grouping *grouping)
{
    struct text *notes = &results->window_notes;
    const struct window *window = grouping->window;
    put_window(grouping, "", notes);
    text_puts(notes,
              ": counts, rates and latencies are of up to one such interval more or less than "
              "the window names");
    if (window != NULL && window->width_ns > 0 && window->width_ns < results->longest_ns)
        text_puts(notes, ", and windows within one are empty");
    text_puts(notes, ". Bounds on whole intervals are exact.\n");
}

/* ---- intervals that were split ---- */

/* Returns whether any stayed whole. */
static bool note_grouping(struct results *results, const struct grouping *grouping, bool *split)
{
    const struct splits *splits = results->splits;
    struct text *notes = &results->window_notes;
    size_t cut = 0;
    size_t sure = 0;
    for (size_t i = 0; i < splits->count; i++) {
        if (!is_cut_by(grouping, &splits->list[i])) continue;
        cut++;
        sure += splits->list[i].doubt == SPLIT_SURE;
    }
    if (cut == 0) return false;
    *split = *split || sure > 0;
    put_window(grouping, "has", notes);
    text_printf(notes, " bounds inside %zu interval%s of the run (of up to ", cut,
                cut == 1 ? "" : "s");
    text_duration(notes, splits->longest_ns);
    text_puts(notes, ")");
    if (sure > 0) {
        text_puts(notes, ": ");
        if (sure < cut) text_printf(notes, "in %zu of them ", sure);
        text_puts(notes, "what ended on which side was counted attempt by attempt, from "
                         "attempts.csv");
    }
    text_puts(notes, ".\n");
    for (int doubt = SPLIT_NO_ROWS; doubt <= SPLIT_CROWDED; doubt++)
        note_whole(results, grouping, (enum split_doubt)doubt);
    return sure < cut;
}

/* What rows hold, but not as intervals.csv counted it. */
static void put_untold(const struct split_whole *whole, struct text *out)
{
    const char *separator = "";
    for (size_t bit = 0; split_words(bit) != NULL; bit++) {
        if (!split_untold(whole, bit)) continue;
        text_printf(out, "%s%s", separator, split_words(bit));
        separator = ", ";
    }
    if (whole->differs) text_printf(out, "%slatencies", separator);
}

static bool has_untold(const struct split_whole *whole)
{
    for (size_t bit = 0; split_words(bit) != NULL; bit++) {
        if (split_untold(whole, bit)) return true;
    }
    return whole->differs;
}

static void note_untold(struct results *results)
{
    const struct splits *splits = results->splits;
    struct text *notes = &results->window_notes;
    size_t count = 0;
    for (size_t i = 0; i < splits->count; i++) {
        const struct split *split = &splits->list[i];
        for (size_t r = 0; split->doubt == SPLIT_SURE && r < splits->regions; r++) {
            if (!has_untold(&split->wholes[r]) || count++ >= NAMED) continue;
            text_puts(notes, "Of the interval ");
            put_span(split, notes);
            text_printf(notes,
                        " some figures of %s count whole in the window in which it begins, "
                        "since attempts.csv does not add up to them: ",
                        results->regions[r]);
            put_untold(&split->wholes[r], notes);
            text_puts(notes, ".\n");
        }
    }
    if (count > NAMED)
        text_printf(notes, "So do some figures of %zu more intervals and regions.\n",
                    count - NAMED);
}

static bool any_shared(const struct splits *splits)
{
    for (size_t i = 0; i < splits->count; i++) {
        for (size_t r = 0; r < splits->regions; r++) {
            if (splits->list[i].doubt == SPLIT_SURE && splits->list[i].wholes[r].shared)
                return true;
        }
    }
    return false;
}

void load_note_splits(struct results *results)
{
    struct text *notes = &results->window_notes;
    bool split = false;
    if (results->splits == NULL) return;
    for (size_t g = 0; g < results->grouping_count; g++) {
        const struct grouping *grouping = &results->groupings[g];
        if (!grouping_has_bounds(grouping) || is_noted(results, g)) continue;
        if (note_grouping(results, grouping, &split)) note_effect(results, grouping);
    }
    if (split) {
        text_puts(notes,
                  "Rows of attempts.csv do not hold sessions, dials, holds, limits, and "
                  "latencies other than ttft, first_answer and response: of an interval that "
                  "bounds of windows cut they count whole in the window in which it begins, "
                  "and the load generator's health in each window that has a part of it. "
                  "Attempts started, and retries, count where they were due, or whole as "
                  "well where that does not add up. Incidents, and windows that stand out, "
                  "go by whole intervals: what they count in a window is not what its table "
                  "counts.\n");
        if (any_shared(results->splits))
            text_puts(notes, "Rows do not tell text from speech: what such an interval cost is "
                             "shared by tokens.\n");
        note_untold(results);
    }
    text_puts(&results->notes, text_str(notes));
    results->notes.failed = results->notes.failed || notes->failed;
}
