/* A model that thinks before it answers, and says so before it does: items with phases, tokens of
 * reasoning. */
#define FIRST_REGION "\"model\":\"gpt-realtime-2.1\","
#include "service_fixture.h"

static void next_is(const char *type, const char *path, const char *value)
{
    cJSON *event = next_event();
    if (event == NULL || strcmp(at_path(event, "type"), type) != 0)
        fail_msg("%s instead of %s", event == NULL ? "the end" : at_path(event, "type"), type);
    if (strcmp(at_path(event, path), value) != 0)
        fail_msg("%s: %s is %s", type, path, at_path(event, path));
    cJSON_Delete(event);
}

static void ask_for_text(const char *limit)
{
    char event[200];
    (void)snprintf(
        event, sizeof event,
        "{\"type\":\"response.create\",\"response\":{\"output_modalities\":[\"text\"]%s}}", limit);
    wire_send_text(&wire, event);
}

/* A preamble is an item of its own, complete before the answer begins; response.done has both. */
static void test_preamble(void **state)
{
    (void)state;
    start("{" QUICK ",\"output_deltas\":1,\"preambles\":\"100%\",\"reasoning_tokens\":7}");
    open_session(0);
    expect("session.created");
    ask_for_text("");
    next_is("response.created", "response.status", "in_progress");
    static const char *const phases[] = {"commentary", "final_answer"};
    for (int i = 0; i < 2; i++) {
        const char *index = i == 0 ? "0" : "1";
        next_is("response.output_item.added", "item.phase", phases[i]);
        next_is("conversation.item.added", "item.phase", phases[i]);
        next_is("response.content_part.added", "output_index", index);
        for (int k = 0; k < (i == 0 ? 2 : 1); k++)
            next_is("response.output_text.delta", "output_index", index);
        next_is("response.output_text.done", "output_index", index);
        next_is("response.content_part.done", "output_index", index);
        next_is("conversation.item.done", "item.status", "completed");
        next_is("response.output_item.done", "item.phase", phases[i]);
    }
    cJSON *done = await("response.done");
    assert_string_equal(at_path(done, "response.output.0.phase"), "commentary");
    assert_string_equal(at_path(done, "response.output.0.content.0.text"), "Yes,");
    assert_string_equal(at_path(done, "response.output.1.phase"), "final_answer");
    assert_string_equal(at_path(done, "response.output.1.content.0.text"), "Yes");
    assert_string_not_equal(at_path(done, "response.output.0.id"), "(absent)");
    /* 7 thought, 2 of the preamble, 1 of the answer */
    assert_string_equal(at_path(done, "response.usage.output_tokens"), "10");
    assert_string_equal(at_path(done, "response.usage.output_token_details.reasoning_tokens"), "7");
    cJSON_Delete(done);
    stop();
}

/* What max_output_tokens leaves after the thoughts is said, and nothing when it leaves nothing. */
static void test_limits(void **state)
{
    (void)state;
    static const struct {
        const char *limit;
        const char *status, *output, *tokens, *reasoning, *preamble;
    } cases[] = {
        {",\"max_output_tokens\":5", "incomplete", "(absent)", "5", "5", "(absent)"},
        {",\"max_output_tokens\":7", "incomplete", "(absent)", "7", "7", "(absent)"},
        {",\"max_output_tokens\":9", "incomplete", "final_answer", "9", "7", "(absent)"},
        {",\"max_output_tokens\":10", "incomplete", "commentary", "10", "7", "final_answer"},
        {",\"max_output_tokens\":12", "completed", "commentary", "12", "7", "final_answer"},
        {"", "completed", "commentary", "12", "7", "final_answer"},
    };
    start("{" QUICK ",\"output_deltas\":3,\"preambles\":\"100%\",\"reasoning_tokens\":7}");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        open_session(0);
        ask_for_text(cases[i].limit);
        cJSON *done = await("response.done");
        assert_string_equal(at_path(done, "response.status"), cases[i].status);
        assert_string_equal(at_path(done, "response.output.0.phase"), cases[i].output);
        assert_string_equal(at_path(done, "response.output.1.phase"), cases[i].preamble);
        assert_string_equal(at_path(done, "response.usage.output_tokens"), cases[i].tokens);
        assert_string_equal(at_path(done, "response.usage.output_token_details.reasoning_tokens"),
                            cases[i].reasoning);
        cJSON_Delete(done);
    }
    stop();
}

/* Other models have neither, whatever the profile scripts. */
static void test_models_that_do_not_think(void **state)
{
    (void)state;
    start("{" QUICK ",\"output_deltas\":3,\"preambles\":\"100%\",\"reasoning_tokens\":7}");
    open_session(2);
    ask_for_text("");
    cJSON *done = await("response.done");
    assert_string_equal(at_path(done, "response.output.0.phase"), "(absent)");
    assert_string_equal(at_path(done, "response.output.1.id"), "(absent)");
    assert_string_equal(at_path(done, "response.usage.output_tokens"), "3");
    assert_string_equal(at_path(done, "response.usage.output_token_details.reasoning_tokens"),
                        "(absent)");
    cJSON_Delete(done);
    stop();
}

/* Cancelled between the two, the response has its preamble alone, which is complete. */
static void test_cancelled_after_the_preamble(void **state)
{
    (void)state;
    start("{\"quota\":\"none\",\"latency\":[" NO_DELAYS
          ",{\"answer\":\"30s\"}],\"preambles\":\"100%\"}");
    open_session(0);
    ask_for_text("");
    expect("response.output_item.done");
    wire_send_text(&wire, "{\"type\":\"response.cancel\"}");
    cJSON *done = await("response.done");
    assert_string_equal(at_path(done, "response.status"), "cancelled");
    assert_string_equal(at_path(done, "response.output.0.phase"), "commentary");
    assert_string_equal(at_path(done, "response.output.0.status"), "completed");
    assert_string_equal(at_path(done, "response.output.1.id"), "(absent)");
    assert_string_equal(at_path(done, "response.usage.output_tokens"), "2");
    cJSON_Delete(done);
    stop();
}

/* The fault tells the tokens that the limit allowed as thoughts, of any model. */
static void test_reasoning_limit(void **state)
{
    (void)state;
    start("{" QUICK ",\"faults\":[{\"fault\":\"reasoning_limit\",\"rate\":\"100%\"}]}");
    for (int region = 0; region < 3; region += 2) {
        open_session(region);
        ask_for_text(",\"max_output_tokens\":32");
        cJSON *done = await("response.done");
        assert_string_equal(at_path(done, "response.status_details.reason"), "max_output_tokens");
        assert_string_equal(at_path(done, "response.output.0.id"), "(absent)");
        assert_string_equal(at_path(done, "response.usage.output_tokens"), "32");
        assert_string_equal(at_path(done, "response.usage.output_token_details.reasoning_tokens"),
                            "32");
        cJSON_Delete(done);
    }
    stop();
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_preamble),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_models_that_do_not_think),
        cmocka_unit_test(test_cancelled_after_the_preamble),
        cmocka_unit_test(test_reasoning_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
