/* What one client sends, as a server reads it (RFC 6455): masked frames, joined to messages. Bytes
 * only, no socket. */
#ifndef RUSHHOUR_NET_WS_FRAME_H
#define RUSHHOUR_NET_WS_FRAME_H

#include "base/text.h"
#include "net/ws_format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
    struct ws_head head; /* of the current frame */
    uint64_t payload_done;
    enum ws_opcode message_opcode; /* WS_CONTINUATION between messages */
    bool in_payload, complete;
    size_t charged; /* what the message has taken from the budget of the process */
};

/* Reads on from *bytes, moving *bytes and *length past what it used, up to the next event. Call
 * again until WS_READ_MORE. What a call reports stays valid until the next one. */
enum ws_read ws_reader_next(struct ws_reader *reader, const char **bytes, size_t *length);
void ws_reader_free(struct ws_reader *reader);

#endif
