#include "service/voice.h"

#include "base/clock.h"
#include "base/files.h"
#include "realtime/sound.h"
#include "realtime/wav.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MOST ((size_t)64 * 1024 * 1024)
#define LEAST_NS (100 * NS_PER_MS) /* what the service commits */
#define SILENCE_CHUNKS 10          /* of noise, before it repeats */
#define SYNTHETIC 3

static const double synthetic_lengths[SYNTHETIC] = {0.5, 1, 1.5};

/* ---- messages ---- */

static size_t chunk_bytes(const struct audio_plan *plan)
{
    return sound_bytes(plan->format, (uint64_t)(plan->chunk_ns / NS_PER_MS));
}

static enum err_code cut(const struct audio_plan *plan, const unsigned char *audio, size_t length,
                         struct utterance *out, struct error *err)
{
    const size_t chunk = chunk_bytes(plan);
    const size_t count = (length + chunk - 1) / chunk;
    out->messages = calloc(count, sizeof *out->messages);
    if (out->messages == NULL) return error_set(err, ERR_NOMEM, "no memory for speech");
    for (size_t i = 0; i < count; i++) {
        struct voice_message *message = &out->messages[i];
        const size_t at = i * chunk;
        const size_t size = length - at < chunk ? length - at : chunk;
        message->at = out->text.length;
        message_append(&out->text, audio + at, size);
        message->length = out->text.length - message->at;
        message->end_ns = sound_ns(plan->format, at + size);
    }
    out->count = count;
    out->length_ns = sound_ns(plan->format, length);
    return out->text.failed ? error_set(err, ERR_NOMEM, "no memory for speech") : ERR_OK;
}

/* Cuts what was said, and notes where its voice ends before noise covers that; audio is changed. */
static enum err_code take(const struct audio_plan *plan, const char *name, unsigned char *audio,
                          size_t length, struct random *random, struct utterance *out,
                          struct error *err)
{
    const size_t voiced = sound_voiced_end(plan->format, audio, length);
    const int64_t ns = sound_ns(plan->format, length);
    if (voiced == 0)
        return error_set(err, ERR_FORMAT,
                         "%.200s: holds no sound above %.0f dB of full scale: make it louder, such "
                         "as by sox --norm=-3 %.200s speech.wav",
                         name, SOUND_VOICED_DB, name);
    if (ns < LEAST_NS || ns > VOICE_MOST_NS)
        return error_set(err, ERR_FORMAT,
                         "%.200s: is %.2f s long; an utterance has 0.1 s to 5 minutes: %s it with "
                         "sox %.200s speech.wav %s",
                         name, (double)ns / (double)NS_PER_S, ns < LEAST_NS ? "lengthen" : "cut",
                         name, ns < LEAST_NS ? "pad 0 1" : "trim 0 300");
    if (plan->noise_db > 0) sound_add_noise(plan->format, random, -plan->noise_db, audio, length);
    out->voiced = (voiced - 1) / chunk_bytes(plan);
    return cut(plan, audio, length, out, err);
}

/* ---- where it comes from ---- */

static enum err_code load(const struct audio_plan *plan, const struct audio_file *file,
                          struct random *random, struct utterance *out, struct error *err)
{
    struct text bytes = {0};
    struct wav wav = {0};
    enum err_code code = file_read(file->path, FILE_MOST, &bytes, err);
    if (code == ERR_OK)
        code =
            wav_read(file->path, (const unsigned char *)text_str(&bytes), bytes.length, &wav, err);
    if (code == ERR_OK) code = wav_require(file->path, &wav, plan->format, err);
    unsigned char *audio = code == ERR_OK ? malloc(wav.length) : NULL;
    if (audio != NULL) {
        memcpy(audio, wav.data, wav.length);
        code = take(plan, file->path, audio, wav.length, random, out, err);
    } else if (code == ERR_OK) {
        code = error_set(err, ERR_NOMEM, "no memory for %.200s", file->path);
    }
    out->weight = file->weight;
    free(audio);
    text_free(&bytes);
    return code != ERR_OK ? error_prefix(err, "session.audio.files") : ERR_OK;
}

static enum err_code make(const struct audio_plan *plan, double times, struct random *random,
                          struct utterance *out, struct error *err)
{
    const double ms = times * (double)plan->length_ns / (double)NS_PER_MS;
    const size_t length = sound_bytes(plan->format, (uint64_t)ms);
    unsigned char *audio = malloc(length);
    if (audio == NULL) return error_set(err, ERR_NOMEM, "no memory for speech");
    sound_voice(plan->format, random, audio, length);
    enum err_code code = take(plan, "synthetic speech", audio, length, random, out, err);
    out->weight = 1;
    free(audio);
    return code;
}

static enum err_code make_silence(const struct audio_plan *plan, struct random *random,
                                  struct utterance *out, struct error *err)
{
    const bool noise = plan->noise_db > 0;
    const size_t length = chunk_bytes(plan) * (noise ? SILENCE_CHUNKS : 1);
    unsigned char *audio = malloc(length);
    if (audio == NULL) return error_set(err, ERR_NOMEM, "no memory for speech");
    sound_silence(plan->format, audio, length);
    if (noise) sound_add_noise(plan->format, random, -plan->noise_db, audio, length);
    enum err_code code = cut(plan, audio, length, out, err);
    free(audio);
    return code;
}

static enum err_code fill(struct voice *voice, const struct audio_plan *plan, uint64_t seed,
                          struct error *err)
{
    struct random random;
    random_seed(&random, seed, random_stream("speech"));
    enum err_code code = make_silence(plan, &random, &voice->silence, err);
    for (size_t i = 0; i < voice->count && code == ERR_OK; i++) {
        struct utterance *utterance = &voice->utterances[i];
        code = plan->file_count > 0 ? load(plan, &plan->files[i], &random, utterance, err)
                                    : make(plan, synthetic_lengths[i], &random, utterance, err);
        voice->weight += utterance->weight;
    }
    return code;
}

enum err_code voice_new(const struct audio_plan *plan, uint64_t seed, struct voice **out,
                        struct error *err)
{
    *out = NULL;
    if (!audio_speaks(plan)) return ERR_OK;
    struct voice *voice = calloc(1, sizeof *voice);
    if (voice == NULL) return error_set(err, ERR_NOMEM, "no memory for speech");
    voice->count = plan->file_count > 0 ? plan->file_count : SYNTHETIC;
    voice->commits = plan->detection == TURN_DETECTION_NONE;
    voice->utterances = calloc(voice->count, sizeof *voice->utterances);
    enum err_code code = voice->utterances == NULL
                             ? error_set(err, ERR_NOMEM, "no memory for speech")
                             : fill(voice, plan, seed, err);
    if (code != ERR_OK) {
        voice_free(voice);
        return code;
    }
    *out = voice;
    return ERR_OK;
}

static void utterance_free(struct utterance *utterance)
{
    text_free(&utterance->text);
    free(utterance->messages);
}

void voice_free(struct voice *voice)
{
    if (voice == NULL) return;
    for (size_t i = 0; voice->utterances != NULL && i < voice->count; i++)
        utterance_free(&voice->utterances[i]);
    utterance_free(&voice->silence);
    free(voice->utterances);
    free(voice);
}

/* ---- what it says ---- */

const struct utterance *voice_pick(const struct voice *voice, double place)
{
    double left = place * voice->weight;
    size_t i = 0;
    while (i + 1 < voice->count && left >= voice->utterances[i].weight)
        left -= voice->utterances[i++].weight;
    return &voice->utterances[i];
}

int64_t voice_mean_ns(const struct voice *voice)
{
    double sum = 0;
    for (size_t i = 0; i < voice->count; i++)
        sum += (double)voice->utterances[i].length_ns * voice->utterances[i].weight;
    return (int64_t)(sum / voice->weight);
}

int64_t voice_most_ns(const struct voice *voice)
{
    int64_t most_ns = 0;
    for (size_t i = 0; i < voice->count; i++) {
        const int64_t ns = voice->utterances[i].length_ns;
        if (ns > most_ns) most_ns = ns;
    }
    return most_ns;
}

struct speech_settings voice_settings(const struct audio_plan *plan)
{
    return (struct speech_settings){
        .format = plan->format,
        .detection = plan->detection,
        .threshold = plan->threshold,
        .prefix_ms = (uint64_t)(plan->prefix_ns / NS_PER_MS),
        .silence_ms = (uint64_t)(plan->silence_ns / NS_PER_MS),
        .idle_timeout_ms = (uint64_t)(plan->idle_timeout_ns / NS_PER_MS),
        .eagerness = plan->eagerness,
    };
}
