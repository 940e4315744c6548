#include "files_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <utime.h>

static void write_to(const char *name, const char *content)
{
    struct error err = {0};
    if (file_write(below(name), content, strlen(content), &err) != ERR_OK) fail_msg("%s", err.text);
}

static void a_new_file_goes_by_the_umask(void **state)
{
    (void)state;
    const mode_t before = umask(027);
    write_to("new", "content");
    (void)umask(before);
    assert_int_equal(mode_of("new"), S_IFREG | 0640);
    assert_content("new", "content");
    assert_int_equal(entries(), 1);
}

/* Another inode takes its place at once, so that no reader ever sees a part of it. */
static void a_file_is_replaced_and_keeps_its_mode(void **state)
{
    (void)state;
    static const mode_t modes[] = {0600, 0640, 0666, 0755, 0400};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct stat before, after;
        put("file", "a longer content", modes[i]);
        assert_int_equal(stat(below("file"), &before), 0);
        const int reader = open(below("file"), O_RDONLY);
        write_to("file", "new");
        assert_int_equal(mode_of("file"), S_IFREG | modes[i]);
        assert_content("file", "new");
        assert_int_equal(stat(below("file"), &after), 0);
        char old[32] = "";
        assert_int_equal(read(reader, old, sizeof old), 16);
        assert_string_equal(old, "a longer content");
        (void)close(reader);
        assert_int_equal(entries(), 1);
        assert_int_equal(unlink(below("file")), 0);
    }
}

static void a_link_stays_and_its_target_is_written(void **state)
{
    (void)state;
    put("target", "a longer content", 0640);
    assert_int_equal(symlink("target", below("link")), 0);
    write_to("link", "new");
    assert_true(S_ISLNK(mode_of("link")));
    assert_content("target", "new");
    assert_int_equal(mode_of("target"), S_IFREG | 0640);
    assert_int_equal(symlink("to be made", below("dangling")), 0);
    write_to("dangling", "made");
    assert_true(S_ISLNK(mode_of("dangling")));
    assert_content("to be made", "made");
    assert_int_equal(entries(), 4);
}

struct reading {
    char path[160], found[64];
};

static void *read_all(void *context)
{
    struct reading *reading = context;
    (void)usleep(100 * 1000); /* the writer waits for it */
    const int fd = open(reading->path, O_RDONLY);
    ssize_t got;
    size_t length = 0;
    while ((got = read(fd, reading->found + length, sizeof reading->found - 1 - length)) > 0)
        length += (size_t)got;
    (void)close(fd);
    return NULL;
}

static void a_pipe_is_written_into(void **state)
{
    (void)state;
    struct reading reading = {0};
    pthread_t thread;
    assert_int_equal(mkfifo(below("fifo"), 0600), 0);
    (void)snprintf(reading.path, sizeof reading.path, "%s", below("fifo"));
    assert_int_equal(pthread_create(&thread, NULL, read_all, &reading), 0);
    write_to("fifo", "through the pipe");
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_string_equal(reading.found, "through the pipe");
    assert_true(S_ISFIFO(mode_of("fifo")));
    assert_int_equal(entries(), 1);
}

static void a_pipe_without_a_reader_is_an_error(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(mkfifo(below("fifo"), 0600), 0);
    (void)alarm(30);
    assert_int_equal(file_write(below("fifo"), "x", 1, &err), ERR_IO);
    (void)alarm(0);
    assert_non_null(strstr(err.text, "nobody has read for 5 s"));
    assert_true(S_ISFIFO(mode_of("fifo")));
}

/* A node of our own, so that a mistake costs no real device. Only root can make one. */
static void a_device_is_written_into(void **state)
{
    (void)state;
    struct error err = {0};
    if (mknod(below("null"), S_IFCHR | 0666, makedev(1, 3)) != 0) skip();
    const int probe = open(below("null"), O_WRONLY);
    if (probe < 0) skip(); /* mounted without devices */
    (void)close(probe);
    write_to("null", "gone");
    assert_true(S_ISCHR(mode_of("null")));
    assert_int_equal(mknod(below("full"), S_IFCHR | 0666, makedev(1, 7)), 0);
    assert_int_equal(file_write(below("full"), "x", 1, &err), ERR_IO);
    assert_non_null(strstr(err.text, "No space left"));
    assert_true(S_ISCHR(mode_of("full")));
    assert_int_equal(entries(), 2);
}

/* What the shell has opened with >> is added to, as by any other writer of standard output. */
static void our_own_descriptors_are_written_into(void **state)
{
    (void)state;
    char path[32];
    struct error err = {0};
    put("log", "before,", 0600);
    const int log = open(below("log"), O_WRONLY | O_APPEND);
    (void)snprintf(path, sizeof path, "/dev/fd/%d", log);
    assert_int_equal(file_write(path, "after", 5, &err), ERR_OK);
    assert_int_equal(write(log, ",last", 5), 5);
    (void)close(log);
    assert_content("log", "before,after,last");
}

static void a_folder_is_refused(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(mkdir(below("folder"), 0700), 0);
    assert_int_equal(file_write(below("folder"), "x", 1, &err), ERR_IO);
    assert_non_null(strstr(err.text, "folder: is a folder: name a file"));
    assert_int_equal(entries(), 1);
}

/* Beyond the limit, write() fails as on a full disk, after a short write. */
static void a_failed_write_leaves_the_old_file(void **state)
{
    (void)state;
    struct error err = {0};
    static const char bytes[100000];
    struct rlimit limit, low;
    put("file", "old", 0600);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    low = (struct rlimit){.rlim_cur = 4096, .rlim_max = limit.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    const enum err_code code = file_write(below("file"), bytes, sizeof bytes, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(code, ERR_IO);
    assert_non_null(strstr(err.text, "file: cannot write: File too large"));
    assert_content("file", "old");
    assert_int_equal(file_write(below("file/below"), "x", 1, &err), ERR_IO);
    assert_non_null(strstr(err.text, "file/below: cannot create: Not a directory"));
    assert_int_equal(entries(), 1);
}

/* ---- files of a folder of ours ---- */

static struct folder open_folder(void)
{
    struct folder folder;
    assert_int_equal(folder_open(files_folder, &folder, NULL), ERR_OK);
    return folder;
}

/* A folder from elsewhere may hold a link to any file of its reader. */
static void nothing_outside_a_folder_is_written(void **state)
{
    (void)state;
    struct folder folder = open_folder();
    put("precious", "kept", 0600);
    assert_int_equal(symlink("precious", below("report.md")), 0);
    assert_int_equal(mkfifo(below("report.html"), 0600), 0);
    static const char *const names[] = {"report.md", "report.html"};
    static const char *const kinds[] = {"is a symbolic link", "is a pipe"};
    for (int i = 0; i < 2; i++) {
        struct error err = {0};
        assert_int_equal(file_replace(&folder, names[i], 0600, "x", 1, &err), ERR_IO);
        assert_non_null(strstr(err.text, names[i]));
        assert_non_null(strstr(err.text, kinds[i]));
        int fd;
        assert_int_equal(file_create(&folder, names[i], 0600, &fd, &err), ERR_IO);
    }
    assert_content("precious", "kept");
    assert_true(S_ISLNK(mode_of("report.md")));
    folder_close(&folder);
}

static void a_mode_of_ours_is_exact(void **state)
{
    (void)state;
    struct folder folder = open_folder();
    int fd;
    const mode_t before = umask(077);
    assert_int_equal(file_replace(&folder, "shared", 0644, "x", 1, NULL), ERR_OK);
    (void)umask(0);
    assert_int_equal(file_put_new(&folder, "private", 0600, "x", 1, NULL), ERR_OK);
    assert_int_equal(file_create(&folder, "appended", 0600, &fd, NULL), ERR_OK);
    (void)umask(before);
    (void)close(fd);
    assert_int_equal(mode_of("shared"), S_IFREG | 0644);
    assert_int_equal(mode_of("private"), S_IFREG | 0600);
    assert_int_equal(mode_of("appended"), S_IFREG | 0600);
    folder_close(&folder);
}

static void a_taken_name_is_left_alone(void **state)
{
    (void)state;
    struct folder folder = open_folder();
    struct error err = {0};
    put("run.json", "someone's", 0600);
    assert_int_equal(file_put_new(&folder, "run.json", 0600, "ours", 4, &err), ERR_IO);
    assert_int_equal(errno, EEXIST);
    assert_content("run.json", "someone's");
    put("moving", "moved", 0600);
    assert_int_equal(file_move(below("moving"), below("run.json"), &err), ERR_IO);
    assert_int_equal(errno, EEXIST);
    assert_content("run.json", "someone's");
    assert_int_equal(file_move(below("moving"), below("moved"), &err), ERR_OK);
    assert_content("moved", "moved");
    assert_int_equal(entries(), 2);
    folder_close(&folder);
}

/* Whatever becomes of its name, a folder held open is the same one. */
static void a_renamed_folder_is_still_written(void **state)
{
    (void)state;
    struct folder folder;
    assert_int_equal(mkdir(below("before"), 0700), 0);
    assert_int_equal(folder_open(below("before"), &folder, NULL), ERR_OK);
    assert_int_equal(rename(below("before"), below("after")), 0);
    assert_int_equal(file_replace(&folder, "file", 0600, "x", 1, NULL), ERR_OK);
    assert_content("after/file", "x");
    folder_close(&folder);
    folder_close(&folder);
}

/* ---- temporary files ---- */

static int temporary(char path[160])
{
    (void)snprintf(path, 160, "%s/rushhour-ca-XXXXXX.pem", files_folder);
    const int fd = file_temporary(path, ".pem");
    assert_true(fd >= 0);
    const struct utimbuf an_hour_ago = {.modtime = time(NULL) - 3600};
    assert_int_equal(utime(path, &an_hour_ago), 0);
    return fd;
}

static void stale_temporary_files_are_removed(void **state)
{
    (void)state;
    char used[160], left[160], fresh[160];
    const int held = temporary(used);
    (void)close(temporary(left));
    (void)close(temporary(fresh));
    assert_int_equal(utime(fresh, NULL), 0);
    put("rushhour-ca-other.txt", "kept", 0600);
    assert_int_equal(symlink("rushhour-ca-other.txt", below("rushhour-ca-link.pem")), 0);
    files_remove_stale(files_folder, "rushhour-ca-", ".pem");
    assert_true(file_exists(used));
    assert_false(file_exists(left));
    assert_true(file_exists(fresh));
    assert_int_equal(entries(), 4);
    (void)close(held);
    files_remove_stale(files_folder, "rushhour-ca-", ".pem");
    assert_false(file_exists(used));
    files_remove_stale("/no/such/folder", "rushhour-ca-", ".pem");
}

static void an_unnamed_file_leaves_no_name(void **state)
{
    (void)state;
    struct folder folder = open_folder();
    const int fd = file_unnamed(&folder);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "x", 1), 1);
    assert_int_equal(entries(), 0);
    (void)close(fd);
    folder_close(&folder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, files_begin, files_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_file_goes_by_the_umask),
        TEST(a_file_is_replaced_and_keeps_its_mode),
        TEST(a_link_stays_and_its_target_is_written),
        TEST(a_pipe_is_written_into),
        TEST(a_pipe_without_a_reader_is_an_error),
        TEST(a_device_is_written_into),
        TEST(our_own_descriptors_are_written_into),
        TEST(a_folder_is_refused),
        TEST(a_failed_write_leaves_the_old_file),
        TEST(nothing_outside_a_folder_is_written),
        TEST(a_mode_of_ours_is_exact),
        TEST(a_taken_name_is_left_alone),
        TEST(a_renamed_folder_is_still_written),
        TEST(stale_temporary_files_are_removed),
        TEST(an_unnamed_file_leaves_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
