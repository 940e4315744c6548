/* The usage of a response, as its object tells it. */
#ifndef RUSHHOUR_SIMULATOR_USAGE_H
#define RUSHHOUR_SIMULATOR_USAGE_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct usage_count {
    uint64_t text_in, audio_in, text_cached, audio_cached, text_out, audio_out;
    uint64_t reasoning; /* of text_out */
    bool reasons;       /* the model tells it */
};

/* Appends the usage object (preview omits the image fields). */
void usage_object(const struct usage_count *usage, bool preview, struct text *out);

#endif
