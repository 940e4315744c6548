/* The HdrHistogram interchange forms: V2 (compressed, base64) and the interval log, format 1.3. */
#ifndef RUSHHOUR_STATS_HISTOGRAM_LOG_H
#define RUSHHOUR_STATS_HISTOGRAM_LOG_H

#include "base/error.h"
#include "base/text.h"
#include "stats/histogram.h"

#include <stdint.h>

/*
 * Appends the V2 compressed encoding as base64 (cookie 0x1c849304 around 0x1c849303, zlib, counts
 * as ZigZag LEB128-64b9B). ERR_NOMEM, or ERR_FORMAT for more than 2^63-1 values; nothing is
 * appended then.
 */
MUST_USE enum err_code histogram_encode(const struct histogram *h, struct text *out,
                                        struct error *err);

/*
 * Decodes base64 of the V2 compressed form into a new histogram, which the caller frees
 * (histogram_free). ERR_FORMAT for anything else. Whatever the input says, memory stays below 64
 * MiB: the counts of the widest range at five digits.
 */
MUST_USE enum err_code histogram_decode(const char *base64, size_t length, struct histogram **out,
                                        struct error *err);

/*
 * As histogram_decode, for many payloads in a row: reuses the memory of the previous one. The
 * histogram belongs to the decoder and is valid until the next call. Free with
 * histogram_decoder_free; NULL when out of memory.
 */
struct histogram_decoder;
struct histogram_decoder *histogram_decoder_new(void);
void histogram_decoder_free(struct histogram_decoder *decoder);
MUST_USE enum err_code histogram_decode_with(struct histogram_decoder *decoder, const char *base64,
                                             size_t length, const struct histogram **out,
                                             struct error *err);

/* Appends the header of a log: the comment (may be NULL; each of its lines becomes a comment line),
 * version 1.3, start time, base time 0, legend. */
void histogram_log_header(struct text *out, int64_t start_utc_ns, const char *comment);

/*
 * Appends one line: Tag=<tag>,<start s>,<length s>,<max>,<payload>, without Tag= if tag is NULL or
 * "". Times are rounded to ms; the max column is the maximum divided by 1,000,000, as in the JVM's
 * writer. ERR_FORMAT if the tag holds a comma, space or line break or is longer than 127 bytes, or
 * for a negative time; nothing is appended then.
 */
MUST_USE enum err_code histogram_log_line(struct text *out, const char *tag, int64_t start_utc_ns,
                                          int64_t length_ns, const struct histogram *h,
                                          struct error *err);

/* One line as read back; the tag is "" if the line has none. */
struct histogram_log_entry {
    char tag[128];
    int64_t start_utc_ns, length_ns;
    const char *payload; /* inside the line */
    size_t payload_length;
    const struct histogram *histogram; /* owned by the decoder; valid until the next line */
};

/*
 * Reads one line (without its newline) but for its histogram, for which the caller goes on with
 * histogram_log_values. Returns ERR_OK with entry->payload == NULL for comments, the legend and
 * empty lines; ERR_FORMAT for a torn or foreign line. *base_ns is the reader's state: set it to 0
 * for each log; [StartTime: and [BaseTime: lines update it. Without a base time, lines more than a
 * year before the start time are relative to it, as in the JVM's reader.
 */
MUST_USE enum err_code histogram_log_head(const char *line, size_t length, int64_t *base_ns,
                                          struct histogram_log_entry *entry, struct error *err);

/* Decodes the payload with a decoder shared by the whole log, while the line still exists.
 * ERR_FORMAT if it is torn, or holds more values than an interval can have. */
MUST_USE enum err_code histogram_log_values(struct histogram_decoder *decoder,
                                            struct histogram_log_entry *entry, struct error *err);

/* Both in one; entry->histogram is NULL for a line without one. */
MUST_USE enum err_code histogram_log_read(struct histogram_decoder *decoder, const char *line,
                                          size_t length, int64_t *base_ns,
                                          struct histogram_log_entry *entry, struct error *err);

#endif
