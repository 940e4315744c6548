#include "realtime/usage.h"

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Takes up to `wanted` of what is left. */
static uint64_t take(uint64_t wanted, uint64_t *left)
{
    uint64_t taken = least(wanted, *left);
    *left -= taken;
    return taken;
}

/* Splits the input by modality, cached or not. */
static void split_input(const struct usage *usage, struct usage_split *out)
{
    const uint64_t told = usage->text_in + usage->audio_in + usage->image_in;
    uint64_t left = out->input = usage->input > 0 ? usage->input : told;
    out->audio_in = take(usage->audio_in, &left);
    out->image_in = take(usage->image_in, &left);
    out->text_in = left;
}

/* Moves cached tokens out of the others. Those without details are taken from text as far as
 * possible. */
static void split_cached(const struct usage *usage, struct usage_split *out)
{
    const uint64_t told = usage->text_cached + usage->audio_cached + usage->image_cached;
    uint64_t left = least(usage->cached > 0 ? usage->cached : told, out->input);
    out->audio_cached = take(least(usage->audio_cached, out->audio_in), &left);
    out->image_cached = take(least(usage->image_cached, out->image_in), &left);
    out->text_cached = take(out->text_in, &left);
    out->audio_cached += take(out->audio_in - out->audio_cached, &left);
    out->image_cached += take(out->image_in - out->image_cached, &left);
    out->text_in -= out->text_cached;
    out->audio_in -= out->audio_cached;
    out->image_in -= out->image_cached;
}

static void split_output(const struct usage *usage, struct usage_split *out)
{
    const uint64_t text = usage->text_out > usage->reasoning ? usage->text_out : usage->reasoning;
    uint64_t left = out->output = usage->output > 0 ? usage->output : text + usage->audio_out;
    out->audio_out = take(usage->audio_out, &left);
    out->text_out = left;
}

struct usage_split usage_split(const struct usage *usage)
{
    struct usage_split split = {0};
    if (!usage->present) return split;
    split_input(usage, &split);
    split_cached(usage, &split);
    split_output(usage, &split);
    return split;
}

void usage_add(struct usage *to, const struct usage *more)
{
    uint64_t *const sums[] = {&to->input,        &to->output,   &to->cached,      &to->text_in,
                              &to->audio_in,     &to->image_in, &to->text_cached, &to->audio_cached,
                              &to->image_cached, &to->text_out, &to->audio_out,   &to->reasoning};
    const uint64_t parts[] = {more->input,       more->output,       more->cached,
                              more->text_in,     more->audio_in,     more->image_in,
                              more->text_cached, more->audio_cached, more->image_cached,
                              more->text_out,    more->audio_out,    more->reasoning};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) *sums[i] += parts[i];
    to->present = to->present || more->present;
}
