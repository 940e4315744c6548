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

/* The value of each digit, and one more; 0 stands for what is no digit. */
static const unsigned char values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

/* Decodes four characters to 3, 2 or 1 bytes; 0 when they are not a canonical group. */
static size_t decode_group(const char *group, bool may_pad, unsigned char *out)
{
    size_t padding = 0;
    if (may_pad && group[3] == '=') padding = group[2] == '=' ? 2 : 1;
    uint32_t bits = 0;
    for (size_t i = 0; i < 4; i++) {
        uint32_t value = i < 4 - padding ? values[(unsigned char)group[i]] : 1;
        if (value == 0) return 0;
        bits = bits << 6 | (value - 1);
    }
    /* bits that stand for nothing */
    if ((bits & ((UINT32_C(1) << (8 * padding)) - 1)) != 0) return 0;
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
