/* Judges thresholds against cells: pass, fail, inconclusive or invalid, why, and how much more
 * load would settle it. */
#ifndef RUSHHOUR_FIGURES_JUDGE_H
#define RUSHHOUR_FIGURES_JUDGE_H

#include "figures/claim.h"

/*
 * Judges one threshold on one part of the run. The question is what the service does at such hours:
 * `fail` when that interval lies wholly beyond the limit, `pass` when it lies wholly within,
 * `inconclusive` when it does neither or the run cannot tell. With about=run, the interval of what
 * happened in this run decides instead. Latencies need the cell's histograms.
 */
struct judgement judge_cell(const struct threshold *threshold, const struct claim_of *of);

/* Judges every threshold that applies to this grouping on one settled slice, and keeps the worst
 * result. */
void judge_slice(struct results *results, const struct grouping *grouping,
                 const struct slice *slice);

/* Clears all judgements, for another pass over the latencies. */
void judge_forget(struct results *results);

/* The run's verdict: the worst of its thresholds', in the order invalid, fail, inconclusive,
 * pass. */
enum verdict judge_run(const struct judged *judged, size_t count);

#endif
