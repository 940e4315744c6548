/*
 * TLS alerts in every step of a connection, and what a peer said just before it reset one. The peer
 * is OpenSSL in blocking calls; alerts that OpenSSL would not send by itself are put into records
 * by hand, with the keys from its key log (RFC 8446, 5.2 and 7.3).
 */
#include "test_net_client_fixture.h"

#include "net/tls_alert.h"

#include <netinet/tcp.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>

#define SECRET_SIZE 32 /* of TLS_AES_128_GCM_SHA256 */

/* ---- the peer ---- */

/* When the alert comes. */
enum moment { IN_HANDSHAKE, BEFORE_REQUEST, AFTER_REQUEST, WHEN_OPEN, AFTER_MESSAGE, MOMENTS };

static struct {
    enum moment moment;
    int number;
    bool reset;
    bool damaged; /* the record does not decrypt */
    unsigned char secret[SECRET_SIZE];
    uint64_t records; /* of application data that were sent */
} plan;

static void on_key_log(const SSL *ssl, const char *line)
{
    static const char label[] = "SERVER_TRAFFIC_SECRET_0 ";
    (void)ssl;
    if (strncmp(line, label, sizeof label - 1) != 0) return;
    const char *hex = strrchr(line, ' ') + 1;
    for (size_t i = 0; i < SECRET_SIZE; i++) {
        unsigned byte = 0;
        if (sscanf(hex + 2 * i, "%2x", &byte) == 1) plan.secret[i] = (unsigned char)byte;
    }
}

/* HKDF-Expand-Label with an empty context, of one block. */
static void expand(const char *label, unsigned char *out, size_t size)
{
    unsigned char info[64] = {0, (unsigned char)size, (unsigned char)(6 + strlen(label))};
    unsigned char block[32];
    unsigned length = sizeof block;
    (void)snprintf((char *)info + 3, sizeof info - 3, "tls13 %s", label);
    const size_t end = 3 + 6 + strlen(label);
    info[end] = 0;
    info[end + 1] = 1;
    assert_non_null(HMAC(EVP_sha256(), plan.secret, SECRET_SIZE, info, end + 2, block, &length));
    memcpy(out, block, size);
}

static void send_alert(int fd)
{
    unsigned char key[16], nonce[12], record[5 + 3 + 16] = {23, 3, 3, 0, 19};
    const unsigned char plain[3] = {2, (unsigned char)plan.number, 21};
    int length = 0;
    expand("key", key, sizeof key);
    expand("iv", nonce, sizeof nonce);
    for (int i = 0; i < 8; i++) nonce[11 - i] ^= (unsigned char)(plan.records >> (8 * i));
    EVP_CIPHER_CTX *gcm = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_EncryptInit_ex(gcm, EVP_aes_128_gcm(), NULL, key, nonce), 1);
    assert_int_equal(EVP_EncryptUpdate(gcm, NULL, &length, record, 5), 1);
    assert_int_equal(EVP_EncryptUpdate(gcm, record + 5, &length, plain, 3), 1);
    assert_int_equal(EVP_EncryptFinal_ex(gcm, record + 8, &length), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_GCM_GET_TAG, 16, record + 8), 1);
    EVP_CIPHER_CTX_free(gcm);
    if (plan.damaged) record[sizeof record - 1] ^= 1;
    say(fd, record, sizeof record);
}

static int on_server_name(SSL *ssl, int *alert, void *unused)
{
    (void)ssl, (void)unused;
    *alert = plan.number;
    return plan.moment == IN_HANDSHAKE ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *make_context(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL_CTX *own = tls_identity_context(identity);
    assert_int_equal(SSL_CTX_use_certificate(context, SSL_CTX_get0_certificate(own)), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(context, SSL_CTX_get0_privatekey(own)), 1);
    assert_int_equal(SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256"), 1);
    (void)SSL_CTX_set_num_tickets(context, 0); /* they would be records, too */
    SSL_CTX_set_keylog_callback(context, on_key_log);
    SSL_CTX_set_tlsext_servername_callback(context, on_server_name);
    return context;
}

static void tell(SSL *ssl, const void *bytes, size_t length)
{
    if (SSL_write(ssl, bytes, (int)length) > 0) plan.records++;
}

/* Takes the request and answers it as far as the plan goes. */
static void converse(SSL *ssl)
{
    char request[4096] = "", answer[2048];
    size_t used = 0;
    while (strstr(request, "\r\n\r\n") == NULL) {
        const int more = SSL_read(ssl, request + used, (int)(sizeof request - 1 - used));
        if (more <= 0) return;
        used += (size_t)more;
        request[used] = '\0';
    }
    if (plan.moment < WHEN_OPEN) return;
    tell(ssl, answer, make_101(request, "", answer, sizeof answer));
    if (plan.moment >= AFTER_MESSAGE) tell(ssl, "\x81\x05hello", 7);
}

static void play(int fd)
{
    SSL_CTX *context = make_context();
    SSL *ssl = SSL_new(context);
    const int at_once = 1; /* or the reset would overtake the alert */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    plan.records = 0;
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1) {
        if (plan.moment > BEFORE_REQUEST) converse(ssl);
        send_alert(fd);
    }
    if (plan.reset) reset_on_close(fd);
    SSL_free(ssl);
    SSL_CTX_free(context);
}

/* ---- the tests ---- */

static void check_alert(const struct heard *heard)
{
    char words[64];
    (void)snprintf(words, sizeof words, "TLS alert %d received: %s", plan.number,
                   tls_alert_name(plan.number));
    if (heard->end.tls_alert != plan.number || strcmp(heard->detail, words) != 0)
        fail_msg("moment %d, alert %d, reset %d: told as %d, \"%s\" (os_error %d)", plan.moment,
                 plan.number, plan.reset, heard->end.tls_alert, heard->detail, heard->end.os_error);
    assert_int_equal(heard->end.os_error, 0);
    assert_int_equal(heard->end.close_code, 0);
    assert_false(heard->end.protocol_violation);
    assert_false(heard->end.certificate_asked);
    assert_int_equal(heard->opened, plan.moment >= WHEN_OPEN);
    assert_int_equal(heard->messages, plan.moment >= AFTER_MESSAGE);
    assert_int_equal(heard->end.tls_failed, plan.moment == IN_HANDSHAKE);
}

/* Every number of the registry that ends a connection, whether the peer then resets it or not. */
static void test_every_alert_in_every_step(void **state)
{
    (void)state;
    static const int numbers[] = {10,  20,  21,  22,  30,  40,  41,  42,  43, 44, 45,
                                  46,  47,  48,  49,  50,  51,  60,  70,  71, 80, 86,
                                  109, 110, 111, 112, 113, 114, 115, 116, 120};
    for (plan.moment = 0; plan.moment < MOMENTS; plan.moment++) {
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            struct heard heard = {0};
            if (plan.moment == IN_HANDSHAKE && numbers[i] == 41)
                continue; /* not sent since SSL 3 */
            plan.number = numbers[i];
            plan.reset = i % 2 == 0;
            run_one_tls(play, &heard);
            check_alert(&heard);
        }
    }
}

/* A record that does not decrypt is no word of the service, and no frame of its either. */
static void test_a_damaged_record(void **state)
{
    (void)state;
    plan.damaged = true;
    plan.number = 80;
    plan.reset = false;
    for (plan.moment = AFTER_REQUEST; plan.moment < MOMENTS; plan.moment++) {
        struct heard heard = {0};
        run_one_tls(play, &heard);
        if (!heard.end.tls_failed || heard.end.tls_alert != 0 || heard.end.protocol_violation)
            fail_msg("moment %d: \"%s\" (os_error %d)", plan.moment, heard.detail,
                     heard.end.os_error);
        assert_string_equal(heard.detail, "TLS alert 20 sent: bad record mac");
        assert_int_equal(heard.opened, plan.moment >= WHEN_OPEN);
        assert_int_equal(heard.messages, plan.moment >= AFTER_MESSAGE);
    }
    plan.damaged = false;
}

/* Warnings and close_notify end nothing by themselves: the connection just goes. */
static void test_warnings_are_no_reason(void **state)
{
    (void)state;
    static const int numbers[] = {0, 90};
    for (size_t i = 0; i < 2; i++) {
        struct heard heard = {0};
        plan.moment = WHEN_OPEN;
        plan.number = numbers[i];
        plan.reset = false;
        run_one_tls(play, &heard);
        assert_int_equal(heard.end.tls_alert, 0);
        assert_int_equal(heard.opened, 1);
    }
}

static const char *refusal = "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n"
                             "apim-request-id: r-1\r\nContent-Length: 27\r\n\r\n"
                             "{\"error\":{\"code\":\"denied\"}}";

/* Answers without reading the request, so that closing resets: over TLS, then without. */
static void refuse_and_reset(int fd)
{
    SSL_CTX *context = make_context();
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1) tell(ssl, refusal, strlen(refusal));
    reset_on_close(fd);
    SSL_free(ssl);
    SSL_CTX_free(context);
}

static void refuse_and_reset_plainly(int fd)
{
    say_text(fd, refusal);
    reset_on_close(fd);
}

static void check_refusal(const struct heard *heard)
{
    assert_int_equal(heard->refused, 1);
    assert_int_equal(heard->status, 401);
    assert_string_equal(heard->body, "{\"error\":{\"code\":\"denied\"}}");
    assert_non_null(strstr(heard->headers, "apim-request-id=r-1;"));
    assert_int_equal(heard->end.http_status, 401);
    assert_int_equal(heard->end.tls_alert, 0);
    assert_int_equal(heard->end.os_error, 0);
}

static void test_a_refusal_before_a_reset(void **state)
{
    (void)state;
    plan.moment = AFTER_REQUEST;
    for (int i = 0; i < 20; i++) { /* whichever of the two the loop hears of first */
        struct heard heard = {0};
        run_one_tls(refuse_and_reset, &heard);
        check_refusal(&heard);
    }
}

static void test_a_refusal_before_a_reset_without_tls(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct heard heard = {0};
        run_one(refuse_and_reset_plainly, &heard);
        check_refusal(&heard);
    }
}

/* 101, a message and a Close frame in one breath, then a reset. */
static void open_close_and_reset(int fd)
{
    char request[4096], answer[2048];
    if (!read_request(fd, request, sizeof request)) return;
    size_t length = make_101(request, "", answer, sizeof answer);
    static const char frames[] = "\x81\x05hello\x88\x07\x03\xf5later";
    memcpy(answer + length, frames, sizeof frames - 1);
    say(fd, answer, length + sizeof frames - 1);
    reset_on_close(fd);
}

static void test_a_close_frame_before_a_reset(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct heard heard = {0};
        run_one(open_close_and_reset, &heard);
        assert_int_equal(heard.opened, 1);
        assert_string_equal(heard.last, "hello");
        assert_int_equal(heard.end.close_code, 1013);
        assert_string_equal(heard.reason, "later");
        assert_int_equal(heard.end.os_error, 0);
    }
}

/* ---- long heads ---- */

static int head_size, head_status, head_lines;

static void say_head(int fd)
{
    char request[4096];
    struct text lines = {0};
    if (read_request(fd, request, sizeof request)) {
        for (int i = 0; i < head_lines; i++) {
            text_printf(&lines, i % 2 == 0 ? "x-filler-%d: " : "set-cookie: c%d=", i);
            for (int k = 0; k < head_size / head_lines; k++) text_puts(&lines, "y");
            text_puts(&lines, "\r\n");
        }
        text_puts(&lines, "x-ms-region: East\r\n");
        if (head_status == 101) {
            const size_t size = lines.length + 4096;
            char *answer = malloc(size);
            assert_non_null(answer);
            say(fd, answer, make_101(request, text_str(&lines), answer, size));
            free(answer);
            say_frame(fd, 0x81, "hello", 5);
        } else {
            say_text(fd, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n");
            say_text(fd, text_str(&lines));
            say_text(fd, "\r\nbody");
        }
        wait_for_end(fd);
    }
    text_free(&lines);
}

static void dial_head(int status, int size, int lines, struct heard *heard)
{
    struct pair pair;
    head_status = status;
    head_size = size;
    head_lines = lines;
    pair_begin(&pair, say_head, false);
    dial(&pair.bench, &pair.target, heard);
    if (size <= 60000 && status == 101) {
        bench_run(&pair.bench, &heard->messages, 1);
        ws_abort(heard->conn);
    }
    bench_run(&pair.bench, &heard->closed, 1);
    pair_end(&pair);
}

static void test_long_heads_are_taken(void **state)
{
    (void)state;
    static const int statuses[] = {101, 401};
    static const int sizes[] = {15000, 17000, 20000, 30000, 60000};
    for (size_t s = 0; s < 2; s++) {
        for (size_t i = 0; i < 5; i++) {
            for (int lines = 1; lines <= 40; lines += 39) {
                struct heard heard = {0};
                dial_head(statuses[s], sizes[i], lines, &heard);
                assert_int_equal(heard.status, statuses[s]);
                assert_non_null(strstr(heard.headers, "x-ms-region=East;"));
                if (statuses[s] == 101) assert_string_equal(heard.last, "hello");
                if (statuses[s] == 401) assert_string_equal(heard.body, "body");
            }
        }
    }
}

/* A longer head, or one with too many lines, is reported as a limit of ours, not as the peer's
 * fault. */
static void test_longer_heads_are_our_own_limit(void **state)
{
    (void)state;
    static const int statuses[] = {101, 401};
    for (size_t s = 0; s < 2; s++) {
        for (int lines = 1; lines <= 400; lines += 399) {
            struct heard heard = {0};
            dial_head(statuses[s], lines == 1 ? 90000 : 70000, lines, &heard);
            assert_true(heard.end.head_too_long);
            assert_false(heard.end.protocol_violation);
            assert_non_null(strstr(heard.detail, statuses[s] == 101 ? "101" : "401"));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_alert_in_every_step),
        cmocka_unit_test(test_a_damaged_record),
        cmocka_unit_test(test_warnings_are_no_reason),
        cmocka_unit_test(test_a_refusal_before_a_reset),
        cmocka_unit_test(test_a_refusal_before_a_reset_without_tls),
        cmocka_unit_test(test_a_close_frame_before_a_reset),
        cmocka_unit_test(test_long_heads_are_taken),
        cmocka_unit_test(test_longer_heads_are_our_own_limit),
    };
    return cmocka_run_group_tests(tests, make_authority, free_authority);
}
