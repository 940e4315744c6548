/* Each kind of secret and content, planted, and the ordinary lines of a package, none of which is
 * one. */
#include "package/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *shape_of(const char *line)
{
    return verify_line(line, strlen(line), NULL);
}

#define HEX32 "0123456789abcdef0123456789abcdef"
#define KEY84 "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKl"

static void test_planted(void **state)
{
    (void)state;
    static const struct {
        const char *line, *shape;
    } planted[] = {
        {"the url was wss://x/realtime?api-key=abcdefgh1234&deployment=d", "credential"},
        {"{\"api_key\":\"abcdefghijk\"}", "credential"},
        {"\"\"api_key\"\": \"\"abcdefghijk\"\"", "credential"},
        {"API-KEY: abcdefghijk", "credential"},
        {"Ocp-Apim-Subscription-Key: abcdefghijk", "credential"},
        {"api-key%3Dabcdefghijk", "credential"},
        {"password='hunter2hunter2'", "credential"},
        {"client_secret=abc~def.ghi_jkl", "credential"},
        {"Authorization: Basic abc", NULL}, /* too short to be one */
        {"sent Bearer abc123de was refused", "bearer"},
        {"bearer abcdefghijklmnopqrstuvwxyz", "bearer"},
        {"Bearer%20abc123defghi", "bearer"},
        {"key sk-proj-abc123def", "OpenAI"},
        {"%22sk-abc123defghi%22", "OpenAI"},
        {"ek_abc123def456", "client secret"},
        {"token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.abc", "JSON web token"},
        {"key " HEX32 " was sent", "Azure key"},
        {"=" HEX32, "Azure key"},
        {"x" KEY84, "long key"},
        {"SUQzBAAAAAAAI1RTU0UAAAAPAAADTGF2ZjU4Ljc2LjEwMAAAAAAAAAAAAAAA/+NAxAAAAAAAAAAAAEluZm8=",
         "base64"},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+"
         "AAAAAAA",
         "encoded bytes"},
        {"data:audio/wav;base64,UklG", "data URI"},
        {"{\"instructions\":\"be kind\"}", "content"},
        {"{\\\"transcript\\\":\\\"hello\\\"}", "content"},
        {"\"{\"\"delta\"\": \"\"hi\"\"}\"", "content"},
        {"{'audio': 'UklG'}", "content"},
        {"{\"type\":\"input_text\",\"text\":\"Say OK.\"}", "content"},
    };
    for (size_t i = 0; i < sizeof planted / sizeof *planted; i++) {
        const char *shape = shape_of(planted[i].line);
        if (planted[i].shape == NULL && shape != NULL) fail_msg("%s: %s", planted[i].line, shape);
        if (planted[i].shape != NULL && (shape == NULL || strstr(shape, planted[i].shape) == NULL))
            fail_msg("%s: %s instead of %s", planted[i].line, shape == NULL ? "nothing" : shape,
                     planted[i].shape);
    }
}

static void test_ordinary(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "",
        "| what | value |",
        "|---|---:|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"
        "---|---|--"
        "-|",
        "to fill in: "
        "________________________________________________________________________________________",
        "sess_2jrnCpKSYfX3EPJEDxWGI resp_eyJabcdefghijklmnopqr event_2jroZtXiNa4HRnf2vVgIT",
        "c4683921-3964-44d5-9a6e-e745c1637098 req_" HEX32,
        "{\"auth\":{\"api_key\":\"${EASTUS2_KEY}\",\"in\":\"header\"}}",
        "{\"auth\":{\"token_command\":\"command\",\"api_key\":\"command\"}}",
        "api-key=[redacted] and Bearer [redacted], Authorization: [redacted]",
        "Bearer authentication is wanted, the api-key: none, password is not set",
        "{\"prompts\":{\"count\":3,\"bytes\":44},\"instructions\":{\"count\":1,\"bytes\":9},"
        "\"modality\":"
        "\"audio\"}",
        "{\"audio\":{\"input\":{\"format\":1}},\"text\":\"\",\"delta\":null,\"transcript\":\"["
        "redacted]\"}",
        "{\"step\":\"profile\",\"text\":\"`prices` has no row for the model\"}",
        "\"\"\"delta\"\":\"\"\"\",\"",
        "conversation.item.create:155 response.create:46; 1154.5 "
        "response.output_audio_transcript.delta",
        "https://learn.microsoft.com/azure/ai-services/cognitive-services-support-options-and-more/"
        "in/a/"
        "long-path",
        "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/some-group/providers",
        "the task-management-risk-assessment was renewer-reviewed",
        "14000000000000000000000000000000",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  failures.csv",
        "gpt-4o-mini-realtime-preview-2024-12-17-Global-Standard-Deployment-East-US-2-Team-Blue-"
        "Number-17",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *shape = shape_of(lines[i]);
        if (shape != NULL) fail_msg("%s: taken for %s", lines[i], shape);
    }
}

static void test_a_request_id_that_looks_like_a_key(void **state)
{
    (void)state;
    struct known_ids known = {0};
    known_ids_add(&known, "ffffffffffffffffffffffffffffff01");
    known_ids_add(&known, HEX32);
    known_ids_add(&known, "not-one");
    assert_int_equal(known.count, 2);
    assert_null(verify_line("id " HEX32, 35, &known));
    assert_non_null(verify_line("id 1"
                                "0123456789abcdef0123456789abcde",
                                35, &known));
    known_ids_free(&known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_planted),
        cmocka_unit_test(test_ordinary),
        cmocka_unit_test(test_a_request_id_that_looks_like_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
