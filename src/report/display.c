#include "report/table.h"

#include <stdint.h>
#include <string.h>

/* Decodes one character; an invalid byte becomes U+FFFD with length 1. */
static uint32_t decode(const unsigned char *s, size_t *length)
{
    uint32_t point = s[0];
    size_t more = s[0] >= 0xF0 && s[0] <= 0xF4  ? 3
                  : s[0] >= 0xE0 && s[0] < 0xF0 ? 2
                  : s[0] >= 0xC2 && s[0] < 0xE0 ? 1
                                                : 0;
    *length = 1;
    if (s[0] < 0x80) return point;
    if (more == 0) return 0xFFFD;
    point &= 0x3Fu >> more;
    for (size_t i = 1; i <= more; i++) {
        if ((s[i] & 0xC0) != 0x80) return 0xFFFD;
        point = point << 6 | (s[i] & 0x3Fu);
    }
    *length = more + 1;
    return point;
}

/* The common ranges of Unicode's East Asian Width W and F, and of combining marks: enough for names
 * and messages. */
static size_t width_of(uint32_t point)
{
    if ((point >= 0x300 && point <= 0x36F) || (point >= 0x200B && point <= 0x200F) ||
        (point >= 0xFE00 && point <= 0xFE0F)) {
        return 0;
    }
    bool wide = (point >= 0x1100 && point <= 0x115F) || (point >= 0x2E80 && point <= 0xA4CF) ||
                (point >= 0xAC00 && point <= 0xD7A3) || (point >= 0xF900 && point <= 0xFAFF) ||
                (point >= 0xFE30 && point <= 0xFE6F) || (point >= 0xFF00 && point <= 0xFF60) ||
                (point >= 0xFFE0 && point <= 0xFFE6) || (point >= 0x1F300 && point <= 0x1F64F) ||
                (point >= 0x1F680 && point <= 0x1F6FF) || (point >= 0x1F900 && point <= 0x1F9FF) ||
                (point >= 0x20000 && point <= 0x3FFFD);
    return wide ? 2 : 1;
}

/* Characters that could move the cursor or change the direction of the line. */
static bool is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x2028 || point == 0x2029 ||
           (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069) ||
           point == 0xFFFD;
}

size_t display_width(const char *string)
{
    size_t width = 0;
    for (const unsigned char *s = (const unsigned char *)string; *s != '\0';) {
        size_t length;
        uint32_t point = decode(s, &length);
        width += is_control(point) ? 1 : width_of(point);
        s += length;
    }
    return width;
}

void display_plain(struct text *out, const char *string, size_t width)
{
    size_t used = 0;
    for (const unsigned char *s = (const unsigned char *)string; *s != '\0';) {
        size_t length;
        uint32_t point = decode(s, &length);
        size_t wide = is_control(point) ? 1 : width_of(point);
        if (used + wide > width) return;
        if (is_control(point)) {
            text_puts(out, "?");
        } else {
            text_append(out, (const char *)s, length);
        }
        used += wide;
        s += length;
    }
}

void display_folded(struct text *out, const char *string, size_t indent, size_t width)
{
    size_t column = indent;
    for (const char *word = string; *word != '\0';) {
        size_t length = strcspn(word, " ");
        struct text plain = {0};
        text_append(&plain, word, length);
        size_t wide = display_width(text_str(&plain));
        if (column > indent && column + 1 + wide > width) {
            text_printf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (word > string) {
            text_puts(out, " ");
            column++;
        }
        display_plain(out, text_str(&plain), SIZE_MAX);
        out->failed = out->failed || plain.failed;
        text_free(&plain);
        column += wide;
        word += length;
        if (*word == ' ') word++;
    }
}
