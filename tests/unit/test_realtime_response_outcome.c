/* The outcome of a response.done, from whole events as services send them. */
#include "realtime/response_outcome.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MESSAGE                                                                                    \
    "{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\"}]}"
#define PREAMBLE "{\"type\":\"message\",\"phase\":\"commentary\",\"content\":[]}"
#define FINAL "{\"type\":\"message\",\"phase\":\"final_answer\",\"content\":[]}"
#define CALL "{\"type\":\"function_call\",\"name\":\"f\",\"arguments\":\"{}\"}"
#define REASONING "{\"type\":\"reasoning\"}"
#define LIMIT "{\"type\":\"incomplete\",\"reason\":\"max_output_tokens\"}"

static struct event_facts read_done(const char *status, const char *details, const char *output,
                                    int output_tokens)
{
    struct text message = {0};
    struct event_facts facts;
    char type[EVENT_TYPE_SIZE];
    text_printf(&message,
                "{\"type\":\"response.done\",\"response\":{\"status\":\"%s\",\"status_details\":%s,"
                "\"output\":[%s],\"usage\":{\"input_tokens\":20,\"output_tokens\":%d}}}",
                status, details, output, output_tokens);
    const char *json = text_str(&message);
    assert_true(event_parse(event_scan(json, strlen(json), type), json, strlen(json), &facts));
    text_free(&message);
    return facts;
}

#define ANY .wanted = WANTED_ANY
#define OUTPUT .wanted = WANTED_OUTPUT
#define TOOL .wanted = WANTED_TOOL_CALL

static void an_answer_is_what_was_asked_for(void **state)
{
    (void)state;
    static const struct {
        const char *status, *details, *output;
        int tokens;
        struct response_seen seen;
        enum response_outcome outcome;
    } rows[] = {
        {"completed", "null", MESSAGE, 5, {ANY, .answer = true}, RESPONSE_ANSWERED},
        {"completed", "null", PREAMBLE "," FINAL, 5, {ANY, .answer = true}, RESPONSE_ANSWERED},
        {"completed", "null", CALL, 9, {ANY}, RESPONSE_ANSWERED},
        {"completed", "null", "", 9, {ANY, .tool_call = true}, RESPONSE_ANSWERED},
        {"completed", "null", CALL, 9, {OUTPUT}, RESPONSE_EMPTY},
        {"completed", "null", CALL, 9, {TOOL}, RESPONSE_ANSWERED},
        {"completed", "null", MESSAGE, 5, {TOOL, .answer = true}, RESPONSE_EMPTY},
        {"completed", "null", PREAMBLE "," CALL, 9, {TOOL}, RESPONSE_ANSWERED},
        /* neither a preamble nor reasoning is an answer by itself */
        {"completed", "null", PREAMBLE, 5, {ANY}, RESPONSE_EMPTY},
        {"completed", "null", REASONING, 5, {ANY}, RESPONSE_EMPTY},
        {"completed", "null", "", 0, {ANY}, RESPONSE_EMPTY},
        /* our own limit is ours, whether or not anything came before it */
        {"incomplete", LIMIT, MESSAGE, 32, {ANY, .answer = true}, RESPONSE_CUT},
        {"incomplete", LIMIT, "", 32, {ANY}, RESPONSE_LIMITED},
        {"incomplete", LIMIT, REASONING, 32, {ANY, .output_limit = 32}, RESPONSE_LIMITED},
        {"incomplete", LIMIT, PREAMBLE, 32, {ANY}, RESPONSE_LIMITED},
        {"incomplete", "\"max_output_tokens\"", "", 32, {ANY}, RESPONSE_LIMITED},
        {"incomplete", "null", "", 32, {ANY, .output_limit = 32}, RESPONSE_LIMITED},
        {"completed", "null", "", 32, {ANY, .output_limit = 32}, RESPONSE_LIMITED},
        {"completed", "null", "", 31, {ANY, .output_limit = 32}, RESPONSE_EMPTY},
        /* everything else is not */
        {"incomplete", "null", "", 32, {ANY}, RESPONSE_BROKEN},
        {"incomplete",
         "{\"reason\":\"content_filter\"}",
         MESSAGE,
         32,
         {ANY, .answer = true, .output_limit = 32},
         RESPONSE_BROKEN},
        {"failed",
         "{\"error\":{\"code\":\"server_error\"}}",
         MESSAGE,
         5,
         {ANY, .answer = true},
         RESPONSE_BROKEN},
        {"cancelled",
         "{\"reason\":\"turn_detected\"}",
         MESSAGE,
         5,
         {ANY, .answer = true},
         RESPONSE_BROKEN},
        {"something_new", "null", MESSAGE, 5, {ANY, .answer = true}, RESPONSE_BROKEN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct event_facts done =
            read_done(rows[i].status, rows[i].details, rows[i].output, rows[i].tokens);
        const enum response_outcome outcome = response_outcome(&done, &rows[i].seen);
        if (outcome != rows[i].outcome)
            fail_msg("row %zu: %d, not %d", i, (int)outcome, (int)rows[i].outcome);
    }
}

static void items_tell_their_type_and_phase(void **state)
{
    (void)state;
    static const struct {
        const char *item;
        enum item_type type;
        bool preamble;
    } rows[] = {
        {MESSAGE, ITEM_MESSAGE, false},
        {PREAMBLE, ITEM_MESSAGE, true},
        {FINAL, ITEM_MESSAGE, false},
        {CALL, ITEM_TOOL_CALL, false},
        {REASONING, ITEM_REASONING, false},
        {"{\"type\":\"mcp_call\"}", ITEM_TOOL_CALL, false},
        {"{\"type\":\"hologram\"}", ITEM_OTHER, false},
        {"{\"type\":\"function_call\",\"phase\":\"commentary\"}", ITEM_TOOL_CALL, false},
        {"{\"type\":null}", ITEM_NONE, false},
        {"null", ITEM_NONE, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text message = {0};
        struct event_facts facts;
        text_printf(&message, "{\"type\":\"response.output_item.added\",\"item\":%s}",
                    rows[i].item);
        assert_true(event_carries_facts(EVENT_ITEM_ADDED));
        assert_true(event_parse(EVENT_ITEM_ADDED, text_str(&message), message.length, &facts));
        assert_int_equal(facts.item, rows[i].type);
        assert_int_equal(facts.preamble, rows[i].preamble);
        text_free(&message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_what_was_asked_for),
        cmocka_unit_test(items_tell_their_type_and_phase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
