/* The tokens of a response by what they are charged as. Pure. */
#ifndef RUSHHOUR_REALTIME_USAGE_H
#define RUSHHOUR_REALTIME_USAGE_H

#include "realtime/event.h"

/* Each token of a response once: the first three and their cached parts add up to its input, the
 * last two to its output. */
struct usage_split {
    uint64_t text_in, audio_in, image_in; /* not cached */
    uint64_t text_cached, audio_cached, image_cached;
    uint64_t text_out; /* reasoning included */
    uint64_t audio_out;
    uint64_t input, output; /* the totals; the sums of the details where none are told */
};

/*
 * Splits what a response tells. Its totals hold: what the details leave out is text (they are all
 * optional, and reasoning stands within text or beside it), and where they tell more than there
 * was, text gives way first. All 0 when no usage came.
 */
struct usage_split usage_split(const struct usage *usage);

#endif
