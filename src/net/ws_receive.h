/*
 * What a server sends, as a client reads it (RFC 6455): unmasked frames, taken apart without
 * copying their payload. A pure state machine: bytes in, one event after another out; no socket, no
 * clock, no memory of its own. However the bytes are split into calls, the events are the same, but
 * for the lengths of the pieces of a message.
 */
#ifndef RUSHHOUR_NET_WS_RECEIVE_H
#define RUSHHOUR_NET_WS_RECEIVE_H

#include "net/ws_format.h"

enum ws_received {
    WS_RECEIVED_ALL,   /* all bytes are used up */
    WS_RECEIVED_PIECE, /* of a message; the `last` one may be empty */
    WS_RECEIVED_PING,
    WS_RECEIVED_PONG,
    WS_RECEIVED_CLOSE,    /* whatever its payload; nothing that follows counts (5.5.1) */
    WS_RECEIVED_VIOLATION /* nothing more can be read */
};

/* Zero-initialise. */
struct ws_receiver {
    /* The event: valid until the bytes go or the next call. */
    const char *bytes; /* of a piece, inside the bytes given; of a control frame, in `control` */
    size_t length;
    bool is_text;  /* of a piece: checked to be valid UTF-8 so far, and as a whole with the last */
    bool last;     /* of a piece: the message is complete */
    uint64_t rest; /* of a piece: bytes of its frame that are still to come */
    int answer_code; /* of a violation: what a Close frame in answer to it says: 1002 or 1007 */
    /* Between calls: */
    struct ws_head head;
    uint64_t left; /* of the frame's payload */
    bool in_payload;
    enum ws_opcode message_opcode; /* WS_CONTINUATION between messages */
    struct ws_utf8 utf8;
    unsigned char control[WS_CONTROL_MAX];
};

/* Reads on from *bytes, moving *bytes and *length past what it used, up to the next event. Call
 * again until WS_RECEIVED_ALL; not after WS_RECEIVED_VIOLATION. */
enum ws_received ws_receive_next(struct ws_receiver *receiver, const char **bytes, size_t *length);

/* Whether a message or a frame has begun and is not complete. */
bool ws_receive_inside(const struct ws_receiver *receiver);

#endif
