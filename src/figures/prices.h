/* The prices by which a run counted its costs, from its manifest. */
#ifndef RUSHHOUR_FIGURES_PRICES_H
#define RUSHHOUR_FIGURES_PRICES_H

#include "figures/model.h"
#include "profile/profile.h"

#include <stdbool.h>
#include <stddef.h>

/* The row of a region's model in the profile's prices; false if there is none. Its model, the name
 * of the row, is borrowed from the manifest. */
bool results_price(const struct results *results, size_t region, struct price *out);

/* Notes each kind of token that counts as free, though the model is charged by tokens. */
void prices_note(struct results *results);

/* USD an hour that the run spent on the mean of the time that was recorded; NAN without prices or
 * time. */
double prices_hourly(const struct results *results);

#endif
