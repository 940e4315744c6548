/*
 * Expected values printed by HdrHistogram 2.1.11 for the JVM (Debian's libhdrhistogram-java) unless
 * a test says otherwise.
 */
#include "stats/histogram.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

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

/* Length of the counts array, and the lowest, highest and median equivalent of 1234567. */
static const struct {
    int64_t lowest, highest;
    int digits;
    size_t length;
    int64_t low, high;
} layouts[] = {
    {1, 2000, 1, 128, 1179648, 1245183},
    {7, 60000000, 1, 336, 1179648, 1245183},
    {1000, INT64_MAX, 1, 816, 1179648, 1245183},
    {1, 60000000, 2, 2560, 1228800, 1236991},
    {1000, 2000, 2, 256, 1228800, 1236991},
    {7, INT64_MAX, 2, 7040, 1228800, 1236991},
    {1, 60000000, 3, 17408, 1233920, 1234943},
    {1, 3600000000, 3, 23552, 1233920, 1234943},
    {1, INT64_MAX, 3, 55296, 1233920, 1234943},
    {7, 2000, 3, 2048, 1233920, 1234943},
    {1000, 60000000, 3, 8192, 1233920, 1234943},
    {1, 60000000, 4, 212992, 1234560, 1234623},
    {1000, 3600000000, 4, 163840, 1234432, 1234943},
    {1, 3600000000, 5, 2097152, 1234560, 1234567},
    {1000, INT64_MAX, 5, 4980736, 1234432, 1234943},
    {1, INT64_MAX, 5, 6160384, 1234560, 1234567},
};

static void layout_is_hdrhistograms(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(layouts); i++) {
        struct histogram *h = make(layouts[i].lowest, layouts[i].highest, layouts[i].digits);
        if (h->counts_length != layouts[i].length)
            fail_msg("row %zu: length %zu", i, h->counts_length);
        assert_int_equal(histogram_lowest_equivalent(h, 1234567), layouts[i].low);
        assert_int_equal(histogram_highest_equivalent(h, 1234567), layouts[i].high);
        assert_int_equal(histogram_lowest_equivalent(h, -5), -5);
        assert_int_equal(histogram_highest_equivalent(h, -5), -5);
        histogram_free(h);
    }
}

static void impossible_parameters(void **state)
{
    (void)state;
    static const struct {
        int64_t lowest, highest;
        int digits;
    } cases[] = {{0, 100, 3}, {-1, 100, 3}, {1, 1, 3},  {10, 19, 3},
                 {1, 100, 0}, {1, 100, 6},  {1, -1, 3}, {INT64_C(1) << 60, INT64_MAX, 3}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_null(histogram_new(cases[i].lowest, cases[i].highest, cases[i].digits));
    }
    histogram_free(NULL);
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

static void fill_squares(struct histogram *h)
{
    for (int64_t i = 1; i <= 1000; i++) put(h, i * i * 37 % 5000000, 1);
}

static void fill_coarse(struct histogram *h)
{
    for (int64_t i = 1; i <= 1000; i++) put(h, i * 123457, 1);
    put(h, 0, 1);
    put(h, 100, 1);
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

static void fill_nothing(struct histogram *h)
{
    (void)h;
}

static const double asked[] = {-1, 0, 1e-9, 10, 25, 50, 75, 90, 99, 99.9, 99.99, 99.999, 100, 150};

static const struct {
    int64_t lowest, highest;
    int digits;
    void (*fill)(struct histogram *);
    uint64_t total;
    int64_t min, max;
    double mean, stddev;
    int64_t at[COUNT(asked)];
} summaries[] = {
    {1, 3600000000, 3, fill_nothing, 0, 0, 0, 0, 0, {0}},
    {1,
     3600000000,
     3,
     fill_access,
     10001,
     1000,
     100007935,
     10996.417158284172,
     999641.7158284171,
     {1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 100007935, 100007935,
      100007935}},
    {1, 3600000000, 3, fill_zero, 1, 0, 0, 0, 0, {0}},
    {1,
     60000000,
     3,
     fill_squares,
     1000,
     37,
     4988927,
     2101851.429,
     1499269.8616159684,
     {37, 37, 37, 186623, 743935, 1922047, 3375103, 4325375, 4931583, 4984831, 4988927, 4988927,
      4988927, 4988927}},
    {1000,
     3600000000000,
     2,
     fill_coarse,
     1002,
     0,
     123731967,
     61666574.56287425,
     35710205.5395609,
     {511, 0, 511, 12255231, 30801919, 61865983, 92798975, 111149055, 122683391, 123731967,
      123731967, 123731967, 123731967, 123731967}},
    {1,
     INT64_MAX,
     5,
     fill_huge,
     3,
     3,
     INT64_MAX,
     4.6116860184273879e18,
     3.7654186843988301e18,
     {3, 3, 3, 3, 3, 4611721202799476735, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX,
      INT64_MAX, INT64_MAX, INT64_MAX}},
    {1,
     100,
     1,
     fill_ramp,
     34750,
     0,
     99,
     66.72379856115109,
     23.560094916561944,
     {0, 0, 0, 31, 51, 71, 87, 95, 99, 99, 99, 99, 99, 99}},
};

static void summaries_as_the_jvms(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(summaries); i++) {
        struct histogram *h = make(summaries[i].lowest, summaries[i].highest, summaries[i].digits);
        summaries[i].fill(h);
        assert_int_equal(h->total, summaries[i].total);
        assert_int_equal(histogram_min(h), summaries[i].min);
        assert_int_equal(histogram_max(h), summaries[i].max);
        if (!(fabs(histogram_mean(h) - summaries[i].mean) <= 1e-15 * summaries[i].mean)) {
            fail_msg("row %zu: mean %.17g", i, histogram_mean(h));
        }
        if (!(fabs(histogram_stddev(h) - summaries[i].stddev) <= 1e-14 * summaries[i].stddev)) {
            fail_msg("row %zu: standard deviation %.17g", i, histogram_stddev(h));
        }
        for (size_t k = 0; k < COUNT(asked); k++) {
            int64_t got = histogram_percentile(h, asked[k]);
            if (got != summaries[i].at[k])
                fail_msg("row %zu: P%g is %lld", i, asked[k], (long long)got);
        }
        assert_int_equal(histogram_percentile(h, NAN), summaries[i].at[2]); /* the first sample */
        histogram_free(h);
    }
}

static void out_of_range_is_counted(void **state)
{
    (void)state;
    struct histogram *h = make(1, 3600000000, 3);
    assert_false(histogram_record(h, -1, 2));
    assert_false(histogram_record(h, INT64_MIN, 1));
    assert_false(histogram_record(h, INT64_MAX, 1));
    put(h, 4294967295, 1); /* beyond `highest`, but within its bucket: tracked, as the JVM does */
    assert_false(histogram_record(h, 4294967296, 1));
    assert_int_equal(h->out_of_range, 5);
    assert_int_equal(h->total, 1);
    put(h, 5, 0);
    assert_int_equal(histogram_min(h), histogram_lowest_equivalent(h, 4294967295));
    assert_false(histogram_record(h, 5, UINT64_MAX)); /* the total would overflow */
    assert_int_equal(h->total, 1);
    assert_true(h->out_of_range == UINT64_MAX);
    histogram_free(h);
}

static void same_counts(const struct histogram *a, const struct histogram *b)
{
    assert_int_equal(a->total, b->total);
    assert_int_equal(a->counts_length, b->counts_length);
    assert_memory_equal(a->counts, b->counts, a->counts_length * sizeof *a->counts);
    assert_int_equal(histogram_min(a), histogram_min(b));
    assert_int_equal(histogram_max(a), histogram_max(b));
}

static void adding_is_recording(void **state)
{
    (void)state;
    struct histogram *a = make(1, 60000000, 3);
    struct histogram *b = make(1, 60000000, 3);
    struct histogram *both = make(1, 60000000, 3);
    struct histogram *empty = make(1, 60000000, 3);
    for (int64_t i = 1; i < 5000; i++) {
        put(i % 3 == 0 ? a : b, i * 7919 % 50000000, 1);
        put(both, i * 7919 % 50000000, 1);
    }
    assert_false(histogram_record(a, -1, 3));
    histogram_add(a, b);
    same_counts(a, both);
    assert_int_equal(a->out_of_range, 3);
    histogram_add(empty, a);
    same_counts(empty, both);
    assert_int_equal(empty->out_of_range, 3);
    histogram_reset(b);
    histogram_add(empty, b);
    same_counts(empty, both);
    histogram_free(a);
    histogram_free(b);
    histogram_free(both);
    histogram_free(empty);
}

static void adding_another_layout(void **state)
{
    (void)state;
    struct histogram *fine = make(1, 3600000000, 3);
    struct histogram *coarse = make(1, 60000000, 2);
    struct histogram *expected = make(1, 60000000, 2);
    struct histogram *narrow = make(1, 100000, 3);
    put(fine, 100, 5);
    put(fine, 100000, 2);     /* shares a bucket of 64 from 99968: its middle is 100000 */
    put(fine, 3000000000, 7); /* more than the others can track */
    put(expected, 100, 5);
    put(expected, 100000, 2);
    histogram_add(coarse, fine);
    same_counts(coarse, expected);
    assert_int_equal(coarse->out_of_range, 7);
    histogram_add(narrow, fine); /* the same buckets, fewer of them */
    assert_int_equal(narrow->total, 7);
    assert_int_equal(narrow->out_of_range, 7);
    assert_int_equal(histogram_max(narrow), 100031);
    histogram_free(fine);
    histogram_free(coarse);
    histogram_free(expected);
    histogram_free(narrow);
}

static void adding_too_much(void **state)
{
    (void)state;
    struct histogram *a = make(1, 1000, 3);
    struct histogram *b = make(1, 1000, 3);
    put(a, 7, UINT64_MAX - 5);
    put(b, 8, 6);
    histogram_add(a, b);
    assert_true(a->total == UINT64_MAX - 5);
    assert_int_equal(a->out_of_range, 6);
    assert_int_equal(histogram_percentile(a, 100), 7);
    histogram_free(a);
    histogram_free(b);
}

static void reset_leaves_nothing(void **state)
{
    (void)state;
    struct histogram *h = make(1, 60000000, 3);
    struct histogram *fresh = make(1, 60000000, 3);
    fill_squares(h);
    put(h, 0, 4);
    assert_false(histogram_record(h, -1, 1));
    histogram_reset(h);
    same_counts(h, fresh);
    assert_int_equal(h->out_of_range, 0);
    put(h, 17, 1);
    assert_int_equal(histogram_min(h), 17);
    assert_int_equal(histogram_max(h), 17);
    histogram_free(h);
    histogram_free(fresh);
}

static void ranks_and_counts_above(void **state)
{
    (void)state;
    struct histogram *h = make(1, 60000000, 3);
    assert_int_equal(histogram_at_rank(h, 1), 0);
    assert_int_equal(histogram_count_above(h, 0), 0);
    put(h, 10, 3);
    put(h, 20, 2);
    put(h, 100000, 1); /* in a bucket of 64 that ends at 100031 */
    static const struct {
        uint64_t rank;
        int64_t value;
    } at[] = {{0, 10}, {1, 10},     {3, 10},     {4, 20},
              {5, 20}, {6, 100031}, {7, 100031}, {UINT64_MAX, 100031}};
    for (size_t i = 0; i < COUNT(at); i++)
        assert_int_equal(histogram_at_rank(h, at[i].rank), at[i].value);
    static const struct {
        int64_t value;
        uint64_t above;
    } above[] = {{INT64_MIN, 6}, {-1, 6},    {0, 6},     {9, 6},      {10, 3},       {19, 3},
                 {20, 1},        {99967, 1}, {99968, 0}, {200000, 0}, {INT64_MAX, 0}};
    for (size_t i = 0; i < COUNT(above); i++) {
        assert_int_equal(histogram_count_above(h, above[i].value), above[i].above);
    }
    histogram_free(h);
}

/* The counts one by one, without the sums over blocks. */
static void agrees_with_its_counts(const struct histogram *h)
{
    uint64_t seen = 0;
    for (size_t i = 0; i < h->counts_length; i++) seen += h->counts[i];
    assert_int_equal(seen, h->total);
    uint64_t below = 0;
    for (size_t i = 0; i < h->counts_length; i++) {
        if (h->counts[i] == 0) continue;
        int64_t first = histogram_at_rank(h, below + 1);
        below += h->counts[i];
        assert_int_equal(histogram_at_rank(h, below), first); /* the ends of one bucket */
        assert_int_equal(histogram_count_above(h, first), h->total - below);
        int64_t lowest = histogram_lowest_equivalent(h, first);
        if (lowest > 0)
            assert_int_equal(histogram_count_above(h, lowest - 1), h->total - below + h->counts[i]);
    }
    assert_int_equal(below, h->total);
}

static void far_apart_and_close_together(void **state)
{
    (void)state;
    static const int digits[] = {1, 3, 4};
    for (size_t d = 0; d < sizeof digits / sizeof *digits; d++) {
        struct histogram *sum = histogram_new(1, 3600000000, digits[d]);
        struct histogram *part = histogram_new(1, 3600000000, digits[d]);
        assert_non_null(sum);
        assert_non_null(part);
        uint64_t random = 7;
        for (int round = 0; round < 20; round++) {
            histogram_reset(part);
            agrees_with_its_counts(part);
            for (int i = 0; i < 1 + round * round; i++) {
                random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
                /* all sizes up to 2^31 */
                int64_t value = (int64_t)(random >> 33) >> (round + i) % 31;
                put(part, value, 1 + random % 3);
            }
            agrees_with_its_counts(part);
            histogram_add(sum, part);
            agrees_with_its_counts(sum);
        }
        put(sum, 3600000000, 1);
        agrees_with_its_counts(sum);
        histogram_free(sum);
        histogram_free(part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout_is_hdrhistograms), cmocka_unit_test(impossible_parameters),
        cmocka_unit_test(summaries_as_the_jvms),   cmocka_unit_test(out_of_range_is_counted),
        cmocka_unit_test(adding_is_recording),     cmocka_unit_test(adding_another_layout),
        cmocka_unit_test(adding_too_much),         cmocka_unit_test(reset_leaves_nothing),
        cmocka_unit_test(ranks_and_counts_above),  cmocka_unit_test(far_apart_and_close_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
