/*
 * HdrHistogram's V2 encoding. Compressed form: cookie, length, zlib stream. Inside: cookie, payload
 * length, normalising offset, digits, lowest, highest, ratio (all big-endian), then the counts as
 * ZigZag LEB128 of at most nine bytes each, where a negative number stands for that many zeros.
 */
#include "base/crypto.h"
#include "stats/histogram_layout.h"
#include "stats/histogram_log.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define COOKIE_PLAIN UINT32_C(0x1c849313)      /* 0x1c849303 with 0x10: counts of varying width */
#define COOKIE_COMPRESSED UINT32_C(0x1c849314) /* 0x1c849304 with 0x10 */
#define PLAIN_HEADER 40
#define COMPRESSED_HEADER 8
#define LONGEST_NUMBER 9
#define PIECE ((size_t)4096) /* base64 characters decoded at a time */
#define RATIO_ONE                                                                                  \
    UINT64_C(0x3ff0000000000000) /* 1.0 as an IEEE 754 double: values are whole numbers */

static void put_u32(unsigned char *out, uint32_t value)
{
    for (int i = 0; i < 4; i++) out[i] = (unsigned char)(value >> (24 - 8 * i));
}

static void put_u64(unsigned char *out, uint64_t value)
{
    put_u32(out, (uint32_t)(value >> 32));
    put_u32(out + 4, (uint32_t)value);
}

static uint32_t get_u32(const unsigned char *in)
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

static uint64_t get_u64(const unsigned char *in)
{
    return (uint64_t)get_u32(in) << 32 | get_u32(in + 4);
}

/* Writes a number that is already ZigZag-coded; returns its length, 1 to 9. The ninth byte holds
 * eight bits. */
static size_t put_number(unsigned char *out, uint64_t zigzag)
{
    size_t length = 0;
    while (zigzag > 0x7F && length < LONGEST_NUMBER - 1) {
        out[length++] = (unsigned char)(zigzag | 0x80);
        zigzag >>= 7;
    }
    out[length++] = (unsigned char)zigzag;
    return length;
}

/* Writes the counts at indexes 0 .. used-1; returns the length. A single zero is written as
 * itself. */
static size_t put_counts(unsigned char *out, const uint64_t *counts, size_t used)
{
    size_t length = 0;
    for (size_t i = 0; i < used;) {
        size_t zeros = 0;
        while (i + zeros < used && counts[i + zeros] == 0) zeros++;
        if (zeros > 1) {
            length += put_number(out + length, 2 * (uint64_t)zeros - 1);
            i += zeros;
        } else {
            length += put_number(out + length, 2 * counts[i]);
            i++;
        }
    }
    return length;
}

static size_t put_plain(unsigned char *out, const struct histogram *h, size_t used)
{
    size_t payload = put_counts(out + PLAIN_HEADER, h->counts, used);
    put_u32(out, COOKIE_PLAIN);
    put_u32(out + 4, (uint32_t)payload);
    put_u32(out + 8, 0);
    put_u32(out + 12, (uint32_t)h->digits);
    put_u64(out + 16, (uint64_t)h->lowest);
    put_u64(out + 24, (uint64_t)h->highest);
    put_u64(out + 32, RATIO_ONE);
    return PLAIN_HEADER + payload;
}

/* At the highest level, like the JVM's log writer. */
static bool put_compressed(struct text *out, const unsigned char *plain, size_t length)
{
    uLongf packed_length = compressBound((uLong)length);
    unsigned char *packed = malloc(COMPRESSED_HEADER + packed_length);
    if (packed == NULL) return false;
    bool done = compress2(packed + COMPRESSED_HEADER, &packed_length, plain, (uLong)length,
                          Z_DEFAULT_COMPRESSION) == Z_OK;
    if (done) {
        put_u32(packed, COOKIE_COMPRESSED);
        put_u32(packed + 4, (uint32_t)packed_length);
        base64_encode(out, packed, COMPRESSED_HEADER + packed_length);
    }
    free(packed);
    return done && !out->failed;
}

enum err_code histogram_encode(const struct histogram *h, struct text *out, struct error *err)
{
    if (h->total > INT64_MAX) {
        return error_set(
            err, ERR_FORMAT,
            "the histogram holds more than 2^63 values, which no HdrHistogram can carry");
    }
    size_t used = histogram_index_of(h, h->max_raw) + 1;
    size_t before = out->length;
    unsigned char *plain = malloc(PLAIN_HEADER + used * LONGEST_NUMBER);
    bool done = plain != NULL && put_compressed(out, plain, put_plain(plain, h, used));
    free(plain);
    if (done) return ERR_OK;
    if (out->data != NULL && before <= out->length) {
        out->length = before;
        out->data[before] = '\0';
    }
    return error_set(err, ERR_NOMEM, "no memory to encode a histogram");
}

/* Undoes base64 and zlib piece by piece, so that hostile input only ever fills buffers of a fixed
 * size. */
struct unpacker {
    const char *base64;
    size_t left; /* base64 characters not yet decoded */
    z_stream zlib;
    bool ended; /* the zlib stream is complete and its checksum is correct */
    size_t at, have;
    unsigned char packed[PIECE / 4 * 3], plain[PIECE];
};

struct histogram_decoder {
    struct unpacker unpacker;
    bool inflating;              /* zlib's state exists and can be reused */
    struct histogram *histogram; /* decoded last; NULL at first */
};

static enum err_code torn(struct error *err)
{
    return error_set(
        err, ERR_FORMAT,
        "the histogram is torn or damaged: its compressed text does not hold what it announces");
}

static bool decode_piece(struct unpacker *u)
{
    size_t take = u->left < PIECE ? u->left : PIECE;
    size_t got;
    if (!base64_decode(u->base64, take, take == u->left, u->packed, &got)) return false;
    u->base64 += take;
    u->left -= take;
    u->zlib.next_in = u->packed;
    u->zlib.avail_in = (uInt)got;
    return true;
}

/* Fills u->plain with the next piece; u->have is 0 at the end of the stream. False on error. */
static bool refill(struct unpacker *u)
{
    u->at = u->have = 0;
    u->zlib.next_out = u->plain;
    u->zlib.avail_out = sizeof u->plain;
    while (!u->ended && u->zlib.avail_out == sizeof u->plain) {
        if (u->zlib.avail_in == 0 && (u->left == 0 || !decode_piece(u))) return false;
        int status = inflate(&u->zlib, Z_NO_FLUSH);
        if (status != Z_OK && status != Z_STREAM_END) return false;
        u->ended = status == Z_STREAM_END;
    }
    u->have = sizeof u->plain - u->zlib.avail_out;
    return true;
}

static bool take_bytes(struct unpacker *u, unsigned char *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (u->at == u->have && (!refill(u) || u->have == 0)) return false;
        out[i] = u->plain[u->at++];
    }
    return true;
}

/* Reads one number, ZigZag undone; decreases *budget, the bytes left in the payload. */
static bool take_number(struct unpacker *u, uint32_t *budget, int64_t *out)
{
    uint64_t zigzag = 0;
    for (int i = 0; i < LONGEST_NUMBER; i++) {
        unsigned char byte;
        if (*budget == 0 || !take_bytes(u, &byte, 1)) return false;
        (*budget)--;
        bool last = i == LONGEST_NUMBER - 1;
        zigzag |= (uint64_t)(last ? byte : byte & 0x7F) << (7 * i);
        if (last || byte < 0x80) break;
    }
    *out = (int64_t)(zigzag >> 1 ^ (0 - (zigzag & 1)));
    return true;
}

/* Sets the count at one index; indexes come in ascending order. False if the total overflows. */
static bool set_count(struct histogram *h, size_t index, uint64_t count)
{
    if (count == 0) return true;
    if (count > (uint64_t)INT64_MAX - h->total) return false;
    int64_t width;
    int64_t lowest = histogram_value_at(h, index, &width);
    if (h->total == 0) h->min_raw = lowest;
    h->max_raw = lowest + (width - 1);
    histogram_note_used(h, index);
    h->counts[index] = count;
    h->blocks[histogram_block_of(index)] += count;
    h->total += count;
    return true;
}

static bool take_counts(struct histogram_decoder *decoder, uint32_t budget)
{
    struct unpacker *u = &decoder->unpacker;
    struct histogram *h = decoder->histogram;
    size_t index = 0;
    while (budget > 0) {
        int64_t number;
        if (!take_number(u, &budget, &number)) return false;
        size_t places = h->counts_length - index;
        if (number < 0) {
            uint64_t zeros = 0 - (uint64_t)number;
            if (zeros > places) return false;
            index += (size_t)zeros;
        } else {
            if (places == 0 || !set_count(h, index, (uint64_t)number)) return false;
            index++;
        }
    }
    return true;
}

/* Whether nothing is left over: no counts, no compressed bytes, no text. */
static bool at_end(struct unpacker *u)
{
    if (u->at != u->have) return false;
    if (!u->ended && (!refill(u) || u->have != 0)) return false;
    return u->zlib.avail_in == 0 && u->left == 0;
}

/* Empties the current histogram for reuse if it has this range and precision, or creates
 * another. */
static struct histogram *histogram_for(struct histogram_decoder *decoder, int64_t lowest,
                                       int64_t highest, int digits)
{
    struct histogram *h = decoder->histogram;
    if (h != NULL && h->lowest == lowest && h->highest == highest && h->digits == digits) {
        histogram_reset(h);
    } else {
        histogram_free(h);
        h = decoder->histogram = histogram_new(lowest, highest, digits);
    }
    return h;
}

static enum err_code unpack(struct histogram_decoder *decoder, struct error *err)
{
    struct unpacker *u = &decoder->unpacker;
    unsigned char header[PLAIN_HEADER];
    if (!take_bytes(u, header, sizeof header)) return torn(err);
    if (get_u32(header) != COOKIE_PLAIN) {
        return error_set(err, ERR_FORMAT,
                         "not a histogram of whole numbers in HdrHistogram's V2 encoding");
    }
    if (get_u32(header + 8) != 0) {
        return error_set(err, ERR_FORMAT,
                         "a shifted histogram (of a DoubleHistogram) cannot be read");
    }
    uint32_t digits = get_u32(header + 12);
    uint64_t lowest = get_u64(header + 16);
    uint64_t highest = get_u64(header + 24);
    if (digits < 1 || digits > 5 || lowest < 1 || lowest > highest / 2 || highest > INT64_MAX) {
        return error_set(err, ERR_FORMAT,
                         "the histogram announces a range or precision that does not exist");
    }
    if (histogram_for(decoder, (int64_t)lowest, (int64_t)highest, (int)digits) == NULL)
        return error_set(err, ERR_NOMEM,
                         "no memory to decode a histogram, or a range that it cannot have");
    return take_counts(decoder, get_u32(header + 4)) && at_end(u) ? ERR_OK : torn(err);
}

static voidpf allocate(voidpf user, uInt count, uInt size)
{
    (void)user;
    return calloc(count, size);
}

static void release(voidpf user, voidpf memory)
{
    (void)user;
    free(memory);
}

/* Finds the zlib stream in the text and prepares zlib for it. */
static enum err_code begin(struct histogram_decoder *decoder, const char *base64, size_t length,
                           struct error *err)
{
    struct unpacker *u = &decoder->unpacker;
    size_t decoded;
    u->base64 = base64;
    u->left = length;
    u->ended = false;
    u->at = u->have = 0;
    if (!base64_decoded_length(base64, length, &decoded) || !decode_piece(u)) {
        return error_set(err, ERR_FORMAT,
                         "not base64: a histogram line is torn, or from another program");
    }
    if (decoded < COMPRESSED_HEADER || get_u32(u->packed) != COOKIE_COMPRESSED) {
        return error_set(err, ERR_FORMAT,
                         "not a compressed histogram in HdrHistogram's V2 encoding");
    }
    if (get_u32(u->packed + 4) != decoded - COMPRESSED_HEADER) return torn(err);
    u->zlib.next_in += COMPRESSED_HEADER;
    u->zlib.avail_in -= COMPRESSED_HEADER;
    u->zlib.zalloc = allocate;
    u->zlib.zfree = release;
    int status = decoder->inflating ? inflateReset(&u->zlib) : inflateInit(&u->zlib);
    if (status != Z_OK) return error_set(err, ERR_NOMEM, "no memory to decode a histogram");
    decoder->inflating = true;
    return ERR_OK;
}

struct histogram_decoder *histogram_decoder_new(void)
{
    return calloc(1, sizeof(struct histogram_decoder));
}

void histogram_decoder_free(struct histogram_decoder *decoder)
{
    if (decoder == NULL) return;
    if (decoder->inflating) (void)inflateEnd(&decoder->unpacker.zlib);
    histogram_free(decoder->histogram);
    free(decoder);
}

enum err_code histogram_decode_with(struct histogram_decoder *decoder, const char *base64,
                                    size_t length, const struct histogram **out, struct error *err)
{
    *out = NULL;
    enum err_code code = begin(decoder, base64, length, err);
    if (code == ERR_OK) code = unpack(decoder, err);
    if (code == ERR_OK) *out = decoder->histogram;
    return code;
}

enum err_code histogram_decode(const char *base64, size_t length, struct histogram **out,
                               struct error *err)
{
    struct histogram_decoder *decoder = histogram_decoder_new();
    if (decoder == NULL) return error_set(err, ERR_NOMEM, "no memory to decode a histogram");
    const struct histogram *decoded;
    enum err_code code = histogram_decode_with(decoder, base64, length, &decoded, err);
    if (code == ERR_OK) {
        *out = decoder->histogram;
        decoder->histogram = NULL;
    }
    histogram_decoder_free(decoder);
    return code;
}
