#include "realtime/token_count.h"

#define CACHE_BLOCK 64
#define FRAME_TOKENS 12 /* for the system's own words around a conversation */

uint64_t token_count_text(size_t bytes)
{
    return (bytes + 3) / 4;
}

uint64_t token_count_text_most(size_t bytes)
{
    return bytes;
}

uint64_t token_count_audio_in(uint64_t ms)
{
    return (ms + 99) / 100;
}

uint64_t token_count_audio_out(uint64_t ms)
{
    return (ms + 49) / 50;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Drops the oldest of a conversation that has become too long. */
static void truncate_context(struct token_context *context, size_t instruction_bytes)
{
    const uint64_t all = context->text + context->audio;
    if (context->limit == 0 || all <= context->limit) return;
    const double kept = context->retain * (double)context->limit / (double)all;
    context->text = (uint64_t)((double)context->text * kept);
    context->audio = (uint64_t)((double)context->audio * kept);
    context->cached_text =
        least(context->cached_text, FRAME_TOKENS + token_count_text(instruction_bytes));
    context->cached_audio = 0;
}

struct token_input token_context_read(struct token_context *context, size_t instruction_bytes)
{
    truncate_context(context, instruction_bytes);
    const uint64_t text = context->text + FRAME_TOKENS + token_count_text(instruction_bytes);
    struct token_input input = {.audio = least(context->audio, TOKEN_COUNT_INPUT_WINDOW)};
    input.text = least(text, TOKEN_COUNT_INPUT_WINDOW - input.audio);
    input.text_cached = least(context->cached_text, input.text) / CACHE_BLOCK * CACHE_BLOCK;
    input.audio_cached = least(context->cached_audio, input.audio) / CACHE_BLOCK * CACHE_BLOCK;
    context->cached_text = input.text;
    context->cached_audio = input.audio;
    return input;
}

uint64_t token_count_first_input_most(size_t prompt_bytes, size_t setting_bytes)
{
    return least(TOKEN_COUNT_ITEM + FRAME_TOKENS + token_count_text_most(prompt_bytes) +
                     token_count_text_most(setting_bytes),
                 TOKEN_COUNT_INPUT_WINDOW);
}

uint64_t token_count_reserved(uint64_t input_tokens, uint64_t max_output_tokens)
{
    return input_tokens + (max_output_tokens == 0 ? TOKEN_COUNT_USUAL_OUTPUT : max_output_tokens);
}

enum request_kind request_kind_of(enum dialect dialect)
{
    return dialect == DIALECT_OPENAI ? REQUEST_RESPONSE : REQUEST_CONNECTION;
}

const char *request_kind_words(enum dialect dialect)
{
    return request_kind_of(dialect) == REQUEST_CONNECTION
               ? "new connections (Azure's quota page of 2024-11, not restated since)"
               : "responses (OpenAI; reported, not documented)";
}
