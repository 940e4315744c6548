/* The client's end of one TLS connection, between the bytes of a socket and those of HTTP, and the
 * certificate that it was shown. No socket is known here. */
#ifndef RUSHHOUR_NET_HTTPS_TLS_H
#define RUSHHOUR_NET_HTTPS_TLS_H

#include "net/client_tls.h"
#include "net/https.h"

struct https_tls;

enum https_tls_step {
    HTTPS_TLS_MORE,   /* it waits for bytes of the socket */
    HTTPS_TLS_SOME,   /* the handshake is done, or plaintext was read */
    HTTPS_TLS_CLOSED, /* the peer said close_notify */
    HTTPS_TLS_FAILED  /* see https_tls_failure; an alert for the peer may lie in the output */
};

/* settings: borrowed for its life. The certificate's facts are put into *certificate, which
 * outlives it, as soon as they are seen, whether it is trusted or not. NULL: no memory. */
struct https_tls *https_tls_new(struct client_tls *settings, const char *host,
                                struct https_certificate *certificate);
void https_tls_free(struct https_tls *tls);

/* Hands over bytes from the socket. False: no memory. */
bool https_tls_feed(struct https_tls *tls, const char *bytes, size_t length);

enum https_tls_step https_tls_shake(struct https_tls *tls);
enum https_tls_step https_tls_read(struct https_tls *tls, char *plain, size_t size, size_t *length);
bool https_tls_write(struct https_tls *tls, const char *plain, size_t length);

/* Takes bytes for the socket out; 0: there are none. */
size_t https_tls_take(struct https_tls *tls, char *bytes, size_t size);

/* OpenSSL's words for how it failed; "" when it has none. */
const char *https_tls_failure(const struct https_tls *tls);

/* After the handshake: "TLSv1.3" and the like. */
const char *https_tls_version(const struct https_tls *tls);
const char *https_tls_cipher(const struct https_tls *tls);

#endif
