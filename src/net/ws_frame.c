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

static bool is_control(enum ws_opcode opcode)
{
    return opcode >= WS_CLOSE;
}

/* Length of the head, as far as its first bytes reveal it. */
static size_t head_size(const struct ws_reader *reader)
{
    if (reader->head_length < 2) return 2;
    unsigned length = reader->head[1] & 0x7FU;
    size_t extended = length == 127 ? 8 : length == 126 ? 2 : 0;
    bool masked = (reader->head[1] & 0x80U) != 0;
    return 2 + extended + (masked ? 4 : 0);
}

/* Checks the first two bytes as soon as they arrive, so that an unmasked frame is refused without
 * its payload. */
static bool head_valid(const struct ws_reader *reader)
{
    unsigned first = reader->head[0];
    unsigned length = reader->head[1] & 0x7FU;
    bool final = (first & 0x80U) != 0;
    unsigned opcode = first & 0x0FU;
    if ((first & 0x70U) != 0)
        return false;                                 /* RSV bits belong to extensions, none of
                                                         which is negotiated */
    if ((reader->head[1] & 0x80U) == 0) return false; /* a client masks every frame (5.1) */
    if (opcode >= WS_CLOSE && (!final || length > WS_CONTROL_MAX)) return false;
    switch (opcode) {
    case WS_CONTINUATION:
        return reader->message_opcode != WS_CONTINUATION;
    case WS_TEXT:
    case WS_BINARY:
        return reader->message_opcode == WS_CONTINUATION;
    case WS_CLOSE:
    case WS_PING:
    case WS_PONG:
        return true;
    default:
        return false;
    }
}

static uint64_t big_endian(const unsigned char *bytes, size_t count)
{
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++) value = value << 8 | bytes[i];
    return value;
}

/* Parses a complete head. False for a length in more bytes than it needs, or above 2^63 (5.2). */
static bool head_read(struct ws_reader *reader)
{
    unsigned length = reader->head[1] & 0x7FU;
    size_t extended = length == 127 ? 8 : length == 126 ? 2 : 0;
    reader->payload_length = extended == 0 ? length : big_endian(reader->head + 2, extended);
    if (extended == 2 && reader->payload_length < 126) return false;
    if (extended == 8 && (reader->payload_length <= 0xFFFF || reader->payload_length >> 63 != 0))
        return false;
    memcpy(reader->mask, reader->head + 2 + extended, sizeof reader->mask);
    reader->final = (reader->head[0] & 0x80U) != 0;
    reader->opcode = (enum ws_opcode)(reader->head[0] & 0x0FU);
    reader->payload_done = 0;
    reader->head_length = 0;
    reader->in_payload = true;
    return true;
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
    uint64_t left = reader->payload_length - reader->payload_done;
    size_t count = *length < left ? *length : (size_t)left;
    if (count == 0) return true;
    unsigned char *to;
    if (is_control(reader->opcode)) {
        to = reader->control + reader->payload_done;
        memcpy(to, *bytes, count);
    } else {
        size_t at = reader->message.length;
        text_append(&reader->message, *bytes, count);
        if (reader->message.failed || !charge(reader)) return false;
        to = (unsigned char *)reader->message.data + at;
    }
    unmask(to, count, reader->mask, reader->payload_done);
    reader->payload_done += count;
    *bytes += count;
    *length -= count;
    return true;
}

/* Codes allowed in a Close frame (7.4). */
static bool close_code_valid(uint64_t code)
{
    if (code >= 3000 && code <= 4999) return true;
    return code >= 1000 && code <= 1014 && code != 1004 && code != WS_CLOSE_NO_CODE && code != 1006;
}

static enum ws_read finish_close(struct ws_reader *reader)
{
    reader->close_code = WS_CLOSE_NO_CODE;
    if (reader->control_length == 0) return WS_READ_CLOSE;
    if (reader->control_length == 1) return violation(reader, WS_CLOSE_PROTOCOL);
    uint64_t code = big_endian(reader->control, 2);
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
    if (is_control(reader->opcode)) {
        reader->control_length = (size_t)reader->payload_length;
        if (reader->opcode == WS_CLOSE) return finish_close(reader);
        return reader->opcode == WS_PING ? WS_READ_PING : WS_READ_PONG;
    }
    if (reader->opcode != WS_CONTINUATION) reader->message_opcode = reader->opcode;
    if (!reader->final) return WS_READ_MORE;
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
    while (!reader->in_payload && *length > 0) {
        reader->head[reader->head_length++] = (unsigned char)**bytes;
        (*bytes)++;
        (*length)--;
        if (reader->head_length == 2 && !head_valid(reader))
            return violation(reader, WS_CLOSE_PROTOCOL);
        if (reader->head_length < 2 || reader->head_length < head_size(reader)) continue;
        if (!head_read(reader)) return violation(reader, WS_CLOSE_PROTOCOL);
        if (!is_control(reader->opcode) &&
            reader->payload_length > reader->limit - reader->message.length)
            return violation(reader, WS_CLOSE_TOO_BIG);
    }
    return WS_READ_MORE;
}

enum ws_read ws_reader_next(struct ws_reader *reader, const char **bytes, size_t *length)
{
    if (reader->complete) drop_message(reader);
    for (;;) {
        enum ws_read result = take_head(reader, bytes, length);
        if (result != WS_READ_MORE || !reader->in_payload) return result;
        if (!take_payload(reader, bytes, length)) return WS_READ_NOMEM;
        if (reader->payload_done < reader->payload_length) return WS_READ_MORE;
        result = finish_frame(reader);
        if (result != WS_READ_MORE || *length == 0) return result;
    }
}

size_t ws_frame_head(unsigned char *out, enum ws_opcode opcode, size_t payload_length)
{
    out[0] = (unsigned char)(0x80U | (unsigned)opcode);
    if (payload_length < 126) {
        out[1] = (unsigned char)payload_length;
        return 2;
    }
    size_t extended = payload_length <= 0xFFFF ? 2 : 8;
    out[1] = extended == 2 ? 126 : 127;
    for (size_t i = 0; i < extended; i++)
        out[2 + i] = (unsigned char)((uint64_t)payload_length >> (8 * (extended - 1 - i)));
    return 2 + extended;
}

/* The range of a sequence's second byte, given its first (Unicode 15, table 3-7); returns the
 * sequence's length. */
static size_t utf8_sequence(unsigned char first, unsigned char *low, unsigned char *high)
{
    *low = 0x80;
    *high = 0xBF;
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return 2;
    if (first >= 0xE0 && first <= 0xEF) {
        if (first == 0xE0) *low = 0xA0;
        if (first == 0xED) *high = 0x9F;
        return 3;
    }
    if (first < 0xF0 || first > 0xF4) return 0;
    if (first == 0xF0) *low = 0x90;
    if (first == 0xF4) *high = 0x8F;
    return 4;
}

bool ws_utf8_valid(const char *bytes, size_t length)
{
    const unsigned char *s = (const unsigned char *)bytes;
    size_t i = 0;
    while (i < length) {
        uint64_t wide;
        if (length - i >= sizeof wide) { /* nearly all of our traffic is ASCII: take eight bytes
                                            at a time */
            memcpy(&wide, s + i, sizeof wide);
            if ((wide & UINT64_C(0x8080808080808080)) == 0) {
                i += sizeof wide;
                continue;
            }
        }
        unsigned char low;
        unsigned char high;
        size_t count = utf8_sequence(s[i], &low, &high);
        if (count == 0 || count > length - i) return false;
        if (count > 1 && (s[i + 1] < low || s[i + 1] > high)) return false;
        for (size_t k = 2; k < count; k++) {
            if ((s[i + k] & 0xC0U) != 0x80U) return false;
        }
        i += count;
    }
    return true;
}
