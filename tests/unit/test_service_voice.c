/* Utterances: what is in their messages, when each may be sent, and which is spoken. */
#include "service/voice.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "realtime/sound.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PATH "voice_test.wav"

static struct audio_plan plan_of(enum audio_format format, int64_t chunk_ms)
{
    return (struct audio_plan){.voice = VOICE_SYNTHETIC,
                               .length_ns = NS_PER_S,
                               .format = format,
                               .chunk_ns = chunk_ms * NS_PER_MS,
                               .detection = TURN_DETECTION_SERVER_VAD};
}

static struct voice *made(const struct audio_plan *plan)
{
    struct voice *voice = NULL;
    struct error err = {0};
    if (voice_new(plan, 1, &voice, &err) != ERR_OK) fail_msg("%s", err.text);
    return voice;
}

/* The audio of an utterance, decoded from its messages; the caller frees it. */
static unsigned char *audio_of(const struct utterance *utterance, size_t *length)
{
    unsigned char *audio = malloc(utterance->text.length);
    *length = 0;
    for (size_t i = 0; i < utterance->count; i++) {
        const struct voice_message *message = &utterance->messages[i];
        cJSON *json = cJSON_ParseWithLength(utterance->text.data + message->at, message->length);
        const char *type = cJSON_GetStringValue(cJSON_GetObjectItem(json, "type"));
        const char *base64 = cJSON_GetStringValue(cJSON_GetObjectItem(json, "audio"));
        size_t got;
        assert_string_equal(type, "input_audio_buffer.append");
        assert_int_equal(cJSON_GetArraySize(json), 2);
        assert_true(base64_decode(base64, strlen(base64), true, audio + *length, &got));
        *length += got;
        cJSON_Delete(json);
    }
    return audio;
}

static void put_number(FILE *file, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) (void)fputc((int)(value >> 8 * i & 0xFF), file);
}

static void write_wav(const unsigned char *audio, size_t length, uint32_t rate)
{
    FILE *file = fopen(PATH, "wb");
    assert_non_null(file);
    (void)fputs("RIFF", file);
    put_number(file, (uint32_t)(36 + length), 4);
    (void)fputs("WAVEfmt ", file);
    put_number(file, 16, 4);
    put_number(file, 1, 2);
    put_number(file, 1, 2);
    put_number(file, rate, 4);
    put_number(file, rate * 2, 4);
    put_number(file, 2, 2);
    put_number(file, 16, 2);
    (void)fputs("data", file);
    put_number(file, (uint32_t)length, 4);
    assert_int_equal(fwrite(audio, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

/* The file's samples arrive, all of them and no other, whatever the chunk; a message may be sent
 * when its audio has been spoken, and one of them has the last sound. */
static void a_file_is_cut_without_loss(void **state)
{
    (void)state;
    static const struct {
        int64_t chunk_ms, silence_ms; /* of a second of voice, behind it */
        size_t count, voiced;
    } rows[] = {{100, 0, 10, 9},  {100, 250, 13, 9}, {20, 0, 50, 49},
                {20, 50, 53, 49}, {70, 0, 15, 14},   {100, 7, 11, 9}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const size_t voiced = sound_bytes(AUDIO_FORMAT_PCM16, 1000);
        const size_t length =
            voiced + sound_bytes(AUDIO_FORMAT_PCM16, (uint64_t)rows[i].silence_ms);
        unsigned char *audio = calloc(1, length);
        struct random random;
        random_seed(&random, i, 1);
        sound_voice(AUDIO_FORMAT_PCM16, &random, audio, voiced);
        write_wav(audio, length, 24000);
        struct audio_file file = {.path = (char *)PATH, .weight = 1};
        struct audio_plan plan = plan_of(AUDIO_FORMAT_PCM16, rows[i].chunk_ms);
        plan.voice = VOICE_NONE;
        plan.files = &file;
        plan.file_count = 1;
        struct voice *voice = made(&plan);
        const struct utterance *said = voice_pick(voice, 0.5);
        size_t got;
        unsigned char *received = audio_of(said, &got);
        assert_int_equal(got, length);
        assert_memory_equal(received, audio, length);
        assert_int_equal(said->count, rows[i].count);
        assert_int_equal(said->voiced, rows[i].voiced);
        const int64_t length_ns = (1000 + rows[i].silence_ms) * NS_PER_MS;
        for (size_t m = 0; m + 1 < said->count; m++)
            assert_int_equal(said->messages[m].end_ns,
                             (int64_t)(m + 1) * rows[i].chunk_ms * NS_PER_MS);
        assert_int_equal(said->messages[said->count - 1].end_ns, length_ns);
        assert_int_equal(said->length_ns, length_ns);
        assert_int_equal(voice_mean_ns(voice), length_ns);
        free(received);
        free(audio);
        voice_free(voice);
    }
    (void)unlink(PATH);
}

static void what_cannot_be_spoken_is_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t rate;
        size_t length; /* bytes */
        bool voiced;
        const char *why;
    } rows[] = {
        {16000, 48000, true, "sox " PATH " -r 24000"},
        {24000, 48000, false, "no sound above -40 dB"},
        {24000, 4798, true, "0.1 s to 5 minutes: lengthen it with sox " PATH " speech.wav pad"},
        {24000, 301 * 48000, true, "0.1 s to 5 minutes: cut it with sox " PATH " speech.wav trim"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned char *audio = calloc(1, rows[i].length);
        struct random random;
        random_seed(&random, i, 1);
        if (rows[i].voiced) sound_voice(AUDIO_FORMAT_PCM16, &random, audio, rows[i].length);
        write_wav(audio, rows[i].length, rows[i].rate);
        free(audio);
        struct audio_file file = {.path = (char *)PATH, .weight = 1};
        struct audio_plan plan = plan_of(AUDIO_FORMAT_PCM16, 100);
        plan.files = &file;
        plan.file_count = 1;
        struct voice *voice = NULL;
        struct error err = {0};
        assert_int_equal(voice_new(&plan, 1, &voice, &err), ERR_FORMAT);
        assert_null(voice);
        if (strstr(err.text, rows[i].why) == NULL || strstr(err.text, PATH) == NULL)
            fail_msg("%s, not: %s", err.text, rows[i].why);
    }
    (void)unlink(PATH);
    struct audio_file gone = {.path = (char *)"no_such.wav", .weight = 1};
    struct audio_plan plan = plan_of(AUDIO_FORMAT_PCM16, 100);
    plan.files = &gone;
    plan.file_count = 1;
    struct voice *voice = NULL;
    struct error err = {0};
    assert_int_equal(voice_new(&plan, 1, &voice, &err), ERR_IO);
    assert_non_null(strstr(err.text, "no_such.wav"));
}

/* Three lengths in every coding, the same in every run of a seed; and nothing where users write. */
static void a_synthetic_voice_has_the_lengths_asked_for(void **state)
{
    (void)state;
    for (int format = AUDIO_FORMAT_PCM16; format <= AUDIO_FORMAT_ALAW; format++) {
        const struct audio_plan plan = plan_of((enum audio_format)format, 100);
        struct voice *voice = made(&plan);
        struct voice *again = made(&plan);
        assert_int_equal(voice->count, 3);
        assert_int_equal(voice_mean_ns(voice), NS_PER_S);
        assert_int_equal(voice_most_ns(voice), NS_PER_S * 3 / 2);
        for (size_t i = 0; i < voice->count; i++) {
            assert_string_equal(voice->utterances[i].text.data, again->utterances[i].text.data);
            assert_int_equal(voice->utterances[i].voiced, voice->utterances[i].count - 1);
        }
        voice_free(voice);
        voice_free(again);
    }
    struct audio_plan none = plan_of(AUDIO_FORMAT_PCM16, 100);
    none.voice = VOICE_NONE;
    assert_null(made(&none));
}

static void they_are_drawn_by_their_weights(void **state)
{
    (void)state;
    const struct audio_plan plan = plan_of(AUDIO_FORMAT_PCM16, 100);
    struct voice *voice = made(&plan);
    voice->utterances[0].weight = 1;
    voice->utterances[1].weight = 6;
    voice->utterances[2].weight = 3;
    voice->weight = 10;
    static const struct {
        double place;
        size_t index;
    } rows[] = {{0, 0}, {0.0999, 0}, {0.1, 1}, {0.6999, 1}, {0.7001, 2}, {0.9999999, 2}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_ptr_equal(voice_pick(voice, rows[i].place), &voice->utterances[rows[i].index]);
    assert_int_equal(voice_mean_ns(voice), (5 + 60 + 45) * NS_PER_S / 100);
    voice_free(voice);
}

/* Noise is in the silence as in the speech, and moves no end of a voice. */
static void noise_is_everywhere(void **state)
{
    (void)state;
    struct audio_plan plan = plan_of(AUDIO_FORMAT_PCM16, 100);
    plan.noise_db = 30; /* louder than what counts as voiced */
    struct voice *voice = made(&plan);
    size_t length;
    unsigned char *audio = audio_of(&voice->silence, &length);
    assert_int_equal(length, sound_bytes(AUDIO_FORMAT_PCM16, 1000));
    assert_int_equal(sound_voiced_end(AUDIO_FORMAT_PCM16, audio, length), length);
    assert_int_equal(voice->utterances[0].voiced, voice->utterances[0].count - 1);
    free(audio);
    voice_free(voice);
    plan.noise_db = 0;
    voice = made(&plan);
    audio = audio_of(&voice->silence, &length);
    assert_int_equal(length, 4800);
    for (size_t i = 0; i < length; i++) assert_int_equal(audio[i], 0);
    free(audio);
    voice_free(voice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_cut_without_loss),
        cmocka_unit_test(what_cannot_be_spoken_is_refused),
        cmocka_unit_test(a_synthetic_voice_has_the_lengths_asked_for),
        cmocka_unit_test(they_are_drawn_by_their_weights),
        cmocka_unit_test(noise_is_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
