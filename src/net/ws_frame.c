#include "net/ws_frame.h"

#include "net/budget.h"

#include <string.h>

#define KEEP_CAPACITY                                                                              \
    2048 /* a larger message buffer is freed: thousands of idle connections add up */

static void free_message(struct ws_reader *reader)
{
    text_free(&reader->message);
    budget_return_message(reader->charged);
    reader->charged = 0;
}

void ws_reader_free(struct ws_reader *reader)
{
    free_message(reader);
}

static enum ws_read violation(struct ws_reader *reader, int code)
{
    reader->close_code = code;
    return WS_READ_VIOLATION;
}

static void unmask(unsigned char *bytes, size_t length, const unsigned char mask[4],
                   uint64_t position)
{
    unsigned char turned[8];
    for (size_t i = 0; i < sizeof turned; i++) turned[i] = mask[(position + i) & 3U];
    uint64_t wide_mask;
    memcpy(&wide_mask, turned, sizeof wide_mask);
    size_t i = 0;
    for (; i + sizeof wide_mask <= length; i += sizeof wide_mask) {
        uint64_t wide;
        memcpy(&wide, bytes + i, sizeof wide);
        wide ^= wide_mask;
        memcpy(bytes + i, &wide, sizeof wide);
    }
    for (; i < length; i++) bytes[i] ^= turned[i & 7U];
}

/* Takes from the budget of the process what the message in progress holds of its memory. */
static bool charge(struct ws_reader *reader)
{
    const size_t due = budget_charge(reader->message.capacity);
    if (due == reader->charged) return true;
    if (!budget_take_message(due - reader->charged)) return false;
    reader->charged = due;
    return true;
}

/* Takes the available part of the payload. Control frames have their own buffer, because they may
 * come between the fragments of a message. */
static bool take_payload(struct ws_reader *reader, const char **bytes, size_t *length)
{
    uint64_t left = reader->head.payload_length - reader->payload_done;
    size_t count = *length < left ? *length : (size_t)left;
    if (count == 0) return true;
    unsigned char *to;
    if (ws_is_control(reader->head.opcode)) {
        to = reader->control + reader->payload_done;
        memcpy(to, *bytes, count);
    } else {
        size_t at = reader->message.length;
        text_append(&reader->message, *bytes, count);
        if (reader->message.failed || !charge(reader)) return false;
        to = (unsigned char *)reader->message.data + at;
    }
    unmask(to, count, reader->head.mask, reader->payload_done);
    reader->payload_done += count;
    *bytes += count;
    *length -= count;
    return true;
}

/* Codes allowed in a Close frame (7.4). */
static bool close_code_valid(unsigned code)
{
    if (code >= 3000 && code <= 4999) return true;
    return code >= 1000 && code <= 1014 && code != 1004 && code != WS_CLOSE_NO_CODE && code != 1006;
}

static enum ws_read finish_close(struct ws_reader *reader)
{
    reader->close_code = WS_CLOSE_NO_CODE;
    if (reader->control_length == 0) return WS_READ_CLOSE;
    if (reader->control_length == 1) return violation(reader, WS_CLOSE_PROTOCOL);
    unsigned code = (unsigned)reader->control[0] << 8 | reader->control[1];
    if (!close_code_valid(code)) return violation(reader, WS_CLOSE_PROTOCOL);
    if (!ws_utf8_valid((const char *)reader->control + 2, reader->control_length - 2))
        return violation(reader, WS_CLOSE_ENCODING);
    reader->close_code = (int)code;
    return WS_READ_CLOSE;
}

/* Interprets a complete frame. */
static enum ws_read finish_frame(struct ws_reader *reader)
{
    reader->in_payload = false;
    if (ws_is_control(reader->head.opcode)) {
        reader->control_length = (size_t)reader->head.payload_length;
        if (reader->head.opcode == WS_CLOSE) return finish_close(reader);
        return reader->head.opcode == WS_PING ? WS_READ_PING : WS_READ_PONG;
    }
    if (reader->head.opcode != WS_CONTINUATION) reader->message_opcode = reader->head.opcode;
    if (!reader->head.final) return WS_READ_MORE;
    bool is_text = reader->message_opcode == WS_TEXT;
    reader->message_opcode = WS_CONTINUATION;
    reader->complete = true;
    if (!is_text) return WS_READ_BINARY;
    if (!ws_utf8_valid(reader->message.data, reader->message.length))
        return violation(reader, WS_CLOSE_ENCODING);
    return WS_READ_TEXT;
}

static void drop_message(struct ws_reader *reader)
{
    reader->complete = false;
    if (reader->message.capacity > KEEP_CAPACITY) free_message(reader);
    text_clear(&reader->message);
}

/* Collects the head. Also returns WS_READ_MORE when the head has become complete (in_payload is
 * then set). */
static enum ws_read take_head(struct ws_reader *reader, const char **bytes, size_t *length)
{
    const struct ws_head_place place = {.masked = true,
                                        .in_message = reader->message_opcode != WS_CONTINUATION};
    switch (ws_head_read(&reader->head, place, bytes, length)) {
    case WS_HEAD_MORE:
        return WS_READ_MORE;
    case WS_HEAD_INVALID:
        return violation(reader, WS_CLOSE_PROTOCOL);
    case WS_HEAD_COMPLETE:
        break;
    }
    reader->payload_done = 0;
    reader->in_payload = true;
    if (!ws_is_control(reader->head.opcode) &&
        reader->head.payload_length > reader->limit - reader->message.length)
        return violation(reader, WS_CLOSE_TOO_BIG);
    return WS_READ_MORE;
}

enum ws_read ws_reader_next(struct ws_reader *reader, const char **bytes, size_t *length)
{
    if (reader->complete) drop_message(reader);
    for (;;) {
        enum ws_read result = reader->in_payload ? WS_READ_MORE : take_head(reader, bytes, length);
        if (result != WS_READ_MORE || !reader->in_payload) return result;
        if (!take_payload(reader, bytes, length)) return WS_READ_NOMEM;
        if (reader->payload_done < reader->head.payload_length) return WS_READ_MORE;
        result = finish_frame(reader);
        if (result != WS_READ_MORE || *length == 0) return result;
    }
}
