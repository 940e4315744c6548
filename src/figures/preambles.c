#include "figures/preambles.h"

#include <inttypes.h>

static double ms(int64_t us)
{
    return (double)us / 1000;
}

static void note_preambles(struct text *notes, const char *region, const struct report_cell *cell)
{
    const struct counters *counters = &cell->cell.counters;
    const struct latency_figures *first = &cell->latency[METRIC_TTFT];
    const struct latency_figures *answer = &cell->latency[METRIC_FIRST_ANSWER];
    if (counters->preambles == 0) return;
    text_printf(notes,
                "%s: %" PRIu64 " of %" PRIu64
                " ok attempts began with a preamble (phase commentary): ttft tells when that came "
                "(P50 %.0f ms), first_answer when the answer itself began (P50 %.0f ms); compare "
                "the latter with models that have no preamble.\n",
                region, counters->preambles, counters->attempts_ok, ms(first->p50),
                ms(answer->p50));
}

static void note_cuts(struct text *notes, const char *region, const struct counters *counters)
{
    if (counters->cut_answers == 0) return;
    text_printf(notes,
                "%s: %" PRIu64 " of %" PRIu64
                " ok attempts have an answer that max_output_tokens cut short.\n",
                region, counters->cut_answers, counters->attempts_ok);
}

void preambles_note(struct results *results)
{
    for (size_t r = 0; r < results->region_count; r++) {
        const struct report_cell *cell = results_region(results, r);
        note_preambles(&results->notes, results->regions[r], cell);
        note_cuts(&results->notes, results->regions[r], &cell->cell.counters);
    }
}
