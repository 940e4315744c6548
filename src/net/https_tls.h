/* The client's end of one TLS connection, between the bytes of a socket and those of HTTP, and the
 * certificate it was shown. Knows no socket. */
#ifndef RUSHHOUR_NET_HTTPS_TLS_H
#define RUSHHOUR_NET_HTTPS_TLS_H

#include "net/client_tls.h"
#include "net/https.h"

struct https_tls;

enum https_tls_step {
    HTTPS_TLS_MORE,   /* it needs more bytes from the socket */
    HTTPS_TLS_SOME,   /* the handshake is done, or plaintext was read */
    HTTPS_TLS_CLOSED, /* the peer sent close_notify */
    HTTPS_TLS_FAILED  /* see https_tls_failure; the output may hold an alert for the peer */
};

/* settings: borrowed for its lifetime. The certificate's facts are written to *certificate, which
 * must outlive it, as soon as they are seen, trusted or not. NULL if out of memory. */
struct https_tls *https_tls_new(struct client_tls *settings, const char *host,
                                struct https_certificate *certificate);
void https_tls_free(struct https_tls *tls);

/* Feeds bytes from the socket. False if out of memory. */
bool https_tls_feed(struct https_tls *tls, const char *bytes, size_t length);

enum https_tls_step https_tls_shake(struct https_tls *tls);
enum https_tls_step https_tls_read(struct https_tls *tls, char *plain, size_t size, size_t *length);
bool https_tls_write(struct https_tls *tls, const char *plain, size_t length);

/* Takes out bytes for the socket; 0 if there are none. */
size_t https_tls_take(struct https_tls *tls, char *bytes, size_t size);

/* OpenSSL's description of the failure; "" if it has none. */
const char *https_tls_failure(const struct https_tls *tls);

/* Notes what is known of the peer's alert, and of our certificate. */
void https_tls_tell(const struct https_tls *tls, struct https_result *result);

/* After the handshake: "TLSv1.3" and the like. */
const char *https_tls_version(const struct https_tls *tls);
const char *https_tls_cipher(const struct https_tls *tls);

#endif
