/* Tokens of a conversation, estimated from sizes: usage must grow like the real one, not match it
 * to the token. */
#ifndef RUSHHOUR_SIMULATOR_USAGE_H
#define RUSHHOUR_SIMULATOR_USAGE_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the model reads again for every response. */
struct context {
    uint64_t text, audio;               /* tokens of all items so far */
    uint64_t cached_text, cached_audio; /* the part that the previous response had already read */
};

struct usage_count {
    uint64_t text_in, audio_in, text_cached, audio_cached, text_out, audio_out;
    uint64_t reasoning; /* of text_out */
    bool reasons;       /* the model tells it */
};

/* About four bytes of English per token. */
uint64_t usage_text_tokens(size_t bytes);

/* A user's audio has 10 tokens per second, the model's 20 (OpenAI's guide to realtime costs).
 * PCM16, 24 kHz. */
uint64_t usage_audio_tokens_in(uint64_t ms);
uint64_t usage_audio_tokens_out(uint64_t ms);

/*
 * The input of a response that starts now: the whole context and the instructions, cut to the
 * model's window; what was read before is cached in blocks of 64 tokens. Marks the context as read.
 */
struct usage_count usage_begin(struct context *context, size_t instruction_bytes);

/* Appends the usage object (preview omits the image fields). */
void usage_object(const struct usage_count *usage, bool preview, struct text *out);

#endif
