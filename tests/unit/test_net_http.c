/* The HTTPS client against servers that know nothing of it: Python's ssl, `openssl s_server`, and
 * our own. */
#include "test_net_http_fixture.h"

static void test_bodies(void **state)
{
    (void)state;
    const unsigned ports[] = {peers.tls, peers.plain};
    for (int i = 0; i < 2; i++) {
        get(ports[i], "/length");
        assert_int_equal(got.result.reached, HTTP_DONE);
        assert_int_equal(got.result.status, 200);
        assert_string_equal(got.body, "hello");
        assert_string_equal(got.headers, "content-length=5;x-name=one;");
        get(ports[i], "/chunked");
        assert_int_equal(got.result.status, 201);
        assert_string_equal(got.body, "abcde");
        get(ports[i], "/close");
        assert_int_equal(got.result.reached, HTTP_DONE);
        assert_int_equal(got.result.status, 503);
        assert_string_equal(got.body, "until the end");
        get(ports[i], "/interim");
        assert_int_equal(got.result.status, 204);
        assert_string_equal(got.headers, "a=b;");
        get(ports[i], "/large");
        assert_int_equal(got.result.reached, HTTP_DONE);
        assert_int_equal(got.result.body_length, HTTP_BODY_MAX);
    }
}

static void test_what_is_sent(void **state)
{
    (void)state;
    const struct http_header headers[] = {{"api-key", "the key"}};
    struct http_target where = target_of(peers.tls, "/echo");
    where.headers = headers;
    where.header_count = 1;
    struct http_request request = request_of(&where);
    request.method = "POST";
    request.content_type = "application/json";
    request.body = "{\"a\":1}";
    ask(&request);
    assert_string_equal(
        got.body, "POST /echo HTTP/1.1|localhost:8443|close|the key|application/json|{\"a\":1}");
}

static void test_layers(void **state)
{
    (void)state;
    get(peers.tls, "/length");
    const struct http_result *result = &got.result;
    assert_int_equal(result->address_count, 1);
    assert_string_equal(result->address, "127.0.0.1");
    assert_string_equal(result->tls_version, "TLSv1.3");
    assert_true(strncmp(result->tls_cipher, "TLS_", 4) == 0);
    for (int i = 0; i < HTTP_DONE; i++) assert_true(result->step_ns[i] > 0);
    assert_true(result->certificate.seen);
    assert_int_equal(result->certificate.verify_error, 0);
    /* RFC 2253: the last first, and commas escaped */
    assert_string_equal(result->certificate.subject, "CN=localhost,O=Inspecting Proxy\\, Inc.");
    assert_string_equal(result->certificate.issuer_organization, "Inspecting Proxy, Inc.");
    assert_int_equal(result->certificate.not_after_s - result->certificate.not_before_s,
                     2 * 24 * 3600);
}

static void test_broken_answers(void **state)
{
    (void)state;
    get(peers.tls, "/short");
    assert_int_equal(got.result.reached, HTTP_ANSWER);
    assert_non_null(strstr(got.result.detail, "before the answer was complete"));
    get(peers.plain, "/garbage");
    assert_int_equal(got.result.reached, HTTP_ANSWER);
    assert_int_equal(got.result.status, 0);
    get(peers.plain, "/nothing");
    assert_int_equal(got.result.reached, HTTP_ANSWER);
    assert_string_equal(got.result.detail, "the connection ended without an answer");
}

static void test_limits(void **state)
{
    (void)state;
    struct http_target where = target_of(peers.tls, "/silent");
    struct http_request request = request_of(&where);
    request.answer_ns = SECONDS / 20;
    ask(&request);
    assert_int_equal(got.result.reached, HTTP_ANSWER);
    assert_true(got.result.timed_out);
    assert_true(got.result.step_ns[HTTP_ANSWER] >= SECONDS / 20);
    where = target_of(peers.plain, "/silent"); /* which does not know TLS: it waits for the rest of
                                                  a head */
    where.tls = true;
    request = request_of(&where);
    request.tls_ns = SECONDS / 20;
    ask(&request);
    assert_int_equal(got.result.reached, HTTP_TLS);
    assert_true(got.result.timed_out);
}

static void test_untrusted_certificates(void **state)
{
    (void)state;
    struct http_target where = target_of(peers.tls, "/length");
    struct http_request request = request_of(&where);
    where.terms.ca_file = peers.other;
    ask(&request);
    assert_int_equal(got.result.reached, HTTP_TLS);
    assert_int_equal(got.result.certificate.verify_error, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
    assert_true(got.result.certificate.seen);
    assert_string_equal(got.result.certificate.issuer_organization, "Inspecting Proxy, Inc.");
    assert_string_equal(got.result.detail, got.result.certificate.verify_text);
    assert_int_equal(got.result.status, 0);
    where.terms.ca_file = NULL; /* the system's roots */
    ask(&request);
    assert_int_equal(got.result.certificate.verify_error, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
    where.terms.ca_file = peers.certificate;
    where.host = "elsewhere.example";
    ask(&request);
    assert_int_equal(got.result.certificate.verify_error, X509_V_ERR_HOSTNAME_MISMATCH);
    assert_string_equal(got.result.certificate.subject, "CN=localhost,O=Inspecting Proxy\\, Inc.");
    where.host = "127.0.0.1";
    ask(&request);
    assert_int_equal(got.result.certificate.verify_error, X509_V_ERR_IP_ADDRESS_MISMATCH);
}

static unsigned closed_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    (void)close(fd);
    return ntohs(address.sin_port);
}

static void test_names_and_ports_that_fail(void **state)
{
    (void)state;
    get(closed_port(), "/");
    assert_int_equal(got.result.reached, HTTP_CONNECT);
    assert_int_equal(got.result.os_error, ECONNREFUSED);
    struct http_target where = {
        .host = "no-such-name.invalid", .port = 443, .tls = true, .target = "/"};
    struct http_request request = request_of(&where);
    ask(&request);
    assert_int_equal(got.result.reached, HTTP_RESOLVE);
    assert_true(got.result.resolve_error == EAI_NONAME || got.result.resolve_error == EAI_AGAIN);
    where = target_of(peers.tls, "/length");
    where.address = NULL;
    where.port = (uint16_t)peers.tls; /* by its name, one of whose addresses may refuse */
    ask(&request);
    assert_int_equal(got.result.status, 200);
    assert_true(got.result.address_count >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_what_is_sent),
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_broken_answers),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_untrusted_certificates),
        cmocka_unit_test(test_names_and_ports_that_fail),
    };
    return cmocka_run_group_tests(tests, start_peers, stop_peers);
}
