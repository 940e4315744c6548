/* The tokens of a response by how they are billed. Pure. */
#ifndef RUSHHOUR_REALTIME_USAGE_H
#define RUSHHOUR_REALTIME_USAGE_H

#include "realtime/event.h"

/* Each token of a response once: the first three and their cached parts add up to its input, the
 * last two to its output. */
struct usage_split {
    uint64_t text_in, audio_in, image_in; /* not cached */
    uint64_t text_cached, audio_cached, image_cached;
    uint64_t text_out; /* including reasoning */
    uint64_t audio_out;
    uint64_t input, output; /* the totals, or the sums of the details if none are reported */
};

/*
 * Splits reported usage. The totals are authoritative: tokens missing from the details are text
 * (details are optional, and reasoning may be inside text or beside it), and if the details exceed
 * the total, text is reduced first. All 0 if no usage was reported.
 */
struct usage_split usage_split(const struct usage *usage);

/* Adds what another response of the same turn took. */
void usage_add(struct usage *to, const struct usage *more);

#endif
