/* What a server does with a connection before HTTP, and with its port. */
#include "net/server.h"

#include "wire_client.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
/* cmocka wants the above first */
#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

static struct {
    uv_loop_t loop;
    struct authority *authority;
    struct tls_identity *identity;
    struct ws_server *server;
    struct ws_welcome welcome;
    int accepted, gone;
} fixture;

static struct wire wire;

static struct ws_welcome on_accept(void *user)
{
    assert_ptr_equal(user, &fixture);
    fixture.accepted++;
    return fixture.welcome;
}

static void on_request(void *user, struct ws_peer *peer, const struct ws_request *request)
{
    (void)user, (void)request;
    ws_peer_accept(peer, "");
}

static void on_message(struct ws_peer *peer, const char *text, size_t length, uint64_t at_ns)
{
    (void)at_ns;
    ws_peer_send(peer, text, length);
}

static void on_gone(struct ws_peer *peer, int close_code)
{
    (void)peer, (void)close_code;
    fixture.gone++;
}

static int start(bool tls)
{
    static const struct ws_server_handlers handlers = {.on_accept = on_accept,
                                                       .on_request = on_request,
                                                       .on_message = on_message,
                                                       .on_gone = on_gone};
    memset(&fixture, 0, sizeof fixture);
    uv_loop_init(&fixture.loop);
    if (tls && (authority_new(&fixture.authority, NULL) != ERR_OK ||
                authority_issue(fixture.authority, "localhost", &fixture.identity, NULL) != ERR_OK))
        return -1;
    return ws_server_listen(&fixture.loop, "127.0.0.1", 0, fixture.identity, &handlers, &fixture,
                            &fixture.server, NULL) == ERR_OK
               ? 0
               : -1;
}

static int start_plain(void **state)
{
    (void)state;
    return start(false);
}

static int start_tls(void **state)
{
    (void)state;
    return start(true);
}

static int stop(void **state)
{
    (void)state;
    ws_server_close(fixture.server);
    uv_run(&fixture.loop, UV_RUN_DEFAULT);
    tls_identity_free(fixture.identity);
    authority_free(fixture.authority);
    return uv_loop_close(&fixture.loop);
}

static void dial(void)
{
    assert_true(wire_connect(&wire, &fixture.loop, ws_server_port(fixture.server)));
}

/* The start of a ClientHello; nobody reads on. */
static void say_hello(void)
{
    wire_send(&wire, "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03", 10);
}

static void test_reset(void **state)
{
    (void)state;
    char byte;
    fixture.welcome.kind = WS_RESET;
    dial();
    say_hello();
    assert_int_equal(wire_read(&wire, &byte, 1), WIRE_RESET);
    wire_close(&wire);
    assert_int_equal(fixture.accepted, 1);
}

static void test_end(void **state)
{
    (void)state;
    char byte;
    fixture.welcome.kind = WS_END;
    dial();
    say_hello();
    assert_int_equal(wire_read(&wire, &byte, 1), WIRE_EOF);
    say_hello(); /* what comes late is no reason for a reset */
    uv_run(&fixture.loop, UV_RUN_NOWAIT);
    assert_int_equal(wire_read(&wire, &byte, 1), WIRE_EOF);
    wire_close(&wire);
}

/* As OpenSSL's own client sees it: the alert by its name. */
static void test_alert(void **state)
{
    (void)state;
    fixture.welcome.kind = WS_REFUSE_HANDSHAKE;
    dial();
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, wire.fd);
    int reason = SSL_ERROR_WANT_READ;
    while (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE) {
        reason = SSL_get_error(ssl, SSL_connect(ssl));
        if (reason != SSL_ERROR_SSL) wire_turn(&wire);
    }
    assert_int_equal(reason, SSL_ERROR_SSL);
    assert_int_equal(ERR_GET_REASON(ERR_peek_error()), SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE);
    ERR_clear_error();
    SSL_free(ssl);
    SSL_CTX_free(context);
    wire_close(&wire);
}

/* The verification error of OpenSSL's client under the server's own authority. */
static long verify_error(void)
{
    dial();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    struct text pem = {0};
    assert_int_equal(authority_pem(fixture.authority, &pem, NULL), ERR_OK);
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.length);
    X509 *root = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root);
    SSL *ssl = SSL_new(context);
    SSL_set1_host(ssl, "localhost");
    SSL_set_fd(ssl, wire.fd);
    int reason = SSL_ERROR_WANT_READ;
    while (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE) {
        reason = SSL_get_error(ssl, SSL_connect(ssl)); /* SSL_VERIFY_NONE: it goes on, and
                                                          remembers */
        if (reason != SSL_ERROR_NONE) wire_turn(&wire);
    }
    assert_int_equal(reason, SSL_ERROR_NONE);
    long error = SSL_get_verify_result(ssl);
    SSL_free(ssl);
    X509_free(root);
    BIO_free(bio);
    text_free(&pem);
    SSL_CTX_free(context);
    wire_close(&wire);
    return error;
}

static void test_other_certificates(void **state)
{
    (void)state;
    static const struct {
        enum leaf_flaw flaw;
        long error;
    } cases[] = {
        {LEAF_SOUND, X509_V_OK},
        {LEAF_WRONG_NAME, X509_V_ERR_HOSTNAME_MISMATCH},
        {LEAF_EXPIRED, X509_V_ERR_CERT_HAS_EXPIRED},
        {LEAF_NOT_YET_VALID, X509_V_ERR_CERT_NOT_YET_VALID},
        {LEAF_MUTUAL, X509_V_OK},
        {LEAF_UNTRUSTED, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tls_identity *identity = NULL;
        assert_int_equal(
            authority_issue_flawed(fixture.authority, "localhost", cases[i].flaw, &identity, NULL),
            ERR_OK);
        fixture.welcome.identity = identity;
        assert_int_equal(verify_error(), cases[i].error);
        fixture.welcome.identity = NULL;
        assert_int_equal(verify_error(), X509_V_OK); /* the server's own */
        tls_identity_free(identity);
    }
}

static void echo(const char *word)
{
    wire_send_text(&wire, word);
    assert_int_equal(wire_read_frame(&wire), 0x81);
    assert_string_equal((char *)wire.frame, word);
}

static void open_socket(void)
{
    char head[1024];
    dial();
    wire_send_upgrade(&wire, "/", "");
    assert_true(wire_read_head(&wire, head, sizeof head));
    echo("hello");
}

/* What a connect comes to: 0, an errno, or ETIMEDOUT when nothing came for a second. */
static int try_connect(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(ws_server_port(fixture.server))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int result = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
    if (result == EINPROGRESS) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
        socklen_t size = sizeof result;
        result = ETIMEDOUT;
        if (poll(&poll_fd, 1, 1500) == 1) getsockopt(fd, SOL_SOCKET, SO_ERROR, &result, &size);
    }
    close(fd);
    uv_run(&fixture.loop, UV_RUN_NOWAIT);
    return result;
}

static void set(enum ws_listening listening)
{
    struct error err = {0};
    if (ws_server_set_listening(fixture.server, listening, &err) != ERR_OK)
        fail_msg("%s", err.text);
    assert_int_equal(ws_server_listening(fixture.server), listening);
    uv_run(&fixture.loop, UV_RUN_NOWAIT);
}

/* Every change from one state to another; an established connection does not notice. */
static void test_port(void **state)
{
    (void)state;
    static const enum ws_listening course[] = {WS_REFUSING, WS_LISTENING, WS_IGNORING, WS_REFUSING,
                                               WS_IGNORING, WS_LISTENING, WS_LISTENING};
    static const int results[] = {0, ECONNREFUSED, ETIMEDOUT};
    unsigned port = ws_server_port(fixture.server);
    open_socket();
    for (size_t i = 0; i < sizeof course / sizeof *course; i++) {
        set(course[i]);
        assert_int_equal(try_connect(), results[course[i]]);
        /* no place that fills up */
        if (course[i] == WS_IGNORING) assert_int_equal(try_connect(), ETIMEDOUT);
        echo("still here");
        assert_int_equal(ws_server_port(fixture.server), port);
    }
    wire_close(&wire);
    open_socket();
    wire_close(&wire);
}

/* While nobody listens nobody else may have the port. */
static void test_port_is_reserved(void **state)
{
    (void)state;
    set(WS_REFUSING);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(ws_server_port(fixture.server))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), -1);
    assert_int_equal(errno, EADDRINUSE);
    close(fd);
    ws_server_close(fixture.server);
    uv_run(&fixture.loop, UV_RUN_DEFAULT);
    fixture.server = NULL;
}

#define PLAIN(test) cmocka_unit_test_setup_teardown(test, start_plain, stop)
#define TLS(test) cmocka_unit_test_setup_teardown(test, start_tls, stop)

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        PLAIN(test_reset), TLS(test_reset),
        PLAIN(test_end),   TLS(test_end),
        TLS(test_alert),   TLS(test_other_certificates),
        PLAIN(test_port),  PLAIN(test_port_is_reserved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
