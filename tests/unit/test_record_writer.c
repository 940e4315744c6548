#include "test_record_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const data_files[] = {"intervals.csv", "latency.hlog", "attempts.csv",
                                         "failures.jsonl"};
#define DATA_FILES (sizeof data_files / sizeof *data_files)

static int entries(const char *folder)
{
    DIR *dir = opendir(folder);
    if (dir == NULL) return -1;
    int count = -2; /* . and .. */
    while (readdir(dir) != NULL) count++;
    (void)closedir(dir);
    return count;
}

static void read_all(const struct fixture *f, const char *name, struct text *out)
{
    struct error err = {0};
    assert_int_equal(file_read(fixture_path(f, name), 1 << 24, out, &err), ERR_OK);
}

static void test_a_fresh_folder_has_every_header(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct run_writer *writer = NULL;
    struct error err = {0};
    assert_int_equal(run_writer_open(f->folder, &f->profile, START_NS, &writer, &err), ERR_OK);
    static const char *const begins[] = {"start,end,region,", "#", "time,region,session_id,", ""};
    for (size_t i = 0; i < DATA_FILES; i++) {
        struct text text = {0};
        read_all(f, data_files[i], &text);
        assert_memory_equal(text_str(&text), begins[i], strlen(begins[i]));
        text_free(&text);
    }
    assert_int_equal(run_writer_close(writer, &err), ERR_OK);
    fixture_free(f);
}

static void test_record_attempts_false_leaves_the_file_out(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    f->profile.record_attempts = false;
    fixture_write(f);
    assert_false(file_exists(fixture_path(f, "attempts.csv")));
    assert_true(file_exists(fixture_path(f, "intervals.csv")));
    fixture_free(f);
}

static void test_an_empty_folder_is_taken_and_a_used_one_is_not(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct run_writer *writer = NULL;
    struct error err = {0};
    assert_int_equal(mkdir(f->folder, 0755), 0);
    assert_int_equal(run_writer_open(f->folder, &f->profile, START_NS, &writer, &err), ERR_OK);
    assert_int_equal(run_writer_close(writer, &err), ERR_OK);
    assert_int_equal(entries(f->folder), 4);
    assert_int_equal(run_writer_open(f->folder, &f->profile, START_NS, &writer, &err), ERR_IO);
    assert_null(writer);
    assert_non_null(strstr(err.text, f->folder));
    assert_non_null(strstr(err.text, "is not empty"));
    assert_int_equal(entries(f->folder), 4);
    fixture_free(f);
}

/* A parent that is a file cannot be a folder for anyone, not even root. */
static void test_an_unwritable_place_leaves_nothing(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct run_writer *writer = NULL;
    struct error err = {0};
    char path[160];
    assert_int_equal(file_write(f->folder, "x", 1, &err), ERR_OK);
    (void)snprintf(path, sizeof path, "%s/deeper/run", f->folder);
    assert_int_equal(run_writer_open(path, &f->profile, START_NS, &writer, &err), ERR_IO);
    assert_non_null(strstr(err.text, f->folder));
    assert_int_equal(entries(f->root), 1);
    assert_int_equal(run_writer_open("/proc/rushhour/run", &f->profile, START_NS, &writer, &err),
                     ERR_IO);
    assert_non_null(strstr(err.text, "/proc/rushhour"));
    fixture_free(f);
}

/* In place of a full disk: beyond the limit, write() fails just as it does there, after a short
 * write. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes == 0 ? limit.rlim_max : bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_open_on_a_full_disk_removes_what_was_made(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct run_writer *writer = NULL;
    struct error err = {0};
    char path[160];
    (void)snprintf(path, sizeof path, "%s/a/b/c", f->root);
    limit_files(20);
    enum err_code code = run_writer_open(path, &f->profile, START_NS, &writer, &err);
    limit_files(0);
    assert_int_equal(code, ERR_IO);
    assert_null(writer);
    assert_non_null(strstr(err.text, "a/b/c/intervals.csv"));
    assert_non_null(strstr(err.text, strerror(EFBIG)));
    assert_int_equal(entries(f->root), 0);
    fixture_free(f);
}

static void test_a_full_disk_is_told_and_told_again(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct run_writer *writer = NULL;
    struct error err = {0};
    struct text rows = {0};
    struct text before = {0};
    struct text after = {0};
    assert_int_equal(run_writer_open(f->folder, &f->profile, START_NS, &writer, &err), ERR_OK);
    for (int i = 0; i < 3000; i++) text_puts(&rows, "row of an attempt\n");
    limit_files(4096);
    enum err_code code = run_writer_attempts(writer, &rows, &err);
    limit_files(0);
    assert_int_equal(code, ERR_IO);
    assert_non_null(strstr(err.text, "attempts.csv"));
    assert_non_null(strstr(err.text, strerror(EFBIG)));
    read_all(f, "attempts.csv", &before);
    assert_int_equal(before.length, 4096);
    struct error again = {0};
    assert_int_equal(run_writer_attempts(writer, &rows, &again), ERR_IO);
    assert_string_equal(again.text, err.text);
    assert_int_equal(run_writer_failures(writer, &rows, &again), ERR_IO);
    assert_int_equal(
        run_writer_interval(writer, START_NS, START_NS + 1, f->cells[0], &f->health, &again),
        ERR_IO);
    read_all(f, "attempts.csv", &after);
    assert_int_equal(after.length, before.length);
    cJSON *manifest = manifest_new(&f->run, NULL, 0);
    memset(&again, 0, sizeof again);
    assert_int_equal(run_writer_manifest(writer, manifest, &again), ERR_IO);
    assert_string_equal(again.text, err.text);
    assert_true(file_exists(fixture_path(f, "run.json"))); /* it still says how the run ended */
    cJSON_Delete(manifest);
    assert_int_equal(run_writer_close(writer, &again), ERR_IO);
    text_free(&rows);
    text_free(&before);
    text_free(&after);
    fixture_free(f);
}

static void test_a_cell_that_lost_figures_is_refused(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct run_writer *writer = NULL;
    struct error err = {0};
    assert_int_equal(run_writer_open(f->folder, &f->profile, START_NS, &writer, &err), ERR_OK);
    f->cells[0][1].failed = true;
    assert_int_equal(
        run_writer_interval(writer, START_NS, START_NS + 1, f->cells[0], &f->health, &err),
        ERR_NOMEM);
    assert_int_equal(run_writer_close(writer, &err), ERR_NOMEM);
    fixture_free(f);
}

/* Each call hands its lines to the kernel: another process sees all of them immediately. */
static void test_nothing_waits_in_a_buffer(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct run_writer *writer = NULL;
    struct error err = {0};
    struct text line = {0};
    struct text file = {0};
    assert_int_equal(run_writer_open(f->folder, &f->profile, START_NS, &writer, &err), ERR_OK);
    text_puts(&line, "{\"a\":1}\n");
    assert_int_equal(run_writer_failures(writer, &line, &err), ERR_OK);
    read_all(f, "failures.jsonl", &file);
    assert_string_equal(text_str(&file), "{\"a\":1}\n");
    assert_int_equal(run_writer_close(writer, &err), ERR_OK);
    text_free(&line);
    text_free(&file);
    fixture_free(f);
}

static void test_no_canary_in_any_file(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    fixture_write(f);
    static const char *const files[] = {"intervals.csv", "latency.hlog", "attempts.csv",
                                        "failures.jsonl", "run.json"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct text text = {0};
        read_all(f, files[i], &text);
        assert_true(text.length > 100);
        assert_null(strstr(text_str(&text), "CANARY"));
        text_free(&text);
    }
    fixture_free(f);
}

int main(void)
{
    (void)signal(SIGXFSZ, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_fresh_folder_has_every_header),
        cmocka_unit_test(test_record_attempts_false_leaves_the_file_out),
        cmocka_unit_test(test_an_empty_folder_is_taken_and_a_used_one_is_not),
        cmocka_unit_test(test_an_unwritable_place_leaves_nothing),
        cmocka_unit_test(test_open_on_a_full_disk_removes_what_was_made),
        cmocka_unit_test(test_a_full_disk_is_told_and_told_again),
        cmocka_unit_test(test_a_cell_that_lost_figures_is_refused),
        cmocka_unit_test(test_nothing_waits_in_a_buffer),
        cmocka_unit_test(test_no_canary_in_any_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
