/* What session.audio takes together, and what of it would be heard by nobody. */
#include "test_profile_fixture.h"

#define SPOKEN(session) PROFILE(", \"session\": {" session "}")
#define AUDIO(keys) SPOKEN("\"audio\": {" keys "}")
#define SAYS "\"voice\": \"synthetic\""
#define DETECTION(keys) AUDIO(SAYS ", \"turn_detection\": {" keys "}")

static void what_says_nothing_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *json, *key, *why;
    } rows[] = {
        {AUDIO("\"turn_detection\": {\"type\": \"server_vad\"}"),
         "session.audio.turn_detection.type", "nobody speaks"},
        {AUDIO(SAYS ", \"files\": [{\"file\": \"a.wav\"}]"), "session.audio.voice",
         "take one of both away"},
        {AUDIO(SAYS ", \"chunk\": \"33.5ms\""), "session.audio.chunk", "whole milliseconds"},
        {AUDIO(SAYS ", \"chunk\": \"10ms\""), "session.audio.chunk", "20ms"},
        {AUDIO("\"files\": [{\"weight\": 2}]"), "session.audio.files[0]", "file"},
        {AUDIO(SAYS ", \"interrupt\": {\"share\": \"10%\"}"), "session.audio.interrupt.share",
         "modality"},
        {DETECTION("\"threshold\": \"40%\""), "threshold", "server_vad"},
        {DETECTION("\"type\": \"semantic_vad\", \"silence_duration\": \"1s\""), "silence_duration",
         "server_vad"},
        {DETECTION("\"type\": \"semantic_vad\", \"prefix_padding\": \"1s\""), "prefix_padding",
         "server_vad"},
        {DETECTION("\"idle_timeout\": \"6s\""), "idle_timeout", "server_vad"},
        {DETECTION("\"type\": \"server_vad\", \"eagerness\": \"low\""), "eagerness",
         "semantic_vad"},
        {SPOKEN("\"audio\": {" SAYS "}, \"settings\": {\"audio\": {\"input\": "
                "{\"turn_detection\": null}}}"),
         "session.settings", "audio.input.turn_detection"},
        {SPOKEN("\"audio\": {" SAYS "}, \"settings\": {\"output_audio_format\": \"pcm16\"}"),
         "session.settings", "output_audio_format"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct profile *profile = NULL;
        struct error err = {0};
        const enum err_code code =
            profile_parse("sample.json", rows[i].json, strlen(rows[i].json), &profile, &err);
        if (code != ERR_PROFILE || strstr(err.text, rows[i].key) == NULL ||
            strstr(err.text, rows[i].why) == NULL)
            fail_msg("%s\n%d: \"%s\"", rows[i].json, code, err.text);
    }
}

static void what_fits_is_taken(void **state)
{
    (void)state;
    struct profile *profile = parsed(
        SPOKEN("\"audio\": {\"files\": [{\"file\": \"a.wav\", \"weight\": 3}, {\"file\": \"b\"}], "
               "\"format\": \"g711_alaw\", \"chunk\": \"20ms\", \"noise\": 45, \"turn_detection\": "
               "{\"type\": \"server_vad\", \"threshold\": \"60%\", \"prefix_padding\": \"250ms\", "
               "\"silence_duration\": \"700ms\", \"idle_timeout\": \"6s\"}}, "
               "\"settings\": {\"audio\": {\"output\": {\"voice\": \"marin\"}}}"));
    const struct audio_plan *audio = &profile->session.audio;
    assert_true(audio_speaks(audio));
    assert_int_equal(audio->file_count, 2);
    assert_string_equal(audio->files[0].path, "a.wav");
    assert_true(audio->files[0].weight == 3 && audio->files[1].weight == 1);
    assert_int_equal(audio->format, AUDIO_FORMAT_ALAW);
    assert_int_equal(audio->detection, TURN_DETECTION_SERVER_VAD);
    assert_true(audio->threshold == 0.6 && audio->noise_db == 45);
    assert_false(audio->missed_fails);
    profile_free(profile);
    profile = parsed(SPOKEN("\"settings\": {\"audio\": {\"input\": {\"turn_detection\": null}}}"));
    assert_false(audio_speaks(&profile->session.audio)); /* who writes may set what he likes */
    profile_free(profile);
    profile = parsed(AUDIO(SAYS ", \"missed_turns\": \"failed\", \"turn_detection\": {\"type\": "
                                "\"semantic_vad\", \"eagerness\": \"high\"}"));
    assert_true(profile->session.audio.missed_fails);
    assert_int_equal(profile->session.audio.eagerness, EAGERNESS_HIGH);
    profile_free(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_says_nothing_is_refused),
        cmocka_unit_test(what_fits_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
