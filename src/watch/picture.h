/* The picture that the live view draws of a run, as lines that fit a terminal of a given size.
 * Pure: a snapshot and its history in, lines out. */
#ifndef RUSHHOUR_WATCH_PICTURE_H
#define RUSHHOUR_WATCH_PICTURE_H

#include "base/text.h"
#include "record/run_snapshot.h"
#include "watch/history.h"

#include <stdbool.h>
#include <stddef.h>

/* Room of the terminal, in columns and lines, all of which may be used. */
struct picture_room {
    size_t width, height;
    bool utf8; /* blocks for the sparklines; else ASCII */
};

enum picture_tint { TINT_NONE, TINT_HEADING, TINT_DIM, TINT_NOTABLE, TINT_BAD };

/* Lines end with a newline; each has its tint. Zero-initialise; text_free(&text). */
#define PICTURE_LINES_MOST 200

struct picture {
    struct text text;
    enum picture_tint tints[PICTURE_LINES_MOST];
    size_t lines;
};

/*
 * Makes the picture anew. What matters most has its place first: progress, the regions, a generator
 * that is not healthy, holds, the abort rule, the budget; then sparklines of the failure rate and
 * of the time to the first output, and the codes of failures. Columns of the regions that do not
 * fit are left out, the least needed first; sentences are wrapped between words, and nothing is
 * wider than the room. A height below 2 is taken as 2.
 */
void picture_make(struct picture *picture, const struct run_snapshot *run,
                  const struct history *history, const struct picture_room *room);

/* What the picture and the plain lines say of a region: "held for 1:26 (daily_limit)"; nothing if
 * it is not held. */
void picture_hold(const struct run_snapshot *run, size_t region, struct text *out);

/* How much of the load is over; the drain after it does not count. */
int64_t picture_elapsed(const struct run_snapshot *run);

#endif
