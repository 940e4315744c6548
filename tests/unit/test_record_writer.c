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
    assert_int_equal(run_writer_open(&(struct run_writer_plan){.path = f->folder,
                                                               .profile = &f->profile,
                                                               .start_utc_ns = START_NS},
                                     &writer, &err),
                     ERR_OK);
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
    assert_int_equal(run_writer_open(&(struct run_writer_plan){.path = f->folder,
                                                               .profile = &f->profile,
                                                               .start_utc_ns = START_NS},
                                     &writer, &err),
                     ERR_OK);
    assert_int_equal(run_writer_close(writer, &err), ERR_OK);
    assert_int_equal(entries(f->folder), 4);
    assert_int_equal(run_writer_open(&(struct run_writer_plan){.path = f->folder,
                                                               .profile = &f->profile,
                                                               .start_utc_ns = START_NS},
                                     &writer, &err),
                     ERR_IO);
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
    assert_int_equal(run_writer_open(&(struct run_writer_plan){.path = path,
                                                               .profile = &f->profile,
                                                               .start_utc_ns = START_NS},
                                     &writer, &err),
                     ERR_IO);
    assert_non_null(strstr(err.text, f->folder));
    assert_int_equal(entries(f->root), 1);
    assert_int_equal(run_writer_open(&(struct run_writer_plan){.path = "/proc/rushhour/run",
                                                               .profile = &f->profile,
                                                               .start_utc_ns = START_NS},
                                     &writer, &err),
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
    enum err_code code = run_writer_open(
        &(struct run_writer_plan){.path = path, .profile = &f->profile, .start_utc_ns = START_NS},
        &writer, &err);
    limit_files(0);
    assert_int_equal(code, ERR_IO);
    assert_null(writer);
    assert_non_null(strstr(err.text, "a/b/c/intervals.csv"));
    assert_non_null(strstr(err.text, strerror(EFBIG)));
    assert_int_equal(entries(f->root), 0);
    fixture_free(f);
}

/* Nothing is lost while the disk is full, and nothing comes twice. */
static void test_a_full_disk_is_waited_for(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct run_writer *writer = NULL;
    struct error err = {0};
    struct text rows = {0}, file = {0}, news = {0};
    const struct run_writer_plan plan = {
        .path = f->folder, .profile = &f->profile, .start_utc_ns = START_NS};
    assert_int_equal(run_writer_open(&plan, &writer, &err), ERR_OK);
    for (int i = 0; i < 3000; i++) text_puts(&rows, "row of an attempt\n");
    assert_false(run_writer_news(writer, &news));
    limit_files(4096);
    enum err_code code = run_writer_attempts(writer, &rows, &err);
    /* what comes later does not overtake it, though there would be room */
    enum err_code later = run_writer_failures(writer, &rows, &err);
    assert_false(run_writer_settle(writer));
    limit_files(0);
    assert_int_equal(code, ERR_OK);
    assert_int_equal(later, ERR_OK);
    assert_true(run_writer_news(writer, &news));
    assert_non_null(strstr(text_str(&news), "attempts.csv: cannot write: File too large"));
    assert_false(run_writer_news(writer, &news)); /* once a minute */
    read_all(f, "attempts.csv", &file);
    assert_int_equal(file.length, 4096);
    text_clear(&file);
    read_all(f, "failures.jsonl", &file);
    assert_int_equal(file.length, 0);
    text_clear(&file);
    assert_true(run_writer_settle(writer));
    text_clear(&news);
    assert_true(run_writer_news(writer, &news));
    assert_non_null(strstr(text_str(&news), "is written"));
    assert_int_equal(run_writer_close(writer, &err), ERR_OK);
    read_all(f, "attempts.csv", &file);
    const char *header_end = strchr(text_str(&file), '\n') + 1;
    assert_string_equal(header_end, text_str(&rows));
    text_clear(&file);
    read_all(f, "failures.jsonl", &file);
    assert_string_equal(text_str(&file), text_str(&rows));
    text_free(&rows);
    text_free(&file);
    text_free(&news);
    fixture_free(f);
}

/* More than may be held ends the load, but what still comes is kept too, and run.json says what is
 * missing in the end. */
static void test_a_disk_that_stays_full_is_told(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct run_writer *writer = NULL;
    struct error err = {0};
    struct text rows = {0};
    const struct run_writer_plan plan = {
        .path = f->folder, .profile = &f->profile, .start_utc_ns = START_NS, .held_most = 20000};
    assert_int_equal(run_writer_open(&plan, &writer, &err), ERR_OK);
    for (int i = 0; i < 1000; i++) text_puts(&rows, "row of an attempt\n"); /* 18,000 bytes */
    limit_files(4096);
    assert_int_equal(run_writer_attempts(writer, &rows, &err), ERR_OK);
    assert_int_equal(run_writer_attempts(writer, &rows, &err), ERR_IO);
    limit_files(0);
    assert_non_null(strstr(err.text, "attempts.csv: cannot write: File too large"));
    assert_non_null(strstr(err.text, "more than 20000 bytes"));
    limit_files(4096);
    struct error again = {0};
    assert_int_equal(run_writer_failures(writer, &rows, &again), ERR_NOMEM); /* beyond twice */
    enum err_code code = run_writer_end(writer, &again);
    limit_files(0);
    assert_int_equal(code, ERR_NOMEM);
    cJSON *manifest = manifest_new(&f->run, NULL, 0);
    assert_int_equal(run_writer_manifest(writer, manifest, &err), ERR_OK);
    assert_true(file_exists(fixture_path(f, "run.json"))); /* it still says how the run ended */
    cJSON_Delete(manifest);
    assert_int_equal(run_writer_close(writer, &again), ERR_NOMEM);
    text_free(&rows);
    fixture_free(f);
}

static void test_the_end_names_what_is_missing(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct run_writer *writer = NULL;
    struct error err = {0};
    struct text rows = {0};
    const struct run_writer_plan plan = {
        .path = f->folder, .profile = &f->profile, .start_utc_ns = START_NS};
    assert_int_equal(run_writer_open(&plan, &writer, &err), ERR_OK);
    for (int i = 0; i < 1000; i++) text_puts(&rows, "row of an attempt\n");
    limit_files(4096);
    assert_int_equal(run_writer_failures(writer, &rows, &err), ERR_OK);
    enum err_code code = run_writer_end(writer, &err);
    limit_files(0);
    assert_int_equal(code, ERR_IO);
    assert_non_null(
        strstr(err.text, "failures.jsonl: cannot write: File too large: the last 18000"));
    struct error again = {0};
    assert_int_equal(run_writer_close(writer, &again), ERR_IO);
    assert_string_equal(again.text, err.text);
    text_free(&rows);
    fixture_free(f);
}

/* A kill at any moment leaves a run folder: run.json comes before the first other file. */
static void test_the_manifest_comes_first(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct run_writer *writer = NULL, *other = NULL;
    struct error err = {0};
    cJSON *manifest = manifest_new(&f->run, NULL, 0);
    const struct run_writer_plan plan = {
        .path = f->folder, .profile = &f->profile, .start_utc_ns = START_NS, .manifest = manifest};
    limit_files(1); /* no file gets further than its name */
    assert_int_equal(run_writer_open(&plan, &writer, &err), ERR_IO);
    limit_files(0);
    assert_non_null(strstr(err.text, "run.json"));
    assert_int_equal(entries(f->root), 0);
    assert_int_equal(run_writer_open(&plan, &writer, &err), ERR_OK);
    assert_true(file_exists(fixture_path(f, "run.json")));
    /* two runs into one folder: the first keeps it */
    assert_int_equal(run_writer_open(&plan, &other, &err), ERR_IO);
    assert_true(file_exists(fixture_path(f, "run.json")));
    assert_int_equal(run_writer_close(writer, &err), ERR_OK);
    cJSON_Delete(manifest);
    fixture_free(f);
}

static mode_t mode_at(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 07777;
}

static void test_others_read_it_only_when_it_is_shared(void **state)
{
    (void)state;
    for (int share = 0; share < 2; share++) {
        struct fixture *f = fixture_new();
        struct run_writer *writer = NULL;
        struct error err = {0};
        cJSON *manifest = manifest_new(&f->run, NULL, 0);
        const struct run_writer_plan plan = {.path = f->folder,
                                             .profile = &f->profile,
                                             .start_utc_ns = START_NS,
                                             .manifest = manifest,
                                             .share = share == 1};
        const mode_t before = umask(022);
        assert_int_equal(run_writer_open(&plan, &writer, &err), ERR_OK);
        (void)umask(before);
        assert_int_equal(mode_at(f->folder), share ? 0755 : 0700);
        for (size_t i = 0; i < DATA_FILES; i++)
            assert_int_equal(mode_at(fixture_path(f, data_files[i])), share ? 0644 : 0600);
        assert_int_equal(mode_at(fixture_path(f, "run.json")), share ? 0644 : 0600);
        assert_int_equal(run_writer_close(writer, &err), ERR_OK);
        cJSON_Delete(manifest);
        fixture_free(f);
    }
}

static void test_a_name_of_its_own(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct run_writer *writer = NULL;
    struct error err = {0};
    const struct run_writer_plan plan = {
        .path = f->folder, .profile = &f->profile, .start_utc_ns = START_NS, .must_be_new = true};
    assert_int_equal(mkdir(f->folder, 0700), 0); /* by another run, a moment ago */
    assert_int_equal(run_writer_open(&plan, &writer, &err), ERR_IO);
    assert_int_equal(errno, EEXIST);
    assert_int_equal(entries(f->folder), 0);
    assert_int_equal(rmdir(f->folder), 0);
    assert_int_equal(run_writer_open(&plan, &writer, &err), ERR_OK);
    assert_int_equal(run_writer_close(writer, &err), ERR_OK);
    fixture_free(f);
}

static void test_a_cell_that_lost_figures_is_refused(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct run_writer *writer = NULL;
    struct error err = {0};
    assert_int_equal(run_writer_open(&(struct run_writer_plan){.path = f->folder,
                                                               .profile = &f->profile,
                                                               .start_utc_ns = START_NS},
                                     &writer, &err),
                     ERR_OK);
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
    assert_int_equal(run_writer_open(&(struct run_writer_plan){.path = f->folder,
                                                               .profile = &f->profile,
                                                               .start_utc_ns = START_NS},
                                     &writer, &err),
                     ERR_OK);
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
        cmocka_unit_test(test_a_full_disk_is_waited_for),
        cmocka_unit_test(test_a_disk_that_stays_full_is_told),
        cmocka_unit_test(test_the_end_names_what_is_missing),
        cmocka_unit_test(test_the_manifest_comes_first),
        cmocka_unit_test(test_others_read_it_only_when_it_is_shared),
        cmocka_unit_test(test_a_name_of_its_own),
        cmocka_unit_test(test_a_cell_that_lost_figures_is_refused),
        cmocka_unit_test(test_nothing_waits_in_a_buffer),
        cmocka_unit_test(test_no_canary_in_any_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
