/* Thresholds against cells: pass, fail, inconclusive or invalid, why, and how much more would
 * settle it. */
#ifndef RUSHHOUR_FIGURES_JUDGE_H
#define RUSHHOUR_FIGURES_JUDGE_H

#include "figures/claim.h"

/*
 * What a part of the run says about one threshold. It asks what the service does at such hours:
 * `fail` when that interval lies wholly beyond the limit, `pass` when it lies wholly within,
 * `inconclusive` otherwise, or where the run cannot tell. With about=run the interval of what
 * happened in this run decides. The cell's histograms must still be there for latencies.
 */
struct judgement judge_cell(const struct threshold *threshold, const struct claim_of *of);

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
