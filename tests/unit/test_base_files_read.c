#include "files_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Longer than any of our waits would be an endless one. */
#define ENDLESS_S 30

static enum err_code read_given(const char *path, struct text *text, struct error *err)
{
    text_clear(text);
    (void)alarm(ENDLESS_S);
    enum err_code code = file_read_given(path, 1000, text, err);
    (void)alarm(0);
    return code;
}

static enum err_code read_regular(const char *path, struct text *text, struct error *err)
{
    text_clear(text);
    (void)alarm(ENDLESS_S);
    enum err_code code = file_read(path, 1000, text, err);
    (void)alarm(0);
    return code;
}

/* What is no regular file is never even opened: a device may act on it, a pipe may wait. */
static void only_regular_files_are_read(void **state)
{
    (void)state;
    struct text text = {0};
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    assert_int_equal(mkfifo(below("fifo"), 0600), 0);
    assert_int_equal(symlink("fifo", below("link to fifo")), 0);
    assert_int_equal(symlink("/dev/zero", below("link to zero")), 0);
    (void)snprintf(name.sun_path, sizeof name.sun_path, "%s", below("socket"));
    const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&name, sizeof name), 0);
    static const struct {
        const char *name, *said;
    } rows[] = {{"fifo", "fifo: is a pipe"},
                {"link to fifo", "link to fifo: is a pipe"},
                {"link to zero", "link to zero: is a device"},
                {"socket", "socket: is a socket"},
                {"", ": is a folder"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error err = {0};
        assert_int_equal(read_regular(below(rows[i].name), &text, &err), ERR_IO);
        assert_non_null(strstr(err.text, rows[i].said));
        assert_non_null(strstr(err.text, "name a regular file"));
        assert_int_equal(text.length, 0);
    }
    (void)close(listener);
    text_free(&text);
}

static void links_to_regular_files_are_followed(void **state)
{
    (void)state;
    struct text text = {0};
    put("data", "content", 0600);
    assert_int_equal(symlink("data", below("link")), 0);
    assert_int_equal(read_regular(below("link"), &text, NULL), ERR_OK);
    assert_string_equal(text_str(&text), "content");
    text_free(&text);
}

/* A sparse file of a terabyte: the limit decides before anything of it is read. */
static void a_limit_is_named(void **state)
{
    (void)state;
    struct error err = {0};
    struct text text = {0};
    put("large", "", 0600);
    assert_int_equal(truncate(below("large"), (off_t)1 << 40), 0);
    assert_int_equal(read_regular(below("large"), &text, &err), ERR_IO);
    assert_non_null(strstr(err.text, "large: larger than 1000 bytes"));
    put("fits", "12345", 0600);
    assert_int_equal(file_read(below("fits"), 5, &text, &err), ERR_OK);
    assert_int_equal(file_read(below("fits"), 4, &text, &err), ERR_IO);
    text_free(&text);
}

static void a_missing_file_is_told_from_a_broken_one(void **state)
{
    (void)state;
    struct error err = {0};
    struct text text = {0};
    assert_int_equal(read_regular(below("none"), &text, &err), ERR_IO);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(read_regular(below(""), &text, &err), ERR_IO);
    assert_int_not_equal(errno, ENOENT);
    text_free(&text);
}

/* ---- what is named on the command line ---- */

/* Writes into a pipe after a while, in two parts. */
static void *write_late(void *path)
{
    const int fd = open(path, O_WRONLY);
    (void)usleep(100 * 1000);
    (void)!write(fd, "first,", 6);
    (void)usleep(100 * 1000);
    (void)!write(fd, "second", 6);
    (void)close(fd);
    return NULL;
}

static void a_pipe_is_read_to_its_end(void **state)
{
    (void)state;
    struct error err = {0};
    struct text text = {0};
    pthread_t thread;
    assert_int_equal(mkfifo(below("fifo"), 0600), 0);
    char path[160];
    (void)snprintf(path, sizeof path, "%s", below("fifo"));
    assert_int_equal(pthread_create(&thread, NULL, write_late, path), 0);
    assert_int_equal(read_given(path, &text, &err), ERR_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_string_equal(text_str(&text), "first,second");
    text_free(&text);
}

static void a_pipe_that_nobody_writes_into_is_an_error(void **state)
{
    (void)state;
    struct error err = {0};
    struct text text = {0};
    assert_int_equal(mkfifo(below("fifo"), 0600), 0);
    assert_int_equal(read_given(below("fifo"), &text, &err), ERR_IO);
    assert_non_null(strstr(err.text, "fifo: is a pipe that nobody has written into for 5 s"));
    text_free(&text);
}

static void devices_are_refused_even_there(void **state)
{
    (void)state;
    struct error err = {0};
    struct text text = {0};
    assert_int_equal(read_given("/dev/zero", &text, &err), ERR_IO);
    assert_string_equal(err.text,
                        "/dev/zero: is a device, which is not read: name a regular file or a pipe");
    text_free(&text);
}

/* As a shell makes them for <(...) and for a pipeline; ssh gives a socket for standard input. */
static void our_own_descriptors_are_read(void **state)
{
    (void)state;
    struct error err = {0};
    struct text text = {0};
    for (int kind = 0; kind < 3; kind++) {
        int ends[2];
        char path[32];
        if (kind == 2) {
            put("data", "skipped,profile", 0600);
            ends[0] = open(below("data"), O_RDONLY);
            assert_int_equal(lseek(ends[0], 8, SEEK_SET), 8);
        } else {
            assert_int_equal(kind == 0 ? pipe(ends) : socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
            assert_int_equal(write(ends[1], "profile", 7), 7);
            assert_int_equal(close(ends[1]), 0);
        }
        (void)snprintf(path, sizeof path, kind == 0 ? "/dev/fd/%d" : "/proc/self/fd/%d", ends[0]);
        assert_int_equal(read_given(path, &text, &err), ERR_OK);
        assert_string_equal(text_str(&text), "profile");
        assert_int_equal(close(ends[0]), 0); /* it stayed ours */
    }
    assert_int_equal(read_given("/dev/fd/999999", &text, &err), ERR_IO);
    assert_non_null(strstr(err.text, "/dev/fd/999999: cannot open: Bad file descriptor"));
    text_free(&text);
}

/* An endless one ends at the limit. */
static void *write_for_ever(void *path)
{
    char block[4096] = {0};
    const int fd = open(path, O_WRONLY);
    while (write(fd, block, sizeof block) > 0) {}
    (void)close(fd);
    return NULL;
}

static void an_endless_pipe_ends_at_the_limit(void **state)
{
    (void)state;
    struct error err = {0};
    struct text text = {0};
    pthread_t thread;
    assert_int_equal(mkfifo(below("fifo"), 0600), 0);
    char path[160];
    (void)snprintf(path, sizeof path, "%s", below("fifo"));
    assert_int_equal(pthread_create(&thread, NULL, write_for_ever, path), 0);
    assert_int_equal(read_given(path, &text, &err), ERR_IO);
    assert_non_null(strstr(err.text, "larger than 1000 bytes"));
    assert_int_equal(pthread_join(thread, NULL), 0);
    text_free(&text);
}

static void standard_streams_get_placeholders(void **state)
{
    (void)state;
    const int kept = dup(STDIN_FILENO);
    assert_int_equal(close(STDIN_FILENO), 0);
    files_keep_standard_streams();
    struct stat now, null;
    assert_int_equal(fstat(STDIN_FILENO, &now), 0);
    assert_int_equal(stat("/dev/null", &null), 0);
    assert_int_equal(now.st_rdev, null.st_rdev);
    assert_int_equal(write(STDIN_FILENO, "x", 1), 1); /* the same is true of an output */
    assert_int_equal(dup2(kept, STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(close(kept), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, files_begin, files_end)

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        TEST(only_regular_files_are_read),
        TEST(links_to_regular_files_are_followed),
        TEST(a_limit_is_named),
        TEST(a_missing_file_is_told_from_a_broken_one),
        TEST(a_pipe_is_read_to_its_end),
        TEST(a_pipe_that_nobody_writes_into_is_an_error),
        TEST(devices_are_refused_even_there),
        TEST(our_own_descriptors_are_read),
        TEST(an_endless_pipe_ends_at_the_limit),
        TEST(standard_streams_get_placeholders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
