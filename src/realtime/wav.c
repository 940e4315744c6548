#include "realtime/wav.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define CODING_PCM 1
#define CODING_FLOAT 3
#define CODING_ALAW 6
#define CODING_MULAW 7
#define CODING_EXTENSIBLE 0xFFFE   /* the first two bytes of its GUID are the coding */
#define LENGTH_UNKNOWN 0x7FFF0000U /* from here on: written before the length was known */

static uint16_t read_16(const unsigned char *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t read_32(const unsigned char *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* What sox must be asked for. */
static const char *sox_options(enum audio_format format)
{
    static const char *const options[] = {"-r 24000 -b 16 -e signed-integer -c 1",
                                          "-r 8000 -e mu-law -c 1", "-r 8000 -e a-law -c 1"};
    return options[format];
}

static enum err_code broken(const char *name, const char *what, struct error *err)
{
    return error_set(err, ERR_FORMAT,
                     "%.200s: %s; this makes a good one of most audio: sox %.200s %s speech.wav",
                     name, what, name, sox_options(AUDIO_FORMAT_PCM16));
}

static bool read_format(const unsigned char *at, size_t length, struct wav *out)
{
    if (length < 16) return false;
    out->coding = read_16(at);
    out->channels = read_16(at + 2);
    out->rate = read_32(at + 4);
    out->bits = read_16(at + 14);
    if (out->coding == CODING_EXTENSIBLE && length >= 26) out->coding = read_16(at + 24);
    return out->channels > 0 && out->rate > 0;
}

enum err_code wav_read(const char *name, const unsigned char *bytes, size_t length, struct wav *out,
                       struct error *err)
{
    bool known = false;
    *out = (struct wav){0};
    if (length < 12 || memcmp(bytes, "RIFF", 4) != 0 || memcmp(bytes + 8, "WAVE", 4) != 0)
        return broken(name, "is no WAV file", err);
    for (size_t at = 12; length - at >= 8;) {
        const unsigned char *chunk = bytes + at + 8;
        const size_t left = length - at - 8;
        const uint32_t size = read_32(bytes + at + 4);
        const bool data = memcmp(bytes + at, "data", 4) == 0;
        if (size > left && !(data && size >= LENGTH_UNKNOWN))
            return broken(name, "is cut short", err);
        const size_t taken = size < left ? size : left;
        if (memcmp(bytes + at, "fmt ", 4) == 0) known = read_format(chunk, taken, out);
        if (data) {
            if (!known) return broken(name, "does not say how its samples are coded", err);
            const size_t frame = (size_t)out->channels * ((out->bits + 7U) / 8);
            out->data = chunk;
            out->length = frame == 0 ? 0 : taken - taken % frame;
            return out->length == 0 ? broken(name, "holds no samples", err) : ERR_OK;
        }
        const size_t step = 8 + taken + taken % 2;
        at = step < length - at ? at + step : length;
    }
    return broken(name, "holds no samples", err);
}

static const char *coding_name(uint16_t coding)
{
    switch (coding) {
    case CODING_PCM:
        return "PCM";
    case CODING_FLOAT:
        return "floating point";
    case CODING_ALAW:
        return "A-law";
    case CODING_MULAW:
        return "mu-law";
    default:
        return "compressed";
    }
}

enum err_code wav_require(const char *name, const struct wav *wav, enum audio_format format,
                          struct error *err)
{
    static const struct wav wanted[] = {
        [AUDIO_FORMAT_PCM16] = {.coding = CODING_PCM, .bits = 16, .rate = 24000},
        [AUDIO_FORMAT_MULAW] = {.coding = CODING_MULAW, .bits = 8, .rate = 8000},
        [AUDIO_FORMAT_ALAW] = {.coding = CODING_ALAW, .bits = 8, .rate = 8000},
    };
    const struct wav *want = &wanted[format];
    if (wav->coding == want->coding && wav->bits == want->bits && wav->rate == want->rate &&
        wav->channels == 1)
        return ERR_OK;
    return error_set(
        err, ERR_FORMAT,
        "%.200s: is %s, %u bit, %u channel%s, %u Hz, and session.audio.format %s takes %s, %u bit, "
        "1 channel, %u Hz: sox %.200s %s speech.wav",
        name, coding_name(wav->coding), wav->bits, wav->channels, wav->channels == 1 ? "" : "s",
        (unsigned)wav->rate, audio_format_name(format), coding_name(want->coding), want->bits,
        (unsigned)want->rate, name, sox_options(format));
}
