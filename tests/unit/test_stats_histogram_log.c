/* Payloads and lines written by HdrHistogram 2.1.11 for the JVM. */
#include "stats/histogram_log.h"

#include "stats/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define NS INT64_C(1000000000)

/* One for all tests: nothing that a line leaves in it may show in the next. */
static struct histogram_decoder *decoder;

static int make_decoder(void **state)
{
    (void)state;
    decoder = histogram_decoder_new();
    return decoder == NULL ? -1 : 0;
}

static int free_decoder(void **state)
{
    (void)state;
    histogram_decoder_free(decoder);
    return 0;
}

static struct histogram *make(int64_t lowest, int64_t highest, int digits)
{
    struct histogram *h = histogram_new(lowest, highest, digits);
    assert_non_null(h);
    return h;
}

static void put(struct histogram *h, int64_t value, uint64_t count)
{
    assert_true(histogram_record(h, value, count));
}

static void fill_nothing(struct histogram *h)
{
    (void)h;
}

static void fill_access(struct histogram *h)
{
    put(h, 1000, 10000);
    put(h, 100000000, 1);
}

static void fill_zero(struct histogram *h)
{
    put(h, 0, 1);
}

static void fill_huge(struct histogram *h)
{
    put(h, INT64_MAX, 1);
    put(h, INT64_C(1) << 62, 1);
    put(h, 3, 1);
}

static void fill_ramp(struct histogram *h)
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

static void same(const struct histogram *a, const struct histogram *b)
{
    assert_int_equal(a->lowest, b->lowest);
    assert_int_equal(a->highest, b->highest);
    assert_int_equal(a->digits, b->digits);
    assert_int_equal(a->total, b->total);
    assert_int_equal(a->counts_length, b->counts_length);
    assert_memory_equal(a->counts, b->counts, a->counts_length * sizeof *a->counts);
    /* what is kept beside the counts must go with them */
    for (uint64_t rank = 1; rank <= 100; rank++)
        assert_int_equal(histogram_at_rank(a, rank), histogram_at_rank(b, rank));
    assert_int_equal(histogram_min(a), histogram_min(b));
    assert_int_equal(histogram_max(a), histogram_max(b));
}

/* What a payload holds before compression; what compression makes of it is each zlib's own
 * affair. */
static size_t unpack(const char *payload, unsigned char *out, size_t size)
{
    unsigned char packed[2048];
    size_t length;
    assert_true(strlen(payload) < sizeof packed);
    assert_true(base64_decode(payload, strlen(payload), true, packed, &length));
    uLongf unpacked = (uLongf)size;
    assert_int_equal(uncompress(out, &unpacked, packed + 8, (uLong)length - 8), Z_OK);
    return unpacked;
}

static void same_payload(const char *a, const char *b)
{
    unsigned char bytes[2][4096];
    size_t length = unpack(a, bytes[0], sizeof bytes[0]);
    assert_int_equal(unpack(b, bytes[1], sizeof bytes[1]), length);
    assert_memory_equal(bytes[0], bytes[1], length);
}

static void payloads_of_the_jvm(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(payloads); i++) {
        struct histogram *h = make(payloads[i].lowest, payloads[i].highest, payloads[i].digits);
        payloads[i].fill(h);
        struct text out = {0};
        struct error err = {0};
        assert_int_equal(histogram_encode(h, &out, &err), ERR_OK);
        same_payload(text_str(&out), payloads[i].payload);
        struct histogram *back = NULL;
        if (histogram_decode(payloads[i].payload, strlen(payloads[i].payload), &back, &err) !=
            ERR_OK) {
            fail_msg("row %zu: %s", i, err.text);
        }
        same(back, h);
        put(back, 1, 1); /* what was read can be added to like any other */
        histogram_free(back);
        text_free(&out);
        histogram_free(h);
    }
}

/* Of every layout in turn, each twice, with a torn one between them. */
static void one_decoder_for_many(void **state)
{
    (void)state;
    const struct histogram *decoded;
    const struct histogram *before = NULL;
    for (size_t i = 0; i < 4 * COUNT(payloads); i++) {
        size_t row = i / 2 % COUNT(payloads);
        const char *payload = payloads[row].payload;
        struct histogram *h =
            make(payloads[row].lowest, payloads[row].highest, payloads[row].digits);
        payloads[row].fill(h);
        assert_int_equal(histogram_decode_with(decoder, payload, strlen(payload), &decoded, NULL),
                         ERR_OK);
        same(decoded, h);
        if (i % 2 == 1) assert_ptr_equal(decoded, before); /* the memory is used again */
        before = decoded;
        size_t torn = strlen(payload) / 4 * 3 / 4 * 4;
        assert_int_equal(histogram_decode_with(decoder, payload, torn, &decoded, NULL), ERR_FORMAT);
        assert_null(decoded);
        histogram_free(h);
    }
}

/* Counts at each length of the varying form, 1 to 9 bytes, with single zeros and runs of them
 * between. */
static void counts_of_every_length(void **state)
{
    (void)state;
    struct histogram *h = make(1, 3600000000, 3);
    int64_t value = 1;
    for (int bits = 0; bits < 62; bits++) {
        put(h, value, UINT64_C(1) << bits);
        value += 1 + bits % 4 * 3;
    }
    put(h, 3000000000, 1);
    struct text out = {0};
    struct error err = {0};
    struct histogram *back = NULL;
    assert_int_equal(histogram_encode(h, &out, &err), ERR_OK);
    assert_int_equal(histogram_decode(out.data, out.length, &back, &err), ERR_OK);
    same(back, h);
    histogram_free(back);

    histogram_reset(h);
    put(h, 1, INT64_MAX);
    text_clear(&out);
    assert_int_equal(histogram_encode(h, &out, &err), ERR_OK);
    assert_int_equal(histogram_decode(out.data, out.length, &back, &err), ERR_OK);
    same(back, h);
    histogram_free(back);

    put(h, 1, 1); /* more than the format can carry */
    text_clear(&out);
    text_puts(&out, "before");
    assert_int_equal(histogram_encode(h, &out, &err), ERR_FORMAT);
    assert_string_equal(text_str(&out), "before");
    text_free(&out);
    histogram_free(h);
}

static void foreign_payloads(void **state)
{
    (void)state;
    static const struct {
        const char *payload, *says;
    } cases[] = {
        {"", "V2 encoding"},
        {"HIST", "V2 encoding"},
        {"not base64!!", "base64"},
        {"HISTFAAAAB", "base64"},
        {"HISTAgAAAAB4nGNgAAAAAgAB", "V2 encoding"}, /* the cookie of the older form */
        {"HISTFAAAABB42mNgYGBgAAAABQAB", "torn"},
        {"HISTFAAAAB942uMpEvJjYGBgZIAAZigN5l+bvITB/gNUBABFPgQg",
         "whole numbers"}, /* a plain header of another kind inside */
        {"HISTFAAAACJ42pNpmSzMwMDACMQOQMzMAAEgPsO1yUsY7D9ARQBdAwTI", "shifted"},
        {"HISTFAAAAB942pNpmSzMwMDAyAABnFAazL82eQmD/QeoCABWHwSO", "range or precision"},
        {"HISTFAAAABx42pNpmSzMwMDAyAABzFCaC0pz23+AsgA9xQKP", "range or precision"},
        {"HISTFAAAAB542pNpmSzMwMDAyAABzAJQRv1/CLD/ABUAAKFHCgI=", "range that it cannot have"},
        /* more counts than places */
        {"HISTFAAAAB142pNpmSzMwMBwggECGNHoFPsPEAbTMAEAzIgFNA==", "torn"},
        {"HISTFAAAACJ42pNpmSzMwMDAzAABMJoRRFybvITB/gNEoPEDEwBiQAX9",
         "torn"}, /* a run of zeros beyond the end */
        /* a run of 2^63 zeros */
        {"HISTFAAAACN42pNpmSzMwMDAyQABzFCaEURcm7yEwf4DROA/DAAAp+YNhw==", "torn"},
        {"HISTFAAAACV42pNpmSzMwMDAxQABzFCaEURcm7yEwf4DRODffyhgAgC1kA2J",
         "torn"}, /* counts whose sum leaves the range of the format */
        {"HISTFAAAACF42pNpmSzMwMDAxAABzFCaEURcm7yEwf4DRIALAFWvBJM=",
         "torn"}, /* payload shorter than announced */
        {"HISTFAAAACJ42pNpmSzMwMDAyAABzFAazL82eQmD/QeIABcXFwBezwSm",
         "torn"}, /* payload longer than announced */
        {"HISTFAAAACB42pNpmSzMwMDAyAABzFAazL82eQmD/QeoCABVgwSIeA==",
         "torn"}, /* bytes after the zlib stream */
        {"HISTFAAAACB42pNpmSzMwMDAyAABzFAazL82eQmD/QeIAB8AVZEElw==",
         "torn"}, /* a wrong checksum at its end */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct histogram *h = NULL;
        struct error err = {0};
        enum err_code code = histogram_decode(cases[i].payload, strlen(cases[i].payload), &h, &err);
        assert_null(h);
        if (code == ERR_OK || strstr(err.text, cases[i].says) == NULL) {
            fail_msg("row %zu: code %d, \"%s\"", i, (int)code, err.text);
        }
    }
}

/* A log as HistogramLogWriter writes it, with base time and comments; each line's payload is a row
 * above. */
static const struct {
    const char *start;
    int payload; /* -1: none */
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

/* The line with its payload, in memory of the caller's; returns its length. */
static size_t whole_line(size_t row, char *out, size_t size)
{
    const char *payload = jvm_log[row].payload < 0 ? "" : payloads[jvm_log[row].payload].payload;
    int length = snprintf(out, size, "%s%s%s", jvm_log[row].start, payload, jvm_log[row].end);
    assert_in_range(length, 0, size - 1);
    return (size_t)length;
}

static void reads_a_log_of_the_jvm(void **state)
{
    (void)state;
    int64_t base = 0;
    int found = 0;
    for (size_t i = 0; i < COUNT(jvm_log); i++) {
        struct histogram_log_entry entry;
        struct error err = {0};
        char line[512];
        size_t length = whole_line(i, line, sizeof line);
        if (histogram_log_read(decoder, line, length, &base, &entry, &err) != ERR_OK)
            fail_msg("%s: %s", line, err.text);
        if (entry.histogram == NULL) continue;
        found++;
        if (found == 1) {
            assert_string_equal(entry.tag, "eastus2.ttft");
            assert_int_equal(entry.start_utc_ns, 1763646000 * NS + 377000000);
            assert_int_equal(entry.length_ns, 10 * NS);
            assert_int_equal(entry.histogram->total, 10001);
        } else {
            assert_string_equal(entry.tag, "");
            assert_int_equal(entry.start_utc_ns, 1763646010 * NS + 377000000);
            assert_int_equal(entry.length_ns, 1007000000);
            assert_int_equal(entry.histogram->total, 1);
        }
    }
    assert_int_equal(found, 2);
}

static int64_t start_after(const char *first, const char *second, const char *seconds)
{
    int64_t base = 0;
    struct histogram_log_entry entry;
    struct text line = {0};
    assert_int_equal(histogram_log_read(decoder, first, strlen(first), &base, &entry, NULL),
                     ERR_OK);
    assert_int_equal(histogram_log_read(decoder, second, strlen(second), &base, &entry, NULL),
                     ERR_OK);
    text_printf(&line, "%s,1.000,0.000,%s", seconds, payloads[2].payload);
    assert_int_equal(histogram_log_read(decoder, line.data, line.length, &base, &entry, NULL),
                     ERR_OK);
    text_free(&line);
    return entry.start_utc_ns;
}

/* The rules of the JVM's HistogramLogReader, with and without a base time. */
static void base_time_rules(void **state)
{
    (void)state;
    const char *start = "#[StartTime: 1763646000.000 (seconds since epoch), x]";
    const char *base = "#[BaseTime: 1763640000.5 (seconds since epoch)]";
    const char *zero = "#[BaseTime: 0.000 (seconds since epoch)]";
    assert_int_equal(start_after("#", "#", "12.5"), 12 * NS + NS / 2);
    assert_int_equal(start_after(start, "#", "12.5"), 1763646012 * NS + NS / 2);
    assert_int_equal(start_after(start, "#", "1763646012.5"), 1763646012 * NS + NS / 2);
    assert_int_equal(start_after(start, base, "12.5"), 1763640013 * NS);
    assert_int_equal(start_after(base, start, "12.5"), 1763640013 * NS);
    assert_int_equal(start_after(start, zero, "12.5"), 12 * NS + NS / 2);
    assert_int_equal(start_after("#[StartTime: never]", "#[BaseTime: ]", "3"), 3 * NS);
}

static void writes_a_log(void **state)
{
    (void)state;
    struct histogram *h = make(1, 3600000000, 3);
    fill_access(h);
    struct text out = {0};
    struct error err = {0};
    histogram_log_header(&out, 1763646000 * NS + 250499999, "[one\ntwo,3]\r\n");
    assert_int_equal(
        histogram_log_line(&out, "eastus2.ttft", 1763646000 * NS + 250500000, 10 * NS, h, &err),
        ERR_OK);
    assert_int_equal(histogram_log_line(&out, NULL, 0, 999999999, h, &err), ERR_OK);
    struct text expected = {0};
    text_puts(&expected, "#[one\n#two,3]\n#[Histogram log format version 1.3]\n");
    text_puts(&expected,
              "#[StartTime: 1763646000.250 (seconds since epoch), 2025-11-20T13:40:00.250Z]\n");
    text_puts(&expected,
              "#[BaseTime: 0.000 (seconds since epoch)]\n\"StartTimestamp\",\"Interval_Length\",");
    text_puts(&expected, "\"Interval_Max\",\"Interval_Compressed_Histogram\"\n");
    text_puts(&expected, "Tag=eastus2.ttft,1763646000.251,10.000,100.008,");
    assert_int_equal(histogram_encode(h, &expected, &err), ERR_OK);
    text_puts(&expected, "\n0.000,1.000,100.008,");
    assert_int_equal(histogram_encode(h, &expected, &err), ERR_OK);
    text_puts(&expected, "\n");
    assert_string_equal(text_str(&out), text_str(&expected));
    text_free(&expected);
    text_clear(&out);
    histogram_log_header(&out, -5, NULL);
    assert_non_null(
        strstr(out.data, "#[StartTime: 0.000 (seconds since epoch), 1970-01-01T00:00:00.000Z]\n"));
    text_free(&out);
    histogram_free(h);
}

static void refuses_to_write(void **state)
{
    (void)state;
    struct histogram *h = make(1, 3600000000, 3);
    struct text out = {0};
    char long_tag[200];
    memset(long_tag, 'x', sizeof long_tag);
    long_tag[128] = '\0';
    const struct {
        const char *tag;
        int64_t start, length;
    } cases[] = {{"a,b", 0, 0},    {"a b", 0, 0}, {"a\nb", 0, 0},
                 {long_tag, 0, 0}, {"a", -1, 0},  {"", 0, -1}};
    text_puts(&out, "before");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        assert_int_equal(
            histogram_log_line(&out, cases[i].tag, cases[i].start, cases[i].length, h, &err),
            ERR_FORMAT);
        assert_true(strlen(err.text) > 0);
        assert_string_equal(text_str(&out), "before");
    }
    long_tag[127] = '\0';
    assert_int_equal(histogram_log_line(&out, long_tag, 0, 0, h, NULL), ERR_OK);
    int64_t base = 0;
    struct histogram_log_entry entry;
    assert_int_equal(histogram_log_read(decoder, out.data + 6, out.length - 6, &base, &entry, NULL),
                     ERR_OK);
    assert_string_equal(entry.tag, long_tag);
    text_free(&out);
    histogram_free(h);
}

/* In memory of its exact size, so that a sanitizer sees each read beyond it. */
static enum err_code read_exactly(const char *line, size_t length,
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

static void every_torn_line_is_refused(void **state)
{
    (void)state;
    char line[512];
    size_t whole = whole_line(TAGGED_LINE, line, sizeof line);
    struct histogram_log_entry entry;
    for (size_t length = 1; length < whole; length++) {
        if (read_exactly(line, length, &entry) != ERR_FORMAT)
            fail_msg("%zu bytes were accepted", length);
        assert_null(entry.histogram);
    }
    assert_int_equal(read_exactly(line, whole, &entry), ERR_OK);
}

/* No changed character may ever change a count: the checksum of the zlib stream covers them. */
static void damaged_payloads_never_lie(void **state)
{
    (void)state;
    struct histogram *h = make(1, 3600000000, 3);
    fill_access(h);
    char line[512];
    size_t length = whole_line(TAGGED_LINE, line, sizeof line);
    size_t accepted = 0;
    for (size_t i = length - strlen(payloads[1].payload); i < length; i++) {
        char right = line[i];
        for (int c = '!'; c < '~'; c++) {
            struct histogram_log_entry entry;
            line[i] = (char)c;
            if (line[i] == right || read_exactly(line, length, &entry) != ERR_OK) continue;
            same(entry.histogram, h);
            accepted++;
        }
        line[i] = right;
    }
    assert_in_range(accepted, 0, 20); /* bits of zlib's header that do not matter, such as the
                                         level */
    histogram_free(h);
}

static void foreign_lines(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "Tag=",
        "Tag=a",
        "hello",
        ",,,",
        "1.0,1.0,",
        "1.0,1.0,1.0",
        ".,1.0,1.0,HISTFAAAACB42pNpmSzMwMDAyAABzFAazL82eQmD/QeIABMAVYUEig==",
        "1..0,1.0,1.0,HISTFAAAACB42pNpmSzMwMDAyAABzFAazL82eQmD/QeIABMAVYUEig==",
        "-1.0,1.0,1.0,HISTFAAAACB42pNpmSzMwMDAyAABzFAazL82eQmD/QeIABMAVYUEig==",
        "1.0,-1.0,1.0,HISTFAAAACB42pNpmSzMwMDAyAABzFAazL82eQmD/QeIABMAVYUEig==",
        "9223372036854775.807,1.0,0.0,HISTFAAAACB42pNpmSzMwMDAyAABzFAazL82eQmD/QeIABMAVYUEig==",
        "99999999999999999999999999,1.0,0.0,HISTFAAAACB42pNpmSzMwMDAyAABzFAazL82eQmD/"
        "QeIABMAVYUEig==",
        "1.0,1.0,,HISTFAAAACB42pNpmSzMwMDAyAABzFAazL82eQmD/QeIABMAVYUEig==",
        "1.0,1.0,0.0,HISTFAAAACB42pNpmSzMwMDAyAABzFAazL82eQmD/QeIABMAVYUEig==,more",
        "Tag=a b\xff",
    };
    struct histogram_log_entry entry;
    for (size_t i = 0; i < COUNT(lines); i++) {
        if (read_exactly(lines[i], strlen(lines[i]), &entry) != ERR_FORMAT)
            fail_msg("accepted: %s", lines[i]);
        assert_null(entry.histogram);
    }
    const char *blank[] = {
        "", "\r", "  \r\n", "# a comment", "#", "\"StartTimestamp\",\"Interval_Length\""};
    for (size_t i = 0; i < COUNT(blank); i++) {
        assert_int_equal(read_exactly(blank[i], strlen(blank[i]), &entry), ERR_OK);
        assert_null(entry.histogram);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payloads_of_the_jvm),
        cmocka_unit_test(one_decoder_for_many),
        cmocka_unit_test(counts_of_every_length),
        cmocka_unit_test(foreign_payloads),
        cmocka_unit_test(reads_a_log_of_the_jvm),
        cmocka_unit_test(base_time_rules),
        cmocka_unit_test(writes_a_log),
        cmocka_unit_test(refuses_to_write),
        cmocka_unit_test(every_torn_line_is_refused),
        cmocka_unit_test(damaged_payloads_never_lie),
        cmocka_unit_test(foreign_lines),
    };
    return cmocka_run_group_tests(tests, make_decoder, free_decoder);
}
