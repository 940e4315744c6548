/* The way out of a connection: frames and other bytes are gathered, encrypted, and handed to the
 * kernel in one flush. */
#ifndef RUSHHOUR_NET_SERVER_OUTPUT_H
#define RUSHHOUR_NET_SERVER_OUTPUT_H

#include "net/server_peer.h"

/* Adds bytes as they are, or one frame; a want of memory shows at the flush, which then ends the
 * connection. */
void output_put(struct ws_peer *peer, const char *bytes, size_t length);
void output_frame(struct ws_peer *peer, enum ws_opcode opcode, const char *payload, size_t length);

/* Adds a Close frame; WS_CLOSE_NO_CODE: an empty one. A reason above 123 bytes is cut. */
void output_close(struct ws_peer *peer, int code, const char *reason);

/*
 * Sees to it that a flush comes: a callback of this connection does it at its own end, and for all
 * else it happens before the loop waits again.
 */
void output_touch(struct ws_peer *peer);

/* Hands everything over now, and shuts the socket down after the last byte of a connection that
 * lingers. */
void output_flush(struct ws_peer *peer);

/* Flushes every connection that waits for it. */
void output_flush_dirty(struct ws_server *server);

/* Takes a connection off the list of those that wait. */
void output_forget(struct ws_peer *peer);

#endif
