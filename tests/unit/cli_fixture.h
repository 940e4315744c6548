/* A command as a user gives it: what it prints on either stream, and its exit status. */
#ifndef RUSHHOUR_TESTS_CLI_FIXTURE_H
#define RUSHHOUR_TESTS_CLI_FIXTURE_H

#include "cli/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define WORDS_MOST 48

struct told {
    int status;
    char out[262144], err[8192];
};

/* The stream's descriptor leads into a file until captured_end. */
struct captured {
    FILE *stream, *file;
    int kept;
};

static inline struct captured capture_begin(FILE *stream)
{
    struct captured captured = {.stream = stream, .file = tmpfile()};
    assert_non_null(captured.file);
    (void)fflush(stream);
    captured.kept = dup(fileno(stream));
    assert_true(dup2(fileno(captured.file), fileno(stream)) >= 0);
    return captured;
}

static inline void capture_end(struct captured *captured, char *out, size_t size)
{
    (void)fflush(captured->stream);
    assert_true(dup2(captured->kept, fileno(captured->stream)) >= 0);
    (void)close(captured->kept);
    rewind(captured->file);
    size_t length = fread(out, 1, size - 1, captured->file);
    out[length] = '\0';
    (void)fclose(captured->file);
}

/* Gives the words up to the NULL; the first one is the command. The result holds until the next
 * call. */
static inline const struct told *tell_words(const char *const *words)
{
    static struct told told;
    char program[] = "rushhour";
    char *argv[WORDS_MOST] = {program};
    int argc = 1;
    for (size_t i = 0; words[i] != NULL; i++) {
        assert_true(argc + 1 < WORDS_MOST);
        argv[argc++] = (char *)(uintptr_t)words[i];
    }
    struct captured out = capture_begin(stdout);
    struct captured err = capture_begin(stderr);
    told.status = cli_main(argc, argv);
    capture_end(&err, told.err, sizeof told.err);
    capture_end(&out, told.out, sizeof told.out);
    return &told;
}

#define TELL(...) tell_words((const char *const[]){__VA_ARGS__, NULL})

/* One line, split at blanks; 'quoted words' stay together. */
static inline const struct told *tell_line(const char *line)
{
    static char copy[1024];
    const char *words[WORDS_MOST] = {NULL};
    size_t count = 0;
    assert_true(strlen(line) < sizeof copy);
    (void)strcpy(copy, line);
    for (char *at = copy; *at != '\0';) {
        char end = *at == '\'' ? '\'' : ' ';
        if (end == '\'') at++;
        assert_true(count + 1 < WORDS_MOST);
        words[count++] = at;
        at += strcspn(at, end == '\'' ? "'" : " ");
        if (*at != '\0') *at++ = '\0';
        while (*at == ' ') at++;
    }
    return tell_words(words);
}

/* A line that is refused: nothing on stdout, one line on stderr that holds the words. */
static inline void refused(const char *line, int status, const char *wanted)
{
    const struct told *told = tell_line(line);
    const char *end = strchr(told->err, '\n');
    bool one_line = strncmp(told->err, "rushhour: ", 10) == 0 && end != NULL && end[1] == '\0';
    if (told->status != status || !one_line || told->out[0] != '\0' ||
        strstr(told->err, wanted) == NULL)
        fail_msg("%s\n%d, \"%s\" and \"%s\"\nwanted: %d, \"%s\"", line, told->status, told->out,
                 told->err, status, wanted);
}

static inline void holds(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL) fail_msg("no \"%s\" in\n%s", wanted, text);
}

static inline void lacks(const char *text, const char *unwanted)
{
    if (strstr(text, unwanted) != NULL) fail_msg("\"%s\" in\n%s", unwanted, text);
}

/* Writes a file below /tmp; its path holds until the next call. */
static inline const char *written(const char *content)
{
    static char path[64];
    (void)snprintf(path, sizeof path, "/tmp/rushhour-cli-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    (void)close(fd);
    return path;
}

#endif
