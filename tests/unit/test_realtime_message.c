#include "realtime/message.h"

#include "base/files.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Compares the message with a line (from 0) of a sample file, as JSON: the order of keys does not
 * matter. */
static void is_sample(struct text *message, const char *file, int line)
{
    struct text path = {0};
    struct text text = {0};
    struct error err;
    text_printf(&path, "%s/wire/%s.jsonl", TEST_DATA, file);
    if (file_read(path.data, 100000, &text, &err) != ERR_OK) fail_msg("%s", err.text);
    char *wanted = strtok(text.data, "\n");
    for (int i = 0; i < line && wanted != NULL; i++) wanted = strtok(NULL, "\n");
    assert_non_null(wanted);
    cJSON *ours = cJSON_Parse(text_str(message));
    cJSON *theirs = cJSON_Parse(wanted);
    if (!cJSON_Compare(ours, theirs, true)) fail_msg("%s\nis not\n%s", text_str(message), wanted);
    cJSON_Delete(ours);
    cJSON_Delete(theirs);
    text_free(&path);
    text_free(&text);
    text_clear(message);
}

static void matches_the_text_turns_of_the_wire(void **state)
{
    (void)state;
    struct session_settings settings = {
        .modality = MODALITY_TEXT,
        .instructions = "Answer in one short sentence.",
        .max_output_tokens = 200,
    };
    struct text message = {0};
    message_session_update(&message, DIALECT_GA, &settings, "c1");
    is_sample(&message, "text_turn_ga_client", 0);
    message_session_update(&message, DIALECT_OPENAI, &settings, "c1");
    is_sample(&message, "text_turn_ga_client", 0);
    message_session_update(&message, DIALECT_PREVIEW, &settings, "c1");
    is_sample(&message, "text_turn_preview_client", 0);
    message_user_text(&message, "Name one colour.", "c2");
    is_sample(&message, "text_turn_ga_client", 1);
    message_response_create(&message, "c3");
    is_sample(&message, "text_turn_ga_client", 2);
    text_free(&message);
}

/* The form of OpenAI's specification; preview has none. */
static void tells_how_to_truncate(void **state)
{
    (void)state;
    static const struct session_settings settings = {
        .modality = MODALITY_TEXT, .truncate_above = 5000, .truncate_retain = 0.8};
    static const char wanted[] =
        ",\"truncation\":{\"type\":\"retention_ratio\",\"retention_ratio\":0.8,"
        "\"token_limits\":{\"post_instructions\":5000}}";
    static const enum dialect dialects[] = {DIALECT_GA, DIALECT_OPENAI, DIALECT_PREVIEW};
    for (size_t i = 0; i < 3; i++) {
        struct text message = {0};
        message_session_update(&message, dialects[i], &settings, "c1");
        assert_int_equal(strstr(text_str(&message), wanted) != NULL,
                         dialects[i] != DIALECT_PREVIEW);
        text_free(&message);
    }
}

static void says_what_was_asked(void **state)
{
    (void)state;
    static const struct session_settings bare = {.modality = MODALITY_TEXT};
    static const struct session_settings audio = {
        .modality = MODALITY_AUDIO, .instructions = "", .max_output_tokens = 4096};
    struct text message = {0};
    message_session_update(&message, DIALECT_GA, &bare, NULL);
    assert_string_equal(message.data,
                        "{\"type\":\"session.update\",\"session\":{\"type\":\"realtime\","
                        "\"output_modalities\":[\"text\"]}}");
    text_clear(&message);
    message_session_update(&message, DIALECT_GA, &audio, "c1");
    assert_string_equal(
        message.data,
        "{\"type\":\"session.update\",\"event_id\":\"c1\",\"session\":{\"type\":\"realtime\","
        "\"output_modalities\":[\"audio\"],\"instructions\":\"\",\"max_output_tokens\":4096,"
        "\"audio\":{\"input\":{\"format\":{\"type\":\"audio/pcm\",\"rate\":24000},"
        "\"turn_detection\":null},\"output\":{\"format\":{\"type\":\"audio/"
        "pcm\",\"rate\":24000}}}}}");
    text_clear(&message);
    message_session_update(&message, DIALECT_PREVIEW, &audio, "c1");
    assert_string_equal(message.data,
                        "{\"type\":\"session.update\",\"event_id\":\"c1\",\"session\":{"
                        "\"modalities\":[\"text\",\"audio\"],"
                        "\"instructions\":\"\",\"max_response_output_tokens\":4096,\"input_audio_"
                        "format\":\"pcm16\","
                        "\"output_audio_format\":\"pcm16\",\"turn_detection\":null}}");
    text_clear(&message);
    message_response_cancel(&message, "c9");
    assert_string_equal(message.data, "{\"type\":\"response.cancel\",\"event_id\":\"c9\"}");
    text_free(&message);
}

/* Whether the service receives this JSON as its session. */
static void is_session(const struct session_settings *settings, enum dialect dialect,
                       const char *wanted)
{
    struct text message = {0};
    message_session_update(&message, dialect, settings, NULL);
    cJSON *ours = cJSON_Parse(text_str(&message));
    cJSON *theirs = cJSON_Parse(wanted);
    assert_non_null(theirs);
    if (!cJSON_Compare(cJSON_GetObjectItemCaseSensitive(ours, "session"), theirs, true))
        fail_msg("%s\nis not\n%s", text_str(&message), wanted);
    cJSON_Delete(ours);
    cJSON_Delete(theirs);
    text_free(&message);
}

/* Objects are merged member by member at any depth; lists, scalars and null replace what was
 * there; a region's fields override the session's. */
static void lays_further_fields_over_its_own(void **state)
{
    (void)state;
    const struct session_settings text = {
        .modality = MODALITY_TEXT,
        .max_output_tokens = 50,
        .extra = {"{\"reasoning\":{\"effort\":\"low\"},\"tools\":[{\"type\":\"function\"}],"
                  "\"truncation\":null,\"speed\":0.8}",
                  "{\"reasoning\":{\"effort\":\"high\",\"summary\":true},\"tools\":[]}"},
    };
    is_session(&text, DIALECT_GA,
               "{\"type\":\"realtime\",\"output_modalities\":[\"text\"],\"max_output_tokens\":50,"
               "\"reasoning\":{\"effort\":\"high\",\"summary\":true},\"tools\":[],"
               "\"truncation\":null,\"speed\":0.8}");
    const struct session_settings audio = {
        .modality = MODALITY_AUDIO,
        .extra = {NULL,
                  "{\"audio\":{\"output\":{\"voice\":\"marin\"},\"input\":{\"turn_detection\":"
                  "{\"type\":\"semantic_vad\"},\"format\":null}}}"},
    };
    is_session(&audio, DIALECT_GA,
               "{\"type\":\"realtime\",\"output_modalities\":[\"audio\"],\"audio\":{\"input\":"
               "{\"format\":null,\"turn_detection\":{\"type\":\"semantic_vad\"}},\"output\":"
               "{\"format\":{\"type\":\"audio/pcm\",\"rate\":24000},\"voice\":\"marin\"}}}");
    const struct session_settings preview = {
        .modality = MODALITY_TEXT,
        .extra = {"{\"voice\":\"alloy\",\"modalities\":[\"text\",\"audio\"]}", NULL},
    };
    is_session(&preview, DIALECT_PREVIEW,
               "{\"modalities\":[\"text\",\"audio\"],\"voice\":\"alloy\"}");
}

/* A prompt, whatever it contains, becomes one string of one JSON object. */
static void escapes_prompts(void **state)
{
    (void)state;
    static const char prompt[] = "say \"no\"}\n\\ \x01 \xE2\x82\xAC";
    struct text message = {0};
    message_user_text(&message, prompt, "id \"1\"");
    cJSON *root = cJSON_Parse(message.data);
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, "item");
    const cJSON *part = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(item, "content"), 0);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(part, "text")),
                        prompt);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, "event_id")),
                        "id \"1\"");
    cJSON_Delete(root);
    text_free(&message);
}

/* Of each kind of turn detection only what was set is sent, in the form of each dialect; who
 * answers in text is heard, too. */
static void says_how_users_speak(void **state)
{
    (void)state;
    const struct speech_settings manual = {.format = AUDIO_FORMAT_MULAW};
    const struct speech_settings server = {.detection = TURN_DETECTION_SERVER_VAD,
                                           .threshold = 0.6,
                                           .prefix_ms = 250,
                                           .silence_ms = 700,
                                           .idle_timeout_ms = 6000};
    const struct speech_settings bare = {.detection = TURN_DETECTION_SERVER_VAD};
    const struct speech_settings semantic = {.format = AUDIO_FORMAT_ALAW,
                                             .detection = TURN_DETECTION_SEMANTIC_VAD,
                                             .eagerness = EAGERNESS_HIGH};
    struct session_settings settings = {.modality = MODALITY_AUDIO, .speech = &manual};
    is_session(&settings, DIALECT_GA,
               "{\"type\":\"realtime\",\"output_modalities\":[\"audio\"],\"audio\":{\"input\":"
               "{\"format\":{\"type\":\"audio/pcmu\"},\"turn_detection\":null},\"output\":"
               "{\"format\":{\"type\":\"audio/pcmu\"}}}}");
    is_session(&settings, DIALECT_PREVIEW,
               "{\"modalities\":[\"text\",\"audio\"],\"input_audio_format\":\"g711_ulaw\","
               "\"output_audio_format\":\"g711_ulaw\",\"turn_detection\":null}");
    settings.speech = &server;
    settings.modality = MODALITY_TEXT;
    is_session(&settings, DIALECT_OPENAI,
               "{\"type\":\"realtime\",\"output_modalities\":[\"text\"],\"audio\":{\"input\":"
               "{\"format\":{\"type\":\"audio/pcm\",\"rate\":24000},\"turn_detection\":{\"type\":"
               "\"server_vad\",\"threshold\":0.6,\"prefix_padding_ms\":250,"
               "\"silence_duration_ms\":700,\"idle_timeout_ms\":6000}}}}");
    settings.speech = &bare;
    is_session(&settings, DIALECT_PREVIEW,
               "{\"modalities\":[\"text\"],\"input_audio_format\":\"pcm16\",\"turn_detection\":"
               "{\"type\":\"server_vad\"}}");
    settings.speech = &semantic;
    settings.modality = MODALITY_AUDIO;
    is_session(&settings, DIALECT_GA,
               "{\"type\":\"realtime\",\"output_modalities\":[\"audio\"],\"audio\":{\"input\":"
               "{\"format\":{\"type\":\"audio/pcma\"},\"turn_detection\":{\"type\":"
               "\"semantic_vad\",\"eagerness\":\"high\"}},\"output\":{\"format\":{\"type\":"
               "\"audio/pcma\"}}}}");
}

static void matches_the_audio_turn_of_the_wire(void **state)
{
    (void)state;
    static const unsigned char zeros[8];
    struct text message = {0};
    message_append(&message, zeros, sizeof zeros);
    is_sample(&message, "audio_turn_ga_client", 1);
    message_commit(&message, "c2");
    is_sample(&message, "audio_turn_ga_client", 2);
    message_truncate(&message, "item_1", 1500, "c3");
    assert_string_equal(message.data,
                        "{\"type\":\"conversation.item.truncate\",\"event_id\":\"c3\","
                        "\"item_id\":\"item_1\",\"content_index\":0,\"audio_end_ms\":1500}");
    text_free(&message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_the_text_turns_of_the_wire),
        cmocka_unit_test(tells_how_to_truncate),
        cmocka_unit_test(says_what_was_asked),
        cmocka_unit_test(lays_further_fields_over_its_own),
        cmocka_unit_test(escapes_prompts),
        cmocka_unit_test(says_how_users_speak),
        cmocka_unit_test(matches_the_audio_turn_of_the_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
