/* Turns of speech in synthetic audio, whose sounds begin and end where the test puts them. */
#include "simulator/detector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct detection with(bool preview, const char *update)
{
    struct settings settings;
    struct complaint complaint;
    settings_init(&settings, preview);
    cJSON *session = cJSON_Parse(update);
    assert_non_null(session);
    if (!settings_update(&settings, session, &complaint)) fail_msg("%s", complaint.message);
    const struct detection detection = detection_of(&settings);
    cJSON_Delete(session);
    settings_free(&settings);
    return detection;
}

#define GA(input) "{\"type\":\"realtime\",\"audio\":{\"input\":{" input "}}}"
#define VAD(more) GA("\"turn_detection\":{\"type\":\"server_vad\"" more "}")

/* Audio as a list of stretches. */
struct sound {
    unsigned char *bytes;
    size_t length, room;
};

/* A square wave of 200 Hz; amplitude 0 is silence. PCM16, 24 kHz. */
static void add(struct sound *sound, unsigned ms, int amplitude)
{
    for (unsigned i = 0; i < ms * 24; i++) {
        const int sample = i / 60 % 2 == 0 ? amplitude : -amplitude;
        if (sound->length + 2 > sound->room) {
            sound->room = sound->room * 2 + 4096;
            sound->bytes = realloc(sound->bytes, sound->room);
            assert_non_null(sound->bytes);
        }
        sound->bytes[sound->length++] = (unsigned char)(sample & 0xFF);
        sound->bytes[sound->length++] = (unsigned char)((unsigned)sample >> 8 & 0xFF);
    }
}

/* "+740" for a turn that starts at 740 ms, "-1400" for its end; heard in pieces of so many
 * bytes. */
static const char *turns(const struct detection *detection, struct sound *sound, size_t piece)
{
    static char told[200];
    struct detector detector = {0};
    size_t used = 0;
    told[0] = '\0';
    for (size_t at = 0; at < sound->length; at += piece) {
        const unsigned char *audio = sound->bytes + at;
        size_t length = sound->length - at < piece ? sound->length - at : piece;
        while (length > 0) {
            enum heard heard = detector_listen(&detector, detection, &audio, &length);
            if (heard == HEARD_NOTHING) continue;
            bool start = heard == HEARD_START;
            int wrote = snprintf(
                told + used, sizeof told - used, "%s%c%llu", used > 0 ? " " : "", start ? '+' : '-',
                (unsigned long long)(start ? detector.start_ms : detector.heard_ms));
            used += (size_t)wrote;
            if (heard == HEARD_STOP) detector_restart(&detector);
        }
    }
    return told;
}

static void drop(struct sound *sound)
{
    free(sound->bytes);
    *sound = (struct sound){0};
}

/* Start: first sound less the padding, but not before the buffer begins; end: so much silence after
 * the last sound. Whatever the pieces in which audio comes, odd bytes included. */
static void test_bounds(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 7, 480, 4800, 4801, 1 << 20};
    const struct detection usual = with(false, VAD(""));
    const struct detection patient =
        with(false, VAD(",\"silence_duration_ms\":500,\"prefix_padding_ms\":100"));
    assert_int_equal(usual.silence_ms, 200);
    assert_int_equal(usual.prefix_ms, 300);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct sound sound = {0};
        add(&sound, 1000, 0);
        add(&sound, 500, 8000);
        add(&sound, 300, 0); /* ends the first turn, but not for the patient */
        add(&sound, 400, 8000);
        add(&sound, 1000, 0);
        assert_string_equal(turns(&usual, &sound, pieces[i]), "+700 -1700 +1700 -2400");
        assert_string_equal(turns(&patient, &sound, pieces[i]), "+900 -2700");
        drop(&sound);
    }
}

/* Without silence behind it a turn goes on; a click is no speech; nor is what is too quiet. */
static void test_what_is_no_turn(void **state)
{
    (void)state;
    const struct detection usual = with(false, VAD(""));
    const struct detection keen = with(false, VAD(",\"threshold\":0.1"));
    const struct detection deaf = with(false, VAD(",\"threshold\":0.9"));
    struct sound sound = {0};
    add(&sound, 500, 0);
    add(&sound, 300, 8000);
    assert_string_equal(turns(&usual, &sound, 4800), "+200");
    drop(&sound);
    add(&sound, 500, 0);
    add(&sound, 30, 8000);
    add(&sound, 500, 0);
    assert_string_equal(turns(&usual, &sound, 4800), "");
    drop(&sound);
    add(&sound, 500, 0);
    add(&sound, 300, 250); /* -42 dB */
    add(&sound, 300, 0);
    assert_string_equal(turns(&usual, &sound, 4800), "");
    assert_string_equal(turns(&keen, &sound, 4800), "+200 -1000");
    drop(&sound);
    add(&sound, 500, 0);
    add(&sound, 300, 1500); /* -27 dB */
    add(&sound, 300, 0);
    assert_string_equal(turns(&usual, &sound, 4800), "+200 -1000");
    assert_string_equal(turns(&deaf, &sound, 4800), "");
    drop(&sound);
}

/* semantic_vad waits 8, 4 or 2 s at most, auto as medium. */
static void test_settings(void **state)
{
    (void)state;
    static const struct {
        const char *eagerness;
        uint64_t ms;
    } waits[] = {{"low", 8000}, {"medium", 4000}, {"auto", 4000}, {"high", 2000}};
    for (size_t i = 0; i < 4; i++) {
        char update[160];
        (void)snprintf(update, sizeof update,
                       "{\"turn_detection\":{\"type\":\"semantic_vad\",\"eagerness\":\"%s\","
                       "\"interrupt_response\":false}}",
                       waits[i].eagerness);
        const struct detection detection = with(true, update);
        assert_int_equal(detection.kind, DETECTION_SEMANTIC_VAD);
        assert_int_equal(detection.silence_ms, waits[i].ms);
        assert_true(detection.create_response);
        assert_false(detection.interrupt_response);
    }
    assert_int_equal(with(false, GA("\"turn_detection\":null")).kind, DETECTION_NONE);
    assert_int_equal(with(false, "{\"type\":\"realtime\"}").kind, DETECTION_SERVER_VAD);
    assert_int_equal(with(true, "{\"input_audio_format\":\"g711_ulaw\"}").coding, AUDIO_MULAW);
    assert_int_equal(with(true, "{\"input_audio_format\":\"g711_alaw\"}").rate, 8000);
    const struct detection law = with(false, GA("\"format\":{\"type\":\"audio/pcma\"}"));
    assert_int_equal(law.coding, AUDIO_ALAW);
    assert_true(detection_ms(&law, 800) == 100);
    const struct detection pcm = with(false, GA("\"format\":{\"type\":\"audio/pcm\"}"));
    assert_true(detection_ms(&pcm, 4800) == 100);
    assert_int_equal(with(false, VAD(",\"idle_timeout_ms\":6000")).idle_timeout_ms, 6000);
}

/* The codes of a telephone: silence is 0xFF and 0xD5, and 0x00 is loud in one and not the other. */
static void test_telephone(void **state)
{
    (void)state;
    static const struct {
        const char *format;
        unsigned char silence, quiet, loud;
    } laws[] = {{"g711_ulaw", 0xFF, 0xEE, 0x9F}, {"g711_alaw", 0xD5, 0xC4, 0xB5}};
    for (size_t i = 0; i < 2; i++) {
        char update[80];
        (void)snprintf(update, sizeof update, "{\"input_audio_format\":\"%s\"}", laws[i].format);
        const struct detection detection = with(true, update);
        struct sound sound = {.bytes = malloc(8 * 1600), .length = 8 * 1600};
        memset(sound.bytes, laws[i].silence, sound.length);
        memset(sound.bytes + 8 * 300, laws[i].quiet, (size_t)8 * 200);
        memset(sound.bytes + 8 * 700, laws[i].loud, (size_t)8 * 400);
        assert_string_equal(turns(&detection, &sound, 160), "+400 -1300");
        drop(&sound);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_what_is_no_turn),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_telephone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
