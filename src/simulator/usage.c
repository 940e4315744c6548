#include "simulator/usage.h"

#include <inttypes.h>

#define CACHE_BLOCK 64
#define INPUT_WINDOW 28224 /* 32,768 less 4,096 for output and what the service keeps (section 6) */
#define FRAME_TOKENS 12    /* for the system's own words around a conversation */

uint64_t usage_text_tokens(size_t bytes)
{
    return (bytes + 3) / 4;
}

uint64_t usage_audio_tokens_in(uint64_t ms)
{
    return (ms + 99) / 100;
}

uint64_t usage_audio_tokens_out(uint64_t ms)
{
    return (ms + 49) / 50;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

struct usage_count usage_begin(struct context *context, size_t instruction_bytes)
{
    uint64_t text = context->text + FRAME_TOKENS + usage_text_tokens(instruction_bytes);
    struct usage_count usage = {.audio_in = least(context->audio, INPUT_WINDOW)};
    usage.text_in = least(text, INPUT_WINDOW - usage.audio_in);
    usage.text_cached = least(context->cached_text, usage.text_in) / CACHE_BLOCK * CACHE_BLOCK;
    usage.audio_cached = least(context->cached_audio, usage.audio_in) / CACHE_BLOCK * CACHE_BLOCK;
    context->cached_text = usage.text_in;
    context->cached_audio = usage.audio_in;
    return usage;
}

void usage_object(const struct usage_count *usage, bool preview, struct text *out)
{
    const char *image = preview ? "" : ",\"image_tokens\":0";
    uint64_t input = usage->text_in + usage->audio_in;
    uint64_t output = usage->text_out + usage->audio_out;
    text_printf(out,
                "{\"total_tokens\":%" PRIu64 ",\"input_tokens\":%" PRIu64
                ",\"output_tokens\":%" PRIu64,
                input + output, input, output);
    text_printf(
        out, ",\"input_token_details\":{\"text_tokens\":%" PRIu64 ",\"audio_tokens\":%" PRIu64 "%s",
        usage->text_in, usage->audio_in, image);
    text_printf(out, ",\"cached_tokens\":%" PRIu64, usage->text_cached + usage->audio_cached);
    text_printf(out,
                ",\"cached_tokens_details\":{\"text_tokens\":%" PRIu64 ",\"audio_tokens\":%" PRIu64
                "%s}}",
                usage->text_cached, usage->audio_cached, image);
    text_printf(out,
                ",\"output_token_details\":{\"text_tokens\":%" PRIu64 ",\"audio_tokens\":%" PRIu64,
                usage->text_out, usage->audio_out);
    if (usage->reasons) text_printf(out, ",\"reasoning_tokens\":%" PRIu64, usage->reasoning);
    text_puts(out, "}}");
}
