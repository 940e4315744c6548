/* The server's end of one TLS connection, between the bytes of a socket and those of HTTP. Knows no
 * socket. */
#ifndef RUSHHOUR_NET_SERVER_TLS_H
#define RUSHHOUR_NET_SERVER_TLS_H

#include "base/text.h"
#include "net/authority.h"

#include <stdbool.h>
#include <stddef.h>

struct tls_channel;

enum tls_read {
    TLS_READ_SOME,   /* plaintext was read */
    TLS_READ_MORE,   /* everything fed is used up */
    TLS_READ_CLOSED, /* the peer sent close_notify */
    TLS_READ_FAILED  /* not TLS, or a broken record; the output may hold an alert for the peer */
};

/* Everything for the socket is appended to *out, which must outlive the channel. NULL if out of
 * memory. */
struct tls_channel *tls_channel_new(const struct tls_identity *identity, struct text *out);
void tls_channel_free(struct tls_channel *channel);

/* Feeds bytes from the socket (borrowed); call tls_channel_read until it returns TLS_READ_MORE. */
void tls_channel_feed(struct tls_channel *channel, const char *bytes, size_t length);
enum tls_read tls_channel_read(struct tls_channel *channel, char *plain, size_t size,
                               size_t *length);

/* Encrypts bytes into the output, in one record if they fit (16 KiB). */
bool tls_channel_write(struct tls_channel *channel, const char *bytes, size_t length);

/* Appends close_notify to the output. */
void tls_channel_shutdown(struct tls_channel *channel);

#endif
