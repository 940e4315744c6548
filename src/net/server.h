/*
 * The server side: HTTP upgrade and WebSocket frames over TLS on a libuv loop, with control over
 * every byte, because the simulator must be able to misbehave (resets, aborted handshakes, delayed
 * upgrades, broken frames). Hence libuv, OpenSSL and our own framing instead of a server library
 * that would not allow it.
 */
#ifndef RUSHHOUR_NET_SERVER_H
#define RUSHHOUR_NET_SERVER_H

#include "base/error.h"
#include "net/authority.h"
#include "net/server_listen.h"
#include "net/ws_frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct ws_server; /* one listener */
struct ws_peer;   /* one accepted connection; valid until on_gone returns */

/* The upgrade request as received; strings are valid during the callback. Header names are in lower
 * case. */
struct ws_request {
    const char *method;
    const char *target; /* path and query as sent */
    bool is_websocket;  /* a well-formed WebSocket upgrade (RFC 6455, 4.2.1); refuse others */
};

/* The value of a header of the current request, or NULL. name in lower case; valid only inside
 * on_request. */
const char *ws_request_header(const struct ws_peer *peer, const char *name);

/* What to do with an accepted connection. */
enum ws_welcome_kind {
    WS_SERVE,
    WS_RESET,           /* RST upon the client's first bytes */
    WS_END,             /* FIN upon the client's first bytes: with TLS, in the middle of the
                           handshake */
    WS_REFUSE_HANDSHAKE /* alert 40, handshake_failure, upon the client's first bytes, then FIN */
};

struct ws_welcome {
    enum ws_welcome_kind kind;
    struct tls_identity *identity; /* presented instead of the server's own, if it has one; NULL:
                                      its own */
};

/*
 * on_accept: a connection was accepted; NULL: serve all. on_request: answer now or later with
 * ws_peer_accept or ws_peer_refuse; anything but valid HTTP/1.1 is refused without it. on_message:
 * whole, unmasked, valid UTF-8 text messages (pings and Close frames are answered internally);
 * NUL-terminated. on_gone: exactly once for each peer of on_request, as the last call, always from
 * the loop and never inside one of your calls; close_code is the client's (1005: a Close without a
 * code; 0: no Close, the connection dropped).
 */
struct ws_server_handlers {
    void (*on_request)(void *server_user, struct ws_peer *peer, const struct ws_request *request);
    void (*on_message)(struct ws_peer *peer, const char *text, size_t length, uint64_t at_ns);
    void (*on_gone)(struct ws_peer *peer, int close_code);
    void (*on_binary)(struct ws_peer *peer, size_t length,
                      uint64_t at_ns); /* a whole binary message; may be NULL */
    struct ws_welcome (*on_accept)(void *server_user);
};

/*
 * Listens on a numeric address (port 0: any free one, see ws_server_port). tls NULL: plain HTTP;
 * else it is borrowed until the loop has closed the server. On failure there are handles to close:
 * run the loop once more before ending it.
 */
MUST_USE enum err_code ws_server_listen(uv_loop_t *loop, const char *address, uint16_t port,
                                        struct tls_identity *tls,
                                        const struct ws_server_handlers *handlers,
                                        void *server_user, struct ws_server **out,
                                        struct error *err);
uint16_t ws_server_port(const struct ws_server *server);

/*
 * Bounds what strangers can take of this process: at most `connections` at once (at first
 * unlimited), of which a new one displaces the oldest that has not asked yet, or else the oldest;
 * and head_ms for the TLS handshake and the request head together (at first 30 s).
 */
void ws_server_bound(struct ws_server *server, size_t connections, uint64_t head_ms);

enum ws_listening ws_server_listening(const struct ws_server *server);

/* Changes how the port treats new connections (initially WS_LISTENING); established ones are not
 * affected. ERR_NET if the kernel refuses. */
MUST_USE enum err_code ws_server_set_listening(struct ws_server *server,
                                               enum ws_listening listening, struct error *err);

/* Stops listening and ends every connection; the on_gone calls and the freeing of memory follow as
 * the loop runs. */
void ws_server_close(struct ws_server *server);

void ws_peer_set_user(struct ws_peer *peer, void *user);
void *ws_peer_user(const struct ws_peer *peer);

/*
 * Answers 101 with extra header lines ("name: value\r\n"...; may be ""), and the subprotocol
 * `realtime` if it was offered. A request that is not a WebSocket upgrade gets 426 instead.
 */
void ws_peer_accept(struct ws_peer *peer, const char *header_lines);

/* As ws_peer_accept, with a Sec-WebSocket-Accept for a different key, which every client must
 * reject. */
void ws_peer_accept_wrongly(struct ws_peer *peer, const char *header_lines);

/* Answers with another status, extra header lines, a content type (NULL: none) and a body (may be
 * ""), then closes after flushing. */
void ws_peer_refuse(struct ws_peer *peer, int status, const char *header_lines,
                    const char *content_type, const char *body);

/*
 * Sends one text message as one frame (and one TLS record up to 16 KiB). Several sends in one
 * callback go out in one flush at its end. Does nothing on a connection that is not open; a client
 * that leaves 32 MiB and one message unread is reset.
 */
void ws_peer_send(struct ws_peer *peer, const char *text, size_t length);

/* Sends one frame of any opcode with any bytes, such as a binary message or invalid UTF-8.
 * Otherwise as ws_peer_send. */
void ws_peer_send_raw(struct ws_peer *peer, enum ws_opcode opcode, const void *bytes,
                      size_t length);

/* Hands everything sent so far to the kernel now, for callers outside a callback of this peer that
 * take timestamps. */
void ws_peer_flush(struct ws_peer *peer);

/* Sends a Close frame with a code (any; 1005: an empty frame) and a reason (at most 123 bytes, may
 * be ""), and ends once the client answers (or after 5 s). */
void ws_peer_close(struct ws_peer *peer, int code, const char *reason);

/* From now on a Close frame of the client is not answered; all else continues, and on_gone still
 * reports its code. */
void ws_peer_mute(struct ws_peer *peer);

/*
 * Ends the TCP connection (FIN, never RST) in any state, after what was sent so far and without a
 * Close frame; notify: with TLS's close_notify. Whatever the client still sends is read and dropped
 * until it closes its side too, for up to 5 s.
 */
void ws_peer_cut(struct ws_peer *peer, bool notify);

/* Resets the TCP connection (RST) at once. */
void ws_peer_reset(struct ws_peer *peer);

/* Bytes queued for a slow client. */
size_t ws_peer_queued(const struct ws_peer *peer);

#endif
