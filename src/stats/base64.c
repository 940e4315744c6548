#include "stats/base64.h"

#include <stdint.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct text *out, const unsigned char *bytes, size_t length)
{
    char piece[1024];
    size_t used = 0;
    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        uint32_t group = (uint32_t)bytes[i] << 16;
        if (left > 1) group |= (uint32_t)bytes[i + 1] << 8;
        if (left > 2) group |= bytes[i + 2];
        piece[used++] = digits[group >> 18];
        piece[used++] = digits[group >> 12 & 63];
        piece[used++] = left > 1 ? digits[group >> 6 & 63] : '=';
        piece[used++] = left > 2 ? digits[group & 63] : '=';
        if (used == sizeof piece) {
            text_append(out, piece, used);
            used = 0;
        }
    }
    text_append(out, piece, used);
}

/* The value of a digit, or 64 for any other character. */
static uint32_t digit_value(char c)
{
    if (c >= 'A' && c <= 'Z') return (uint32_t)(c - 'A');
    if (c >= 'a' && c <= 'z') return (uint32_t)(c - 'a') + 26;
    if (c >= '0' && c <= '9') return (uint32_t)(c - '0') + 52;
    if (c == '+') return 62;
    return c == '/' ? 63 : 64;
}

/* Decodes four characters to 3, 2 or 1 bytes; 0 when they are not a canonical group. */
static size_t decode_group(const char *group, bool may_pad, unsigned char *out)
{
    size_t padding = 0;
    if (may_pad && group[3] == '=') padding = group[2] == '=' ? 2 : 1;
    uint32_t bits = 0;
    for (size_t i = 0; i < 4; i++) {
        uint32_t value = i < 4 - padding ? digit_value(group[i]) : 0;
        if (value > 63) return 0;
        bits = bits << 6 | value;
    }
    if ((bits & ((UINT32_C(1) << (8 * padding)) - 1)) != 0) return 0; /* bits that stand for nothing */
    out[0] = (unsigned char)(bits >> 16);
    if (padding < 2) out[1] = (unsigned char)(bits >> 8);
    if (padding < 1) out[2] = (unsigned char)bits;
    return 3 - padding;
}

bool base64_decode(const char *piece, size_t length, bool last, unsigned char *out, size_t *decoded)
{
    *decoded = 0;
    if (length % 4 != 0) return false;
    for (size_t i = 0; i < length; i += 4) {
        size_t got = decode_group(piece + i, last && i + 4 == length, out + *decoded);
        if (got == 0) return false;
        *decoded += got;
    }
    return true;
}

bool base64_decoded_length(const char *string, size_t length, size_t *decoded)
{
    *decoded = 0;
    if (length % 4 != 0) return false;
    if (length == 0) return true;
    size_t padding = string[length - 1] != '=' ? 0 : string[length - 2] != '=' ? 1 : 2;
    *decoded = length / 4 * 3 - padding;
    return true;
}
