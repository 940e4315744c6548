/* The way through an HTTP proxy to a TLS server: CONNECT is sent and answered below TLS, in a BIO
 * that lws does not see. lws 4.1.6 supports proxies too, but hides the proxy's answer. */
#ifndef RUSHHOUR_NET_CLIENT_TUNNEL_H
#define RUSHHOUR_NET_CLIENT_TUNNEL_H

#include "base/text.h"
#include "net/client.h"

#include <openssl/ssl.h>

#define TUNNEL_HEAD_LIMIT 8192 /* bytes of the proxy's answer */

enum tunnel_state {
    TUNNEL_ASKING, /* the proxy's answer is not complete */
    TUNNEL_OPEN,
    TUNNEL_REFUSED, /* `status` says how */
    TUNNEL_BROKEN   /* no HTTP answer; `why` says what came */
};

struct client_tunnel {
    enum tunnel_state state;
    int status;           /* of the proxy's answer; 0 if none */
    const char *why;      /* of TUNNEL_BROKEN */
    struct text question; /* CONNECT with the credentials; wiped once sent */
    struct text hello;    /* what TLS has written in the meantime */
    char answer[TUNNEL_HEAD_LIMIT];
    size_t answer_length;
    BIO *bio;                   /* NULL: not attached */
    int fd;                     /* the socket it is meant for */
    void (*opened)(void *user); /* called when the proxy has accepted; may be NULL */
    void *user;
};

/* Creates a tunnel to host and port for one connection; login as in struct proxy. NULL if out of
 * memory. */
struct client_tunnel *client_tunnel_new(const char *host, uint16_t port, const char *login);
void client_tunnel_free(struct client_tunnel *tunnel);

/* Inserts the tunnel between TLS and its socket, before the first byte of the handshake. */
void client_tunnel_attach(struct client_tunnel *tunnel, SSL *ssl);

/* Reads what the proxy may have sent before its end was noticed. */
void client_tunnel_listen_again(struct client_tunnel *tunnel);

/* Removes it again: after the handshake the socket belongs to TLS alone. */
void client_tunnel_detach(struct client_tunnel *tunnel, SSL *ssl);

#endif
