/* One accepted connection, from its first byte to its end: what server.c keeps and server_peer.c
 * drives. */
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
    struct server_port port;
    uv_prepare_t before_wait; /* these two flush what was sent outside a callback of ours */
    uv_check_t after_wait;
    bool closing;
    int handles_open; /* of the two above */
    struct tls_identity *tls;
    struct ws_server_handlers handlers;
    void *user;
    struct ws_peer *peers;                  /* every one whose memory is still in use */
    struct ws_peer *dirty;                  /* those with output that waits for a flush */
    struct text scratch;                    /* where a frame is put together before it is
                                               encrypted */
    char socket_buffer[SOCKET_BUFFER_SIZE]; /* libuv reads into it; used up before its callback
                                               returns */
    char plain_buffer[PLAIN_BUFFER_SIZE];
};

enum peer_state {
    PEER_HEAD,    /* the TLS handshake or the request head is under way */
    PEER_ASKED,   /* on_request was told; no answer yet */
    PEER_OPEN,    /* 101 was answered */
    PEER_CLOSING, /* our Close frame is out; the client's is awaited */
    PEER_LINGER,  /* all is said: flush, shut down, wait for the client's end, so that nothing is
                     cut */
    PEER_ENDED    /* the handles are being closed */
};

struct ws_peer {
    struct ws_server *server;
    struct ws_peer *next, *previous, *next_dirty;
    enum peer_state state;
    enum ws_welcome_kind welcome;
    bool dirty, in_callback, told, shutting, head_only, upgradable, offers_realtime, mute;
    int handles_open;
    int close_code;
    uint64_t at_ns; /* when the bytes under way were read */
    uv_tcp_t tcp;
    uv_timer_t timer;
    uv_write_t write;
    uv_shutdown_t shutdown;
    struct tls_channel *tls; /* NULL: plain */
    struct text head;        /* the request head as far as it came */
    struct text out;         /* bytes for the socket that are not handed over */
    size_t largest;          /* message that was sent: it may be as large as it likes */
    char *writing;           /* the rest of an earlier flush that the kernel could not take at
                                once */
    const struct http_request *request; /* inside on_request only */
    char accept[HTTP_ACCEPT_SIZE];
    struct ws_reader reader;
    void *user;
};

/* Takes over the connection that waits on the listener. */
void peer_accept(struct ws_server *server, uv_stream_t *listener);

/* Ends a connection without a word; its memory goes in the loop's close callbacks. */
void peer_end(struct ws_peer *peer);

/* Frees the server once its handles are closed and its connections gone (in server.c). */
void server_release(struct ws_server *server);

#endif
