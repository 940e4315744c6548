#include "figures/series_values.h"

#include <stdlib.h>

#define HALF 15       /* more than fits */
#define BLOCK_MOST 21 /* bytes: one, and two numbers of 64 bits */
#define ROW_LONGEST(count) ((count)*BLOCK_MOST + 1)

/* ---- rows ---- */

static void put_byte(struct series_values *values, uint64_t byte)
{
    values->bytes[values->used++] = (unsigned char)byte;
}

static void put_beyond(struct series_values *values, uint64_t number)
{
    if (number < HALF) return;
    for (number -= HALF; number > 0x7F; number >>= 7) put_byte(values, number | 0x80);
    put_byte(values, number);
}

static void put_block(struct series_values *values, uint64_t behind, uint64_t count)
{
    put_byte(values, (behind < HALF ? behind : HALF) << 4 | (count < HALF ? count : HALF));
    put_beyond(values, behind);
    put_beyond(values, count);
}

static uint64_t take_beyond(const unsigned char **at, uint64_t half)
{
    uint64_t number = 0;
    if (half < HALF) return half;
    for (unsigned shift = 0;; shift += 7) {
        const unsigned char byte = *(*at)++;
        number |= (uint64_t)(byte & 0x7F) << shift;
        if ((byte & 0x80) == 0) return number + HALF;
    }
}

/* Reads a row block by block. */
struct row_reader {
    const unsigned char *at; /* NULL: behind the last */
    size_t block;            /* SIZE_MAX: there is none any more */
    uint64_t count;
};

static void read_next(struct row_reader *reader)
{
    const unsigned char byte = reader->at == NULL ? 0 : *reader->at++;
    if (byte == 0) {
        *reader = (struct row_reader){.block = SIZE_MAX};
        return;
    }
    reader->block += (size_t)take_beyond(&reader->at, byte >> 4);
    reader->count = take_beyond(&reader->at, byte & 0xFU);
}

static struct row_reader read_row(const struct series_values *values, size_t place)
{
    if (values->bytes == NULL || values->rows[place] == 0)
        return (struct row_reader){.block = SIZE_MAX};
    struct row_reader reader = {.at = values->bytes + values->rows[place]};
    read_next(&reader);
    return reader;
}

static size_t blocks_of(const struct series_values *values, size_t place)
{
    size_t count = 0;
    for (struct row_reader reader = read_row(values, place); reader.block != SIZE_MAX;
         read_next(&reader))
        count++;
    return count;
}

/* ---- places ---- */

static bool reserve(struct series_values *values, size_t more)
{
    const size_t needed = values->used + more;
    if (needed > UINT32_MAX) return false;
    if (needed <= values->capacity) return true;
    const size_t half_more = values->capacity + values->capacity / 2;
    const size_t capacity = needed > half_more ? needed : half_more;
    unsigned char *bytes = realloc(values->bytes, capacity);
    if (bytes == NULL) return false;
    values->bytes = bytes;
    values->capacity = capacity;
    return true;
}

/* What a place has and the histogram, as one row behind all others: it stays in one piece, however
 * many histograms there are of it. */
static void add_row(struct series_values *values, size_t place, const struct histogram *histogram,
                    size_t first, size_t last)
{
    const size_t start = values->used;
    struct row_reader had = read_row(values, place);
    size_t before = 0;
    for (size_t block = first; block <= last || had.block != SIZE_MAX;) {
        const size_t next = block <= last && block < had.block ? block : had.block;
        uint64_t count = 0;
        if (had.block == next) {
            count = had.count;
            read_next(&had);
        }
        if (next == block && block <= last) count += histogram->blocks[block++];
        if (count == 0) continue;
        put_block(values, next - before, count);
        before = next;
    }
    put_byte(values, 0);
    values->rows[place] = (uint32_t)start;
}

bool series_values_add(struct series_values *values, size_t place, size_t places,
                       const struct histogram *histogram)
{
    size_t first;
    size_t last;
    if (!histogram_blocks_used(histogram, &first, &last)) return true;
    if (values->rows == NULL) {
        values->rows = calloc(places, sizeof *values->rows);
        if (values->rows == NULL) return false;
        values->places = places;
        values->used = 1; /* no row begins at 0 */
    }
    const size_t blocks = blocks_of(values, place) + last - first + 1;
    if (!reserve(values, ROW_LONGEST(blocks))) return false;
    add_row(values, place, histogram, first, last);
    return true;
}

void series_values_count(const struct series_values *values, size_t place, size_t from_block,
                         double *above, double *all)
{
    if (values->rows == NULL || place >= values->places) return;
    for (struct row_reader reader = read_row(values, place); reader.block != SIZE_MAX;
         read_next(&reader)) {
        *all += (double)reader.count;
        if (reader.block >= from_block) *above += (double)reader.count;
    }
}

void series_values_free(struct series_values *values)
{
    free(values->rows);
    free(values->bytes);
    *values = (struct series_values){0};
}
