#include "engine/cost.h"

double cost_of(const struct price *price, const struct usage *usage)
{
    if (price == NULL || !usage->present) return 0;
    /* Every detail is optional on the wire: tokens without a modality are taken for text. */
    const uint64_t text_in = usage->text_in + usage->audio_in > 0 ? usage->text_in : usage->input;
    const uint64_t text_out =
        usage->text_out + usage->audio_out > 0 ? usage->text_out : usage->output;
    uint64_t text_cached =
        usage->text_cached + usage->audio_cached > 0 ? usage->text_cached : usage->cached;
    if (text_cached > text_in) text_cached = text_in;
    double text_fresh = (double)(text_in - text_cached);
    double audio_fresh =
        (double)(usage->audio_in > usage->audio_cached ? usage->audio_in - usage->audio_cached : 0);
    double micro = text_fresh * price->text_in + (double)text_cached * price->text_cached +
                   (double)text_out * price->text_out + audio_fresh * price->audio_in +
                   (double)usage->audio_cached * price->audio_cached +
                   (double)usage->audio_out * price->audio_out;
    return micro / 1e6;
}
