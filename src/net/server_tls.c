#include "net/server_tls.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

/* Our own BIO instead of two memory BIOs, which keep the largest size they ever had and copy once
 * more. */
struct tls_channel {
    SSL *ssl;
    const char *in;
    size_t in_length;
    struct text *out;
};

static int bio_read(BIO *bio, char *data, size_t size, size_t *done)
{
    struct tls_channel *channel = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    *done = size < channel->in_length ? size : channel->in_length;
    if (*done == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    memcpy(data, channel->in, *done);
    channel->in += *done;
    channel->in_length -= *done;
    return 1;
}

static int bio_write(BIO *bio, const char *data, size_t length, size_t *done)
{
    struct tls_channel *channel = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    text_append(channel->out, data, length);
    *done = length;
    return channel->out->failed ? 0 : 1;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

static uv_once_t method_once = UV_ONCE_INIT;
static BIO_METHOD *method; /* created once and kept for the life of the process, like OpenSSL's
                              own */

static void method_make(void)
{
    BIO_METHOD *made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "rushhour channel");
    if (made == NULL) return;
    if (BIO_meth_set_read_ex(made, bio_read) == 1 && BIO_meth_set_write_ex(made, bio_write) == 1 &&
        BIO_meth_set_ctrl(made, bio_control) == 1 && BIO_meth_set_create(made, bio_create) == 1) {
        method = made;
    } else {
        BIO_meth_free(made);
    }
}

struct tls_channel *tls_channel_new(const struct tls_identity *identity, struct text *out)
{
    uv_once(&method_once, method_make);
    struct tls_channel *channel = calloc(1, sizeof *channel);
    if (channel == NULL || method == NULL) goto fail;
    channel->out = out;
    channel->ssl = SSL_new(tls_identity_context(identity));
    BIO *bio = BIO_new(method);
    if (channel->ssl == NULL || bio == NULL) {
        BIO_free(bio);
        goto fail;
    }
    BIO_set_data(bio, channel);
    SSL_set_bio(channel->ssl, bio, bio);
    SSL_set_accept_state(channel->ssl);
    return channel;
fail:
    tls_channel_free(channel);
    return NULL;
}

void tls_channel_free(struct tls_channel *channel)
{
    if (channel == NULL) return;
    SSL_free(channel->ssl);
    free(channel);
}

void tls_channel_feed(struct tls_channel *channel, const char *bytes, size_t length)
{
    channel->in = bytes;
    channel->in_length = length;
}

enum tls_read tls_channel_read(struct tls_channel *channel, char *plain, size_t size,
                               size_t *length)
{
    ERR_clear_error(); /* SSL_get_error looks at the thread's error queue, which others share */
    if (SSL_read_ex(channel->ssl, plain, size, length) == 1) return TLS_READ_SOME;
    enum tls_read result = TLS_READ_FAILED;
    switch (SSL_get_error(channel->ssl, 0)) {
    case SSL_ERROR_WANT_READ:
        result = channel->out->failed ? TLS_READ_FAILED : TLS_READ_MORE;
        break;
    case SSL_ERROR_ZERO_RETURN:
        result = TLS_READ_CLOSED;
        break;
    default:
        break;
    }
    ERR_clear_error();
    return result;
}

bool tls_channel_write(struct tls_channel *channel, const char *bytes, size_t length)
{
    size_t done = 0;
    ERR_clear_error();
    bool written = length == 0 || SSL_write_ex(channel->ssl, bytes, length, &done) == 1;
    ERR_clear_error();
    return written && done == length;
}

void tls_channel_shutdown(struct tls_channel *channel)
{
    ERR_clear_error();
    if (SSL_is_init_finished(channel->ssl)) (void)SSL_shutdown(channel->ssl);
    ERR_clear_error();
}
