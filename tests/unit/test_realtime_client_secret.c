/* Ephemeral client secrets: requests and responses as documented by the services. */
#include "realtime/client_secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_requests(void **state)
{
    (void)state;
    static const struct {
        struct endpoint endpoint;
        const char *target, *body;
    } cases[] = {
        {{.dialect = DIALECT_GA, .deployment = "my rt", .secret = "k", .secret_in_query = true},
         "/openai/v1/realtime/client_secrets",
         "{\"expires_after\":{\"anchor\":\"created_at\",\"seconds\":600},"
         "\"session\":{\"type\":\"realtime\",\"model\":\"my rt\"}}"},
        {{.dialect = DIALECT_OPENAI, .deployment = "gpt-realtime"},
         "/v1/realtime/client_secrets",
         "{\"expires_after\":{\"anchor\":\"created_at\",\"seconds\":600},"
         "\"session\":{\"type\":\"realtime\",\"model\":\"gpt-realtime\"}}"},
        {{.dialect = DIALECT_PREVIEW, .deployment = "rt", .api_version = "2025-04-01-preview"},
         "/openai/realtimeapi/sessions?api-version=2025-04-01-preview",
         "{\"model\":\"rt\"}"},
        {{.dialect = DIALECT_GA, .deployment = "rt", .path = "/gateway/realtime"},
         "/gateway/realtime/client_secrets",
         "{\"expires_after\":{\"anchor\":\"created_at\",\"seconds\":600},"
         "\"session\":{\"type\":\"realtime\",\"model\":\"rt\"}}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text target = {0}, body = {0};
        client_secret_target(&cases[i].endpoint, &target);
        client_secret_body(&cases[i].endpoint, &body);
        assert_string_equal(text_str(&target), cases[i].target);
        assert_string_equal(text_str(&body), cases[i].body);
        text_free(&target);
        text_free(&body);
    }
}

static bool reads(const char *body, const char *value, int64_t expires_s)
{
    char got[CLIENT_SECRET_SIZE];
    int64_t got_s;
    return client_secret_read(body, strlen(body), got, &got_s) && strcmp(got, value) == 0 &&
           got_s == expires_s;
}

static void test_answers(void **state)
{
    (void)state;
    char got[CLIENT_SECRET_SIZE];
    int64_t end_s;
    assert_true(
        reads("{\"value\":\"ek_68af296e8e408191a1120ab6383263c2\",\"expires_at\":1756310470,"
              "\"session\":{\"type\":\"realtime\",\"id\":\"sess_1\",\"expires_at\":0}}",
              "ek_68af296e8e408191a1120ab6383263c2", 1756310470));
    assert_true(reads("{\"id\":\"sess_001\",\"object\":\"realtime.session\",\"expires_at\":0,"
                      "\"client_secret\":{\"value\":\"ek_abc123\",\"expires_at\":1234567890}}",
                      "ek_abc123", 1234567890));
    assert_true(reads("{\"value\":\"ek_1\"}", "ek_1", 0));
    static const char *const bad[] = {"",
                                      "null",
                                      "[]",
                                      "{}",
                                      "{\"value\":5}",
                                      "{\"value\":\"\"}",
                                      "{\"value\":\"two words\"}",
                                      "{\"value\":\"line\\nbreak\"}",
                                      "{\"client_secret\":\"ek_1\"}",
                                      "{\"value\":\"ek_1\""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (client_secret_read(bad[i], strlen(bad[i]), got, &end_s)) fail_msg("%s", bad[i]);
        assert_string_equal(got, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
