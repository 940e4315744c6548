#include "simulator/usage.h"

#include <inttypes.h>

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
