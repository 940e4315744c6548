#include "simulator/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs the headers above first */
#include <cmocka.h>

static bool update(struct settings *settings, const char *json, struct complaint *complaint)
{
    cJSON *session = cJSON_Parse(json);
    bool good = settings_update(settings, session, complaint);
    cJSON_Delete(session);
    return good;
}

static char *object(const struct settings *settings)
{
    struct settings_identity identity = {"sess_01", "gpt-realtime", 1795200000};
    struct text out = {0};
    settings_object(settings, &identity, &out);
    return text_take(&out);
}

/* The session objects of the documented examples (realtime protocol, 4.4 and 4.5), except the
 * server's instructions. */
static void test_effective(void **state)
{
    (void)state;
    struct settings settings;
    struct complaint complaint;
    settings_init(&settings, false);
    assert_false(settings.text_only);
    assert_true(update(&settings,
                       "{\"type\":\"realtime\",\"output_modalities\":[\"text\"],\"instructions\":"
                       "\"Answer in one short "
                       "sentence.\",\"max_output_tokens\":200}",
                       &complaint));
    char *json = object(&settings);
    assert_string_equal(
        json, "{\"type\":\"realtime\",\"object\":\"realtime.session\",\"id\":\"sess_01\","
              "\"model\":\"gpt-realtime\","
              "\"output_modalities\":[\"text\"],\"instructions\":\"Answer in one short "
              "sentence.\",\"tools\":[],\"tool_choice\":"
              "\"auto\",\"max_output_tokens\":200,\"tracing\":null,\"truncation\":\"auto\","
              "\"prompt\":null,\"expires_at\":"
              "1795200000,\"audio\":{\"input\":{\"format\":{\"type\":\"audio/"
              "pcm\",\"rate\":24000},\"transcription\":null,"
              "\"noise_reduction\":null,\"turn_detection\":{\"type\":\"server_vad\","
              "\"threshold\":0.5,\"prefix_padding_ms\":300,"
              "\"silence_duration_ms\":200,\"idle_timeout_ms\":null,\"create_response\":true,"
              "\"interrupt_response\":true}},"
              "\"output\":{\"format\":{\"type\":\"audio/"
              "pcm\",\"rate\":24000},\"voice\":\"alloy\",\"speed\":1.0}},\"include\":null}");
    free(json);
    assert_true(settings.text_only);
    assert_int_equal(settings.max_output_tokens, 200);
    assert_int_equal(settings.truncate_above, 0);
    assert_true(update(&settings,
                       "{\"type\":\"realtime\",\"truncation\":{\"type\":\"retention_ratio\","
                       "\"retention_ratio\":0.25,\"token_limits\":{\"post_instructions\":700}}}",
                       &complaint));
    assert_int_equal(settings.truncate_above, 700);
    assert_true(settings.truncate_retain == 0.25);
    assert_true(update(&settings, "{\"type\":\"realtime\",\"truncation\":\"auto\"}", &complaint));
    assert_int_equal(settings.truncate_above, 0);
    settings_free(&settings);

    settings_init(&settings, true);
    assert_true(
        update(&settings,
               "{\"modalities\":[\"text\"],\"instructions\":\"Answer in one short sentence.\","
               "\"max_response_output_tokens\":200}",
               &complaint));
    json = object(&settings);
    assert_string_equal(json, "{\"object\":\"realtime.session\",\"id\":\"sess_01\",\"model\":\"gpt-"
                              "realtime\",\"expires_at\":"
                              "1795200000,"
                              "\"modalities\":[\"text\"],\"instructions\":\"Answer in one short "
                              "sentence.\",\"voice\":\"alloy\",\"turn_detection\":"
                              "{\"type\":\"server_vad\",\"threshold\":0.5,\"prefix_padding_ms\":"
                              "300,\"silence_duration_ms\":200,"
                              "\"create_response\":true,\"interrupt_response\":true},\"input_audio_"
                              "format\":\"pcm16\",\"output_"
                              "audio_format\":"
                              "\"pcm16\",\"input_audio_transcription\":null,\"input_audio_noise_"
                              "reduction\":null,\"tools\":[],"
                              "\"tool_choice\":"
                              "\"auto\",\"temperature\":0.8,\"max_response_output_tokens\":200}");
    free(json);
    settings_free(&settings);
}

static const struct {
    bool preview;
    const char *session;
    const char *code, *param;
} wrong[] = {
    {false, "{\"output_modalities\":[\"text\"]}", "missing_required_parameter", "session.type"},
    {false, "{\"type\":\"transcription\"}", "invalid_value", "session.type"},
    {true, "{\"type\":\"realtime\"}", "unknown_parameter", "session.type"},
    {false, "{\"type\":\"realtime\",\"modalities\":[\"text\"]}", "unknown_parameter",
     "session.modalities"},
    {false, "{\"type\":\"realtime\",\"audio\":{\"input\":{\"loudness\":1}}}", "unknown_parameter",
     "session.audio.input.loudness"},
    {false,
     "{\"type\":\"realtime\",\"audio\":{\"input\":{\"turn_detection\":{\"type\":\"server_vad\","
     "\"x\":1}}}}",
     "unknown_parameter", "session.audio.input.turn_detection.x"},
    {false, "{\"type\":\"realtime\",\"audio\":5}", "invalid_type", "session.audio"},
    {false, "{\"type\":\"realtime\",\"output_modalities\":[\"text\",\"audio\"]}", "invalid_value",
     "session.output_modalities"},
    {true, "{\"modalities\":[\"audio\"]}", "invalid_value", "session.modalities"},
    {false, "{\"type\":\"realtime\",\"instructions\":5}", "invalid_type", "session.instructions"},
    {false, "{\"type\":\"realtime\",\"max_output_tokens\":0}", "integer_below_min_value",
     "session.max_output_tokens"},
    {false, "{\"type\":\"realtime\",\"max_output_tokens\":1e300}", "integer_above_max_value",
     "session.max_output_tokens"},
    {false, "{\"type\":\"realtime\",\"max_output_tokens\":1.5}", "invalid_type",
     "session.max_output_tokens"},
    {false,
     "{\"type\":\"realtime\",\"audio\":{\"input\":{\"format\":{\"type\":\"audio/"
     "pcm\",\"rate\":16000}}}}",
     "integer_below_min_value", "session.audio.input.format.rate"},
    {false, "{\"type\":\"realtime\",\"audio\":{\"output\":{\"speed\":2}}}",
     "decimal_above_max_value", "session.audio.output.speed"},
    {true, "{\"temperature\":0.1}", "decimal_below_min_value", "session.temperature"},
    {true, "{\"turn_detection\":{\"type\":\"none\"}}", "invalid_value",
     "session.turn_detection.type"},
    {true, "{\"turn_detection\":{\"type\":\"server_vad\",\"threshold\":1.5}}",
     "decimal_above_max_value", "session.turn_detection.threshold"},
    {true, "{\"turn_detection\":{\"type\":\"server_vad\",\"prefix_padding_ms\":-1}}",
     "integer_below_min_value", "session.turn_detection.prefix_padding_ms"},
    {true, "{\"turn_detection\":{\"type\":\"server_vad\",\"silence_duration_ms\":\"200\"}}",
     "invalid_type", "session.turn_detection.silence_duration_ms"},
    {true, "{\"turn_detection\":{\"type\":\"server_vad\",\"create_response\":1}}", "invalid_type",
     "session.turn_detection.create_response"},
    {true, "{\"turn_detection\":{\"type\":\"server_vad\",\"idle_timeout_ms\":6000}}",
     "unknown_parameter", "session.turn_detection.idle_timeout_ms"},
    {true, "{\"turn_detection\":{\"type\":\"semantic_vad\",\"eagerness\":\"eager\"}}",
     "invalid_value", "session.turn_detection.eagerness"},
    {true, "{\"turn_detection\":{\"type\":\"semantic_vad\",\"threshold\":0.5}}",
     "unknown_parameter", "session.turn_detection.threshold"},
    {false,
     "{\"type\":\"realtime\",\"audio\":{\"input\":{\"turn_detection\":{\"type\":\"server_vad\","
     "\"idle_timeout_ms\":4999}}}}",
     "integer_below_min_value", "session.audio.input.turn_detection.idle_timeout_ms"},
    {false,
     "{\"type\":\"realtime\",\"audio\":{\"input\":{\"turn_detection\":{\"type\":\"server_vad\","
     "\"idle_timeout_ms\":30001}}}}",
     "integer_above_max_value", "session.audio.input.turn_detection.idle_timeout_ms"},
    {false,
     "{\"type\":\"realtime\",\"audio\":{\"input\":{\"format\":{\"type\":\"audio/"
     "pcm\",\"rate\":48000}}}}",
     "integer_above_max_value", "session.audio.input.format.rate"},
    {true, "{\"input_audio_format\":\"mp3\"}", "invalid_value", "session.input_audio_format"},
    {false, "{\"type\":\"realtime\",\"id\":\"sess_mine\"}", "unknown_parameter", "session.id"},
    {false, "[]", "invalid_type", "session"},
};

/* A refused update changes nothing, however much of it was valid. */
static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct settings settings;
        struct complaint complaint = {0};
        settings_init(&settings, wrong[i].preview);
        char *before = object(&settings);
        if (update(&settings, wrong[i].session, &complaint))
            fail_msg("%s was taken", wrong[i].session);
        char *after = object(&settings);
        assert_string_equal(before, after);
        free(before);
        free(after);
        settings_free(&settings);
        if (strcmp(complaint.code, wrong[i].code) != 0 ||
            strcmp(complaint.param, wrong[i].param) != 0)
            fail_msg("%s: %s %s", wrong[i].session, complaint.code, complaint.param);
    }
    struct settings settings;
    struct complaint complaint;
    settings_init(&settings, false);
    assert_false(
        update(&settings, "{\"type\":\"realtime\",\"instructions\":\"x\",\"oops\":1}", &complaint));
    assert_null(strstr(settings_value(&settings, "instructions"), "\"x\""));
    assert_false(settings_update(&settings, NULL, &complaint));
    assert_string_equal(complaint.param, "session");
    settings_free(&settings);
}

static void test_defaults_are_filled_in(void **state)
{
    (void)state;
    struct settings settings;
    struct complaint complaint;
    settings_init(&settings, false);
    assert_true(update(&settings,
                       "{\"type\":\"realtime\",\"model\":\"other\",\"reasoning\":{\"effort\":"
                       "\"low\"},\"audio\":{\"input\":{"
                       "\"turn_detection\":{\"type\":\"semantic_vad\",\"eagerness\":\"high\"},"
                       "\"format\":{\"type\":"
                       "\"audio/pcm\"}},\"output\":{\"voice\":\"marin\"}}}",
                       &complaint));
    assert_string_equal(settings_value(&settings, "audio.input.turn_detection"),
                        "{\"type\":\"semantic_vad\",\"eagerness\":\"high\",\"create_response\":"
                        "true,\"interrupt_response\":"
                        "true}");
    assert_string_equal(settings_value(&settings, "audio.input.format"),
                        "{\"type\":\"audio/pcm\",\"rate\":24000}");
    assert_string_equal(settings_value(&settings, "audio.output.voice"), "\"marin\"");
    char *json = object(&settings);
    assert_non_null(strstr(json, "\"model\":\"gpt-realtime\"")); /* echoed, not changeable */
    assert_non_null(strstr(json, ",\"include\":null,\"reasoning\":{\"effort\":\"low\"}}"));
    free(json);
    assert_true(update(&settings,
                       "{\"type\":\"realtime\",\"audio\":{\"input\":{\"turn_detection\":null}}}",
                       &complaint));
    assert_string_equal(settings_value(&settings, "audio.input.turn_detection"), "null");
    assert_string_equal(settings_value(&settings, "audio.output.voice"), "\"marin\"");
    settings_free(&settings);
}

static void test_overrides(void **state)
{
    (void)state;
    struct settings settings;
    struct complaint complaint;
    struct overrides overrides;
    settings_init(&settings, false);
    assert_true(settings_override(&settings, NULL, &overrides, &complaint));
    assert_false(overrides.text_only);
    assert_int_equal(overrides.max_output_tokens, 0);

    cJSON *response = cJSON_Parse(
        "{\"output_modalities\":[\"text\"],\"max_output_tokens\":5,\"conversation\":\"none\","
        "\"metadata\":{\"turn\":\"7\"}}");
    assert_true(settings_override(&settings, response, &overrides, &complaint));
    assert_true(overrides.text_only);
    assert_true(overrides.out_of_band);
    assert_int_equal(overrides.max_output_tokens, 5);
    assert_string_equal(overrides.metadata, "{\"turn\":\"7\"}");
    free(overrides.metadata);
    cJSON_Delete(response);

    response =
        /* its place in preview */
        cJSON_Parse("{\"metadata\":{\"turn\":\"7\"},\"voice\":\"alloy\"}");
    assert_false(settings_override(&settings, response, &overrides, &complaint));
    assert_string_equal(complaint.code, "unknown_parameter");
    assert_string_equal(complaint.param, "response.voice");
    assert_null(overrides.metadata);
    cJSON_Delete(response);
    settings_free(&settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_effective),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_defaults_are_filled_in),
        cmocka_unit_test(test_overrides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
