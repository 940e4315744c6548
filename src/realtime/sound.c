#include "realtime/sound.h"

#include <math.h>

#define NS_PER_SECOND 1e9
#define FULL_SCALE 32768.0
#define FRAME_MS 10
#define PI 3.14159265358979323846

uint32_t sound_rate(enum audio_format format)
{
    return format == AUDIO_FORMAT_PCM16 ? 24000 : 8000;
}

size_t sound_width(enum audio_format format)
{
    return format == AUDIO_FORMAT_PCM16 ? 2 : 1;
}

int64_t sound_ns(enum audio_format format, uint64_t bytes)
{
    const uint64_t samples = bytes / sound_width(format);
    return (int64_t)((double)samples * NS_PER_SECOND / sound_rate(format));
}

size_t sound_bytes(enum audio_format format, uint64_t ms)
{
    return (size_t)(ms * sound_rate(format) / 1000) * sound_width(format);
}

/* ---- G.711 ---- */

static int16_t decode_mulaw(unsigned char byte)
{
    const int inverted = ~byte & 0xFF;
    const int magnitude = ((((inverted & 0x0F) << 3) + 0x84) << ((inverted & 0x70) >> 4)) - 0x84;
    return (int16_t)((inverted & 0x80) != 0 ? -magnitude : magnitude);
}

static int16_t decode_alaw(unsigned char byte)
{
    const int toggled = byte ^ 0x55;
    const int segment = (toggled & 0x70) >> 4;
    int magnitude = ((toggled & 0x0F) << 4) + 8;
    if (segment > 0) magnitude = (magnitude + 0x100) << (segment - 1);
    return (int16_t)((toggled & 0x80) != 0 ? magnitude : -magnitude);
}

/* The number of the highest of the seven segments that a magnitude reaches, of which the first
 * ends at 2^first. */
static int segment_of(int magnitude, int first)
{
    int segment = 0;
    while (segment < 7 && magnitude >> (first + segment) != 0) segment++;
    return segment;
}

static unsigned char encode_mulaw(int16_t sample)
{
    int magnitude = sample < 0 ? -sample : sample;
    magnitude = (magnitude > 32635 ? 32635 : magnitude) + 0x84;
    const int segment = segment_of(magnitude, 8);
    const int byte = segment << 4 | ((magnitude >> (segment + 3)) & 0x0F);
    return (unsigned char)~(byte | (sample < 0 ? 0x80 : 0));
}

static unsigned char encode_alaw(int16_t sample)
{
    const int magnitude = sample < 0 ? -(sample + 1) : sample;
    const int segment = segment_of(magnitude, 8);
    const int shift = segment < 2 ? 4 : segment + 3;
    const int byte = segment << 4 | ((magnitude >> shift) & 0x0F);
    return (unsigned char)((byte | (sample < 0 ? 0 : 0x80)) ^ 0x55);
}

int16_t sound_decode(enum audio_format format, const unsigned char *at)
{
    if (format == AUDIO_FORMAT_MULAW) return decode_mulaw(*at);
    if (format == AUDIO_FORMAT_ALAW) return decode_alaw(*at);
    return (int16_t)(uint16_t)(at[0] | at[1] << 8);
}

void sound_encode(enum audio_format format, int16_t sample, unsigned char *at)
{
    if (format == AUDIO_FORMAT_MULAW) {
        *at = encode_mulaw(sample);
    } else if (format == AUDIO_FORMAT_ALAW) {
        *at = encode_alaw(sample);
    } else {
        at[0] = (unsigned char)((uint16_t)sample & 0xFF);
        at[1] = (unsigned char)((uint16_t)sample >> 8);
    }
}

/* ---- where speech ends ---- */

static double power_of(enum audio_format format, const unsigned char *bytes, size_t length)
{
    const size_t width = sound_width(format);
    double sum = 0;
    for (size_t i = 0; i + width <= length; i += width) {
        const double sample = sound_decode(format, bytes + i);
        sum += sample * sample;
    }
    const size_t samples = length / width;
    return samples == 0 ? 0 : sum / (double)samples;
}

size_t sound_voiced_end(enum audio_format format, const unsigned char *bytes, size_t length)
{
    const double level = FULL_SCALE * pow(10, SOUND_VOICED_DB / 20);
    const size_t frame = sound_bytes(format, FRAME_MS);
    size_t end = 0;
    for (size_t at = 0; at < length; at += frame) {
        const size_t size = frame < length - at ? frame : length - at;
        if (power_of(format, bytes + at, size) > level * level) end = at + size;
    }
    return end;
}

/* ---- what is made here ---- */

static int16_t clipped(double value)
{
    return (int16_t)lrint(fmin(fmax(value, -32768), 32767));
}

void sound_voice(enum audio_format format, struct random *random, unsigned char *out, size_t length)
{
    static const double harmonics[] = {1.0, 0.8, 0.65, 0.5, 0.3, 0.2, 0.12, 0.08};
    const double rate = sound_rate(format);
    const double pitch = 95 + 60 * random_unit(random);
    const double syllables = 3 + 2 * random_unit(random); /* a second */
    const size_t width = sound_width(format);
    double phase = 0;
    for (size_t i = 0; i < length / width; i++) {
        const double at_s = (double)i / rate;
        const double loud = 0.65 + 0.35 * sin(2 * PI * syllables * at_s);
        double sum = 0;
        phase += 2 * PI * pitch * (1 + 0.1 * sin(2 * PI * 0.7 * at_s)) / rate;
        for (size_t h = 0; h < sizeof harmonics / sizeof *harmonics; h++)
            sum += harmonics[h] * sin((double)(h + 1) * phase);
        sound_encode(format, clipped(FULL_SCALE * 0.12 * loud * sum), out + i * width);
    }
}

void sound_add_noise(enum audio_format format, struct random *random, double level_db,
                     unsigned char *bytes, size_t length)
{
    const double level = FULL_SCALE * pow(10, level_db / 20);
    const size_t width = sound_width(format);
    for (size_t i = 0; i + width <= length; i += width) {
        const double sample = sound_decode(format, bytes + i) + level * random_normal(random);
        sound_encode(format, clipped(sample), bytes + i);
    }
}

void sound_silence(enum audio_format format, unsigned char *out, size_t length)
{
    const size_t width = sound_width(format);
    for (size_t i = 0; i + width <= length; i += width) sound_encode(format, 0, out + i);
}
