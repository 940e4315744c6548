/* Payloads and lines written by HdrHistogram 2.1.11 for the JVM. */
#include "test_stats_histogram_fixture.h"

#define NS INT64_C(1000000000)

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
        cmocka_unit_test(reads_a_log_of_the_jvm),
        cmocka_unit_test(base_time_rules),
        cmocka_unit_test(writes_a_log),
        cmocka_unit_test(refuses_to_write),
        cmocka_unit_test(every_torn_line_is_refused),
        cmocka_unit_test(foreign_lines),
    };
    return cmocka_run_group_tests(tests, make_decoder, free_decoder);
}
