#include "profile/suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define LONGEST 64

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

size_t suggest_distance(const char *a, const char *b)
{
    size_t rows[3][LONGEST + 1]; /* of the matrix: the row before the previous one, the previous
                                    one, the current one */
    size_t length_a = strnlen(a, LONGEST);
    size_t length_b = strnlen(b, LONGEST);
    size_t *before = rows[0];
    size_t *last = rows[1];
    size_t *row = rows[2];
    for (size_t j = 0; j <= length_b; j++) before[j] = last[j] = row[j] = j;
    for (size_t i = 1; i <= length_a; i++) {
        row[0] = i;
        for (size_t j = 1; j <= length_b; j++) {
            size_t replace = last[j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1);
            row[j] = least(replace, least(last[j], row[j - 1]) + 1);
            bool swapped = i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]);
            if (swapped) row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[length_b];
}

struct suggestion suggest_start(const char *wanted)
{
    return (struct suggestion){wanted, NULL, SIZE_MAX};
}

void suggest_offer(struct suggestion *suggestion, const char *known)
{
    size_t distance = suggest_distance(suggestion->wanted, known);
    size_t length = strlen(known);
    size_t limit = length <= 3 ? 1 : length <= 7 ? 2 : 3;
    if (distance > limit || distance >= suggestion->distance) return;
    suggestion->best = known;
    suggestion->distance = distance;
}
