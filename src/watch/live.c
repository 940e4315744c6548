#include "watch/live.h"

#include "base/clock.h"
#include "base/colour.h"
#include "base/digits.h"
#include "base/terminal.h"
#include "report/format.h"
#include "report/table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define PLAIN_EVERY_NS (10 * (uint64_t)NS_PER_S)
#define BAR_WIDTH 24

struct live_view {
    FILE *out;
    bool terminal, colour, quiet;
    size_t lines_drawn;        /* of the last frame: how far up the next one begins */
    uint64_t next_plain_ns;    /* monotonic; when the next plain line is due */
    enum run_phase last_phase; /* of the last plain line */
    bool drawn_plain;
    struct live_rate *rates; /* one per region; NULL before the first call */
    uint64_t rated_ns;       /* monotonic; when they were last computed */
    struct text frame, line; /* reused for every frame */
};

/* How fast a region's attempts complete. */
struct live_rate {
    uint64_t ended; /* at the last computation */
    double per_s;
};

/* Smoothing weight: the run's figures change once per second, and are read four times per
 * second. */
#define RATE_WEIGHT 0.15

/* A region as shown in the view. */
struct live_region {
    const char *name;
    uint64_t sessions_open, attempts_ended, attempts_failed;
    double attempts_per_s;
    int64_t ttft_p50_us, ttft_p99_us; /* of the run so far; -1 if none yet */
    const struct counters *counters;  /* NULL: no counts yet */
    const char *top_failure;          /* the most frequent code so far, "" if none */
    struct hold_view hold;
    int64_t held_for_ns; /* how long yet; 0: nobody knows */
};

struct live_view *live_new(FILE *out, bool colour, bool quiet)
{
    struct live_view *view = calloc(1, sizeof *view);
    if (view == NULL) return NULL;
    view->out = out;
    view->quiet = quiet || out == NULL;
    view->terminal = out != NULL && terminal_takes_escapes(fileno(out));
    view->colour = colour && view->terminal;
    return view;
}

static void window_size(const struct live_view *view, size_t *columns, size_t *rows)
{
    struct winsize size = {0};
    bool known = ioctl(fileno(view->out), TIOCGWINSZ, &size) == 0;
    *columns = known && size.ws_col > 0 ? size.ws_col : 80;
    *rows = known && size.ws_row > 0 ? size.ws_row : 24;
}

static const char *top_failure(const struct cell *totals)
{
    const struct tally *top = NULL;
    for (size_t i = 0; i < totals->tally_count; i++) {
        const struct tally *tally = &totals->tallies[i];
        if (tally->domain == DOMAIN_NONE) continue; /* not a failure */
        if (top == NULL || tally->count > top->count) top = tally;
    }
    return top != NULL ? top->code : "";
}

static uint64_t attempts_ended(const struct region_snapshot *region)
{
    if (region->totals == NULL) return 0;
    return region->totals->counters.attempts_ok + region->totals->counters.attempts_failed;
}

static struct live_region region_shown(const struct live_view *view, const struct run_snapshot *run,
                                       size_t i)
{
    const struct region_snapshot *region = &run->regions[i];
    const struct cell *totals = region->totals;
    struct live_region shown = {.name = region->region->name,
                                .sessions_open = region->sessions_open,
                                .attempts_ended = attempts_ended(region),
                                .attempts_per_s = view->rates[i].per_s,
                                .ttft_p50_us = -1,
                                .ttft_p99_us = -1,
                                .top_failure = "",
                                .hold = region->hold};
    const int64_t now_ns = run->started_ns + run->elapsed_ns;
    if (region->hold.until_utc_ns > now_ns) shown.held_for_ns = region->hold.until_utc_ns - now_ns;
    if (totals == NULL) return shown;
    const struct histogram *ttft = totals->latency[METRIC_TTFT];
    shown.attempts_failed = totals->counters.attempts_failed;
    shown.counters = &totals->counters;
    shown.top_failure = top_failure(totals);
    if (ttft == NULL) return shown;
    shown.ttft_p50_us = histogram_percentile(ttft, 50);
    shown.ttft_p99_us = histogram_percentile(ttft, 99);
    return shown;
}

/* False when out of memory. */
static bool look_at_rates(struct live_view *view, const struct run_snapshot *run)
{
    bool first = view->rates == NULL;
    if (first) view->rates = calloc(run->region_count + 1, sizeof *view->rates);
    if (view->rates == NULL) return false;
    double passed_s = first ? 0 : (double)(run->at_mono_ns - view->rated_ns) / (double)NS_PER_S;
    view->rated_ns = run->at_mono_ns;
    for (size_t i = 0; i < run->region_count; i++) {
        struct live_rate *rate = &view->rates[i];
        uint64_t ended = attempts_ended(&run->regions[i]);
        double now = passed_s > 0 ? (double)(ended - rate->ended) / passed_s : 0;
        rate->per_s += (now - rate->per_s) * RATE_WEIGHT;
        rate->ended = ended;
    }
    return true;
}

/* The drain after the load does not count as elapsed. */
static int64_t shown_elapsed(const struct run_snapshot *run)
{
    return run->elapsed_ns < run->load_ns ? run->elapsed_ns : run->load_ns;
}

static bool is_healthy(const struct run_snapshot *run)
{
    return run->health == NULL || run->health->valid;
}

static double share_failed(const struct live_region *region)
{
    return region->attempts_ended == 0
               ? 0
               : (double)region->attempts_failed / (double)region->attempts_ended;
}

static void put_us(struct text *out, int64_t us)
{
    if (us < 0) {
        text_puts(out, "-");
    } else {
        format_us(out, (double)us);
    }
}

/* "demo running 0:12 of 0:40 [######------] 30% 0:28 left" */
static void progress(const struct run_snapshot *run, struct text *out)
{
    double share = run->load_ns > 0 ? (double)run->elapsed_ns / (double)run->load_ns : 0;
    if (share > 1) share = 1;
    if (share < 0) share = 0;
    int full = (int)(share * BAR_WIDTH);
    text_printf(out, "%s  %s  ", run->profile->name, run_phase_name(run->phase));
    format_clock(out, shown_elapsed(run));
    text_puts(out, " of ");
    format_clock(out, run->load_ns);
    text_puts(out, "  [");
    for (int i = 0; i < BAR_WIDTH; i++) text_puts(out, i < full ? "#" : "-");
    text_printf(out, "] %3.0f%%", share * 100);
    if (run->elapsed_ns < run->load_ns) {
        double left_ns = (double)(run->load_ns - run->elapsed_ns) / run->clock_speed;
        text_puts(out, "  ");
        format_clock(out, (int64_t)left_ns + NS_PER_S - 1);
        text_puts(out, " left");
    }
    if (run->clock_speed > 1) text_printf(out, "  (clock x%.4g)", run->clock_speed);
}

static void put_cost(struct text *out, const struct live_region *region)
{
    if (region->counters == NULL) {
        text_puts(out, "-");
    } else {
        format_cost(out, region->counters, region->counters->cost_usd);
    }
}

/* "daily_limit", and whether the region is held back: "daily_limit, held for 1:26". */
static void put_trouble(struct text *out, const struct live_region *region)
{
    text_puts(out, region->top_failure);
    if (!region->hold.on) return;
    if (region->top_failure[0] != '\0') text_puts(out, ", ");
    if (region->hold.hopeless) {
        text_puts(out, "its load has ended");
    } else if (region->hold.by_budget) {
        text_puts(out, "waits for room");
    } else if (region->held_for_ns == 0) {
        text_puts(out, "held, one goes first");
    } else {
        text_puts(out, "held for ");
        format_clock(out, region->held_for_ns + NS_PER_S - 1);
    }
    if (strcmp(region->top_failure, region->hold.code) != 0)
        text_printf(out, " (%s)", region->hold.code);
}

static void region_cells(const struct live_region *region, struct table *table)
{
    struct text *cell = table_cell(table);
    table_put(table, region->name);
    text_count(cell, region->sessions_open);
    table_next(table);
    text_count(cell, region->attempts_ended);
    table_next(table);
    text_printf(cell, "%.1f", region->attempts_per_s);
    table_next(table);
    if (region->attempts_ended == 0) {
        text_puts(cell, "-");
    } else {
        format_percent(cell, share_failed(region));
    }
    table_next(table);
    put_us(cell, region->ttft_p50_us);
    table_next(table);
    put_us(cell, region->ttft_p99_us);
    table_next(table);
    put_cost(cell, region);
    table_next(table);
    put_trouble(cell, region);
    table_next(table);
}

static void regions(const struct live_view *view, const struct run_snapshot *run, size_t shown,
                    struct text *out)
{
    struct table table = {0};
    table_column(&table, "region", true);
    table_column(&table, "sessions", false);
    table_column(&table, "attempts", false);
    table_column(&table, "per s", false);
    table_column(&table, "failed", false);
    table_column(&table, "ttft P50", false);
    table_column(&table, "ttft P99", false);
    table_column(&table, "cost", false);
    table_column(&table, "top failure", true);
    for (size_t i = 0; i < shown; i++) {
        const struct live_region region = region_shown(view, run, i);
        region_cells(&region, &table);
    }
    table_draw(&table, 0, false, out);
    table_free(&table);
    if (shown < run->region_count)
        text_printf(out, "and %zu more regions\n", run->region_count - shown);
}

/* Composes the view as plain lines; the last column of the terminal stays free, so that nothing
 * ever wraps. */
static void compose(const struct live_view *view, const struct run_snapshot *run, size_t rows,
                    struct text *out)
{
    size_t room = rows > 5 ? rows - 5 : 1;
    progress(run, out);
    text_puts(out, "\n");
    regions(view, run, run->region_count < room ? run->region_count : room, out);
    /* Progress, headings and regions take the first rows; the rest is for what may follow. */
    if (run->abort_status[0] != '\0' && run->region_count < room)
        text_printf(out, "%s\n", run->abort_status);
    if (!is_healthy(run)) text_printf(out, "the generator is not healthy: %s\n", run->health->why);
}

static const char *tint(const struct run_snapshot *run, size_t number, size_t lines)
{
    if (number == 0) return COLOUR_HEADING;
    if (number == 1) return COLOUR_DIM;
    return !is_healthy(run) && number + 1 == lines ? COLOUR_INVALID : "";
}

/*
 * Writes the frame in one piece: moves the cursor to the first line of the last frame, cuts every
 * line to the width and clears to its end, then clears what is left below. Wrapping and the cursor
 * are off only within the frame, so that a kill leaves both on.
 */
static void draw_frame(struct live_view *view, const struct run_snapshot *run)
{
    size_t columns;
    size_t rows;
    window_size(view, &columns, &rows);
    text_clear(&view->line);
    text_clear(&view->frame);
    compose(view, run, rows, &view->line);
    size_t lines = 0;
    for (size_t i = 0; i < view->line.length; i++) lines += view->line.data[i] == '\n';
    text_puts(&view->frame, "\x1b[?25l\x1b[?7l\r");
    if (view->lines_drawn > 0) text_printf(&view->frame, "\x1b[%zuA", view->lines_drawn);
    char *line = view->line.failed ? NULL : view->line.data;
    for (size_t number = 0; line != NULL && number < lines; number++) {
        char *end = strchr(line, '\n');
        const char *colour = view->colour ? tint(run, number, lines) : "";
        *end = '\0';
        text_puts(&view->frame, colour);
        display_plain(&view->frame, line, columns > 1 ? columns - 1 : 1);
        text_puts(&view->frame, *colour == '\0' ? "\x1b[K\n" : COLOUR_OFF "\x1b[K\n");
        line = end + 1;
    }
    text_puts(&view->frame, "\x1b[J\x1b[?7h\x1b[?25h");
    view->lines_drawn = lines;
}

static void plain_region(const struct live_region *region, struct text *out)
{
    text_printf(out, "; %s %llu open, ", region->name, (unsigned long long)region->sessions_open);
    text_count(out, region->attempts_ended);
    text_printf(out, " attempts (%.1f/s), ", region->attempts_per_s);
    format_percent(out, share_failed(region));
    text_puts(out, " failed, ttft P50 ");
    put_us(out, region->ttft_p50_us);
    text_puts(out, " P99 ");
    put_us(out, region->ttft_p99_us);
    if (region->counters != NULL && region->counters->cost_usd > 0) {
        text_puts(out, ", ");
        put_cost(out, region);
    }
    if (region->top_failure[0] != '\0' || region->hold.on) text_puts(out, ", ");
    put_trouble(out, region);
}

static void draw_plain(struct live_view *view, const struct run_snapshot *run)
{
    text_clear(&view->line);
    text_clear(&view->frame);
    format_clock(&view->line, shown_elapsed(run));
    text_puts(&view->line, " of ");
    format_clock(&view->line, run->load_ns);
    text_printf(&view->line, " %s", run_phase_name(run->phase));
    for (size_t i = 0; i < run->region_count; i++) {
        const struct live_region region = region_shown(view, run, i);
        plain_region(&region, &view->line);
    }
    if (run->abort_status[0] != '\0') text_printf(&view->line, "; %s", run->abort_status);
    if (!is_healthy(run))
        text_printf(&view->line, "; the generator is not healthy: %s", run->health->why);
    display_plain(&view->frame, text_str(&view->line), SIZE_MAX);
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
    if (view == NULL || view->quiet || !look_at_rates(view, run)) return;
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

void live_note(struct live_view *view, const char *line)
{
    if (view == NULL || view->quiet) return;
    /* Also erases what the terminal echoed for Ctrl-C below the picture. */
    if (view->lines_drawn > 0) (void)fprintf(view->out, "\r\x1b[%zuA\x1b[J", view->lines_drawn);
    view->lines_drawn = 0;
    (void)fprintf(view->out, "%s\n", line);
    (void)fflush(view->out);
}

void live_free(struct live_view *view)
{
    if (view == NULL) return;
    text_free(&view->frame);
    text_free(&view->line);
    free(view->rates);
    free(view);
}
