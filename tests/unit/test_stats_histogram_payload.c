/* HdrHistogram V2 payloads against those of the JVM. */
#include "test_stats_histogram_fixture.h"

static void same(const struct histogram *a, const struct histogram *b)
{
    assert_int_equal(a->lowest, b->lowest);
    assert_int_equal(a->highest, b->highest);
    assert_int_equal(a->digits, b->digits);
    assert_int_equal(a->total, b->total);
    assert_int_equal(a->counts_length, b->counts_length);
    assert_memory_equal(a->counts, b->counts, a->counts_length * sizeof *a->counts);
    /* the block sums must go with the counts */
    for (uint64_t rank = 1; rank <= 100; rank++)
        assert_int_equal(histogram_at_rank(a, rank), histogram_at_rank(b, rank));
    assert_int_equal(histogram_min(a), histogram_min(b));
    assert_int_equal(histogram_max(a), histogram_max(b));
}

/* The content of a payload before compression, because each zlib compresses differently. */
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
        put(back, 1, 1); /* a decoded histogram can be added to like any other */
        histogram_free(back);
        text_free(&out);
        histogram_free(h);
    }
}

/* For every layout in turn, each twice, with a torn one in between. */
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
        if (i % 2 == 1) assert_ptr_equal(decoded, before); /* the memory is reused */
        before = decoded;
        size_t torn = strlen(payload) / 4 * 3 / 4 * 4;
        assert_int_equal(histogram_decode_with(decoder, payload, torn, &decoded, NULL), ERR_FORMAT);
        assert_null(decoded);
        histogram_free(h);
    }
}

/* What a decoder hands out is added up as exactly as what was recorded, whether it listed the
 * places in use (up to 256) or not, and whatever it decoded before. */
static void decoded_histograms_add_up(void **state)
{
    (void)state;
    static const int places[] = {1, 255, 256, 257, 0, 3, 2000, 2};
    struct histogram *recorded = make(1, 3600000000, 3);
    struct histogram *added = make(1, 3600000000, 3);
    struct histogram *coarse = make(1, 3600000000, 2); /* another layout: value by value */
    uint64_t total = 0;
    for (size_t i = 0; i < 4 * COUNT(places); i++) {
        struct histogram *h = make(1, 3600000000, 3);
        int count = places[i * 3 % COUNT(places)];
        for (int k = 0; k < count; k++) put(h, 100 + 1000 * (int64_t)i + k * (1 + k / 9), 1 + i);
        struct text out = {0};
        const struct histogram *decoded;
        assert_int_equal(histogram_encode(h, &out, NULL), ERR_OK);
        assert_int_equal(histogram_decode_with(decoder, out.data, out.length, &decoded, NULL),
                         ERR_OK);
        same(decoded, h);
        histogram_add(recorded, h);
        histogram_add(added, decoded);
        histogram_add(coarse, decoded);
        total += h->total;
        text_free(&out);
        histogram_free(h);
    }
    same(added, recorded);
    assert_int_equal(added->total, total);
    assert_int_equal(coarse->total, total);
    histogram_free(recorded);
    histogram_free(added);
    histogram_free(coarse);
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

    put(h, 1, 1); /* more than the format can represent */
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

/* No changed character may ever change a count: the zlib checksum covers them. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payloads_of_the_jvm),        cmocka_unit_test(one_decoder_for_many),
        cmocka_unit_test(counts_of_every_length),     cmocka_unit_test(foreign_payloads),
        cmocka_unit_test(damaged_payloads_never_lie), cmocka_unit_test(decoded_histograms_add_up),
    };
    return cmocka_run_group_tests(tests, make_decoder, free_decoder);
}
