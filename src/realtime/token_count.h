/*
 * How the service counts a conversation: its tokens, what it takes of a quota, what a request is.
 * One place for plan, budget, quota request and simulator. Published facts, and no reading of the
 * wire; such facts age, so what is printed of them is printed with their date. Pure.
 */
#ifndef RUSHHOUR_REALTIME_TOKEN_COUNT_H
#define RUSHHOUR_REALTIME_TOKEN_COUNT_H

#include "base/words.h"

#include <stddef.h>
#include <stdint.h>

/* The most that a model says in one answer without a limit from us. */
#define TOKEN_COUNT_USUAL_OUTPUT 4096
/* Of a context of 32,768: less 4,096 for the answer, and what the service keeps for itself. */
#define TOKEN_COUNT_INPUT_WINDOW 28224
/* Bytes of the instructions that a session has which is given none: the service has some of its
 * own (realtime protocol, session.created); their length is the simulator's. */
#define TOKEN_COUNT_DEFAULT_INSTRUCTIONS 80
/* Of an answer until one was heard. In speech the text is the transcript, said at 200 words a
 * minute (OpenAI: about 0.75 words a token). */
#define TOKEN_COUNT_ASSUMED_OUTPUT 50
#define TOKEN_COUNT_ASSUMED_SPEECH_MS 11250
#define TOKEN_COUNT_ITEM 4 /* for the words around an item of the conversation */

/* The minute's limits are enforced in slices (Azure: 1 s or 10 s), each with its share of it. */
#define TOKEN_COUNT_SLICE_SECONDS 10

/* About four bytes of English per token. */
uint64_t token_count_text(size_t bytes);

/* The most that a text can have: each token stands for a byte at least. */
uint64_t token_count_text_most(size_t bytes);

/* A user's audio has 10 tokens per second, the model's 20 (OpenAI's guide to realtime costs). */
uint64_t token_count_audio_in(uint64_t ms);
uint64_t token_count_audio_out(uint64_t ms);

/* What the model reads again for every response. Zero-initialise for a new session. */
struct token_context {
    uint64_t text, audio;               /* tokens of all items so far */
    uint64_t limit;                     /* of these, from which on the oldest are dropped
                                           (truncation.token_limits.post_instructions); 0: none */
    double retain;                      /* the share of the limit that is kept then
                                           (truncation.retention_ratio) */
    uint64_t cached_text, cached_audio; /* the part that the previous response had already read */
};

/* The input of one response; what was cached is part of it. */
struct token_input {
    uint64_t text, audio, text_cached, audio_cached;
};

/*
 * The input of a response that starts now: the whole context and the instructions, cut to the
 * model's window; what was read before is cached in blocks of 64 tokens, and after a truncation
 * only the instructions are. Marks the context as read. A service drops whole items; here the share
 * that is kept is exact.
 */
struct token_input token_context_read(struct token_context *context, size_t instruction_bytes);

/* The most input of a first response, whose prompt, instructions and further settings have so many
 * bytes. */
uint64_t token_count_first_input_most(size_t prompt_bytes, size_t setting_bytes);

/* What a response takes of the quota when it is asked for: its input, and the most it may say (0:
 * no limit from us). Azure's page on quota, of 2026-05: an estimate at arrival, which differs from
 * what is billed; refused ones count too. */
uint64_t token_count_reserved(uint64_t input_tokens, uint64_t max_output_tokens);

/* What a limit of requests counts. */
enum request_kind { REQUEST_CONNECTION, REQUEST_RESPONSE };

/* By dialect. Azure: new connections (its quota page of November 2024; it has not been restated
 * since). OpenAI: responses, which is where refusals by a limit of requests were reported. */
enum request_kind request_kind_of(enum dialect dialect);

/* "new connections (Azure's page of 2024-11, not restated since)". Static. */
const char *request_kind_words(enum dialect dialect);

#endif
