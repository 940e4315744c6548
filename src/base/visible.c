#include "base/visible.h"

uint32_t visible_point(const char *string, size_t *length)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000}; /* that needs so many bytes more */
    const unsigned char *s = (const unsigned char *)string;
    const size_t more = s[0] >= 0xF0 && s[0] <= 0xF4  ? 3
                        : s[0] >= 0xE0 && s[0] < 0xF0 ? 2
                        : s[0] >= 0xC2 && s[0] < 0xE0 ? 1
                                                      : 0;
    uint32_t point = s[0];
    *length = 1;
    if (s[0] < 0x80) return point;
    if (more == 0) return 0xFFFD;
    point &= 0x3FU >> more;
    for (size_t i = 1; i <= more; i++) {
        if ((s[i] & 0xC0) != 0x80) return 0xFFFD;
        point = point << 6 | (s[i] & 0x3FU);
    }
    if (point < least[more] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
        return 0xFFFD;
    *length = more + 1;
    return point;
}

bool visible_is_hidden(uint32_t point)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},     {0x61C, 0x61C},
        {0x180E, 0x180E}, {0x200B, 0x200B}, {0x200E, 0x200F}, {0x2028, 0x202E},
        {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFD}, {0xE0000, 0xE007F},
    };
    if (point >= 0x20 && point < 0x7F) return false;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        if (point >= ranges[i].first && point <= ranges[i].last) return true;
    }
    return false;
}

void visible_escape(struct text *out, uint32_t point)
{
    if (point > 0xFFFF) {
        text_printf(out, "\\U%08x", (unsigned)point);
    } else {
        text_printf(out, "\\u%04x", (unsigned)point);
    }
}

void visible_append(struct text *out, const char *string)
{
    while (*string != '\0') {
        size_t length;
        const uint32_t point = visible_point(string, &length);
        if (visible_is_hidden(point)) {
            visible_escape(out, point);
        } else {
            text_append(out, string, length);
        }
        string += length;
    }
}
