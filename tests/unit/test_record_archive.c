/* Archives against the system's tar, and a header against POSIX.1-1988 byte by byte. */
#include "base/files.h"
#include "record/archive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/rushhour-archive-XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

static const char *in(const char *name)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, 256, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *bytes, size_t length)
{
    assert_int_equal(file_write(in(name), bytes, length, NULL), ERR_OK);
}

static void add(struct archive *archive, const char *name, const char *file)
{
    struct error err = {0};
    if (archive_add(archive, name, in(file), &err) != ERR_OK) fail_msg("%s", err.text);
}

static void test_tar_unpacks_it(void **state)
{
    (void)state;
    struct archive *archive;
    char *large = malloc(200000);
    assert_non_null(large);
    for (size_t i = 0; i < 200000; i++) large[i] = (char)(i * 7919 >> 3);
    write_file("empty", "", 0);
    write_file("block", large, 512);
    write_file("large", large, 200000);
    assert_int_equal(archive_open(in("a.tar.gz"), 1776171600, &archive, NULL), ERR_OK);
    char deep[180];
    memset(deep, 'd', sizeof deep);
    memcpy(deep + 120, "/name", 6);
    add(archive, "package/empty", "empty");
    add(archive, "package/block", "block");
    add(archive, "package/large", "large");
    add(archive, deep, "block");
    assert_int_equal(archive_close(archive, NULL), ERR_OK);
    char command[600];
    (void)snprintf(
        command, sizeof command,
        "cd %s && mkdir out && tar xzf a.tar.gz -C out && cmp large out/package/large && cmp block "
        "out/package/block && cmp empty out/package/empty && cmp block out/%s && test \"$(stat -c "
        "%%Y%%a out/package/large)\" = 1776171600644",
        folder, deep);
    assert_int_equal(system(command), 0);
    free(large);
}

static void test_the_header(void **state)
{
    (void)state;
    struct archive *archive;
    unsigned char header[512];
    write_file("file", "hello", 5);
    assert_int_equal(archive_open(in("a.tar.gz"), 0, &archive, NULL), ERR_OK);
    add(archive, "p/file", "file");
    assert_int_equal(archive_close(archive, NULL), ERR_OK);
    gzFile file = gzopen(in("a.tar.gz"), "rb");
    assert_non_null(file);
    assert_int_equal(gzread(file, header, 512), 512);
    assert_memory_equal(header, "p/file\0", 7);
    assert_memory_equal(header + 100, "0000644\0", 8);
    assert_memory_equal(header + 124, "00000000005\0", 12);
    assert_memory_equal(header + 156, "0", 1);
    assert_memory_equal(header + 257,
                        "ustar\0"
                        "00",
                        8);
    unsigned sum = 8 * ' ';
    for (size_t i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? 0 : header[i];
    assert_int_equal(strtoul((char *)header + 148, NULL, 8), sum);
    unsigned char rest[4096];
    /* one block of content, two of zeros */
    assert_int_equal(gzread(file, rest, sizeof rest), 512 + 1024);
    (void)gzclose(file);
}

static void test_what_cannot_be_done(void **state)
{
    (void)state;
    struct error err = {0};
    struct archive *archive;
    write_file("taken", "mine", 4);
    assert_int_equal(archive_open(in("taken"), 0, &archive, &err), ERR_IO);
    assert_non_null(strstr(err.text, "File exists"));
    assert_int_equal(archive_open(in("b.tar.gz"), 0, &archive, &err), ERR_OK);
    assert_int_equal(archive_add(archive, "x", in("missing"), &err), ERR_IO);
    char name[300];
    memset(name, 'n', sizeof name);
    name[299] = '\0';
    assert_int_equal(archive_add(archive, name, in("taken"), &err), ERR_USAGE);
    assert_int_equal(archive_close(archive, &err), ERR_OK);
    assert_int_equal(archive_close(NULL, &err), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_tar_unpacks_it, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_the_header, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_done, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
