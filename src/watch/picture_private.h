/* The parts of the picture that show regions: picture_regions.c, picture_graphs.c. */
#ifndef RUSHHOUR_WATCH_PICTURE_PRIVATE_H
#define RUSHHOUR_WATCH_PICTURE_PRIVATE_H

#include "watch/picture.h"

/* A heading and one line per region, in at most `lines` (at least 1). */
void picture_regions(const struct run_snapshot *run, const struct history *history,
                     const struct picture_room *room, size_t lines, struct text *out);

/* Failure rates, times to the first output, codes of failures. */
#define PICTURE_GRAPHS 3

/* Appends one of them, a heading and one line per region; nothing if it has no data yet, or more
 * than `lines`. */
void picture_graph(const struct run_snapshot *run, const struct history *history,
                   const struct picture_room *room, size_t which, size_t lines, struct text *out);

#endif
