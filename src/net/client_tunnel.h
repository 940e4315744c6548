/*
 * The way through an HTTP proxy to a TLS server: CONNECT is asked for and answered below TLS, in a
 * BIO that lws does not see. lws 4.1.6 can do it too, but keeps the proxy's answer to itself.
 */
#ifndef RUSHHOUR_NET_CLIENT_TUNNEL_H
#define RUSHHOUR_NET_CLIENT_TUNNEL_H

#include "base/text.h"
#include "net/client.h"

#include <openssl/ssl.h>

#define TUNNEL_HEAD_LIMIT 8192 /* bytes of the proxy's answer */

enum tunnel_state {
    TUNNEL_ASKING, /* the proxy's answer has not come whole */
    TUNNEL_OPEN,
    TUNNEL_REFUSED, /* `status` tells how */
    TUNNEL_BROKEN   /* no HTTP answer; `why` tells */
};

struct client_tunnel {
    enum tunnel_state state;
    int status;           /* of the proxy's answer; 0: none */
    const char *why;      /* of TUNNEL_BROKEN */
    struct text question; /* CONNECT, with the login: wiped once it is sent */
    struct text hello;    /* what TLS has said meanwhile */
    char answer[TUNNEL_HEAD_LIMIT];
    size_t answer_length;
    BIO *bio;                   /* NULL: not attached */
    int fd;                     /* the socket that it is meant for */
    void (*opened)(void *user); /* called when the proxy has agreed; may be NULL */
    void *user;
};

/* Makes a tunnel to host and port for one connection; login as in struct proxy. NULL: no memory. */
struct client_tunnel *client_tunnel_new(const char *host, uint16_t port, const char *login);
void client_tunnel_free(struct client_tunnel *tunnel);

/* Puts the tunnel between TLS and its socket, before the first byte of a handshake. */
void client_tunnel_attach(struct client_tunnel *tunnel, SSL *ssl);

/* Reads what the proxy may have said before its end was seen. */
void client_tunnel_listen_again(struct client_tunnel *tunnel);

/* Takes it away again: from the end of the handshake on the socket is TLS's alone. */
void client_tunnel_detach(struct client_tunnel *tunnel, SSL *ssl);

#endif
