/* The live view of a run: redrawn in place on a terminal, one plain line every ten seconds
 * elsewhere. */
#ifndef RUSHHOUR_WATCH_LIVE_H
#define RUSHHOUR_WATCH_LIVE_H

#include "record/run_snapshot.h"

#include <stdbool.h>
#include <stdio.h>

struct live_view; /* remembers what was drawn, for places and rates */

/* out is usually stderr. Redraws in place only when it is a terminal (and not TERM=dumb); colour
 * only when asked for too. */
struct live_view *live_new(FILE *out, bool colour, bool quiet);

/* Draws a moment of the run; attempts per second are smoothed over the last calls. The number of
 * regions stays the same. */
void live_draw(struct live_view *view, const struct run_snapshot *run);

/* A line of its own, for good: on a terminal it stands where the last picture stood, and the next
 * one below it. */
void live_note(struct live_view *view, const char *line);
/* Leaves the last picture standing and frees the view. */
void live_free(struct live_view *view);

#endif
