#include "base/digits.h"
#include "base/units.h"
#include "report/format.h"
#include "report/table.h"
#include "watch/picture_private.h"
#include "watch/sparkline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHARE_UNIT 0.01   /* the smallest scale: 1%, */
#define TTFT_UNIT 10000.0 /* and 10 ms in microseconds */
#define COLUMNS_LEAST 8   /* fewer make no picture */
#define CODES_MOST 8
#define HEIGHT_MOST 4 /* lines of a bar */

enum graph { GRAPH_FAILED, GRAPH_TTFT, GRAPH_CODES };

struct bars {
    enum graph graph;
    size_t name, columns; /* how wide */
    unsigned height;
    double scale;
    bool utf8;
};

/* What a graph shows of a column; below 0 if nothing. */
static double value_of(enum graph graph, const struct history_column *column)
{
    if (graph == GRAPH_TTFT) return (double)column->ttft_us;
    return column->ended == 0 ? -1 : (double)column->failed / (double)column->ended;
}

static size_t name_width(const struct run_snapshot *run)
{
    size_t widest = 0;
    for (size_t i = 0; i < run->region_count; i++) {
        const size_t width = display_width(run->regions[i].region->name);
        if (width > widest) widest = width;
    }
    return widest;
}

static void put_name(const struct run_snapshot *run, size_t region, size_t width, struct text *out)
{
    const char *name = run->regions[region].region->name;
    display_plain(out, name, width);
    for (size_t i = display_width(name); i < width + 2; i++) text_puts(out, " ");
}

/* The highest value that the graph shows; below 0 if it has none. */
static double highest(const struct history *history, enum graph graph, size_t columns)
{
    double most = -1;
    for (size_t i = 0; i < history->region_count; i++) {
        for (size_t back = 1; back <= columns; back++) {
            const struct history_column *column = history_at(history, i, back);
            if (column == NULL) break;
            most = fmax(most, value_of(graph, column));
        }
    }
    return most;
}

static void put_heading(const struct history *history, enum graph graph, double most,
                        struct text *out)
{
    text_puts(out, graph == GRAPH_FAILED ? "failed attempts, " : "median ttft, ");
    text_duration(out, history->column_ns);
    text_puts(out, " a column, up to ");
    graph == GRAPH_FAILED ? format_percent(out, most) : format_us(out, most);
    text_puts(out, "\n");
}

/* The lines of one region's bars, from the highest; its name stands before the lowest. */
static void put_bars(const struct run_snapshot *run, const struct history *history, size_t region,
                     const struct bars *bars, struct text *out)
{
    for (unsigned line = bars->height; line-- > 0;) {
        const struct sparkline_height height = {.of = bars->height, .line = line};
        if (line == 0) {
            put_name(run, region, bars->name, out);
        } else {
            text_printf(out, "%*s", (int)bars->name + 2, "");
        }
        for (size_t back = bars->columns; back > 0; back--)
            sparkline_put(out, value_of(bars->graph, history_at(history, region, back)),
                          bars->scale, &height, bars->utf8);
        text_puts(out, "\n");
    }
}

static void sparklines(const struct run_snapshot *run, const struct history *history,
                       const struct picture_room *room, enum graph graph, unsigned height,
                       struct text *out)
{
    const size_t name = name_width(run);
    if (room->width < name + 2 + COLUMNS_LEAST) return;
    size_t columns = room->width - name - 2;
    if (columns > HISTORY_COLUMNS) columns = HISTORY_COLUMNS;
    const double most = highest(history, graph, columns);
    if (most < 0) return;
    const double scale = sparkline_scale(most, graph == GRAPH_FAILED ? SHARE_UNIT : TTFT_UNIT);
    put_heading(history, graph, scale, out);
    const uint64_t known = history->columns - history->begun;
    if (columns > known) columns = (size_t)known;
    const struct bars bars = {graph, name, columns, height, scale, room->utf8};
    for (size_t i = 0; i < run->region_count; i++) put_bars(run, history, i, &bars, out);
}

static int by_count(const void *a, const void *b)
{
    const struct tally *x = *(const struct tally *const *)a;
    const struct tally *y = *(const struct tally *const *)b;
    return x->count == y->count ? strcmp(x->code, y->code) : x->count < y->count ? 1 : -1;
}

/* "server_error 104, stall 2": most frequent first, as many as fit in a line. */
static void put_codes(const struct cell *totals, size_t width, struct text *out)
{
    const struct tally *sorted[64] = {NULL};
    size_t count = 0;
    for (size_t i = 0; totals != NULL && i < totals->tally_count && count < 64; i++) {
        if (totals->tallies[i].domain != DOMAIN_NONE) sorted[count++] = &totals->tallies[i];
    }
    qsort(sorted, count, sizeof *sorted, by_count);
    size_t used = 0;
    for (size_t i = 0; i < count && i < CODES_MOST; i++) {
        struct text one = {0};
        text_printf(&one, "%s%s ", i == 0 ? "" : ", ", sorted[i]->code);
        text_count(&one, sorted[i]->count);
        used += one.length;
        const bool fits = used <= width;
        if (fits) text_puts(out, text_str(&one));
        text_free(&one);
        if (!fits) break;
    }
    if (count == 0) text_puts(out, "none");
}

static void codes(const struct run_snapshot *run, const struct picture_room *room, struct text *out)
{
    bool any = false;
    const size_t name = name_width(run);
    for (size_t i = 0; i < run->region_count; i++)
        any |= run->regions[i].totals != NULL && run->regions[i].totals->tally_count > 0;
    if (!any || room->width < name + 2) return;
    text_puts(out, "failures so far\n");
    for (size_t i = 0; i < run->region_count; i++) {
        put_name(run, i, name, out);
        put_codes(run->regions[i].totals, room->width - name - 2, out);
        text_puts(out, "\n");
    }
}

void picture_graph(const struct run_snapshot *run, const struct history *history,
                   const struct picture_room *room, size_t which, size_t lines, struct text *out)
{
    const size_t regions = run->region_count;
    const size_t graphs = PICTURE_GRAPHS - which; /* that are still to come */
    if (1 + regions > lines || regions == 0) return;
    size_t spare = lines > graphs * (1 + regions) ? lines - graphs * (1 + regions) : 0;
    const bool apart = spare >= graphs;
    struct text graph = {0};
    if (apart) spare -= graphs;
    if (which == GRAPH_CODES) {
        codes(run, room, &graph);
    } else {
        const size_t height = 1 + spare / ((graphs - 1) * regions);
        sparklines(run, history, room, (enum graph)which,
                   height > HEIGHT_MOST ? HEIGHT_MOST : (unsigned)height, &graph);
    }
    if (apart && graph.length > 0) text_puts(out, "\n");
    text_puts(out, text_str(&graph));
    out->failed |= graph.failed;
    text_free(&graph);
}
