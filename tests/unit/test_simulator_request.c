#include "simulator/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* cmocka needs the headers above first */
#include <cmocka.h>

#define KEY "k-0123456789"
#define GA "/openai/v1/realtime?model=rt"
#define PREVIEW "/openai/realtime?api-version=2025-04-01-preview&deployment=rt"
#define OPENAI "/v1/realtime?model=rt"

static const struct request_site ga = {DIALECT_GA, "rt", NULL, NULL, KEY, NULL, false};
static const struct request_site preview = {
    DIALECT_PREVIEW, "rt", "2025-08-28", NULL, KEY, NULL, false};
static const struct request_site openai = {DIALECT_OPENAI, "rt", NULL, NULL, KEY, NULL, false};
static const struct request_site gateway = {DIALECT_GA, "rt", NULL, "/proxy/rt", KEY, NULL, true};

static const struct {
    const char *name;
    const struct request_site *site;
    const char *target;
    const char *api_key, *authorization, *beta, *protocols;
    enum verdict_kind kind;
    enum dialect dialect;
    int number; /* HTTP status, or close code */
    const char *code;
} cases[] = {
    {"GA, key", &ga, GA, KEY, NULL, NULL, NULL, VERDICT_ACCEPT, DIALECT_GA, 0, NULL},
    {"GA, token", &ga, GA, NULL, "Bearer " KEY, NULL, NULL, VERDICT_ACCEPT, DIALECT_GA, 0, NULL},
    {"GA, key in the query", &ga, GA "&api-key=k-0123456%37%389", NULL, NULL, NULL, NULL,
     VERDICT_ACCEPT, DIALECT_GA, 0, NULL},
    {"GA, no key", &ga, GA, NULL, NULL, NULL, NULL, VERDICT_REFUSE, DIALECT_GA, 401, "401"},
    {"GA, wrong key", &ga, GA, "wrong", NULL, NULL, NULL, VERDICT_REFUSE, DIALECT_GA, 401, "401"},
    {"GA, part of the key", &ga, GA, "k-01234", NULL, NULL, NULL, VERDICT_REFUSE, DIALECT_GA, 401,
     "401"},
    {"GA, key as subprotocol (F22)", &ga, GA, NULL, NULL, NULL,
     "realtime, openai-insecure-api-key." KEY, VERDICT_REFUSE, DIALECT_GA, 401, "401"},
    {"GA, other deployment", &ga, "/openai/v1/realtime?model=rt2", KEY, NULL, NULL, NULL,
     VERDICT_REFUSE, DIALECT_GA, 404, "DeploymentNotFound"},
    {"GA with api-version (F17)", &ga, GA "&api-version=2025-04-01-preview", KEY, NULL, NULL, NULL,
     VERDICT_REFUSE, DIALECT_GA, 400, "BadRequest"},
    {"GA path with preview's parameter (F19)", &ga, "/openai/v1/realtime?deployment=rt", KEY, NULL,
     NULL, NULL, VERDICT_REFUSE, DIALECT_GA, 400, "BadRequest"},
    {"OpenAI's path on Azure", &ga, OPENAI, KEY, NULL, NULL, NULL, VERDICT_REFUSE, DIALECT_GA, 404,
     "404"},
    {"a hidden tail", &ga, "/openai/v1/realtime?model=rt%00x", KEY, NULL, NULL, NULL,
     VERDICT_REFUSE, DIALECT_GA, 404, "DeploymentNotFound"},
    {"a longer path", &ga, "/openai/v1/realtime/x?model=rt", KEY, NULL, NULL, NULL, VERDICT_REFUSE,
     DIALECT_GA, 404, "404"},
    {"the path picks the dialect", &ga, PREVIEW, KEY, NULL, NULL, NULL, VERDICT_ACCEPT,
     DIALECT_PREVIEW, 0, NULL},
    {"preview, key", &preview, PREVIEW, KEY, NULL, NULL, NULL, VERDICT_ACCEPT, DIALECT_PREVIEW, 0,
     NULL},
    {"preview, the region's own version", &preview,
     "/openai/realtime?deployment=rt&api-version=2025-08-28", KEY, NULL, NULL, NULL, VERDICT_ACCEPT,
     DIALECT_PREVIEW, 0, NULL},
    {"preview, no version", &preview, "/openai/realtime?deployment=rt", KEY, NULL, NULL, NULL,
     VERDICT_REFUSE, DIALECT_PREVIEW, 404, "404"},
    {"preview, retired version (F18)", &preview,
     "/openai/realtime?api-version=2024-10-01-preview&deployment=rt", KEY, NULL, NULL, NULL,
     VERDICT_REFUSE, DIALECT_PREVIEW, 404, "404"},
    {"preview, token in the query", &preview, PREVIEW "&Authorization=Bearer%20" KEY, NULL, NULL,
     NULL, NULL, VERDICT_ACCEPT, DIALECT_PREVIEW, 0, NULL},
    {"preview, other deployment", &preview,
     "/openai/realtime?api-version=2025-04-01-preview&deployment=x", KEY, NULL, NULL, NULL,
     VERDICT_REFUSE, DIALECT_PREVIEW, 404, "DeploymentNotFound"},
    {"OpenAI, key", &openai, OPENAI, NULL, "Bearer " KEY, NULL, NULL, VERDICT_ACCEPT,
     DIALECT_OPENAI, 0, NULL},
    {"OpenAI, key as subprotocol", &openai, OPENAI, NULL, NULL, NULL,
     "realtime,openai-insecure-api-key." KEY ",x", VERDICT_ACCEPT, DIALECT_OPENAI, 0, NULL},
    {"OpenAI, wrong key", &openai, OPENAI, NULL, "Bearer x", NULL, NULL, VERDICT_CLOSE,
     DIALECT_OPENAI, 3000, "invalid_api_key"},
    {"OpenAI, Azure's header", &openai, OPENAI, KEY, NULL, NULL, NULL, VERDICT_CLOSE,
     DIALECT_OPENAI, 3000, NULL},
    {"OpenAI, other model", &openai, "/v1/realtime?model=x", NULL, "Bearer " KEY, NULL, NULL,
     VERDICT_CLOSE, DIALECT_OPENAI, 4000, "invalid_model"},
    {"OpenAI, no model", &openai, "/v1/realtime", NULL, "Bearer " KEY, NULL, NULL, VERDICT_CLOSE,
     DIALECT_OPENAI, 4000, "missing_model"},
    {"OpenAI, beta header", &openai, OPENAI, NULL, "Bearer " KEY, "realtime=v1", NULL,
     VERDICT_CLOSE, DIALECT_OPENAI, 4000, "beta_api_shape_disabled"},
    {"Azure's path at OpenAI", &openai, GA, NULL, "Bearer " KEY, NULL, NULL, VERDICT_REFUSE,
     DIALECT_OPENAI, 404, NULL},
    {"a path of its own, no key needed", &gateway, "/proxy/rt?model=rt", NULL, NULL, NULL, NULL,
     VERDICT_ACCEPT, DIALECT_GA, 0, NULL},
    {"no key needed, a wrong one given", &gateway, "/proxy/rt?model=rt", "x", NULL, NULL, NULL,
     VERDICT_REFUSE, DIALECT_GA, 401, "401"},
};

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct request request = {.target = cases[i].target,
                                  .is_websocket = true,
                                  .api_key = cases[i].api_key,
                                  .authorization = cases[i].authorization,
                                  .beta = cases[i].beta,
                                  .protocols = cases[i].protocols,
                                  .upgrade = "websocket"};
        struct verdict verdict = request_judge(&request, cases[i].site);
        int number = verdict.kind == VERDICT_CLOSE ? verdict.close_code : verdict.status;
        bool code_fits = (cases[i].code == NULL) == (verdict.code == NULL) &&
                         (verdict.code == NULL || strcmp(verdict.code, cases[i].code) == 0);
        if (verdict.kind != cases[i].kind || verdict.dialect != cases[i].dialect ||
            number != cases[i].number || !code_fits)
            fail_msg("%s: kind %d, dialect %d, %d, %s", cases[i].name, verdict.kind,
                     verdict.dialect, number, verdict.code == NULL ? "null" : verdict.code);
    }
}

static void test_no_websocket(void **state)
{
    (void)state;
    struct request request = {.target = GA, .api_key = KEY};
    assert_int_equal(request_judge(&request, &ga).status, 404);
    request.upgrade = "websocket"; /* but not well-formed */
    assert_int_equal(request_judge(&request, &ga).status, 426);
    request.api_key = "wrong";
    assert_int_equal(request_judge(&request, &ga).status, 401);
}

/* The bodies given in the catalogue (F17, F20, F27, F28). */
static void test_bodies(void **state)
{
    (void)state;
    static const struct {
        const struct request_site *site;
        const char *target, *key, *expected;
    } bodies[] = {
        {&ga, "/nothing?api-key=secret", NULL,
         "{\"error\":{\"code\":\"404\",\"message\":\"Resource not found\"}}"},
        {&ga, GA "&api-version=1", KEY,
         "{\"error\":{\"code\":\"BadRequest\",\"message\":\"api-version query parameter is not "
         "allowed when "
         "using /v1 "
         "path\"}}"},
        {&ga, "/openai/v1/realtime?model=x", KEY,
         "{\"error\":{\"code\":\"DeploymentNotFound\",\"message\":\"The API deployment for this "
         "resource "
         "does not exist. If "
         "you created the deployment within the last 5 minutes, please wait a moment and try "
         "again.\"}}"},
        {&ga, GA, "x",
         "{\"error\":{\"code\":\"401\",\"message\":\"Access denied due to invalid subscription key "
         "or wrong "
         "API endpoint. "
         "Make sure to provide a valid key for an active subscription and use a correct regional "
         "API "
         "endpoint for your "
         "resource.\"}}"},
        {&openai, "/nothing?api-key=secret", NULL,
         "{\"error\":{\"message\":\"Invalid URL (GET "
         "/nothing)\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":"
         "null}}"},
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct request request = {
            .target = bodies[i].target, .is_websocket = true, .api_key = bodies[i].key};
        struct verdict verdict = request_judge(&request, bodies[i].site);
        struct text body = {0};
        request_refusal_body(&verdict, bodies[i].target, &body);
        assert_string_equal(text_str(&body), bodies[i].expected);
        text_free(&body);
    }
}

static void test_client_id(void **state)
{
    (void)state;
    char id[CLIENT_REQUEST_ID_SIZE];
    struct request request = {.target = GA "&x-ms-client-request-id=from%2Dquery"};
    request_client_id(&request, id);
    assert_string_equal(id, "from-query");
    request.client_request_id = "from-header";
    request_client_id(&request, id);
    assert_string_equal(id, "from-header");
    request =
        /* no header of its own */
        (struct request){.target = GA "&x-ms-client-request-id=a%0d%0ax-evil:1"};
    request_client_id(&request, id);
    assert_string_equal(id, "a");
    request.target = GA;
    request_client_id(&request, id);
    assert_string_equal(id, "");
}

static int status_of(const struct request_site *site, const char *target, const char *authorization,
                     int64_t now_s)
{
    struct request request = {
        .target = target, .is_websocket = true, .authorization = authorization, .now_s = now_s};
    struct verdict verdict = request_judge(&request, site);
    return verdict.kind == VERDICT_ACCEPT  ? 101
           : verdict.kind == VERDICT_CLOSE ? verdict.close_code
                                           : verdict.status;
}

/* {"exp":2000}, signed with the region's key: a substitute for what only the service could
 * verify */
#define TOKEN "Bearer e30.eyJleHAiOjIwMDB9."

static void test_tokens_expire(void **state)
{
    (void)state;
    assert_int_equal(status_of(&ga, GA, TOKEN KEY, 1999), 101);
    assert_int_equal(status_of(&ga, GA, TOKEN KEY, 2000), 401);
    assert_int_equal(status_of(&ga, GA, TOKEN "other", 1999), 401);
    assert_int_equal(status_of(&ga, GA, "Bearer e30.e30." KEY, 1999), 101); /* it never expires */
    assert_int_equal(status_of(&ga, GA, "Bearer ." KEY, 1999), 401);
    assert_int_equal(status_of(&preview, PREVIEW, TOKEN KEY, 1999), 101);
}

static void test_client_secrets_expire(void **state)
{
    (void)state;
    struct issued_secrets issued = {.kept = {{"ek_first", 2000}, {"ek_second", 3000}}, .given = 2};
    const struct {
        struct request_site site;
        const char *target;
        int refused;
    } sites[] = {{ga, GA, 401}, {preview, PREVIEW, 401}, {openai, OPENAI, 3000}};
    for (size_t i = 0; i < 3; i++) {
        struct request_site site = sites[i].site;
        site.secrets = &issued;
        assert_int_equal(status_of(&site, sites[i].target, "Bearer ek_first", 1999), 101);
        assert_int_equal(status_of(&site, sites[i].target, "Bearer ek_first", 2000),
                         sites[i].refused);
        assert_int_equal(status_of(&site, sites[i].target, "Bearer ek_second", 2000), 101);
        assert_int_equal(status_of(&site, sites[i].target, "Bearer ek_third", 1000),
                         sites[i].refused);
        assert_int_equal(status_of(&sites[i].site, sites[i].target, "Bearer ek_first", 1999),
                         sites[i].refused);
        /* and it cannot be used to get more of them */
        struct request request = {
            .target = sites[i].target, .authorization = "Bearer ek_first", .now_s = 1999};
        assert_int_equal(request_judge_post(&request, &site, site.dialect).status, 401);
        request.authorization = "Bearer " KEY;
        assert_int_equal(request_judge_post(&request, &site, site.dialect).kind, VERDICT_ACCEPT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),         cmocka_unit_test(test_no_websocket),
        cmocka_unit_test(test_bodies),        cmocka_unit_test(test_client_id),
        cmocka_unit_test(test_tokens_expire), cmocka_unit_test(test_client_secrets_expire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
