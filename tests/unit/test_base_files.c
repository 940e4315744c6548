#include "base/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/rushhour-files-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    folder_remove(folder);
    return file_exists(folder) ? -1 : 0;
}

static const char *below(const char *name)
{
    static char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void writes_whole_and_reads_back(void **state)
{
    (void)state;
    struct error err = {0};
    char bytes[70000];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)(i * 7);
    assert_int_equal(file_write(below("data"), "old", 3, &err), ERR_OK);
    assert_int_equal(file_write(below("data"), bytes, sizeof bytes, &err), ERR_OK);
    struct text text = {0};
    assert_int_equal(file_read(below("data"), sizeof bytes, &text, &err), ERR_OK);
    assert_int_equal(text.length, sizeof bytes);
    assert_memory_equal(text.data, bytes, sizeof bytes);
    text_free(&text);

    struct text small = {0};
    assert_int_equal(file_read(below("data"), sizeof bytes - 1, &small, &err), ERR_IO);
    assert_non_null(strstr(err.text, "larger than 69999 bytes"));
    text_free(&small);

    assert_int_equal(file_write(below("empty"), "", 0, &err), ERR_OK);
    struct text empty = {0};
    assert_int_equal(file_read(below("empty"), 10, &empty, &err), ERR_OK);
    assert_string_equal(text_str(&empty), "");
    text_free(&empty);
}

static void errors_name_the_path_and_the_reason(void **state)
{
    (void)state;
    struct error err = {0};
    struct text text = {0};
    assert_int_equal(file_read(below("missing"), 10, &text, &err), ERR_IO);
    assert_non_null(strstr(err.text, "missing: cannot open: No such file"));
    assert_int_equal(file_read(folder, 10, &text, &err), ERR_IO);
    assert_non_null(strstr(err.text, "is a folder"));
    assert_int_equal(file_write(below("no/such/folder"), "x", 1, &err), ERR_IO);
    assert_non_null(strstr(err.text, "no/such/folder: cannot create"));
    text_free(&text);
}

static void makes_and_removes_folders(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(folder_make(below("a/b/c/"), &err), ERR_OK);
    assert_int_equal(folder_make(below("a/b/c"), &err), ERR_OK);
    struct stat status;
    assert_int_equal(stat(below("a/b/c"), &status), 0);
    assert_true(S_ISDIR(status.st_mode));
    assert_int_equal(file_write(below("a/b/file"), "x", 1, &err), ERR_OK);
    assert_int_equal(folder_make(below("a/b/file"), &err), ERR_IO);
    assert_int_equal(folder_make(below("a/b/file/d"), &err), ERR_IO);
    assert_int_equal(folder_make("", &err), ERR_IO);
    assert_int_equal(symlink(folder, below("a/link")), 0);
    folder_remove(below("a"));
    assert_false(file_exists(below("a")));
    assert_true(file_exists(folder)); /* the link was removed, not what it points to */
    folder_remove(below("never/was"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_whole_and_reads_back),
        cmocka_unit_test(errors_name_the_path_and_the_reason),
        cmocka_unit_test(makes_and_removes_folders),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
