#include "base/clock.h"
#include "base/digits.h"
#include "base/units.h"
#include "report/format.h"
#include "report/table.h"
#include "watch/picture_private.h"

/* The region of a line, and what is known of it. */
struct row {
    const struct run_snapshot *run;
    const struct history *history;
    const struct region_snapshot *region;
    size_t index;
};

typedef void cell_writer(const struct row *row, struct text *out);

static void put_name(const struct row *row, struct text *out)
{
    text_puts(out, row->region->region->name);
}

static void put_sessions(const struct row *row, struct text *out)
{
    text_count(out, row->region->sessions_open);
}

static void put_in_flight(const struct row *row, struct text *out)
{
    text_count(out, row->region->in_flight);
}

static void put_attempts(const struct row *row, struct text *out)
{
    text_count(out, row->history->regions[row->index].ended);
}

static void put_speed(const struct row *row, struct text *out)
{
    text_printf(out, "%.1f", row->history->regions[row->index].ended_per_s);
}

static void put_share(uint64_t failed, uint64_t ended, struct text *out)
{
    if (ended == 0) {
        text_puts(out, "-");
    } else {
        format_percent(out, (double)failed / (double)ended);
    }
}

static void put_failed(const struct row *row, struct text *out)
{
    const struct region_history *seen = &row->history->regions[row->index];
    put_share(seen->failed, seen->ended, out);
}

static void put_recent(const struct row *row, struct text *out)
{
    const struct history_column recent = history_recent(row->history, row->index);
    put_share(recent.failed, recent.ended, out);
}

static void put_ttft(const struct row *row, double percentile, struct text *out)
{
    const struct cell *totals = row->region->totals;
    const struct histogram *ttft = totals == NULL ? NULL : totals->latency[METRIC_TTFT];
    if (ttft == NULL) {
        text_puts(out, "-");
    } else {
        format_us(out, (double)histogram_percentile(ttft, percentile));
    }
}

static void put_ttft_p50(const struct row *row, struct text *out)
{
    put_ttft(row, 50, out);
}

static void put_ttft_p99(const struct row *row, struct text *out)
{
    put_ttft(row, 99, out);
}

static void put_cost(const struct row *row, struct text *out)
{
    if (row->region->totals == NULL) {
        text_puts(out, "-");
    } else {
        format_cost(out, &row->region->totals->counters, row->region->totals->counters.cost_usd);
    }
}

static void put_last(const struct row *row, struct text *out)
{
    text_puts(out, row->history->regions[row->index].last_code);
}

/* By the run's clock. */
static void put_ago(const struct row *row, struct text *out)
{
    const struct region_history *seen = &row->history->regions[row->index];
    if (seen->last_code[0] != '\0') format_clock(out, row->history->elapsed_ns - seen->last_ns);
}

/* In the order of the table; those of the lowest rank stay longest. */
static const struct column {
    const char *heading; /* NULL: "last 1m" */
    bool left;
    unsigned rank;
    cell_writer *write;
} columns[] = {{"region", true, 0, put_name},          {"sessions", false, 7, put_sessions},
               {"in flight", false, 9, put_in_flight}, {"attempts", false, 4, put_attempts},
               {"per s", false, 8, put_speed},         {"failed", false, 1, put_failed},
               {NULL, false, 2, put_recent},           {"ttft P50", false, 5, put_ttft_p50},
               {"ttft P99", false, 6, put_ttft_p99},   {"cost", false, 10, put_cost},
               {"last failure", true, 3, put_last},    {"ago", false, 3, put_ago}};

#define RANKS 11
#define COLUMNS (sizeof columns / sizeof *columns)

/* The table with the columns of these ranks (a bit each); returns its width. */
static size_t draw(const struct run_snapshot *run, const struct history *history, size_t shown,
                   unsigned ranks, struct text *out)
{
    struct table table = {0};
    struct text recent = {0};
    text_puts(&recent, "last ");
    text_duration(&recent, history->recent_ns);
    for (size_t c = 0; c < COLUMNS; c++) {
        const char *heading = columns[c].heading;
        if ((ranks >> columns[c].rank & 1) !=
            0) /* the last one is on the right, and so never wrapped */
            table_column(&table, heading != NULL ? heading : text_str(&recent), columns[c].left);
    }
    for (size_t i = 0; i < shown; i++) {
        const struct row row = {run, history, &run->regions[i], i};
        for (size_t c = 0; c < COLUMNS; c++) {
            if ((ranks >> columns[c].rank & 1) == 0) continue;
            columns[c].write(&row, table_cell(&table));
            table_next(&table);
        }
    }
    text_clear(out);
    table_draw(&table, 0, false, out);
    const size_t width = table_width(&table);
    table_free(&table);
    text_free(&recent);
    return width;
}

void picture_regions(const struct run_snapshot *run, const struct history *history,
                     const struct picture_room *room, size_t lines, struct text *out)
{
    size_t shown = run->region_count;
    if (1 + shown > lines) shown = lines > 2 ? lines - 2 : 0; /* the heading, and what is left */
    unsigned ranks = 1;
    for (unsigned rank = 1; rank < RANKS; rank++) {
        if (draw(run, history, shown, ranks | 1U << rank, out) <= room->width) ranks |= 1U << rank;
    }
    (void)draw(run, history, shown, ranks, out);
    if (shown < run->region_count && lines > 1)
        text_printf(out, "and %zu more regions\n", run->region_count - shown);
}
