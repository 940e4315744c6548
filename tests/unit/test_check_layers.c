/* One HTTPS request read as steps: names, addresses, certificates, clocks, tokens. */
#include "check/credentials.h"
#include "check/layers.h"
#include "check_fixture.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>

/* 2026-11-20 12:00:00 UTC */
#define NOW_S INT64_C(1795176000)
#define MS INT64_C(1000000)

static const struct http_header azure_headers[] = {{"date", "Fri, 20 Nov 2026 12:00:00 GMT"},
                                                   {"apim-request-id", "0f0f"},
                                                   {"x-ms-region", "East US 2"}};

struct scene {
    struct profile *profile;
    struct check_region told;
    struct http_result *result; /* of a successful request */
    struct layers_view view;
};

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    scene->profile = fixture_profile(FIXTURE_REGION("r", ""));
    scene->told.region = &scene->profile->regions[0];
    scene->result = calloc(1, sizeof *scene->result);
    assert_non_null(scene->result);
    *scene->result = (struct http_result){
        .reached = HTTP_DONE,
        .step_ns = {1 * MS, 2 * MS, 3 * MS, 4 * MS},
        .addresses = {"20.42.1.5", "20.42.1.6"},
        .address_count = 2,
        .address = "20.42.1.5",
        .tls_version = "TLSv1.3",
        .tls_cipher = "TLS_AES_256_GCM_SHA384",
        .certificate = {.seen = true,
                        .subject = "CN=*.openai.azure.com",
                        .issuer =
                            "CN=Microsoft Azure RSA TLS Issuing CA 03,O=Microsoft Corporation,C=US",
                        .issuer_organization = "Microsoft Corporation",
                        .not_before_s = NOW_S - 86400,
                        .not_after_s = NOW_S + INT64_C(100) * 86400},
        .status = 404,
        .headers = azure_headers,
        .header_count = 3,
    };
    scene->view = (struct layers_view){.timeouts = &scene->profile->timeouts,
                                       .wall_ns = NOW_S * 1000 * MS + 502 * MS,
                                       .port = 443};
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    profile_free(scene->profile);
    free(scene->result);
    free(scene);
    return 0;
}

static struct check_result *read_step(struct scene *scene, enum check_step step)
{
    layers_read(&scene->told, scene->result, &scene->view);
    return &scene->told.steps[step];
}

static void assert_failure(const struct check_result *result, const char *code, const char *words)
{
    assert_int_equal(result->status, CHECK_FAILED);
    assert_string_equal(result->code, code);
    if (strstr(result->cause, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", result->cause, words);
    assert_true(result->fix[0] != '\0');
}

static void a_good_answer(void **state)
{
    struct scene *scene = *state;
    (void)read_step(scene, CHECK_HTTPS);
    for (enum check_step step = CHECK_RESOLVE; step <= CHECK_HTTPS; step++) {
        assert_int_equal(scene->told.steps[step].status, CHECK_OK);
        assert_int_equal(scene->told.steps[step].ns, (int64_t)step * MS);
    }
    assert_string_equal(scene->told.steps[CHECK_RESOLVE].seen, "20.42.1.5, 20.42.1.6");
    assert_string_equal(scene->told.service_region, "East US 2");
    assert_true(scene->told.from_azure);
    /* the middle of the Date's second against the middle of 4 ms that ended 502 ms into it */
    assert_true(scene->told.has_skew);
    assert_int_equal(scene->told.skew_ms, 0);
    assert_int_equal(scene->told.note_count, 0);
}

static void private_addresses(void **state)
{
    static const char *const private[] = {
        "10.0.0.4",    "172.16.0.1", "172.31.255.1", "192.168.1.1", "100.64.0.1",
        "169.254.1.1", "127.0.0.1",  "fd00::1",      "fe80::1",     "::1"};
    static const char *const public[] = {"20.42.1.5", "172.32.0.1",   "100.128.0.1",
                                         "11.0.0.1",  "2603:1030::1", "9.255.255.255"};
    struct scene *scene = *state;
    for (size_t i = 0; i < sizeof private / sizeof *private; i++)
        assert_true(layers_is_private(private[i]));
    for (size_t i = 0; i < sizeof public / sizeof *public; i++)
        assert_false(layers_is_private(public[i]));
    (void)snprintf(scene->result->addresses[0], 48, "10.1.2.3");
    (void)read_step(scene, CHECK_RESOLVE);
    assert_true(has_note(&scene->told, "F03"));
}

static void names_that_do_not_resolve(void **state)
{
    struct scene *scene = *state;
    scene->result->reached = HTTP_RESOLVE;
    scene->result->resolve_error = EAI_NONAME;
    assert_failure(read_step(scene, CHECK_RESOLVE), "resolve_failed", "contoso.openai.azure.com");
    assert_int_equal(scene->told.steps[CHECK_TCP].status, CHECK_SKIPPED);
    assert_int_equal(scene->told.steps[CHECK_HTTPS].status, CHECK_SKIPPED);
}

static void connections_that_fail(void **state)
{
    static const struct {
        int os_error, proxy_status;
        bool timed_out;
        const char *code, *words;
    } ends[] = {
        {ECONNREFUSED, 0, false, "connect_refused", "20.42.1.5, port 443: Connection refused"},
        {ENETUNREACH, 0, false, "connect_unreachable", "unreachable"},
        {0, 0, true, "connect_timeout", "no answer within 10s"},
        {0, 407, false, "proxy_auth", "CONNECT contoso.openai.azure.com:443 with 407"},
        {0, 403, false, "proxy_refused", "403"},
    };
    struct scene *scene = *state;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        scene->result->reached = HTTP_CONNECT;
        scene->result->os_error = ends[i].os_error;
        scene->result->proxy_status = ends[i].proxy_status;
        scene->result->timed_out = ends[i].timed_out;
        assert_failure(read_step(scene, CHECK_TCP), ends[i].code, ends[i].words);
        assert_int_equal(scene->told.steps[CHECK_TLS].status, CHECK_SKIPPED);
        memset(scene->told.steps, 0, sizeof scene->told.steps);
    }
}

static void handshakes_that_fail(void **state)
{
    struct scene *scene = *state;
    struct http_certificate *certificate = &scene->result->certificate;
    scene->result->reached = HTTP_TLS;
    certificate->verify_error = 20; /* X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY */
    (void)snprintf(certificate->issuer, sizeof certificate->issuer,
                   "CN=Zscaler Root CA,O=Zscaler Inc.");
    (void)snprintf(certificate->issuer_organization, sizeof certificate->issuer_organization,
                   "Zscaler Inc.");
    assert_failure(read_step(scene, CHECK_TLS), "tls_untrusted", "made by Zscaler");
    (void)snprintf(certificate->issuer, sizeof certificate->issuer, "CN=Root,O=Contoso");
    (void)snprintf(certificate->issuer_organization, sizeof certificate->issuer_organization,
                   "Contoso");
    assert_failure(read_step(scene, CHECK_TLS), "tls_untrusted", "private root");
    certificate->verify_error = 10; /* X509_V_ERR_CERT_HAS_EXPIRED */
    certificate->not_after_s = NOW_S - 86400;
    assert_failure(read_step(scene, CHECK_TLS), "tls_expired",
                   "to 2026-11-19 12:00; this machine's clock says 2026-11-20 12:00 UTC");
    certificate->verify_error = 62; /* X509_V_ERR_HOSTNAME_MISMATCH */
    assert_failure(read_step(scene, CHECK_TLS), "tls_wrong_name", "CN=*.openai.azure.com");
    certificate->verify_error = 0;
    (void)snprintf(scene->result->detail, sizeof scene->result->detail, "wrong version number");
    assert_failure(read_step(scene, CHECK_TLS), "tls_failed", "wrong version number");
    (void)snprintf(scene->result->detail, sizeof scene->result->detail,
                   "the peer ended the connection during the TLS handshake");
    assert_failure(read_step(scene, CHECK_TLS), "tls_closed", "ended the connection");
    scene->result->detail[0] = '\0';
    scene->result->timed_out = true;
    assert_failure(read_step(scene, CHECK_TLS), "tls_timeout", "within 10s");
}

static void trusted_but_not_public(void **state)
{
    struct scene *scene = *state;
    (void)snprintf(scene->result->certificate.issuer, 256, "CN=Root,O=Contoso");
    (void)snprintf(scene->result->certificate.issuer_organization, 128, "Contoso");
    scene->result->certificate.not_after_s = NOW_S + INT64_C(3) * 86400 + 5;
    assert_int_equal(read_step(scene, CHECK_TLS)->status, CHECK_OK);
    assert_true(has_note(&scene->told, "inspected"));
    assert_true(has_note(&scene->told, "expires in 3 days"));
}

static void clocks_that_disagree(void **state)
{
    struct scene *scene = *state;
    scene->view.wall_ns += INT64_C(31) * 1000 * MS;
    assert_int_equal(read_step(scene, CHECK_HTTPS)->status, CHECK_OK);
    assert_int_equal(scene->told.skew_ms, -31000);
    assert_true(has_note(&scene->told, "31s ahead of"));
    scene->view.wall_ns -= INT64_C(2) * 3600 * 1000 * MS;
    assert_failure(read_step(scene, CHECK_HTTPS), "clock_skew", "behind");
    scene->view.clock_of_its_own = true;
    assert_int_equal(read_step(scene, CHECK_HTTPS)->status, CHECK_OK);
    assert_false(scene->told.has_skew);
}

static void answers_that_do_not_come(void **state)
{
    struct scene *scene = *state;
    scene->result->reached = HTTP_ANSWER;
    scene->result->timed_out = true;
    assert_failure(read_step(scene, CHECK_HTTPS), "no_answer", "within 10s");
}

/* The JWTs were made with Python's base64: {"alg":"none"} and the claims beside them. */
static void tokens(void **state)
{
    static const struct {
        const char *claims; /* base64url */
        const char *code;   /* NULL: good */
    } given[] = {
        /* {"aud":"https://cognitiveservices.azure.com","exp":1795176060} */
        {"eyJhdWQiOiJodHRwczovL2NvZ25pdGl2ZXNlcnZpY2VzLmF6dXJlLmNvbSIsImV4cCI6MTc5NTE3NjA2MH0",
         NULL},
        /* {"aud":"https://ai.azure.com","exp":1795176000} */
        {"eyJhdWQiOiJodHRwczovL2FpLmF6dXJlLmNvbSIsImV4cCI6MTc5NTE3NjAwMH0", "token_expired"},
        /* {"aud":"https://management.azure.com","exp":1795179600} */
        {"eyJhdWQiOiJodHRwczovL21hbmFnZW1lbnQuYXp1cmUuY29tIiwiZXhwIjoxNzk1MTc5NjAwfQ",
         "wrong_audience"},
        /* {"aud":"https://ai.azure.com","nbf":1795179600,"exp":1795183200} */
        {"eyJhdWQiOiJodHRwczovL2FpLmF6dXJlLmNvbSIsIm5iZiI6MTc5NTE3OTYwMCwiZXhwIjoxNzk1MTgzMjAwfQ",
         "token_not_yet_valid"},
    };
    struct scene *scene = *state;
    struct check_result *result = &scene->told.steps[CHECK_CREDENTIALS];
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        char token[256];
        memset(result, 0, sizeof *result);
        (void)snprintf(token, sizeof token, "eyJhbGciOiJub25lIn0.%s.c2ln", given[i].claims);
        credentials_judge_token(&scene->told, token, 1, NOW_S);
        assert_int_equal(result->status, given[i].code == NULL ? CHECK_OK : CHECK_FAILED);
        if (given[i].code != NULL) assert_string_equal(result->code, given[i].code);
        assert_null(strstr(result->cause, given[i].claims));
        assert_null(strstr(result->seen, given[i].claims));
    }
    assert_true(has_note(&scene->told, "expires in 1m"));
    credentials_judge_token(&scene->told, "0123456789abcdef0123456789abcdef", 1, NOW_S);
    assert_true(has_note(&scene->told, "no JWT"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_good_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(private_addresses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_that_do_not_resolve, set_up, tear_down),
        cmocka_unit_test_setup_teardown(connections_that_fail, set_up, tear_down),
        cmocka_unit_test_setup_teardown(handshakes_that_fail, set_up, tear_down),
        cmocka_unit_test_setup_teardown(trusted_but_not_public, set_up, tear_down),
        cmocka_unit_test_setup_teardown(clocks_that_disagree, set_up, tear_down),
        cmocka_unit_test_setup_teardown(answers_that_do_not_come, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tokens, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
