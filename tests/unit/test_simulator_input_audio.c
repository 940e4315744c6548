/* The input buffer: what the service says and does of its own accord while audio comes in (realtime
 * protocol, 4.1, 4.3 and 4.6). */
#include "base/crypto.h"
#include "service_fixture.h"

/* 100 ms of audio is 4,800 bytes: one base64 block less is refused, and the buffer is kept. */
static void test_audio_buffer(void **state)
{
    (void)state;
    char audio[6500];
    start("{" QUICK "}");
    open_session(0);
    expect("session.created");
    int length =
        snprintf(audio, sizeof audio, "{\"type\":\"input_audio_buffer.append\",\"audio\":\"");
    memset(audio + length, 'A', 6396);
    (void)snprintf(audio + length + 6396, sizeof audio - (size_t)length - 6396, "\"}");
    wire_send_text(&wire, audio);
    wire_send_text(&wire, "{\"type\":\"input_audio_buffer.commit\"}");
    cJSON *error = await("error");
    assert_non_null(strstr(at_path(error, "error.message"), "99.94ms"));
    cJSON_Delete(error);
    wire_send_text(&wire, "{\"type\":\"input_audio_buffer.append\",\"audio\":\"AAAA\"}");
    wire_send_text(&wire, "{\"type\":\"input_audio_buffer.commit\"}");
    expect("input_audio_buffer.committed");
    wire_send_text(&wire, audio);
    wire_send_text(&wire, "{\"type\":\"input_audio_buffer.clear\"}");
    expect("input_audio_buffer.cleared");
    wire_send_text(&wire, "{\"type\":\"input_audio_buffer.commit\"}");
    error = await("error");
    assert_non_null(strstr(at_path(error, "error.message"), "only has 0.00ms"));
    cJSON_Delete(error);
    stop();
}

/* Appends so much of a square wave, 100 ms an event; amplitude 0: silence. */
static void append(unsigned ms, int amplitude)
{
    unsigned char bytes[4800];
    for (size_t i = 0; i < sizeof bytes; i += 2) {
        const int sample = i / 120 % 2 == 0 ? amplitude : -amplitude;
        bytes[i] = (unsigned char)(sample & 0xFF);
        bytes[i + 1] = (unsigned char)((unsigned)sample >> 8 & 0xFF);
    }
    struct text event = {0};
    text_puts(&event, "{\"type\":\"input_audio_buffer.append\",\"audio\":\"");
    base64_encode(&event, bytes, sizeof bytes);
    text_puts(&event, "\"}");
    for (; ms > 0; ms -= 100) wire_send_text(&wire, text_str(&event));
    text_free(&event);
}

static void tell(const char *event)
{
    wire_send_text(&wire, event);
}

static void update(int region, const char *fields)
{
    char event[600];
    if (region == 1)
        (void)snprintf(event, sizeof event, "{\"type\":\"session.update\",\"session\":{%s}}",
                       fields);
    else
        (void)snprintf(event, sizeof event,
                       "{\"type\":\"session.update\",\"session\":{\"type\":\"realtime\",\"audio\":{"
                       "\"input\":{%s}}}}",
                       fields);
    tell(event);
    expect("session.updated");
}

/* The next event must be of this type; the caller frees it. */
static cJSON *next_is(const char *type)
{
    cJSON *event = next_event();
    if (event == NULL || strcmp(at_path(event, "type"), type) != 0)
        fail_msg("%s instead of %s", event == NULL ? "the end" : at_path(event, "type"), type);
    return event;
}

static void next_only(const char *type)
{
    cJSON_Delete(next_is(type));
}

/* The next event, whose `path` must be this. */
static void next_has(const char *type, const char *path, const char *value)
{
    cJSON *event = next_is(type);
    assert_string_equal(at_path(event, path), value);
    cJSON_Delete(event);
}

/* Reads the events of a turn up to the user's item, all of one item; its id goes to `id`. */
static void read_turn(bool preview, const char *from_ms, const char *to_ms, char id[40])
{
    cJSON *event = next_is("input_audio_buffer.speech_started");
    assert_string_equal(at_path(event, "audio_start_ms"), from_ms);
    (void)snprintf(id, 40, "%s", at_path(event, "item_id"));
    cJSON_Delete(event);
    event = next_is("input_audio_buffer.speech_stopped");
    assert_string_equal(at_path(event, "audio_end_ms"), to_ms);
    assert_string_equal(at_path(event, "item_id"), id);
    cJSON_Delete(event);
    next_has("input_audio_buffer.committed", "item_id", id);
    if (preview) {
        next_has("conversation.item.created", "item.id", id);
        return;
    }
    next_has("conversation.item.added", "item.id", id);
    next_has("conversation.item.done", "item.id", id);
}

/* The default of each dialect: speech, its end, an item, and a response that nobody asked for. */
static void test_a_turn_is_answered(void **state)
{
    (void)state;
    start("{" QUICK ",\"output_deltas\":1}");
    for (int region = 0; region < 3; region++) {
        char id[40];
        open_session(region);
        next_only("session.created");
        append(1000, 0);
        append(500, 8000);
        append(300, 0);
        read_turn(region == 1, "700", "1700", id);
        next_only("response.created");
        cJSON *done = await("response.done");
        assert_string_equal(at_path(done, "response.status"), "completed");
        /* a second of audio with its prefix: 10 tokens (a user's audio has 10 a second) */
        assert_string_equal(at_path(done, "response.usage.input_token_details.audio_tokens"), "10");
        cJSON_Delete(done);
        next_only("rate_limits.updated");
        append(400, 8000); /* the next turn: its prefix ends where the buffer begins */
        append(200, 0);
        read_turn(region == 1, "1700", "2400", id);
        expect("response.done");
    }
    stop();
}

static void test_turns_that_are_not_answered(void **state)
{
    (void)state;
    static const struct {
        int region;
        const char *fields;
        bool turns;
    } cases[] = {
        {0, "\"turn_detection\":{\"type\":\"server_vad\",\"create_response\":false}", true},
        {1, "\"turn_detection\":{\"type\":\"server_vad\",\"create_response\":false}", true},
        {0, "\"turn_detection\":null", false},
        {1, "\"turn_detection\":null", false},
        /* waits two seconds at most, which do not pass here */
        {0, "\"turn_detection\":{\"type\":\"semantic_vad\",\"eagerness\":\"high\"}", false},
    };
    start("{" QUICK "}");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char id[40];
        open_session(cases[i].region);
        next_only("session.created");
        update(cases[i].region, cases[i].fields);
        append(1000, 0);
        append(500, 8000);
        append(500, 0);
        if (cases[i].turns) read_turn(cases[i].region == 1, "700", "1700", id);
        if (i == 4) next_only("input_audio_buffer.speech_started");
        tell("{\"type\":\"input_audio_buffer.clear\"}");
        next_only("input_audio_buffer.cleared");
    }
    stop();
}

/* Semantic turns end after the wait of their eagerness, of audio and not of time. */
static void test_semantic_turns(void **state)
{
    (void)state;
    char id[40];
    start("{" QUICK ",\"output_deltas\":1}");
    open_session(0);
    next_only("session.created");
    update(0, "\"turn_detection\":{\"type\":\"semantic_vad\",\"eagerness\":\"high\"}");
    append(500, 0);
    append(500, 8000);
    append(2100, 0);
    read_turn(false, "200", "3000", id);
    next_only("response.created");
    stop();
}

/* Who speaks while the model does, interrupts it: speech_started, the item's end, response.done. */
static void test_interruption(void **state)
{
    (void)state;
    start("{\"quota\":\"none\",\"latency\":[" NO_DELAYS
          ",{\"delta\":\"30s\"}],\"output_deltas\":9}");
    for (int region = 0; region < 2; region++) {
        open_session(region);
        next_only("session.created");
        tell("{\"type\":\"response.create\"}");
        expect(region == 1 ? "response.audio.delta" : "response.output_audio.delta");
        append(200, 8000);
        next_only("input_audio_buffer.speech_started");
        cJSON *done = await("response.done");
        assert_string_equal(at_path(done, "response.status"), "cancelled");
        assert_string_equal(at_path(done, "response.status_details.reason"), "turn_detected");
        assert_string_equal(at_path(done, "response.output.0.status"), "incomplete");
        cJSON_Delete(done);
    }
    open_session(0); /* and without leave to interrupt, the turn finds the model busy */
    next_only("session.created");
    update(0, "\"turn_detection\":{\"type\":\"server_vad\",\"interrupt_response\":false}");
    tell("{\"type\":\"response.create\"}");
    expect("response.output_audio.delta");
    append(200, 8000);
    append(300, 0);
    next_only("input_audio_buffer.speech_started");
    expect("conversation.item.done");
    next_has("error", "error.code", "conversation_already_has_active_response");
    stop();
}

/* A client that commits in mid-speech commits the turn that was announced. */
static void test_commit_in_a_turn(void **state)
{
    (void)state;
    start("{" QUICK "}");
    open_session(0);
    next_only("session.created");
    append(300, 8000);
    cJSON *started = next_is("input_audio_buffer.speech_started");
    tell("{\"type\":\"input_audio_buffer.commit\"}");
    next_has("input_audio_buffer.committed", "item_id", at_path(started, "item_id"));
    cJSON_Delete(started);
    next_only("conversation.item.added");
    next_only("conversation.item.done");
    append(400, 0); /* the turn is over: no second end */
    tell("{\"type\":\"input_audio_buffer.clear\"}");
    next_only("input_audio_buffer.cleared");
    stop();
}

/* Six seconds without speech after an answer (a hundredth of that here): the model goes on. */
static void test_idle_timeout(void **state)
{
    (void)state;
    start("{" QUICK ",\"output_deltas\":1,\"clock\":{\"speed\":100}}");
    open_session(0);
    next_only("session.created");
    update(0, "\"turn_detection\":{\"type\":\"server_vad\",\"idle_timeout_ms\":6000}");
    append(300, 0);
    tell("{\"type\":\"response.create\"}");
    expect("rate_limits.updated");
    cJSON *timeout = next_is("input_audio_buffer.timeout_triggered");
    assert_string_equal(at_path(timeout, "audio_start_ms"), "300");
    assert_string_equal(at_path(timeout, "audio_end_ms"), "300");
    next_has("input_audio_buffer.committed", "item_id", at_path(timeout, "item_id"));
    cJSON_Delete(timeout);
    next_only("conversation.item.added");
    next_only("conversation.item.done");
    next_only("response.created");
    expect("rate_limits.updated");
    append(200, 8000); /* speech keeps it from asking again */
    next_only("input_audio_buffer.speech_started");
    stop();
}

/* What was asked to be transcribed is: by time for whisper, by tokens otherwise. */
static void test_transcription(void **state)
{
    (void)state;
    static const struct {
        const char *model, *path, *value;
    } cases[] = {{"whisper-1", "usage.seconds", "0.3"},
                 {"gpt-4o-transcribe", "usage.input_token_details.audio_tokens", "3"}};
    start("{" QUICK "}");
    for (size_t i = 0; i < 2; i++) {
        char fields[160];
        open_session(0);
        next_only("session.created");
        (void)snprintf(fields, sizeof fields,
                       "\"turn_detection\":null,\"transcription\":{\"model\":\"%s\"}",
                       cases[i].model);
        update(0, fields);
        append(300, 8000);
        tell("{\"type\":\"input_audio_buffer.commit\"}");
        cJSON *committed = next_is("input_audio_buffer.committed");
        expect("conversation.item.done");
        cJSON *said = next_is("conversation.item.input_audio_transcription.completed");
        assert_string_equal(at_path(said, "item_id"), at_path(committed, "item_id"));
        assert_string_equal(at_path(said, cases[i].path), cases[i].value);
        cJSON_Delete(committed);
        cJSON_Delete(said);
    }
    stop();
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_audio_buffer),
        cmocka_unit_test(test_a_turn_is_answered),
        cmocka_unit_test(test_turns_that_are_not_answered),
        cmocka_unit_test(test_semantic_turns),
        cmocka_unit_test(test_interruption),
        cmocka_unit_test(test_commit_in_a_turn),
        cmocka_unit_test(test_idle_timeout),
        cmocka_unit_test(test_transcription),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
