#include "watch/live.h"

#include "base/clock.h"
#include "base/colour.h"
#include "base/digits.h"
#include "base/terminal.h"
#include "base/units.h"
#include "report/format.h"
#include "report/table.h"
#include "watch/history.h"
#include "watch/picture.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PLAIN_EVERY_NS (10 * (uint64_t)NS_PER_S)
#define NOTES_KEPT 4

struct live_view {
    FILE *out;
    bool terminal; /* takes escape sequences */
    bool dumb;     /* is one that does not: lines are wrapped */
    bool colour, quiet;
    struct picture_room room;  /* of the last frame */
    size_t lines_drawn;        /* of the last frame: how far up the next one begins */
    uint64_t next_plain_ns;    /* monotonic; when the next plain line is due */
    enum run_phase last_phase; /* of the last plain line */
    bool drawn_plain;
    struct history history;
    struct picture picture;
    char *notes[NOTES_KEPT]; /* the last ones, newest first, to be shown again after a resize */
    struct text frame, line; /* reused for every frame */
};

struct live_view *live_new(FILE *out, bool colour, bool quiet)
{
    struct live_view *view = calloc(1, sizeof *view);
    if (view == NULL) return NULL;
    view->out = out;
    view->quiet = quiet || out == NULL;
    view->terminal = out != NULL && terminal_takes_escapes(fileno(out));
    view->dumb = out != NULL && !view->terminal && isatty(fileno(out)) == 1;
    view->colour = colour && view->terminal;
    return view;
}

/* The last column stays free, so that nothing ever wraps, and the last line, where the cursor
 * rests. */
static struct picture_room room_of(FILE *out)
{
    size_t columns;
    size_t rows;
    (void)terminal_size(fileno(out), &columns, &rows);
    return (struct picture_room){.width = columns > 1 ? columns - 1 : 1,
                                 .height = rows > 1 ? rows - 1 : 1,
                                 .utf8 = terminal_takes_utf8()};
}

static const char *colour_of(enum picture_tint tint)
{
    switch (tint) {
    case TINT_HEADING:
        return COLOUR_HEADING;
    case TINT_DIM:
        return COLOUR_DIM;
    case TINT_NOTABLE:
        return COLOUR_NOTABLE;
    case TINT_BAD:
        return COLOUR_INVALID;
    case TINT_NONE:
        break;
    }
    return "";
}

/* Terminals differ in what they do with lines that no longer fit, so after a resize the screen is
 * begun anew, with the last notes on top. */
static void begin_screen(struct live_view *view)
{
    text_puts(&view->frame, "\x1b[H\x1b[2J");
    for (size_t i = NOTES_KEPT; i-- > 0;) {
        if (view->notes[i] == NULL) continue;
        display_folded(&view->frame, view->notes[i], 2, view->room.width);
        text_puts(&view->frame, "\n");
    }
    view->lines_drawn = 0;
}

/*
 * Writes the frame in one piece: moves the cursor to the first line of the last frame, cuts every
 * line to the width and clears to its end, then clears what is left below. Wrapping and the cursor
 * are off only within the frame, so that a kill leaves both on.
 */
static void draw_frame(struct live_view *view, const struct run_snapshot *run)
{
    const struct picture_room room = room_of(view->out);
    const bool resized = view->lines_drawn > 0 &&
                         (room.width != view->room.width || room.height != view->room.height);
    view->room = room;
    text_clear(&view->frame);
    picture_make(&view->picture, run, &view->history, &room);
    text_puts(&view->frame, "\x1b[?25l\x1b[?7l\r");
    if (resized) begin_screen(view);
    if (view->lines_drawn > 0) text_printf(&view->frame, "\x1b[%zuA", view->lines_drawn);
    char *line = view->picture.text.failed ? NULL : view->picture.text.data;
    size_t number = 0;
    for (; line != NULL && number < view->picture.lines && number < room.height; number++) {
        char *end = strchr(line, '\n');
        if (end == NULL) break;
        const char *colour = view->colour ? colour_of(view->picture.tints[number]) : "";
        *end = '\0';
        text_puts(&view->frame, colour);
        display_plain(&view->frame, line, room.width);
        text_puts(&view->frame, *colour == '\0' ? "\x1b[K\n" : COLOUR_OFF "\x1b[K\n");
        line = end + 1;
    }
    text_puts(&view->frame, "\x1b[J\x1b[?7h\x1b[?25h");
    view->lines_drawn = number;
}

/* ---- plain lines ---- */

static void put_us(struct text *out, const struct histogram *latency, double percentile)
{
    if (latency == NULL) {
        text_puts(out, "-");
    } else {
        format_us(out, (double)histogram_percentile(latency, percentile));
    }
}

static void plain_failures(const struct live_view *view, size_t index, struct text *out)
{
    const struct region_history *seen = &view->history.regions[index];
    const struct history_column recent = history_recent(&view->history, index);
    format_percent(out, seen->ended == 0 ? 0 : (double)seen->failed / (double)seen->ended);
    text_puts(out, " failed");
    if (recent.ended == 0 || recent.ended == seen->ended) return;
    text_puts(out, " (");
    format_percent(out, (double)recent.failed / (double)recent.ended);
    text_puts(out, " in the last ");
    text_duration(out, view->history.recent_ns);
    text_puts(out, ")");
}

static void plain_region(const struct live_view *view, const struct run_snapshot *run, size_t index,
                         struct text *out)
{
    const struct region_snapshot *region = &run->regions[index];
    const struct region_history *seen = &view->history.regions[index];
    const struct cell *totals = region->totals;
    const struct histogram *ttft = totals == NULL ? NULL : totals->latency[METRIC_TTFT];
    text_printf(out, "; %s %llu open, ", region->region->name,
                (unsigned long long)region->sessions_open);
    text_count(out, seen->ended);
    text_printf(out, " attempts (%.1f/s), ", seen->ended_per_s);
    plain_failures(view, index, out);
    text_puts(out, ", ttft P50 ");
    put_us(out, ttft, 50);
    text_puts(out, " P99 ");
    put_us(out, ttft, 99);
    if (totals != NULL && totals->counters.cost_usd > 0) {
        text_puts(out, ", ");
        format_cost(out, &totals->counters, totals->counters.cost_usd);
    }
    if (seen->last_code[0] != '\0') text_printf(out, ", last %s", seen->last_code);
    if (region->hold.on) text_puts(out, ", ");
    picture_hold(run, index, out);
}

static void draw_plain(struct live_view *view, const struct run_snapshot *run)
{
    text_clear(&view->line);
    text_clear(&view->frame);
    format_clock(&view->line, picture_elapsed(run));
    text_puts(&view->line, " of ");
    format_clock(&view->line, run->load_ns);
    text_printf(&view->line, " %s", run_phase_name(run->phase));
    for (size_t i = 0; i < run->region_count; i++) plain_region(view, run, i, &view->line);
    if (run->budget_spent > 0) {
        text_puts(&view->line, "; budget ");
        format_percent(&view->line, run->budget_spent);
        text_puts(&view->line, " spent");
    }
    if (run->abort_status[0] != '\0') text_printf(&view->line, "; %s", run->abort_status);
    if (run->health != NULL && !run->health->valid)
        text_printf(&view->line, "; the generator is not healthy: %s", run->health->why);
    display_folded(&view->frame, text_str(&view->line), 2,
                   view->dumb ? room_of(view->out).width : SIZE_MAX);
    text_puts(&view->frame, "\n");
}

/* On the first call, every ten seconds of real time, and when the phase changes. */
static bool plain_is_due(struct live_view *view, const struct run_snapshot *run)
{
    bool same = view->drawn_plain && view->last_phase == run->phase;
    if (same && run->at_mono_ns < view->next_plain_ns) return false;
    view->next_plain_ns = run->at_mono_ns + PLAIN_EVERY_NS;
    view->last_phase = run->phase;
    view->drawn_plain = true;
    return true;
}

void live_draw(struct live_view *view, const struct run_snapshot *run)
{
    if (view == NULL || view->quiet || !history_look(&view->history, run)) return;
    if (view->terminal) {
        draw_frame(view, run);
    } else if (plain_is_due(view, run)) {
        draw_plain(view, run);
    } else {
        return;
    }
    if (view->frame.failed || view->line.failed) return;
    (void)fwrite(view->frame.data, 1, view->frame.length, view->out);
    (void)fflush(view->out);
}

static void keep_note(struct live_view *view, const char *line)
{
    free(view->notes[NOTES_KEPT - 1]);
    memmove(view->notes + 1, view->notes, (NOTES_KEPT - 1) * sizeof *view->notes);
    view->notes[0] = strdup(line);
}

void live_print(FILE *out, const char *line)
{
    struct text folded = {0};
    if (isatty(fileno(out)) == 1) display_folded(&folded, line, 2, room_of(out).width);
    (void)fprintf(out, "%s\n", folded.length > 0 && !folded.failed ? text_str(&folded) : line);
    (void)fflush(out);
    text_free(&folded);
}

void live_note(struct live_view *view, const char *line)
{
    if (view == NULL || view->quiet) return;
    if (view->terminal) keep_note(view, line);
    /* Also erases what the terminal echoed for Ctrl-C below the picture. */
    if (view->lines_drawn > 0) (void)fprintf(view->out, "\r\x1b[%zuA\x1b[J", view->lines_drawn);
    view->lines_drawn = 0;
    live_print(view->out, line);
}

void live_free(struct live_view *view)
{
    if (view == NULL) return;
    if (view->lines_drawn > 0) (void)fputs("\n", view->out); /* what follows stands apart */
    for (size_t i = 0; i < NOTES_KEPT; i++) free(view->notes[i]);
    history_free(&view->history);
    text_free(&view->picture.text);
    text_free(&view->frame);
    text_free(&view->line);
    free(view);
}
