/* One accepted connection, from its first byte to its end: what server.c keeps and server_peer.c drives. */
#ifndef RUSHHOUR_NET_SERVER_PEER_H
#define RUSHHOUR_NET_SERVER_PEER_H

#include "net/server.h"
#include "net/server_http.h"
#include "net/server_tls.h"
#include "net/ws_frame.h"

#define SOCKET_BUFFER_SIZE ((size_t)64 * 1024)
#define PLAIN_BUFFER_SIZE ((size_t)16 * 1024) /* the largest TLS record (RFC 8446, 5.1) */

/* A listener with what its connections share. All of it belongs to the loop's thread. */
struct ws_server {
    uv_tcp_t listener;
    uv_prepare_t before_wait; /* these two flush what was sent outside a callback of ours */
    uv_check_t after_wait;
    uint16_t port;
    bool closing;
    int handles_open; /* of the three above */
    struct tls_identity *tls;
    struct ws_server_handlers handlers;
    void *user;
    struct ws_peer *peers;                  /* every one whose memory is still in use */
    struct ws_peer *dirty;                  /* those with output that waits for a flush */
    struct text scratch;                    /* where a frame is put together before it is encrypted */
    char socket_buffer[SOCKET_BUFFER_SIZE]; /* libuv reads into it; used up before its callback returns */
    char plain_buffer[PLAIN_BUFFER_SIZE];
};

/* Takes over the connection that waits on the listener. */
void peer_accept(struct ws_server *server);

/* Hands the output of every dirty connection to the kernel. */
void peer_flush_dirty(struct ws_server *server);

/* Ends a connection without a word; its memory goes in the loop's close callbacks. */
void peer_end(struct ws_peer *peer);
struct ws_peer *peer_next(const struct ws_peer *peer);

/* Frees the server once its handles are closed and its connections gone (in server.c). */
void server_release(struct ws_server *server);

#endif
