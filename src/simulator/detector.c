#include "simulator/detector.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#define FRAME_MS 10
#define ONSET_MS 40 /* so long a sound is speech, and not a click */
#define PREFIX_DEFAULT_MS 300
#define SILENCE_DEFAULT_MS 200 /* as served (realtime protocol, 4.3) */
#define PCM_RATE 24000
#define G711_RATE 8000

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static double number(const cJSON *object, const char *name, double fallback)
{
    const cJSON *item = member(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : fallback;
}

/* The longest that semantic_vad waits for the user to go on (OpenAI's guide to voice activity
 * detection). */
static uint64_t longest_wait_ms(const cJSON *object)
{
    const char *eagerness = cJSON_GetStringValue(member(object, "eagerness"));
    if (eagerness != NULL && strcmp(eagerness, "low") == 0) return 8000;
    if (eagerness != NULL && strcmp(eagerness, "high") == 0) return 2000;
    return 4000;
}

static void read_turns(const char *json, struct detection *out)
{
    cJSON *object = cJSON_Parse(json);
    const char *type = cJSON_GetStringValue(member(object, "type"));
    if (type != NULL) {
        bool semantic = strcmp(type, "semantic_vad") == 0;
        out->kind = semantic ? DETECTION_SEMANTIC_VAD : DETECTION_SERVER_VAD;
        out->threshold = number(object, "threshold", 0.5);
        out->prefix_ms = (uint64_t)number(object, "prefix_padding_ms", PREFIX_DEFAULT_MS);
        out->silence_ms = semantic
                              ? longest_wait_ms(object)
                              : (uint64_t)number(object, "silence_duration_ms", SILENCE_DEFAULT_MS);
        out->idle_timeout_ms = (uint64_t)number(object, "idle_timeout_ms", 0);
        out->create_response = !cJSON_IsFalse(member(object, "create_response"));
        out->interrupt_response = !cJSON_IsFalse(member(object, "interrupt_response"));
    }
    cJSON_Delete(object);
}

enum audio_coding audio_coding_of(const char *format)
{
    if (strstr(format, "pcmu") != NULL || strstr(format, "ulaw") != NULL) return AUDIO_MULAW;
    if (strstr(format, "pcma") != NULL || strstr(format, "alaw") != NULL) return AUDIO_ALAW;
    return AUDIO_PCM16;
}

struct detection detection_of(const struct settings *settings)
{
    struct detection out = {.threshold = 0.5};
    out.coding = audio_coding_of(
        settings_value(settings, settings->preview ? "input_audio_format" : "audio.input.format"));
    out.rate = out.coding == AUDIO_PCM16 ? PCM_RATE : G711_RATE;
    read_turns(settings_value(settings,
                              settings->preview ? "turn_detection" : "audio.input.turn_detection"),
               &out);
    return out;
}

static uint32_t sample_bytes(const struct detection *detection)
{
    return detection->coding == AUDIO_PCM16 ? 2 : 1;
}

double detection_ms(const struct detection *detection, uint64_t bytes)
{
    return (double)bytes * 1000 / ((double)detection->rate * sample_bytes(detection));
}

/* ITU-T G.711, tables 2a and 1a, as 16-bit samples. */
static int decode_mulaw(unsigned char byte)
{
    int inverted = ~byte & 0xFF;
    int magnitude = ((((inverted & 0x0F) << 3) + 0x84) << ((inverted & 0x70) >> 4)) - 0x84;
    return (inverted & 0x80) != 0 ? -magnitude : magnitude;
}

static int decode_alaw(unsigned char byte)
{
    int toggled = byte ^ 0x55;
    int segment = (toggled & 0x70) >> 4;
    int magnitude = ((toggled & 0x0F) << 4) + 8;
    if (segment > 0) magnitude = (magnitude + 0x100) << (segment - 1);
    return (toggled & 0x80) != 0 ? magnitude : -magnitude;
}

/* Takes a byte; true when it completes a sample. */
static bool next_sample(struct detector *detector, enum audio_coding coding, unsigned char byte,
                        int *sample)
{
    if (coding == AUDIO_MULAW) {
        *sample = decode_mulaw(byte);
    } else if (coding == AUDIO_ALAW) {
        *sample = decode_alaw(byte);
    } else if (detector->low_byte == 0) {
        detector->low_byte = byte + 1;
        return false;
    } else {
        *sample = (int16_t)(uint16_t)((byte << 8) | (detector->low_byte - 1));
        detector->low_byte = 0;
    }
    return true;
}

/* -40 dB of full scale at the usual threshold, from -60 dB at 0 to -20 dB at 1. */
static bool is_voiced(double energy, uint32_t samples, double threshold)
{
    double level = 32768 * pow(10, (-60 + 40 * threshold) / 20);
    return energy > level * level * samples;
}

static enum heard end_frame(struct detector *detector, const struct detection *detection)
{
    bool voiced = is_voiced(detector->energy, detector->samples, detection->threshold);
    detector->energy = 0;
    detector->samples = 0;
    detector->heard_ms += FRAME_MS;
    detector->voiced_ms = voiced ? detector->voiced_ms + FRAME_MS : 0;
    if (voiced) detector->sound_ms = detector->heard_ms;
    detector->silent_ms = voiced ? 0 : detector->silent_ms + FRAME_MS;
    if (detection->kind == DETECTION_NONE) return HEARD_NOTHING;
    if (!detector->speaking && detector->voiced_ms >= ONSET_MS) {
        uint64_t before = detector->voiced_ms + detection->prefix_ms;
        detector->start_ms = detector->heard_ms > before ? detector->heard_ms - before : 0;
        if (detector->start_ms < detector->buffer_ms) detector->start_ms = detector->buffer_ms;
        detector->speaking = true;
        return HEARD_START;
    }
    if (!detector->speaking || detector->silent_ms < detection->silence_ms || voiced)
        return HEARD_NOTHING;
    detector->speaking = false;
    return HEARD_STOP;
}

enum heard detector_listen(struct detector *detector, const struct detection *detection,
                           const unsigned char **audio, size_t *length)
{
    const uint32_t frame = detection->rate * FRAME_MS / 1000;
    while (*length > 0) {
        int sample = 0;
        bool whole = next_sample(detector, detection->coding, **audio, &sample);
        (*audio)++;
        (*length)--;
        if (!whole) continue;
        detector->energy += (double)sample * sample;
        if (++detector->samples < frame) continue;
        enum heard heard = end_frame(detector, detection);
        if (heard != HEARD_NOTHING) return heard;
    }
    return HEARD_NOTHING;
}

void detector_restart(struct detector *detector)
{
    detector->buffer_ms = detector->heard_ms;
    detector->voiced_ms = 0;
    detector->speaking = false;
}
