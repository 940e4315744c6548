/* What readers must know about answers that begin with something else. */
#ifndef RUSHHOUR_FIGURES_PREAMBLES_H
#define RUSHHOUR_FIGURES_PREAMBLES_H

#include "figures/model.h"

/* Adds a note for each region where output came before the actual answer, or where answers were cut
 * off by max_output_tokens. For settled results. */
void preambles_note(struct results *results);

#endif
