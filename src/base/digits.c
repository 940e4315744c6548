#include "base/digits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DECIMALS_MOST 15

void text_count(struct text *text, uint64_t count)
{
    char digits[24];
    const int length = snprintf(digits, sizeof digits, "%" PRIu64, count);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) text_puts(text, ",");
        text_append(text, &digits[i], 1);
    }
}

struct digits digits_apart(double number, double other, int decimals)
{
    struct digits shown = {0};
    struct digits same = {0};
    for (; decimals <= DECIMALS_MOST; decimals++) {
        (void)snprintf(shown.text, sizeof shown.text, "%.*f", decimals, number);
        (void)snprintf(same.text, sizeof same.text, "%.*f", decimals, other);
        if (strcmp(shown.text, same.text) != 0 || number == other) break;
    }
    return shown;
}
