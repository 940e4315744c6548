/* What both sides of a WebSocket know of its format (RFC 6455): heads of frames, UTF-8.
 * Bytes only, no socket. */
#ifndef RUSHHOUR_NET_WS_FORMAT_H
#define RUSHHOUR_NET_WS_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ws_opcode {
    WS_CONTINUATION = 0x0,
    WS_TEXT = 0x1,
    WS_BINARY = 0x2,
    WS_CLOSE = 0x8,
    WS_PING = 0x9,
    WS_PONG = 0xA
};

#define WS_CONTROL_MAX 125    /* largest payload of a control frame (5.5) */
#define WS_HEAD_MAX 10        /* largest head of an unmasked frame */
#define WS_HEAD_MASKED_MAX 14 /* and of a masked one */
#define WS_CLOSE_PROTOCOL 1002
#define WS_CLOSE_NO_CODE                                                                           \
    1005 /* stands for a Close frame without a code; never on the wire (7.4.1) */
#define WS_CLOSE_ENCODING 1007
#define WS_CLOSE_TOO_BIG 1009

/* ---- heads ---- */

/* The head of a frame as it arrives. Zero-initialise. */
struct ws_head {
    unsigned char bytes[WS_HEAD_MASKED_MAX];
    size_t length; /* bytes so far */
    /* of a head that is complete: */
    enum ws_opcode opcode;
    bool final;
    uint64_t payload_length;
    unsigned char mask[4]; /* if the sender masks */
};

enum ws_head_state {
    WS_HEAD_MORE, /* all bytes are used up */
    WS_HEAD_COMPLETE,
    WS_HEAD_INVALID /* to be answered with WS_CLOSE_PROTOCOL; nothing more can be read */
};

/* Who sent a frame, and where it stands. */
struct ws_head_place {
    bool masked;     /* the sender must mask (a client), or must not (a server): 5.1 */
    bool in_message; /* the fragments of a message are not complete */
};

/* Reads on from *bytes, moving *bytes and *length past what it used. The first two bytes are
 * checked as soon as they are there, so that a bad frame is refused without its payload. After
 * WS_HEAD_COMPLETE, the next call begins with the next head. */
enum ws_head_state ws_head_read(struct ws_head *head, struct ws_head_place place,
                                const char **bytes, size_t *length);

static inline bool ws_is_control(enum ws_opcode opcode)
{
    return opcode >= WS_CLOSE;
}

/* Writes the head of a final, unmasked frame; returns its length. out holds WS_HEAD_MAX bytes. */
size_t ws_frame_head(unsigned char *out, enum ws_opcode opcode, size_t payload_length);

/* ---- UTF-8 (RFC 3629: no surrogates, no overlong forms) ---- */

/* A text that comes in pieces. Zero-initialise. */
struct ws_utf8 {
    unsigned char left, low, high; /* bytes missing of a character, and the range of the next */
};

/* Whether the text is still valid with these bytes behind it. */
bool ws_utf8_take(struct ws_utf8 *utf8, const char *bytes, size_t length);

/* Whether no character is incomplete. */
static inline bool ws_utf8_whole(const struct ws_utf8 *utf8)
{
    return utf8->left == 0;
}

/* Whether the bytes are valid UTF-8. */
bool ws_utf8_valid(const char *bytes, size_t length);

#endif
