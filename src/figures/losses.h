/* What a run folder has lost since its run ended: a cut at the end of a line leaves no torn line,
 * but run.json has the counts of that time. */
#ifndef RUSHHOUR_FIGURES_LOSSES_H
#define RUSHHOUR_FIGURES_LOSSES_H

#include "figures/model.h"

/* Appends a note for each region and file whose counts differ from run.json's. Does nothing if
 * run.json has no counts (the run was killed, or has only just ended). Call it once every cell is
 * settled. */
void losses_note(struct results *results);

/* Whether failures.jsonl lacks records of a region, over the whole run, that run.json counted;
 * false as well if run.json has no counts. `have` and `then` are set if so. */
bool losses_of_records(const struct results *results, size_t region, double *have, double *counted);

#endif
