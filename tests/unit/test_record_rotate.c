/* Rotation loses no line and keeps none twice: while it goes on, when the disk has no room, when
 * files or the folder are removed, when the run goes on elsewhere. */
#include "record/lines.h"
#include "record/run_store.h"

#include "files_fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#define HEAD "time,region\n"
#define AT 4000

static unsigned lines_written;

static struct run_store *open_store(const char *spill)
{
    struct run_store *store = NULL;
    struct error err = {0};
    const struct run_store_plan plan = {.path = below("run"), .spill = spill};
    static const char json[] = "{\"run\":{\"state\":\"running\",\"reason\":null}}";
    lines_written = 0;
    if (run_store_open(&plan, &store, &err) != ERR_OK) fail_msg("%s", err.text);
    assert_int_equal(run_store_manifest(store, json, sizeof json - 1, &err), ERR_OK);
    for (enum run_file file = 0; file < RUN_FILE_COUNT; file++)
        assert_int_equal(run_store_create(store, file, &err), ERR_OK);
    assert_int_equal(run_store_append(store, FILE_ATTEMPTS, HEAD, strlen(HEAD), &err), ERR_OK);
    assert_true(run_store_rotates(store, FILE_ATTEMPTS, AT, HEAD));
    return store;
}

/* Each line has its number, and about a hundred bytes. */
static void add(struct run_store *store, int count)
{
    struct error err = {0};
    for (int i = 0; i < count; i++) {
        char line[128];
        (void)snprintf(line, sizeof line, "%u,%090u\n", lines_written, lines_written * 7919);
        lines_written++;
        if (run_store_append(store, FILE_ATTEMPTS, line, strlen(line), &err) != ERR_OK)
            fail_msg("%s", err.text);
    }
}

static void assert_all_once(const char *folder)
{
    struct lines lines;
    struct error err = {0};
    char path[200];
    char *line;
    size_t length;
    unsigned count = 0;
    (void)snprintf(path, sizeof path, "%s/attempts.csv", folder);
    if (lines_open(&lines, path, 4096, &err) != ERR_OK) fail_msg("%s", err.text);
    assert_int_equal(lines_next(&lines, &line, &length), LINE_WHOLE);
    assert_string_equal(line, "time,region");
    for (enum line_kind kind; (kind = lines_next(&lines, &line, &length)) != LINE_END; count++) {
        assert_int_equal(kind, LINE_WHOLE);
        assert_int_equal(strtoul(line, NULL, 10), count);
    }
    lines_close(&lines);
    assert_int_equal(count, lines_written);
}

static int parts_named(const char *ending)
{
    int count = 0;
    DIR *folder = opendir(below("run"));
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        const size_t length = strlen(entry->d_name);
        if (strncmp(entry->d_name, "attempts-", 9) == 0 && length > strlen(ending) &&
            strcmp(entry->d_name + length - strlen(ending), ending) == 0)
            count++;
    }
    (void)closedir(folder);
    return count;
}

static void limit_to(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes == 0 ? limit.rlim_max : bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void end(struct run_store *store)
{
    struct error err = {0};
    if (run_store_end(store, &err) != ERR_OK) fail_msg("%s", err.text);
    run_store_free(store);
}

/* Also at each moment in between: what a kill would leave. */
static void all_lines_are_there_once_at_any_time(void **state)
{
    (void)state;
    struct run_store *store = open_store(NULL);
    for (int i = 0; i < 500; i++) {
        add(store, 1);
        assert_all_once(below("run"));
    }
    end(store);
    assert_all_once(below("run"));
    assert_true(parts_named(".csv.gz") >= 10);
    assert_true(parts_named(".csv") <= 1); /* the last one may not be compressed */
    assert_int_equal(parts_named(".new"), 0);
    assert_int_equal(mode_of("run/attempts-0001.csv.gz"), S_IFREG | 0600);
}

/* gzip itself reads them. */
static void others_can_unpack_them(void **state)
{
    (void)state;
    char command[300];
    char out[64] = "";
    struct run_store *store = open_store(NULL);
    add(store, 200);
    end(store);
    (void)snprintf(command, sizeof command, "gzip -dc %s/run/attempts-0001.csv.gz | head -n 1",
                   files_folder);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_non_null(fgets(out, sizeof out, pipe));
    (void)pclose(pipe);
    assert_string_equal(out, HEAD);
}

/* No new file may be longer than that: the parts stay plain, or there is no part. */
static void a_full_disk_costs_nothing(void **state)
{
    (void)state;
    static const rlim_t limits[] = {1, 8, 20, 200, 3000};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct run_store *store = open_store(NULL);
        add(store, 35);
        limit_to(limits[i]);
        add(store, 30); /* held in memory */
        limit_to(0);
        assert_true(run_store_flush(store));
        add(store, 100);
        end(store);
        assert_all_once(below("run"));
        assert_int_equal(parts_named(".new"), 0);
        folder_remove(below("run"));
    }
}

static void what_stands_in_the_way_stays(void **state)
{
    (void)state;
    struct run_store *store = open_store(NULL);
    put("run/attempts-0001.csv", HEAD, 0600);
    assert_int_equal(mkdir(below("run/attempts-0002.csv.gz.new"), 0700), 0);
    add(store, 200);
    end(store);
    assert_all_once(below("run"));
    assert_content("run/attempts-0001.csv", HEAD);
    assert_int_equal(rmdir(below("run/attempts-0002.csv.gz.new")), 0);
}

static void a_renamed_folder_is_followed(void **state)
{
    (void)state;
    struct run_store *store = open_store(NULL);
    add(store, 60);
    assert_int_equal(rename(below("run"), below("elsewhere")), 0);
    add(store, 200);
    end(store);
    assert_all_once(below("elsewhere"));
}

static void parts_go_along_to_another_folder(void **state)
{
    (void)state;
    char spill[160];
    (void)snprintf(spill, sizeof spill, "%s", below("spill"));
    struct run_store *store = open_store(spill);
    add(store, 230);
    /* nobody can make a file of this name again */
    assert_int_equal(unlink(below("run/attempts.csv")), 0);
    assert_int_equal(mkdir(below("run/attempts.csv"), 0700), 0);
    const struct timespec second = {.tv_sec = 1, .tv_nsec = 50 * 1000 * 1000};
    (void)nanosleep(&second, NULL);
    run_store_check(store);
    add(store, 100);
    end(store);
    assert_all_once(below("spill/run"));
}

/* Somebody took the parts away: what is missing is told. */
static void parts_that_are_gone_are_told(void **state)
{
    (void)state;
    struct error err = {0};
    struct run_store *store = open_store(NULL);
    add(store, 230);
    folder_remove(below("run"));
    const struct timespec second = {.tv_sec = 1, .tv_nsec = 50 * 1000 * 1000};
    (void)nanosleep(&second, NULL);
    run_store_check(store);
    assert_int_equal(run_store_end(store, &err), ERR_IO);
    assert_non_null(strstr(err.text, "rotated parts could not be read back"));
    run_store_free(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, files_begin, files_end)

int main(void)
{
    (void)signal(SIGXFSZ, SIG_IGN);
    const struct CMUnitTest tests[] = {
        TEST(all_lines_are_there_once_at_any_time),
        TEST(others_can_unpack_them),
        TEST(a_full_disk_costs_nothing),
        TEST(what_stands_in_the_way_stays),
        TEST(a_renamed_folder_is_followed),
        TEST(parts_go_along_to_another_folder),
        TEST(parts_that_are_gone_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
