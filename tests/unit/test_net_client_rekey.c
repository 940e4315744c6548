/* A peer that changes its keys in the middle of a session (TLS 1.3, RFC 8446, 4.6.3) is followed;
 * one that asks for a renegotiation (TLS 1.2) is not, and the session goes on. */
#include "test_net_client_fixture.h"

#include <openssl/ssl.h>

static int version;
static bool changed, heard_close;

static void say_frame_tls(SSL *ssl, const char *words)
{
    char frame[128] = "\x81";
    const size_t length = strlen(words);
    frame[1] = (char)length;
    memcpy(frame + 2, words, length);
    (void)SSL_write(ssl, frame, (int)length + 2);
}

/* Asks for new keys of both sides, or for a new handshake. */
static bool change(SSL *ssl)
{
    if (version == TLS1_3_VERSION && SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) != 1)
        return false;
    if (version == TLS1_2_VERSION && SSL_renegotiate(ssl) != 1) return false;
    return SSL_do_handshake(ssl) == 1;
}

static void change_in_the_middle(int fd)
{
    char bytes[4096], answer[2048];
    SSL *ssl = SSL_new(tls_identity_context(identity));
    (void)SSL_set_min_proto_version(ssl, version);
    (void)SSL_set_max_proto_version(ssl, version);
    SSL_clear_options(ssl, SSL_OP_NO_RENEGOTIATION);
    SSL_set_fd(ssl, fd);
    int length = SSL_accept(ssl) == 1 ? SSL_read(ssl, bytes, sizeof bytes - 1) : 0;
    if (length > 0) {
        bytes[length] = '\0';
        const size_t size = make_101(bytes, "", answer, sizeof answer);
        (void)SSL_write(ssl, answer, (int)size);
        say_frame_tls(ssl, "before");
        changed = change(ssl);
        say_frame_tls(ssl, "after");
        length = SSL_read(ssl, bytes, sizeof bytes);
        heard_close = length > 0 && bytes[0] == (char)0x88;
        if (heard_close) (void)SSL_write(ssl, "\x88\x02\x03\xe8", 4);
    }
    SSL_free(ssl);
}

static void test_new_keys_are_followed(void **state)
{
    (void)state;
    struct heard heard = {.close_after = 2};
    version = TLS1_3_VERSION;
    run_one_tls(change_in_the_middle, &heard);
    assert_true(changed);
    assert_int_equal(heard.messages, 2);
    assert_string_equal(heard.last, "after");
    assert_true(heard_close); /* it came under the client's new key */
    assert_int_equal(heard.end.close_code, 1000);
    assert_false(heard.end.tls_failed || heard.end.protocol_violation);
}

static void test_a_renegotiation_is_declined(void **state)
{
    (void)state;
    struct heard heard = {.close_after = 2};
    version = TLS1_2_VERSION;
    run_one_tls(change_in_the_middle, &heard);
    assert_true(changed);
    assert_int_equal(heard.messages, 2); /* what came behind the request is read all the same */
    assert_string_equal(heard.last, "after");
    assert_true(heard.end.by_us);
    assert_false(heard.end.protocol_violation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_keys_are_followed),
        cmocka_unit_test(test_a_renegotiation_is_declined),
    };
    return cmocka_run_group_tests(tests, make_authority, free_authority);
}
