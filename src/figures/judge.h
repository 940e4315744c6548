/* Thresholds against cells: pass, fail, inconclusive or invalid, and how many attempts would settle
 * it. */
#ifndef RUSHHOUR_FIGURES_JUDGE_H
#define RUSHHOUR_FIGURES_JUDGE_H

#include "figures/model.h"

/* What one cell says about one threshold. Numbers as in struct judged. */
struct judgement {
    enum verdict verdict;
    bool observed_known;
    double observed, low, high;
    bool needed_known;
    double needed;
};

/* The cell's histograms must still be there for thresholds on latencies. */
struct judgement judge_cell(const struct threshold *threshold, const struct report_cell *cell);

/* Judges every threshold that speaks of this grouping's cells, for one settled slice, and keeps the
 * worst. */
void judge_slice(struct results *results, const struct grouping *grouping,
                 const struct slice *slice);

/* Undoes all judgements, before the latencies are read once more. */
void judge_forget(struct results *results);

/* The verdict of the run from those of its thresholds: invalid, then fail, then inconclusive, then
 * pass. */
enum verdict judge_run(const struct judged *judged, size_t count);

#endif
