/* Who responded, from whole responses as services, gateways and portals send them. */
#include "realtime/speaker.h"

#include "base/text.h"
#include "realtime/failure.h"
#include "realtime/response_headers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

struct answer {
    const char *headers; /* "name: value" with '\n' between */
    const char *body;
    enum speaker speaker;
};

static enum speaker speaker_in(const char *lines, const char *body)
{
    struct response_headers headers;
    response_headers_init(&headers);
    for (const char *line = lines; *line != '\0';) {
        char name[64], value[300];
        size_t length = strcspn(line, "\n"), colon = strcspn(line, ":");
        assert_true(colon < sizeof name && length < sizeof value);
        memcpy(name, line, colon);
        name[colon] = '\0';
        memcpy(value, line + colon + 1, length - colon - 1);
        value[length - colon - 1] = '\0';
        response_headers_add(&headers, name, value);
        line += length + (line[length] == '\n');
    }
    return speaker_of(&headers, body_shape_of(body, strlen(body)));
}

#define ERROR "{\"error\":{\"code\":\"403\",\"message\":\"No.\"}}"
#define PAGE "\n<!DOCTYPE html><html><body>403</body></html>"

static const struct answer answers[] = {
    {"", "", SPEAKER_UNKNOWN},
    {"content-type: text/plain", "Forbidden", SPEAKER_UNKNOWN},
    {"", ERROR, SPEAKER_UNKNOWN}, /* many imitate the model APIs */
    {"content-type: application/json", "{\"reason\":\"no\"}", SPEAKER_UNKNOWN},
    {"apim-request-id: 7b0d", ERROR, SPEAKER_AZURE},
    {"x-ms-region: East US 2", "", SPEAKER_AZURE},
    {"apim-request-id: 7b0d", "{\"statusCode\":401,\"message\":\"Unauthorized.\"}", SPEAKER_AZURE},
    {"server: uvicorn\napim-request-id: 7b0d", ERROR, SPEAKER_AZURE}, /* passed on */
    {"cf-ray: 1\nserver: cloudflare\nx-request-id: req_1", ERROR, SPEAKER_OPENAI},
    {"server: cloudflare\nopenai-processing-ms: 5", "", SPEAKER_OPENAI},
    {"x-request-id: 9f1c", "", SPEAKER_UNKNOWN}, /* any proxy generates one */
    {"", "{ \"statusCode\": 403, \"message\": \"Out of call volume quota.\" }", SPEAKER_APIM},
    {"server: nginx", "{\"statusCode\":429,\"message\":\"Rate limit is exceeded.\"}", SPEAKER_APIM},
    {"server: uvicorn", "", SPEAKER_ASGI},
    {"Server:  Uvicorn", "{\"detail\":\"Not Found\"}", SPEAKER_ASGI},
    {"server: hypercorn-h11", "", SPEAKER_ASGI},
    {"", "{\"detail\":\"Not authenticated\"}", SPEAKER_ASGI},
    {"server: uvicorn\nx-litellm-version: 1.80", ERROR, SPEAKER_LITELLM},
    {"server: uvicorn", ERROR, SPEAKER_ASGI},
    {"server: nginx/1.25.3", PAGE, SPEAKER_NGINX},
    {"server: nginx", ERROR, SPEAKER_UNKNOWN}, /* written by what is behind it */
    {"server: openresty", "", SPEAKER_NGINX},
    {"server: envoy", "no healthy upstream", SPEAKER_ENVOY},
    {"server: istio-envoy\nx-envoy-upstream-service-time: 3", "", SPEAKER_ENVOY},
    {"server: cloudflare\ncf-ray: 8a-IAD", PAGE, SPEAKER_CLOUDFLARE},
    {"cf-ray: 8a-IAD", "", SPEAKER_CLOUDFLARE},
    {"server: Microsoft-Azure-Application-Gateway/v2", PAGE, SPEAKER_FRONT_DOOR},
    {"x-azure-ref: 20261129", PAGE, SPEAKER_FRONT_DOOR},
    {"server: awselb/2.0", PAGE, SPEAKER_AWS},
    {"server: kong/3.4", "{\"message\":\"no Route matched\"}", SPEAKER_KONG},
    {"via: kong/3.4", "", SPEAKER_KONG},
    {"server: Apache", PAGE, SPEAKER_SERVER},
    {"via: 1.1 corp-proxy", PAGE, SPEAKER_PROXY},
    {"server: squid/5.7\nvia: 1.1 corp", PAGE, SPEAKER_PROXY},
    {"content-type: text/html", "", SPEAKER_PAGE},
    {"", PAGE, SPEAKER_PAGE},
};

static void tells_speakers_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        enum speaker speaker = speaker_in(answers[i].headers, answers[i].body);
        if (speaker != answers[i].speaker)
            fail_msg("row %zu: '%s', not '%s'", i, speaker_name(speaker),
                     speaker_name(answers[i].speaker));
    }
}

/* The order of the headers does not matter. */
static void the_order_of_headers_is_nothing(void **state)
{
    (void)state;
    assert_int_equal(speaker_in("via: 1.1 x\nserver: nginx\napim-request-id: 1", ""),
                     SPEAKER_AZURE);
    assert_int_equal(speaker_in("apim-request-id: 1\nserver: nginx\nvia: 1.1 x", ""),
                     SPEAKER_AZURE);
    assert_int_equal(speaker_in("via: 1.1 x\nserver: nginx", ""), SPEAKER_NGINX);
    assert_int_equal(speaker_in("server: nginx\nvia: 1.1 x", ""), SPEAKER_NGINX);
    assert_int_equal(speaker_in("server: \nvia: ", ""), SPEAKER_UNKNOWN);
}

/* Advice may mention Azure's network rules, roles and quota only if Azure responded. */
static void nobody_else_is_answered_for(void **state)
{
    (void)state;
    static const int statuses[] = {400, 401, 403, 404, 405, 418, 429, 500, 503, 529};
    static const char *const words[] = {"network rules", "role ", "private endpoint"};
    for (enum speaker who = SPEAKER_UNKNOWN; who <= SPEAKER_PAGE; who++) {
        for (size_t i = 0; i < COUNT_OF(statuses); i++) {
            const struct failure_facts facts = {.phase = PHASE_UPGRADE,
                                                .http_status = statuses[i],
                                                .speaker = who,
                                                .from_service = speaker_is_service(who),
                                                .body_code = "",
                                                .body_message = "No."};
            const struct failure_class class = failure_classify(&facts);
            for (size_t k = 0; k < COUNT_OF(words) && who != SPEAKER_AZURE; k++)
                assert_null(strstr(class.advice, words[k]));
            const bool of_gateway = strncmp(class.code, "gateway_", 8) == 0;
            if (of_gateway && !speaker_is_gateway(who))
                fail_msg("%d of '%s': %s", statuses[i], speaker_name(who), class.code);
            if (!speaker_is_service(who) && statuses[i] != 400 && statuses[i] != 418)
                assert_true(of_gateway || !speaker_is_gateway(who));
        }
    }
}

/* A target is reported by host and path; anything that may hold a secret is omitted. */
static void tells_where_a_redirection_leads(void **state)
{
    (void)state;
    static const struct {
        const char *value, *told;
    } rows[] = {
        {"wss://h.azure.com/v1/realtime?api-key=K&x=1", "wss://h.azure.com/v1/realtime"},
        {"/v1/realtime/?token=K", "/v1/realtime/"},
        {"https://user:K@h/p#K", "https://h/p"},
        {"https://K@h:8443", "https://h:8443"},
        {"//h/p?K", "//h/p"},
        {"//K@h/p", "//h/p"},
        {"https://h/a@b/c", "https://h/a@b/c"},
        {"https://h/p;jsessionid=K", "https://h/p"},
        {"?api-key=K", ""},
        {"  https://h/p ", ""}, /* a blank is not part of a target */
        {"https://h/p q", ""},
        {"", ""},
        {"realtime/", "realtime/"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char told[200] = "before";
        response_location(rows[i].value, told, sizeof told);
        assert_string_equal(told, rows[i].told);
        assert_null(strchr(told, 'K'));
    }
    assert_false(response_header_may_be_kept("location", "https://h/p"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_speakers_apart),
        cmocka_unit_test(the_order_of_headers_is_nothing),
        cmocka_unit_test(nobody_else_is_answered_for),
        cmocka_unit_test(tells_where_a_redirection_leads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
