/* Codings of audio against the standard, and what is made of them. */
#include "realtime/sound.h"

#include "base/crypto.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const enum audio_format formats[] = {AUDIO_FORMAT_PCM16, AUDIO_FORMAT_MULAW,
                                            AUDIO_FORMAT_ALAW};

/* All 256 codes as Python's audioop decodes them (ulaw2lin and alaw2lin to two bytes, little
 * endian). */
static void g711_is_decoded_as_elsewhere(void **state)
{
    (void)state;
    static const char *const digests[] = {
        [AUDIO_FORMAT_MULAW] = "3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827",
        [AUDIO_FORMAT_ALAW] = "e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174"};
    for (int format = AUDIO_FORMAT_MULAW; format <= AUDIO_FORMAT_ALAW; format++) {
        struct sha256 *sum = sha256_start();
        char hex[SHA256_HEX_SIZE];
        for (int code = 0; code < 256; code++) {
            const unsigned char byte = (unsigned char)code;
            unsigned char pcm[2];
            sound_encode(AUDIO_FORMAT_PCM16, sound_decode((enum audio_format)format, &byte), pcm);
            sha256_add(sum, pcm, sizeof pcm);
        }
        assert_true(sha256_finish(sum, hex));
        assert_string_equal(hex, digests[format]);
    }
}

/* Each sample gets a code whose value is nearest to it, or beside that at an equal distance but for
 * the rounding that the standard leaves open: never further than one step. */
static void g711_is_encoded_to_the_nearest_value(void **state)
{
    (void)state;
    for (int format = AUDIO_FORMAT_MULAW; format <= AUDIO_FORMAT_ALAW; format++) {
        for (int sample = INT16_MIN; sample <= INT16_MAX; sample++) {
            unsigned char code;
            sound_encode((enum audio_format)format, (int16_t)sample, &code);
            const int value = sound_decode((enum audio_format)format, &code);
            const int off = abs(value - sample);
            const int step = abs(value) / 16 + 16;
            if (off > step) fail_msg("format %d: %d became %d", format, sample, value);
            unsigned char again;
            sound_encode((enum audio_format)format, (int16_t)value, &again);
            assert_int_equal(sound_decode((enum audio_format)format, &again), value);
        }
    }
}

static void lengths_and_times_belong_together(void **state)
{
    (void)state;
    static const size_t in_100_ms[] = {4800, 800, 800};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(sound_bytes(formats[i], 100), in_100_ms[i]);
        assert_int_equal(sound_ns(formats[i], in_100_ms[i]), 100000000);
        assert_int_equal(sound_bytes(formats[i], 20), in_100_ms[i] / 5);
    }
}

static double level_db(enum audio_format format, const unsigned char *bytes, size_t length)
{
    double sum = 0;
    const size_t width = sound_width(format);
    for (size_t i = 0; i < length; i += width) {
        const double sample = sound_decode(format, bytes + i);
        sum += sample * sample;
    }
    return 20 * log10(sqrt(sum / (double)(length / width)) / 32768);
}

/* A voice is voiced from its first 10 ms to its last, in every coding, so that its end is known to
 * the sample; silence is none. */
static void a_voice_ends_where_it_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const size_t second = sound_bytes(formats[i], 1000);
        unsigned char *bytes = malloc(3 * second);
        struct random random;
        random_seed(&random, 7, 1);
        assert_non_null(bytes);
        sound_silence(formats[i], bytes, 3 * second);
        assert_int_equal(sound_voiced_end(formats[i], bytes, 3 * second), 0);
        sound_voice(formats[i], &random, bytes + second, second);
        assert_int_equal(sound_voiced_end(formats[i], bytes, 3 * second), 2 * second);
        for (size_t at = 0; at < second; at += second / 100)
            assert_true(level_db(formats[i], bytes + second + at, second / 100) > SOUND_VOICED_DB);
        const double db = level_db(formats[i], bytes + second, second);
        assert_true(db > -25 && db < -15);
        free(bytes);
    }
}

/* An end that is no whole frame, and one frame alone. */
static void an_end_can_lie_anywhere(void **state)
{
    (void)state;
    unsigned char bytes[2 * 480 + 100];
    struct random random;
    random_seed(&random, 7, 1);
    sound_silence(AUDIO_FORMAT_PCM16, bytes, sizeof bytes);
    sound_voice(AUDIO_FORMAT_PCM16, &random, bytes + 960, 100);
    assert_int_equal(sound_voiced_end(AUDIO_FORMAT_PCM16, bytes, sizeof bytes), sizeof bytes);
    assert_int_equal(sound_voiced_end(AUDIO_FORMAT_PCM16, bytes, 960), 0);
    assert_int_equal(sound_voiced_end(AUDIO_FORMAT_PCM16, bytes, 0), 0);
}

static void noise_has_its_level(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const size_t second = sound_bytes(formats[i], 1000);
        unsigned char *bytes = malloc(second);
        struct random random;
        random_seed(&random, 7, 1);
        assert_non_null(bytes);
        for (int db = -50; db <= -30; db += 10) {
            sound_silence(formats[i], bytes, second);
            sound_add_noise(formats[i], &random, db, bytes, second);
            assert_true(fabs(level_db(formats[i], bytes, second) - db) < 0.5);
        }
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g711_is_decoded_as_elsewhere),
        cmocka_unit_test(g711_is_encoded_to_the_nearest_value),
        cmocka_unit_test(lengths_and_times_belong_together),
        cmocka_unit_test(a_voice_ends_where_it_ends),
        cmocka_unit_test(an_end_can_lie_anywhere),
        cmocka_unit_test(noise_has_its_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
