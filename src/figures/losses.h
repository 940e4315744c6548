/* What a run folder has lost since its run ended: a cut at a line's end leaves no torn line behind,
 * but run.json holds what was counted then. */
#ifndef RUSHHOUR_FIGURES_LOSSES_H
#define RUSHHOUR_FIGURES_LOSSES_H

#include "figures/model.h"

/* Appends a sentence to the notes for each region and file that has other counts than run.json.
 * Nothing when run.json has no counts (the run was killed, or has only just ended). Once every cell
 * is settled. */
void losses_note(struct results *results);

#endif
