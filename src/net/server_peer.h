/* One accepted connection, from its first byte to its end: state kept by server.c and driven by
 * server_peer.c. */
#ifndef RUSHHOUR_NET_SERVER_PEER_H
#define RUSHHOUR_NET_SERVER_PEER_H

#include "net/server.h"
#include "net/server_http.h"
#include "net/server_tls.h"
#include "net/ws_frame.h"

#define SOCKET_BUFFER_SIZE ((size_t)64 * 1024)
#define REQUEST_DEADLINE_MS 30000 /* for the TLS handshake and the request head together */
#define PLAIN_BUFFER_SIZE ((size_t)16 * 1024) /* the largest TLS record (RFC 8446, 5.1) */

/* A listener and what its connections share. All of it belongs to the loop's thread. */
struct ws_server {
    struct server_port port;
    uv_prepare_t before_wait; /* these two flush what was sent outside our callbacks */
    uv_check_t after_wait;
    bool closing;
    int handles_open; /* of the two above */
    struct tls_identity *tls;
    struct ws_server_handlers handlers;
    void *user;
    size_t connections_most;                /* how many may be open at once */
    uint64_t head_ms;                       /* how long a peer may take for its request */
    struct ws_peer *peers;                  /* every one whose memory is still in use */
    struct ws_peer *dirty;                  /* those with output waiting for a flush */
    struct text scratch;                    /* where a frame is assembled before encryption */
    char socket_buffer[SOCKET_BUFFER_SIZE]; /* libuv reads into it; consumed before its callback
                                               returns */
    char plain_buffer[PLAIN_BUFFER_SIZE];
};

enum peer_state {
    PEER_HEAD,    /* reading the TLS handshake or the request head */
    PEER_ASKED,   /* on_request was called; no answer yet */
    PEER_OPEN,    /* 101 was answered */
    PEER_CLOSING, /* our Close frame is out, awaiting the client's */
    PEER_LINGER,  /* everything is sent: flush, shut down, wait for the client's end so that
                     nothing is cut off */
    PEER_ENDED    /* the handles are closing */
};

struct ws_peer {
    struct ws_server *server;
    struct ws_peer *next, *previous, *next_dirty;
    enum peer_state state;
    enum ws_welcome_kind welcome;
    bool dirty, in_callback, told, shutting, head_only, upgradable, offers_realtime, mute;
    int handles_open;
    int close_code;
    uint64_t at_ns; /* when the current bytes were read */
    uv_tcp_t tcp;
    uv_timer_t timer;
    uv_write_t write;
    uv_shutdown_t shutdown;
    struct tls_channel *tls; /* NULL: plain */
    struct text head;        /* the request head received so far */
    struct text out;         /* bytes not yet handed to the socket */
    size_t largest;          /* the largest message sent: the output may always hold that much */
    char *writing;           /* the rest of an earlier flush that the kernel could not take at
                                once */
    const struct http_request *request; /* inside on_request only */
    char accept[HTTP_ACCEPT_SIZE];
    struct ws_reader reader;
    void *user;
};

/* Accepts the connection that waits on the listener. */
void peer_accept(struct ws_server *server, uv_stream_t *listener);

/* Ends a connection silently; its memory is freed in the loop's close callbacks. */
void peer_end(struct ws_peer *peer);

/* Frees the server once its handles are closed and its connections gone (in server.c). */
void server_release(struct ws_server *server);

#endif
