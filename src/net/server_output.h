/* The output of a connection: frames and other bytes are gathered, encrypted, and handed to the
 * kernel in one flush. */
#ifndef RUSHHOUR_NET_SERVER_OUTPUT_H
#define RUSHHOUR_NET_SERVER_OUTPUT_H

#include "net/server_peer.h"

/* Adds raw bytes, or one frame. Running out of memory is noticed at the flush, which then ends the
 * connection. */
void output_put(struct ws_peer *peer, const char *bytes, size_t length);
void output_frame(struct ws_peer *peer, enum ws_opcode opcode, const char *payload, size_t length);

/* Adds a Close frame; WS_CLOSE_NO_CODE: an empty one. A reason longer than 123 bytes is
 * truncated. */
void output_close(struct ws_peer *peer, int code, const char *reason);

/* Schedules a flush: at the end of a callback of this connection, otherwise before the loop waits
 * again. */
void output_touch(struct ws_peer *peer);

/* Writes everything now, and shuts the socket down after the last byte of a lingering
 * connection. */
void output_flush(struct ws_peer *peer);

/* Flushes every connection that is waiting for it. */
void output_flush_dirty(struct ws_server *server);

/* Removes a connection from the list of waiting ones. */
void output_forget(struct ws_peer *peer);

#endif
