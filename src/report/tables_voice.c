/* How turns were taken where users speak, and the silence that they felt. */
#include "base/digits.h"
#include "figures/cells.h"
#include "report/format.h"
#include "report/tables.h"

static void quantile(const struct latency_figures *latency, int64_t us, struct table *table)
{
    latency->count > 0 ? format_us(table_cell(table), (double)us)
                       : text_puts(table_cell(table), "-");
    table_next(table);
}

static void count(uint64_t value, struct table *table)
{
    text_count(table_cell(table), value);
    table_next(table);
}

static void row(const char *name, const struct report_cell *cell, struct table *table)
{
    const struct counters *c = &cell->cell.counters;
    if (c->speech_ms == 0) return;
    table_put(table, name);
    quantile(&cell->latency[METRIC_ENDPOINT], cell->latency[METRIC_ENDPOINT].p50, table);
    quantile(&cell->latency[METRIC_THINK], cell->latency[METRIC_THINK].p50, table);
    quantile(&cell->latency[METRIC_VOICE], cell->latency[METRIC_VOICE].p50, table);
    count(c->split_turns, table);
    count(c->false_turns, table);
    count(c->missed_turns, table);
    count(c->early_answers, table);
    format_us(table_cell(table), (double)c->speech_ms * 1e3);
    table_next(table);
    format_us(table_cell(table), (double)c->audio_ms * 1e3);
    table_next(table);
}

void tables_voice(const struct results *results, struct table *table)
{
    static const char *const headings[] = {"region", "endpoint P50", "think P50", "voice P50",
                                           "split",  "false",        "missed",    "early",
                                           "said",   "received"};
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        table_column(table, headings[i], i == 0);
    for (size_t r = 0; r < results->region_count; r++)
        row(results->regions[r], results_region(results, r), table);
    if (results->region_count > 1) row("all regions", &results->all, table);
}

/* Wall time over played time: below 1 an answer comes faster than it is played. */
static void ratio(double wall, double played, struct table *table)
{
    played > 0 ? text_printf(table_cell(table), "%.2f", wall / played)
               : text_puts(table_cell(table), "-");
    table_next(table);
}

static void gaps(uint64_t underruns, uint64_t ms, struct table *table)
{
    text_count(table_cell(table), underruns);
    if (underruns > 0) {
        text_puts(table_cell(table), ", ");
        format_us(table_cell(table), (double)ms * 1e3);
    }
    table_next(table);
}

static void heard_row(const char *name, const struct report_cell *cell, struct table *table)
{
    const struct counters *c = &cell->cell.counters;
    if (c->speech_ms == 0) return;
    table_put(table, name);
    ratio((double)c->audio_wall_ms, (double)c->audio_ms, table);
    count(c->slow_answers, table);
    gaps(c->underruns_0, c->underrun_ms_0, table);
    gaps(c->underruns_100, c->underrun_ms_100, table);
    gaps(c->underruns_200, c->underrun_ms_200, table);
    count(c->interruptions, table);
    format_us(table_cell(table), (double)c->late_audio_ms * 1e3);
    table_next(table);
    format_us(table_cell(table), (double)c->unheard_ms * 1e3);
    table_next(table);
    format_cost(table_cell(table), c, (double)c->unheard_micro_usd / 1e6);
    table_next(table);
}

void tables_heard(const struct results *results, struct table *table)
{
    static const char *const headings[] = {
        "region",      "rtf",         "slower than played", "gaps",        "with 100 ms",
        "with 200 ms", "interrupted", "late audio",         "never heard", "USD"};
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        table_column(table, headings[i], i == 0);
    for (size_t r = 0; r < results->region_count; r++)
        heard_row(results->regions[r], results_region(results, r), table);
    if (results->region_count > 1) heard_row("all regions", &results->all, table);
}
