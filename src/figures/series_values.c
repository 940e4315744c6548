#include "figures/series_values.h"

#include <stdlib.h>

#define NUMBER_MOST 10 /* bytes of 64 bits */

/* ---- numbers ---- */

static void put_number(struct series_values *values, uint64_t number)
{
    for (; number > 0x7F; number >>= 7)
        values->bytes[values->used++] = (unsigned char)(number | 0x80);
    values->bytes[values->used++] = (unsigned char)number;
}

static uint64_t take_number(const unsigned char **at)
{
    uint64_t number = 0;
    unsigned shift = 0;
    for (; (**at & 0x80) != 0; (*at)++, shift += 7) number |= (uint64_t)(**at & 0x7F) << shift;
    return number | (uint64_t) * (*at)++ << shift;
}

/* Reads a row block by block. */
struct row_reader {
    const unsigned char *at, *end;
    size_t block; /* SIZE_MAX: there is none any more */
    uint64_t count;
};

static void read_next(struct row_reader *reader)
{
    if (reader->at == reader->end) {
        reader->block = SIZE_MAX;
        return;
    }
    reader->block += (size_t)take_number(&reader->at);
    reader->count = take_number(&reader->at);
}

static struct row_reader read_row(const struct series_values *values, const struct series_row *row)
{
    if (row->length == 0) return (struct row_reader){.block = SIZE_MAX};
    const unsigned char *first = values->bytes + row->first;
    struct row_reader reader = {.at = first, .end = first + row->length};
    read_next(&reader);
    return reader;
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
static void add_row(struct series_values *values, struct series_row *row,
                    const struct histogram *histogram, size_t first, size_t last)
{
    const size_t start = values->used;
    struct row_reader had = read_row(values, row);
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
        put_number(values, next - before);
        put_number(values, count);
        before = next;
    }
    row->first = (uint32_t)start;
    row->length = (uint32_t)(values->used - start);
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
    }
    struct series_row *row = &values->rows[place];
    if (!reserve(values, row->length + (last - first + 1) * 2 * NUMBER_MOST)) return false;
    add_row(values, row, histogram, first, last);
    return true;
}

void series_values_count(const struct series_values *values, size_t place, size_t from_block,
                         double *above, double *all)
{
    if (values->rows == NULL || place >= values->places) return;
    struct row_reader reader = read_row(values, &values->rows[place]);
    for (; reader.block != SIZE_MAX; read_next(&reader)) {
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
