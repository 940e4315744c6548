/*
 * Histogram logs that were torn, edited or made by others. The first byte selects how the rest is
 * read: as a log, as one base64 payload, or as the inside of a payload, which is then wrapped
 * correctly (a fuzzer never finds the checksum of a zlib stream by itself). Everything accepted
 * must be a valid histogram that survives its own encoding.
 */
#include "base/crypto.h"
#include "stats/histogram_log.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COMPRESSED_COOKIE "\x1c\x84\x93\x14"

static void check(bool holds)
{
    if (!holds) abort();
}

static void check_sound(const struct histogram *h)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < h->counts_length; i++) sum += h->counts[i];
    check(sum == h->total);
    check(histogram_at_rank(h, h->total) == histogram_max(h));
    check(histogram_count_above(h, -1) == h->total);
    check(histogram_min(h) <= histogram_percentile(h, 50));
    check(histogram_percentile(h, 50) <= histogram_percentile(h, 99));
    check(histogram_percentile(h, 100) <= histogram_max(h));
    check(histogram_count_above(h, histogram_max(h)) == 0);
    check(histogram_mean(h) >= 0 && histogram_stddev(h) >= 0);
}

static void check_survives(const struct histogram *h)
{
    struct text coded = {0};
    struct histogram *back = NULL;
    check(histogram_encode(h, &coded, NULL) == ERR_OK);
    check(histogram_decode(coded.data, coded.length, &back, NULL) == ERR_OK);
    check(back->counts_length == h->counts_length && back->total == h->total);
    check(memcmp(back->counts, h->counts, h->counts_length * sizeof *h->counts) == 0);
    histogram_free(back);
    text_free(&coded);
}

static void check_decoding(const char *base64, size_t length)
{
    struct histogram *h = NULL;
    struct error err = {0};
    if (histogram_decode(base64, length, &h, &err) != ERR_OK) {
        check(h == NULL && err.text[0] != '\0');
        return;
    }
    check_sound(h);
    if (h->counts_length < 100000)
        check_survives(h); /* the widest ones take too long to encode each time */
    histogram_free(h);
}

/* One decoder for the whole log: leftovers of one line must not show in the next. */
static void read_log(const char *log, size_t length)
{
    int64_t base_ns = 0;
    struct histogram_decoder *decoder = histogram_decoder_new();
    check(decoder != NULL);
    while (length > 0) {
        const char *newline = memchr(log, '\n', length);
        size_t line = newline == NULL ? length : (size_t)(newline - log);
        struct histogram_log_entry entry;
        struct error err = {0};
        enum err_code code = histogram_log_read(decoder, log, line, &base_ns, &entry, &err);
        check(code == ERR_OK || (entry.histogram == NULL && err.text[0] != '\0'));
        check(strlen(entry.tag) < sizeof entry.tag);
        if (entry.histogram != NULL) check_sound(entry.histogram);
        if (newline == NULL) break;
        log += line + 1;
        length -= line + 1;
    }
    histogram_decoder_free(decoder);
}

/* Wraps bytes as the inside of a payload: a zlib stream with a valid checksum, its header and
 * base64. */
static void decode_inside(const uint8_t *data, size_t size)
{
    unsigned char packed[4096] = COMPRESSED_COOKIE;
    uLongf length = sizeof packed - 8;
    if (size > 2048 || compress2(packed + 8, &length, data, size, Z_BEST_SPEED) != Z_OK) return;
    packed[6] = (unsigned char)(length >> 8);
    packed[7] = (unsigned char)length;
    struct text coded = {0};
    base64_encode(&coded, packed, 8 + length);
    check_decoding(coded.data, coded.length);
    text_free(&coded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    switch (data[0]) {
    case 'L':
        read_log((const char *)data + 1, size - 1);
        break;
    case 'P':
        check_decoding((const char *)data + 1, size - 1);
        break;
    default:
        decode_inside(data + 1, size - 1);
        break;
    }
    return 0;
}
