/* RFC 6455 frames, server side: reads masked frames, writes unmasked ones. Bytes only, no
 * socket. */
#ifndef RUSHHOUR_NET_WS_FRAME_H
#define RUSHHOUR_NET_WS_FRAME_H

#include "base/text.h"

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

#define WS_CONTROL_MAX 125 /* largest payload of a control frame (5.5) */
#define WS_HEAD_MAX 10     /* largest head of an unmasked frame */
#define WS_CLOSE_PROTOCOL 1002
#define WS_CLOSE_NO_CODE                                                                           \
    1005 /* stands for a Close frame without a code; never on the wire (7.4.1) */
#define WS_CLOSE_ENCODING 1007
#define WS_CLOSE_TOO_BIG 1009

enum ws_read {
    WS_READ_MORE, /* all bytes are used up and no frame or message is complete */
    WS_READ_TEXT, /* message holds a whole text message, valid UTF-8 */
    WS_READ_BINARY,
    WS_READ_PING, /* control holds the payload, as for the next two */
    WS_READ_PONG,
    WS_READ_CLOSE,     /* close_code is the client's, or WS_CLOSE_NO_CODE */
    WS_READ_VIOLATION, /* close_code is what to answer with: 1002, 1007 or 1009; nothing more can
                          be read */
    WS_READ_NOMEM /* or the budget for the unfinished messages of all (net/budget.h) is used up */
};

/* Reads what one client sends. Zero-initialise and set `limit`; ws_reader_free frees its memory. */
struct ws_reader {
    size_t limit;        /* bytes per message */
    struct text message; /* the message in progress, or just completed */
    int close_code;
    unsigned char control[WS_CONTROL_MAX];
    size_t control_length;
    /* of the current frame */
    unsigned char head[14];
    size_t head_length;
    uint64_t payload_length, payload_done;
    unsigned char mask[4];
    enum ws_opcode opcode, message_opcode; /* message_opcode is WS_CONTINUATION between messages */
    bool final, in_payload, complete;
    size_t charged; /* what the message has taken from the budget of the process */
};

/* Reads on from *bytes, moving *bytes and *length past what it used, up to the next event. Call
 * again until WS_READ_MORE. What a call reports stays valid until the next one. */
enum ws_read ws_reader_next(struct ws_reader *reader, const char **bytes, size_t *length);
void ws_reader_free(struct ws_reader *reader);

/* Writes the head of a final, unmasked frame; returns its length. out holds WS_HEAD_MAX bytes. */
size_t ws_frame_head(unsigned char *out, enum ws_opcode opcode, size_t payload_length);

/* Whether the bytes are valid UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool ws_utf8_valid(const char *bytes, size_t length);

#endif
