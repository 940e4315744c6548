#include "report/table.h"

#include "base/visible.h"

#include <stdint.h>
#include <string.h>

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

/* The columns that a character takes as it is shown. */
static size_t shown_width(uint32_t point)
{
    if (!visible_is_hidden(point)) return width_of(point);
    return point > 0xFFFF ? sizeof "\\U000e0041" - 1 : sizeof "\\u202e" - 1;
}

size_t display_width(const char *string)
{
    size_t width = 0;
    while (*string != '\0') {
        size_t length;
        width += shown_width(visible_point(string, &length));
        string += length;
    }
    return width;
}

void display_plain(struct text *out, const char *string, size_t width)
{
    size_t used = 0;
    while (*string != '\0') {
        size_t length;
        const uint32_t point = visible_point(string, &length);
        const size_t wide = shown_width(point);
        if (used + wide > width) return;
        if (visible_is_hidden(point)) {
            visible_escape(out, point);
        } else {
            text_append(out, string, length);
        }
        used += wide;
        string += length;
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
