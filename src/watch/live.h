/* The live view of a run: redrawn in place on a terminal, one plain line every ten seconds
 * elsewhere. */
#ifndef RUSHHOUR_WATCH_LIVE_H
#define RUSHHOUR_WATCH_LIVE_H

#include "record/run_snapshot.h"

#include <stdbool.h>
#include <stdio.h>

struct live_view; /* remembers what was drawn, for cursor movement and rates */

/* out is usually stderr. Redraws in place only if it is a terminal (and TERM is not dumb); colour
 * only if requested as well. */
struct live_view *live_new(FILE *out, bool colour, bool quiet);

/* Draws the current state of the run; attempts per second are smoothed over the last calls. The
 * number of regions must not change. */
void live_draw(struct live_view *view, const struct run_snapshot *run);

/* Prints a permanent line: on a terminal it replaces the last picture, and the next one appears
 * below it. */
void live_note(struct live_view *view, const char *line);
/* Prints a line before there is a view, wrapped between words on a terminal. */
void live_print(FILE *out, const char *line);

/* Leaves the last picture on screen and frees the view. */
void live_free(struct live_view *view);

#endif
