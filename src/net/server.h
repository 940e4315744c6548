/*
 * The server side: HTTP upgrade and WebSocket frames over TLS on a libuv loop, with control over
 * every byte, since the simulator must be able to misbehave (resets, cut handshakes, delayed
 * upgrades, broken frames). Hence libuv and OpenSSL and frames of our own instead of a server
 * library that would not let us.
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
    bool is_websocket;  /* a well-formed WebSocket upgrade (RFC 6455, 4.2.1); others are to be
                           refused */
};

/* The value of a header of the request under way, or NULL. name in lower case; valid inside
 * on_request only. */
const char *ws_request_header(const struct ws_peer *peer, const char *name);

/* What to do with a connection that was accepted. */
enum ws_welcome_kind {
    WS_SERVE,
    WS_RESET,           /* RST at the client's first bytes */
    WS_END,             /* FIN at the client's first bytes: with TLS, in the midst of the
                           handshake */
    WS_REFUSE_HANDSHAKE /* alert 40, handshake_failure, at the client's first bytes, then FIN */
};

struct ws_welcome {
    enum ws_welcome_kind kind;
    struct tls_identity *identity; /* to show instead of the server's own, when it has one; NULL:
                                      its own */
};

/*
 * on_accept: a connection has come; NULL: all are served. on_request: answer now or later with
 * ws_peer_accept or ws_peer_refuse; what is no valid HTTP/1.1 is refused without it. on_message:
 * whole, unmasked, valid UTF-8 text messages (pings are answered here, a Close frame too);
 * NUL-terminated. on_gone: exactly once for each peer of on_request, last, always from the loop and
 * never inside a call of yours; close_code is the client's (1005: a Close without a code; 0: none
 * came, the connection dropped).
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
 * Listens on a numeric address (port 0: any free one, told by ws_server_port). tls NULL: plain
 * HTTP; else it is borrowed until the loop has closed the server. On failure the loop has handles
 * to close: run it once more before its end.
 */
MUST_USE enum err_code ws_server_listen(uv_loop_t *loop, const char *address, uint16_t port,
                                        struct tls_identity *tls,
                                        const struct ws_server_handlers *handlers,
                                        void *server_user, struct ws_server **out,
                                        struct error *err);
uint16_t ws_server_port(const struct ws_server *server);

enum ws_listening ws_server_listening(const struct ws_server *server);

/* Changes how the port meets new connections, WS_LISTENING at first; those that stand are left
 * alone. ERR_NET: the kernel refused. */
MUST_USE enum err_code ws_server_set_listening(struct ws_server *server,
                                               enum ws_listening listening, struct error *err);

/* Stops listening and ends every connection; on_gone calls and the end of all memory follow as the
 * loop runs. */
void ws_server_close(struct ws_server *server);

void ws_peer_set_user(struct ws_peer *peer, void *user);
void *ws_peer_user(const struct ws_peer *peer);

/*
 * Answers 101, with extra header lines ("name: value\r\n"...; may be ""), and the subprotocol
 * `realtime` when it was offered. A request that is no WebSocket upgrade gets 426 instead.
 */
void ws_peer_accept(struct ws_peer *peer, const char *header_lines);

/* The same with a Sec-WebSocket-Accept that belongs to another key, which every client must
 * reject. */
void ws_peer_accept_wrongly(struct ws_peer *peer, const char *header_lines);

/* Answers with another status, extra header lines, a content type (NULL: no such line) and a body
 * (may be ""), then closes after the flush. */
void ws_peer_refuse(struct ws_peer *peer, int status, const char *header_lines,
                    const char *content_type, const char *body);

/*
 * Sends one text message as one frame (and one TLS record up to 16 KiB). Several sends in one
 * callback go out in one flush at its end. Nothing happens on a connection that is not open; a
 * client that leaves 32 MiB and one message unread is reset.
 */
void ws_peer_send(struct ws_peer *peer, const char *text, size_t length);

/* Sends one frame of any opcode with any bytes: a binary message, text that is no UTF-8. Otherwise
 * as ws_peer_send. */
void ws_peer_send_raw(struct ws_peer *peer, enum ws_opcode opcode, const void *bytes,
                      size_t length);

/* Hands what was sent so far to the kernel now, for a caller who is not in a callback of this peer
 * and takes the time. */
void ws_peer_flush(struct ws_peer *peer);

/* Sends a Close frame with a code (any; 1005: an empty frame) and a reason (at most 123 bytes, may
 * be ""), and ends when the client answers (or after 5 s). */
void ws_peer_close(struct ws_peer *peer, int code, const char *reason);

/* From now on a Close frame of the client is not answered; all else goes on, and on_gone still
 * tells its code. */
void ws_peer_mute(struct ws_peer *peer);

/*
 * Ends the TCP connection (FIN, never RST) in any state after what was sent so far, without a Close
 * frame; notify: with TLS's close_notify. What the client still sends is read and dropped until it
 * ends its side too, for 5 s.
 */
void ws_peer_cut(struct ws_peer *peer, bool notify);

/* Resets the TCP connection (RST) at once. */
void ws_peer_reset(struct ws_peer *peer);

/* Bytes queued towards a slow client. */
size_t ws_peer_queued(const struct ws_peer *peer);

#endif
