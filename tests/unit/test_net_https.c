/* The HTTPS client against servers that know nothing of it: Python's ssl, `openssl s_server`, and
 * our own. */
#include "net/https.h"
#include "net/https_answer.h"

#include "base/text.h"
#include "net/server.h"

#include <netdb.h>
#include <openssl/x509_vfy.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SECONDS INT64_C(1000000000)

/* ---- the parser ---- */

static const struct {
    const char *bytes;
    enum https_answer_state state;
    int status;
    const char *body;
    bool end; /* the connection ends after the bytes */
} answers[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", ANSWER_COMPLETE, 200, "hi", false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh", ANSWER_BROKEN, 200, "h", true},
    {"HTTP/1.1 200 OK\r\n\r\nhi", ANSWER_BODY, 200, "hi", false},
    {"HTTP/1.1 200 OK\r\n\r\nhi", ANSWER_COMPLETE, 200, "hi", true},
    {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", ANSWER_COMPLETE, 200, "", false},
    {"HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 404 No\r\ncontent-length:1\r\n\r\nx",
     ANSWER_COMPLETE, 404, "x", false},
    {"HTTP/1.1 204 Nothing\r\n\r\n", ANSWER_COMPLETE, 204, "", false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", ANSWER_COMPLETE,
     200, "a", false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense", ANSWER_BROKEN, 200, "",
     false},
    {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", ANSWER_BROKEN, 200, "", false},
    {"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n", ANSWER_BROKEN, 200, "", false},
    {"HTTP/2 200 OK\r\n\r\n", ANSWER_BROKEN, 0, "", false},
    {"HTTP/1.1 20 OK\r\n\r\n", ANSWER_BROKEN, 0, "", false},
    {"220 smtp.example ESMTP\r\n\r\n", ANSWER_BROKEN, 0, "", false},
    {"", ANSWER_BROKEN, 0, "", true},
};

static void test_answers_in_pieces(void **state)
{
    (void)state;
    static struct https_answer answer;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        size_t length = strlen(answers[i].bytes);
        for (size_t piece = 1; piece <= length + 1; piece++) {
            https_answer_begin(&answer, false);
            for (size_t at = 0; at < length; at += piece)
                https_answer_feed(&answer, answers[i].bytes + at,
                                  at + piece < length ? piece : length - at);
            if (answers[i].end) https_answer_end(&answer);
            assert_int_equal(answer.state, answers[i].state);
            assert_int_equal(answer.status, answers[i].status);
            assert_string_equal(answer.kept, answers[i].body);
        }
    }
}

static void test_keeps_headers_but_no_cookies(void **state)
{
    (void)state;
    static struct https_answer answer;
    static const char bytes[] =
        "HTTP/1.1 200 OK\r\nDate:\t Fri \r\nSET-Cookie: secret\r\nX-Two: 2\r\nDATE: later\r\n\r\n";
    https_answer_begin(&answer, true);
    https_answer_feed(&answer, bytes, sizeof bytes - 1);
    assert_int_equal(answer.state, ANSWER_COMPLETE);
    assert_int_equal(answer.header_count, 3);
    assert_string_equal(https_answer_header(&answer, "date"), "Fri");
    assert_string_equal(https_answer_header(&answer, "x-two"), "2");
    assert_null(https_answer_header(&answer, "set-cookie"));
}

static void test_bounds_the_head(void **state)
{
    (void)state;
    static struct https_answer answer;
    https_answer_begin(&answer, false);
    https_answer_feed(&answer, "HTTP/1.1 200 OK\r\nA: ", 20);
    for (size_t i = 0; i < HTTPS_HEAD_MAX; i++) https_answer_feed(&answer, "x", 1);
    assert_int_equal(answer.state, ANSWER_BROKEN);
    https_answer_begin(&answer, false);
    https_answer_feed(&answer, "HTTP/1.1 200 OK\r\nA: \0\r\n\r\n", 25);
    assert_int_equal(answer.state, ANSWER_BROKEN);
}

/* ---- the peers ---- */

static struct {
    char folder[64], certificate[96], other[96];
    FILE *peer;
    int peer_input;
    pid_t peer_id, s_server_id;
    unsigned tls, plain, proxy, s_server;
} peers;

static int make_certificate(const char *file, const char *name)
{
    char command[640];
    (void)snprintf(command, sizeof command,
                   "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
                   "-subj '/O=Inspecting Proxy, Inc./CN=%s' -addext 'subjectAltName=DNS:%s' "
                   "-keyout %s.key -out %s 2>/dev/null",
                   name, name, file, file);
    return system(command); /* NOLINT(bugprone-command-processor,cert-env33-c): a fixed text */
}

/* Starts a program with its standard output in a pipe, and its input in another that ends with
 * us. */
static pid_t spawn(char *const *words, FILE **output, int *input)
{
    int from[2], to[2];
    if (pipe2(from, 0) != 0 || pipe2(to, 0) != 0) return -1;
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(to[0], 0);
        (void)dup2(from[1], 1);
        (void)close(to[0]), (void)close(to[1]), (void)close(from[0]), (void)close(from[1]);
        (void)execvp(words[0], words);
        _exit(127);
    }
    (void)close(to[0]);
    (void)close(from[1]);
    *output = fdopen(from[0], "r");
    *input = to[1];
    return child;
}

static int start_peers(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)snprintf(peers.folder, sizeof peers.folder, "/tmp/test_net_https_XXXXXX");
    if (mkdtemp(peers.folder) == NULL) return -1;
    (void)snprintf(peers.certificate, sizeof peers.certificate, "%s/here.pem", peers.folder);
    (void)snprintf(peers.other, sizeof peers.other, "%s/other.pem", peers.folder);
    if (make_certificate(peers.certificate, "localhost") != 0 ||
        make_certificate(peers.other, "localhost") != 0)
        return -1;
    char key[128], line[256];
    (void)snprintf(key, sizeof key, "%s.key", peers.certificate);
    char script[] = TEST_DATA "/https/peer.py";
    char *words[] = {"python3", script, peers.certificate, key, NULL};
    peers.peer_id = spawn(words, &peers.peer, &peers.peer_input);
    if (peers.peer_id < 0 || peers.peer == NULL || fgets(line, sizeof line, peers.peer) == NULL ||
        sscanf(line, "%u %u %u", &peers.tls, &peers.plain, &peers.proxy) != 3)
        return -1;
    char *server[] = {"openssl", "s_server",        "-accept", "127.0.0.1:0", "-www",
                      "-cert",   peers.certificate, "-key",    key,           NULL};
    FILE *output = NULL;
    int input = -1;
    peers.s_server_id = spawn(server, &output, &input);
    while (output != NULL && peers.s_server == 0 && fgets(line, sizeof line, output) != NULL)
        (void)sscanf(line, "ACCEPT 127.0.0.1:%u", &peers.s_server);
    return peers.s_server == 0 ? -1 : 0;
}

static int stop_peers(void **state)
{
    (void)state;
    (void)kill(peers.s_server_id, SIGTERM);
    (void)close(peers.peer_input);
    (void)waitpid(peers.peer_id, NULL, 0);
    (void)waitpid(peers.s_server_id, NULL, 0);
    char command[96];
    (void)snprintf(command, sizeof command, "rm -r %s", peers.folder);
    return system(command); /* NOLINT(bugprone-command-processor,cert-env33-c) */
}

/* ---- one request ---- */

static struct {
    int called;
    struct https_result result;
    char headers[1024], body[HTTPS_BODY_MAX + 1];
} got;

static void on_done(void *user, const struct https_result *result)
{
    assert_ptr_equal(user, &got);
    got.called++;
    got.result = *result;
    size_t used = 0;
    got.headers[0] = '\0';
    for (size_t i = 0; i < result->header_count; i++) {
        used += (size_t)snprintf(got.headers + used, sizeof got.headers - used, "%s=%s;",
                                 result->headers[i].name, result->headers[i].value);
    }
    assert_int_equal(strlen(result->body), result->body_length);
    memcpy(got.body, result->body, result->body_length + 1);
}

static struct http_target target_of(unsigned port, const char *path)
{
    return (struct http_target){.host = "localhost",
                                .port = 8443,
                                .address = "127.0.0.1",
                                .address_port = (uint16_t)port,
                                .tls = port != peers.plain,
                                .ca_file = port != peers.plain ? peers.certificate : NULL,
                                .target = path};
}

static struct https_request request_of(const struct http_target *where)
{
    return (struct https_request){.where = where,
                                  .method = "GET",
                                  .resolve_ns = 10 * SECONDS,
                                  .connect_ns = 10 * SECONDS,
                                  .tls_ns = 10 * SECONDS,
                                  .answer_ns = 10 * SECONDS};
}

static void ask(const struct https_request *request)
{
    uv_loop_t loop;
    struct https_exchange *exchange = NULL;
    struct error err = {0};
    memset(&got, 0, sizeof got);
    assert_int_equal(uv_loop_init(&loop), 0);
    if (https_start(&loop, request, on_done, &got, &exchange, &err) != ERR_OK)
        fail_msg("%s", err.text);
    assert_int_equal(got.called, 0);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(got.called, 1);
}

static void get(unsigned port, const char *path)
{
    struct http_target where = target_of(port, path);
    struct https_request request = request_of(&where);
    ask(&request);
}

static void test_bodies(void **state)
{
    (void)state;
    const unsigned ports[] = {peers.tls, peers.plain};
    for (int i = 0; i < 2; i++) {
        get(ports[i], "/length");
        assert_int_equal(got.result.reached, HTTPS_DONE);
        assert_int_equal(got.result.status, 200);
        assert_string_equal(got.body, "hello");
        assert_string_equal(got.headers, "content-length=5;x-name=one;");
        get(ports[i], "/chunked");
        assert_int_equal(got.result.status, 201);
        assert_string_equal(got.body, "abcde");
        get(ports[i], "/close");
        assert_int_equal(got.result.reached, HTTPS_DONE);
        assert_int_equal(got.result.status, 503);
        assert_string_equal(got.body, "until the end");
        get(ports[i], "/interim");
        assert_int_equal(got.result.status, 204);
        assert_string_equal(got.headers, "a=b;");
        get(ports[i], "/large");
        assert_int_equal(got.result.reached, HTTPS_DONE);
        assert_int_equal(got.result.body_length, HTTPS_BODY_MAX);
    }
}

static void test_what_is_sent(void **state)
{
    (void)state;
    const struct http_header headers[] = {{"api-key", "the key"}};
    struct http_target where = target_of(peers.tls, "/echo");
    where.headers = headers;
    where.header_count = 1;
    struct https_request request = request_of(&where);
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
    const struct https_result *result = &got.result;
    assert_int_equal(result->address_count, 1);
    assert_string_equal(result->address, "127.0.0.1");
    assert_string_equal(result->tls_version, "TLSv1.3");
    assert_true(strncmp(result->tls_cipher, "TLS_", 4) == 0);
    for (int i = 0; i < HTTPS_DONE; i++) assert_true(result->step_ns[i] > 0);
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
    assert_int_equal(got.result.reached, HTTPS_ANSWER);
    assert_non_null(strstr(got.result.detail, "before the answer was complete"));
    get(peers.plain, "/garbage");
    assert_int_equal(got.result.reached, HTTPS_ANSWER);
    assert_int_equal(got.result.status, 0);
    get(peers.plain, "/nothing");
    assert_int_equal(got.result.reached, HTTPS_ANSWER);
    assert_string_equal(got.result.detail, "the connection ended without an answer");
}

static void test_limits(void **state)
{
    (void)state;
    struct http_target where = target_of(peers.tls, "/silent");
    struct https_request request = request_of(&where);
    request.answer_ns = SECONDS / 20;
    ask(&request);
    assert_int_equal(got.result.reached, HTTPS_ANSWER);
    assert_true(got.result.timed_out);
    assert_true(got.result.step_ns[HTTPS_ANSWER] >= SECONDS / 20);
    where = target_of(peers.plain, "/silent"); /* which does not know TLS: it waits for the rest of
                                                  a head */
    where.tls = true;
    request = request_of(&where);
    request.tls_ns = SECONDS / 20;
    ask(&request);
    assert_int_equal(got.result.reached, HTTPS_TLS);
    assert_true(got.result.timed_out);
}

static void test_untrusted_certificates(void **state)
{
    (void)state;
    struct http_target where = target_of(peers.tls, "/length");
    struct https_request request = request_of(&where);
    where.ca_file = peers.other;
    ask(&request);
    assert_int_equal(got.result.reached, HTTPS_TLS);
    assert_int_equal(got.result.certificate.verify_error, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
    assert_true(got.result.certificate.seen);
    assert_string_equal(got.result.certificate.issuer_organization, "Inspecting Proxy, Inc.");
    assert_string_equal(got.result.detail, got.result.certificate.verify_text);
    assert_int_equal(got.result.status, 0);
    where.ca_file = NULL; /* the system's roots */
    ask(&request);
    assert_int_equal(got.result.certificate.verify_error, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
    where.ca_file = peers.certificate;
    where.host = "elsewhere.example";
    ask(&request);
    assert_int_equal(got.result.certificate.verify_error, X509_V_ERR_HOSTNAME_MISMATCH);
    assert_string_equal(got.result.certificate.subject, "CN=localhost,O=Inspecting Proxy\\, Inc.");
    where.host = "127.0.0.1";
    ask(&request);
    assert_int_equal(got.result.certificate.verify_error, X509_V_ERR_IP_ADDRESS_MISMATCH);
}

static void test_only_tls(void **state)
{
    (void)state;
    struct http_target where = target_of(peers.s_server, NULL);
    struct https_request request = request_of(&where);
    request.tls_only = true;
    ask(&request);
    assert_int_equal(got.result.reached, HTTPS_DONE);
    assert_int_equal(got.result.status, 0);
    assert_int_equal(got.result.step_ns[HTTPS_ANSWER], 0);
    assert_true(got.result.step_ns[HTTPS_TLS] > 0);
}

static void test_s_server(void **state)
{
    (void)state;
    get(peers.s_server, "/");
    assert_int_equal(got.result.reached, HTTPS_DONE);
    assert_int_equal(got.result.status, 200);
    assert_string_equal(got.headers, "content-type=text/html;");
    assert_non_null(strstr(got.body, "s_server"));
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
    assert_int_equal(got.result.reached, HTTPS_CONNECT);
    assert_int_equal(got.result.os_error, ECONNREFUSED);
    struct http_target where = {
        .host = "no-such-name.invalid", .port = 443, .tls = true, .target = "/"};
    struct https_request request = request_of(&where);
    ask(&request);
    assert_int_equal(got.result.reached, HTTPS_RESOLVE);
    assert_true(got.result.resolve_error == EAI_NONAME || got.result.resolve_error == EAI_AGAIN);
    where = target_of(peers.tls, "/length");
    where.address = NULL;
    where.port = (uint16_t)peers.tls; /* by its name, one of whose addresses may refuse */
    ask(&request);
    assert_int_equal(got.result.status, 200);
    assert_true(got.result.address_count >= 1);
}

static void test_proxy(void **state)
{
    (void)state;
    char proxy[96];
    struct http_target where = target_of(peers.tls, "/length");
    struct https_request request = request_of(&where);
    where.proxy = proxy;
    (void)snprintf(proxy, sizeof proxy, "http://someone:proxy-password@127.0.0.1:%u", peers.proxy);
    ask(&request);
    assert_int_equal(got.result.status, 200);
    assert_int_equal(got.result.proxy_status, 0);
    assert_string_equal(got.body, "hello");
    (void)snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", peers.proxy);
    ask(&request);
    assert_int_equal(got.result.reached, HTTPS_CONNECT);
    assert_int_equal(got.result.proxy_status, 407);
    assert_int_equal(got.result.status, 0);
    assert_string_equal(got.body, "");
}

static void test_bad_requests(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct https_exchange *exchange = NULL;
    struct error err = {0};
    const struct http_header split[] = {{"api-key", "first\r\nsecond"}};
    assert_int_equal(uv_loop_init(&loop), 0);
    struct http_target where = target_of(peers.tls, "/ path");
    struct https_request request = request_of(&where);
    assert_int_equal(https_start(&loop, &request, on_done, &got, &exchange, &err), ERR_NET);
    where = target_of(peers.tls, "/");
    where.headers = split;
    where.header_count = 1;
    assert_int_equal(https_start(&loop, &request, on_done, &got, &exchange, &err), ERR_NET);
    assert_null(strstr(err.text, "first"));
    where = target_of(peers.tls, "/");
    where.proxy = "http://someone:proxy-password@";
    assert_int_equal(https_start(&loop, &request, on_done, &got, &exchange, &err), ERR_NET);
    assert_null(strstr(err.text, "password@"));
    where = target_of(peers.tls, "/");
    where.ca_file = "/nonexistent.pem";
    assert_int_equal(https_start(&loop, &request, on_done, &got, &exchange, &err), ERR_NET);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void test_abort_at_any_time(void **state)
{
    (void)state;
    for (int turns = 0; turns < 12; turns++) {
        uv_loop_t loop;
        struct https_exchange *exchange = NULL;
        struct http_target where = target_of(peers.tls, "/silent");
        where.address = turns % 2 == 0 ? "127.0.0.1" : NULL;
        where.port = (uint16_t)peers.tls;
        struct https_request request = request_of(&where);
        memset(&got, 0, sizeof got);
        assert_int_equal(uv_loop_init(&loop), 0);
        assert_int_equal(https_start(&loop, &request, on_done, &got, &exchange, NULL), ERR_OK);
        for (int i = 0; i < turns; i++) {
            (void)uv_run(&loop, UV_RUN_NOWAIT);
            (void)usleep(1000);
        }
        https_abort(exchange);
        (void)uv_run(&loop, UV_RUN_DEFAULT);
        assert_int_equal(got.called, 0);
        assert_int_equal(uv_loop_close(&loop), 0);
    }
}

/* ---- our own server ---- */

static void serve_request(void *user, struct ws_peer *peer, const struct ws_request *request)
{
    (void)user;
    ws_peer_refuse(peer, strcmp(request->method, "POST") == 0 ? 200 : 405, "x-region: here\r\n",
                   "application/json", "{\"value\":\"ek_1\"}");
}

static void serve_gone(struct ws_peer *peer, int close_code)
{
    (void)peer;
    (void)close_code;
}

static void on_served(void *user, const struct https_result *result)
{
    on_done(&got, result);
    ws_server_close(user);
}

static void test_our_own_server(void **state)
{
    (void)state;
    static const struct ws_server_handlers handlers = {.on_request = serve_request,
                                                       .on_gone = serve_gone};
    uv_loop_t loop;
    struct authority *authority = NULL;
    struct tls_identity *identity = NULL;
    struct ws_server *server = NULL;
    struct https_exchange *exchange = NULL;
    struct text pem = {0};
    char file[128];
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(authority_new(&authority, NULL), ERR_OK);
    assert_int_equal(authority_issue(authority, "contoso.openai.azure.com", &identity, NULL),
                     ERR_OK);
    assert_int_equal(authority_pem(authority, &pem, NULL), ERR_OK);
    (void)snprintf(file, sizeof file, "%s/authority.pem", peers.folder);
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(pem.data, 1, pem.length, out), pem.length);
    (void)fclose(out);
    assert_int_equal(
        ws_server_listen(&loop, "127.0.0.1", 0, identity, &handlers, NULL, &server, NULL), ERR_OK);
    struct http_target where =
        target_of(ws_server_port(server), "/openai/v1/realtime/client_secrets");
    where.host = "contoso.openai.azure.com";
    where.ca_file = file;
    struct https_request request = request_of(&where);
    request.method = "POST";
    request.body = "{}";
    request.content_type = "application/json";
    memset(&got, 0, sizeof got);
    assert_int_equal(https_start(&loop, &request, on_served, server, &exchange, NULL), ERR_OK);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(got.result.status, 200);
    assert_string_equal(got.body, "{\"value\":\"ek_1\"}");
    assert_non_null(strstr(got.headers, "x-region=here;"));
    tls_identity_free(identity);
    authority_free(authority);
    text_free(&pem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_in_pieces),
        cmocka_unit_test(test_keeps_headers_but_no_cookies),
        cmocka_unit_test(test_bounds_the_head),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_what_is_sent),
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_broken_answers),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_untrusted_certificates),
        cmocka_unit_test(test_only_tls),
        cmocka_unit_test(test_s_server),
        cmocka_unit_test(test_names_and_ports_that_fail),
        cmocka_unit_test(test_proxy),
        cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_abort_at_any_time),
        cmocka_unit_test(test_our_own_server),
    };
    return cmocka_run_group_tests(tests, start_peers, stop_peers);
}
