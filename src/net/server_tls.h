/* The server's end of one TLS connection, between the bytes of a socket and those of HTTP. No
 * socket is known here. */
#ifndef RUSHHOUR_NET_SERVER_TLS_H
#define RUSHHOUR_NET_SERVER_TLS_H

#include "base/text.h"
#include "net/authority.h"

#include <stdbool.h>
#include <stddef.h>

struct tls_channel;

enum tls_read {
    TLS_READ_SOME,   /* plaintext was read */
    TLS_READ_MORE,   /* all that was fed is used up */
    TLS_READ_CLOSED, /* the peer said close_notify */
    TLS_READ_FAILED  /* no TLS, or a broken record; an alert for the peer may lie in the output */
};

/* Everything for the socket is appended to *out, which outlives the channel. NULL: no memory. */
struct tls_channel *tls_channel_new(const struct tls_identity *identity, struct text *out);
void tls_channel_free(struct tls_channel *channel);

/* Hands over bytes from the socket (borrowed); call tls_channel_read until it says
 * TLS_READ_MORE. */
void tls_channel_feed(struct tls_channel *channel, const char *bytes, size_t length);
enum tls_read tls_channel_read(struct tls_channel *channel, char *plain, size_t size,
                               size_t *length);

/* Encrypts bytes into the output, in one record as long as they fit (16 KiB). */
bool tls_channel_write(struct tls_channel *channel, const char *bytes, size_t length);

/* Appends close_notify to the output. */
void tls_channel_shutdown(struct tls_channel *channel);

#endif
