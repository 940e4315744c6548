/* Histograms to encode, for the tests of payloads and logs. */
#ifndef TEST_STATS_HISTOGRAM_FIXTURE_H
#define TEST_STATS_HISTOGRAM_FIXTURE_H

#include "stats/histogram_log.h"

#include "base/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Shared by all tests: nothing that a line leaves in it may show up in the next. */
static struct histogram_decoder *decoder;

static inline int make_decoder(void **state)
{
    (void)state;
    decoder = histogram_decoder_new();
    return decoder == NULL ? -1 : 0;
}

static inline int free_decoder(void **state)
{
    (void)state;
    histogram_decoder_free(decoder);
    return 0;
}

static inline struct histogram *make(int64_t lowest, int64_t highest, int digits)
{
    struct histogram *h = histogram_new(lowest, highest, digits);
    assert_non_null(h);
    return h;
}

static inline void put(struct histogram *h, int64_t value, uint64_t count)
{
    assert_true(histogram_record(h, value, count));
}

static inline void fill_nothing(struct histogram *h)
{
    (void)h;
}

static inline void fill_access(struct histogram *h)
{
    put(h, 1000, 10000);
    put(h, 100000000, 1);
}

static inline void fill_zero(struct histogram *h)
{
    put(h, 0, 1);
}

static inline void fill_huge(struct histogram *h)
{
    put(h, INT64_MAX, 1);
    put(h, INT64_C(1) << 62, 1);
    put(h, 3, 1);
}

static inline void fill_ramp(struct histogram *h)
{
    for (int64_t i = 0; i < 100; i++) put(h, i, (uint64_t)(i * 7 + 1));
}

static const struct {
    int64_t lowest, highest;
    int digits;
    void (*fill)(struct histogram *);
    const char *payload;
} payloads[] = {
    {1, 3600000000, 3, fill_nothing, "HISTFAAAAB942pNpmSzMwMDAyAABzFAazL82eQmD/QeoCABVgwSI"},
    {1, 3600000000, 3, fill_access,
     "HISTFAAAACl42pNpmSzMwMDAyQABzFCaEURcm7yEwf4DROA8/4I5jNM7mJgAjtkHzg=="},
    {1, 3600000000, 3, fill_zero, "HISTFAAAACB42pNpmSzMwMDAyAABzFAazL82eQmD/QeIABMAVYUEig=="},
    {1, INT64_MAX, 5, fill_huge,
     "HISTFAAAACh42pNpmSzMwMDAzQABrFCasf4/BNh/gEowff9/n5Xp939+JgAjkg7t"},
    {1, 100, 1, fill_ramp,
     "HISTFAAAAIh42pNpmSzMwMCQyQABjGh0iv0HCINJQE7HyiMspaiBsY9xDuMqxh2MxxivMD5i/"
     "MD4j7GHaRbTCqZtTEeYLjE9YHrH9Iepi3kG8zLmLcyT2E+xN3Hs4vjEsYrzEecsrktcXdyHuH9xb+"
     "J5xbOI9xbvHZk9cnMU/"
     "ijeUd6jOkf9j8YdLQBNPStE"},
};

/* A log as written by HistogramLogWriter, with base time and comments; the payload of each line is
 * a row above. */
static const struct {
    const char *start;
    int payload; /* -1 if none */
    const char *end;
} jvm_log[] = {
    {"#[Logged with rushhour-interop 1]", -1, ""},
    {"#[Histogram log format version 1.3]", -1, ""},
    {"#[BaseTime: 1763646000.250 (seconds since epoch)]", -1, ""},
    {"#[StartTime: 1763646000.250 (seconds since epoch), Thu Nov 20 13:40:00 UTC 2025]", -1, ""},
    {"\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"",
     -1, ""},
    {"", -1, ""},
    {"Tag=eastus2.ttft,0.127,10.000,100.008,", 1, ""},
    {"10.127,1.007,0.000,", 2, "\r"},
};

#define TAGGED_LINE 6

/* The line with its payload, in the caller's memory; returns its length. */
static inline size_t whole_line(size_t row, char *out, size_t size)
{
    const char *payload = jvm_log[row].payload < 0 ? "" : payloads[jvm_log[row].payload].payload;
    int length = snprintf(out, size, "%s%s%s", jvm_log[row].start, payload, jvm_log[row].end);
    assert_in_range(length, 0, size - 1);
    return (size_t)length;
}

/* Copies the line into memory of its exact size, so that a sanitizer sees any read beyond it. */
static inline enum err_code read_exactly(const char *line, size_t length,
                                         struct histogram_log_entry *entry)
{
    char *copy = malloc(length > 0 ? length : 1);
    assert_non_null(copy);
    memcpy(copy, line, length);
    int64_t base = 0;
    struct error err = {0};
    enum err_code code = histogram_log_read(decoder, copy, length, &base, entry, &err);
    if (code != ERR_OK) assert_true(strlen(err.text) > 0);
    free(copy);
    return code;
}

#endif
