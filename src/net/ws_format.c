#include "net/ws_format.h"

#include <string.h>

#define ASCII_AT_ONCE 64

/* ---- heads ---- */

/* How many bytes a head has for the length of the payload, besides the seven bits. */
static size_t extended_size(const struct ws_head *head)
{
    const unsigned length = head->bytes[1] & 0x7FU;
    return length == 127 ? 8 : length == 126 ? 2 : 0;
}

/* Checks the first two bytes. */
static bool begins_well(const struct ws_head *head, struct ws_head_place place)
{
    const unsigned first = head->bytes[0];
    const unsigned length = head->bytes[1] & 0x7FU;
    const bool final = (first & 0x80U) != 0;
    const unsigned opcode = first & 0x0FU;
    if ((first & 0x70U) != 0)
        return false; /* RSV bits belong to extensions, none of which is negotiated */
    if (((head->bytes[1] & 0x80U) != 0) != place.masked) return false;
    if (opcode >= WS_CLOSE && (!final || length > WS_CONTROL_MAX)) return false;
    switch (opcode) {
    case WS_CONTINUATION:
        return place.in_message;
    case WS_TEXT:
    case WS_BINARY:
        return !place.in_message;
    case WS_CLOSE:
    case WS_PING:
    case WS_PONG:
        return true;
    default:
        return false;
    }
}

/* Interprets a complete head. False for a length in more bytes than it needs, or above 2^63
 * (5.2). */
static bool interpret(struct ws_head *head, size_t extended, bool masked)
{
    uint64_t length = extended == 0 ? head->bytes[1] & 0x7FU : 0;
    for (size_t i = 0; i < extended; i++) length = length << 8 | head->bytes[2 + i];
    if (extended == 2 && length < 126) return false;
    if (extended == 8 && (length <= 0xFFFF || length >> 63 != 0)) return false;
    if (masked) memcpy(head->mask, head->bytes + 2 + extended, sizeof head->mask);
    head->final = (head->bytes[0] & 0x80U) != 0;
    head->opcode = (enum ws_opcode)(head->bytes[0] & 0x0FU);
    head->payload_length = length;
    head->length = 0;
    return true;
}

enum ws_head_state ws_head_read(struct ws_head *head, struct ws_head_place place,
                                const char **bytes, size_t *length)
{
    size_t needed = 2, extended = 0;
    if (head->length >= 2) {
        extended = extended_size(head);
        needed += extended + (place.masked ? sizeof head->mask : 0);
    }
    while (*length > 0) {
        head->bytes[head->length++] = (unsigned char)*(*bytes)++;
        (*length)--;
        if (head->length == 2) {
            if (!begins_well(head, place)) return WS_HEAD_INVALID;
            extended = extended_size(head);
            needed += extended + (place.masked ? sizeof head->mask : 0);
        }
        if (head->length < needed) continue;
        return interpret(head, extended, place.masked) ? WS_HEAD_COMPLETE : WS_HEAD_INVALID;
    }
    return WS_HEAD_MORE;
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

/* ---- UTF-8 ---- */

/* Begins a character that is not ASCII: the range of its second byte is given by its first (Unicode
 * 15, table 3-7). */
static bool begin_character(struct ws_utf8 *utf8, unsigned char first)
{
    utf8->low = 0x80;
    utf8->high = 0xBF;
    if (first >= 0xC2 && first <= 0xDF) {
        utf8->left = 1;
    } else if (first >= 0xE0 && first <= 0xEF) {
        if (first == 0xE0) utf8->low = 0xA0;
        if (first == 0xED) utf8->high = 0x9F;
        utf8->left = 2;
    } else if (first >= 0xF0 && first <= 0xF4) {
        if (first == 0xF0) utf8->low = 0x90;
        if (first == 0xF4) utf8->high = 0x8F;
        utf8->left = 3;
    } else {
        return false;
    }
    return true;
}

static bool take_byte(struct ws_utf8 *utf8, unsigned char byte)
{
    if (utf8->left == 0) return byte < 0x80 || begin_character(utf8, byte);
    if (byte < utf8->low || byte > utf8->high) return false;
    utf8->left--;
    utf8->low = 0x80;
    utf8->high = 0xBF;
    return true;
}

/* How many of the bytes are ASCII for certain: nearly all of our traffic is, so it is looked at 64
 * bytes at a time. */
static size_t ascii_prefix(const unsigned char *bytes, size_t length)
{
    size_t i = 0;
    uint64_t wide[ASCII_AT_ONCE / sizeof(uint64_t)];
    for (; i + sizeof wide <= length; i += sizeof wide) {
        uint64_t all = 0;
        memcpy(wide, bytes + i, sizeof wide);
        for (size_t k = 0; k < sizeof wide / sizeof *wide; k++) all |= wide[k];
        if ((all & UINT64_C(0x8080808080808080)) != 0) break;
    }
    return i;
}

bool ws_utf8_take(struct ws_utf8 *utf8, const char *bytes, size_t length)
{
    const unsigned char *at = (const unsigned char *)bytes, *const end = at + length;
    while (at < end) {
        if (utf8->left == 0) at += ascii_prefix(at, (size_t)(end - at));
        /* what stopped it, or the rest, in a stretch that need not be looked at twice */
        const unsigned char *const stop = end - at < ASCII_AT_ONCE ? end : at + ASCII_AT_ONCE;
        while (at < stop) {
            if (!take_byte(utf8, *at++)) return false;
        }
    }
    return true;
}

bool ws_utf8_valid(const char *bytes, size_t length)
{
    struct ws_utf8 utf8 = {0};
    return ws_utf8_take(&utf8, bytes, length) && ws_utf8_whole(&utf8);
}
