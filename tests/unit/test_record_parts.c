/* A file and its rotated parts are read as one file: whichever of them are compressed, however a
 * kill left them. */
#include "record/lines.h"
#include "record/parts.h"

#include "files_fixture.h"

#include <errno.h>
#include <zlib.h>

#define HEAD "time,region\n"

static void pack(const char *name, const char *content, int cut)
{
    char bytes[512];
    gzFile out = gzopen(below(name), "wb");
    assert_non_null(out);
    assert_int_equal(gzputs(out, content), strlen(content));
    assert_int_equal(gzclose(out), Z_OK);
    if (cut == 0) return;
    FILE *file = fopen(below(name), "rb");
    assert_non_null(file);
    const size_t length = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    assert_true(length > (size_t)cut);
    file = fopen(below(name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length - (size_t)cut, file), length - (size_t)cut);
    assert_int_equal(fclose(file), 0);
}

/* All lines with a '|' behind each, "~" for a torn one. */
static void assert_lines(const char *name, const char *expected)
{
    struct lines lines;
    struct text found = {0};
    struct error err = {0};
    char *line;
    size_t length;
    if (lines_open(&lines, below(name), 64, &err) != ERR_OK) fail_msg("%s", err.text);
    for (enum line_kind kind; (kind = lines_next(&lines, &line, &length)) != LINE_END;) {
        assert_true(kind == LINE_WHOLE || kind == LINE_TORN);
        text_printf(&found, "%s|", kind == LINE_WHOLE ? line : "~");
    }
    assert_int_equal(lines_next(&lines, &line, &length), LINE_END);
    lines_close(&lines);
    assert_string_equal(text_str(&found), expected);
    text_free(&found);
}

static void every_form_of_parts_reads_alike(void **state)
{
    (void)state;
    enum { PLAIN, PACKED, BOTH, FORMS };
    for (int first = 0; first < FORMS; first++) {
        for (int second = 0; second < FORMS; second++) {
            if (first != PACKED) put("a-0001.csv", HEAD "1\n2\n", 0600);
            if (first != PLAIN) pack("a-0001.csv.gz", HEAD "1\n2\n", 0);
            if (second != PACKED) put("a-0002.csv", HEAD "3\n", 0600);
            if (second != PLAIN) pack("a-0002.csv.gz", HEAD "3\n", 0);
            put("a.csv", HEAD "4\n5\n", 0600);
            /* what is no part of it */
            put("a-0002.csv.gz.new", "no\n", 0600);
            put("a-2.csv", "no\n", 0600);
            put("a-0000.csv", "no\n", 0600);
            put("ab-0001.csv", "no\n", 0600);
            put("a.csv.new", "no\n", 0600);
            assert_lines("a.csv", "time,region|1|2|3|4|5|");
            folder_remove(files_folder);
            assert_int_equal(mkdir(files_folder, 0700), 0);
        }
    }
}

static void parts_come_by_number(void **state)
{
    (void)state;
    put("a-9999.csv", HEAD "3\n", 0600);
    put("a-10000.csv", HEAD "4\n", 0600);
    put("a-0010.csv", HEAD "2\n", 0600);
    put("a-0009.csv", HEAD "1\n", 0600);
    put("a.csv", HEAD, 0600);
    assert_lines("a.csv", "time,region|1|2|3|4|");
}

/* A kill between the two names. */
static void the_file_itself_may_be_missing(void **state)
{
    (void)state;
    struct lines lines;
    put("a-0001.csv", HEAD "1\n", 0600);
    put("a.csv.new", HEAD, 0600);
    assert_lines("a.csv", "time,region|1|");
    assert_int_equal(lines_open(&lines, below("b.csv"), 64, NULL), ERR_IO);
    assert_int_equal(errno, ENOENT);
    lines_close(&lines);
}

static void a_torn_line_ends_its_part_only(void **state)
{
    (void)state;
    put("a-0001.csv", HEAD "1\n2", 0600);
    put("a-0002.csv", "", 0600);
    put("a-0003.csv", "time,reg", 0600);
    put("a-0004.csv", HEAD "3\n", 0600);
    put("a.csv", HEAD "4\n5", 0600);
    assert_lines("a.csv", "time,region|1|~|~|3|4|~|");
}

/* What is left of a compressed part is read, and that something is missing is told, wherever it was
 * cut: in the middle of a line, behind one, in the checksum. */
static void a_compressed_part_that_was_cut_is_torn(void **state)
{
    (void)state;
    for (int cut = 1; cut <= 18; cut++) {
        struct lines lines;
        char *line;
        size_t length;
        bool torn = false;
        bool last = false;
        pack("a-0001.csv.gz", HEAD "1\n2\n", cut);
        put("a.csv", HEAD "3\n", 0600);
        assert_int_equal(lines_open(&lines, below("a.csv"), 64, NULL), ERR_OK);
        for (enum line_kind kind; (kind = lines_next(&lines, &line, &length)) != LINE_END;) {
            torn = torn || kind == LINE_TORN;
            last = kind == LINE_WHOLE && strcmp(line, "3") == 0;
        }
        lines_close(&lines);
        assert_true(torn);
        assert_true(last);
        folder_remove(files_folder);
        assert_int_equal(mkdir(files_folder, 0700), 0);
    }
}

/* A header of other columns is no header that was there before. */
static void another_header_is_a_line(void **state)
{
    (void)state;
    put("a-0001.csv", HEAD "1\n", 0600);
    put("a.csv", "time,other\n2\n", 0600);
    assert_lines("a.csv", "time,region|1|time,other|2|");
}

/* The run rotates between the moment at which the file was opened and that at which its parts are
 * looked for: a link stands for the same file under both names. */
static void a_file_that_became_a_part_is_read_once(void **state)
{
    (void)state;
    put("a-0001.csv", HEAD "1\n", 0600);
    put("a.csv", HEAD "2\n", 0600);
    assert_int_equal(link(below("a.csv"), below("a-0002.csv")), 0);
    assert_lines("a.csv", "time,region|1|2|");
    assert_int_equal(unlink(below("a-0001.csv")), 0);
    assert_lines("a.csv", "time,region|2|");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, files_begin, files_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_form_of_parts_reads_alike),        TEST(parts_come_by_number),
        TEST(the_file_itself_may_be_missing),         TEST(a_torn_line_ends_its_part_only),
        TEST(a_compressed_part_that_was_cut_is_torn), TEST(another_header_is_a_line),
        TEST(a_file_that_became_a_part_is_read_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
