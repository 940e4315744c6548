/* What a listener is told while a file is read. */
#include "record/lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define LINES 100000
#define LINE "0123456789\n"
#define SIZE ((int64_t)(LINES * (sizeof LINE - 1)))

struct told {
    int64_t last;
    size_t times, ends;
    bool wrong;
};

static void tell(void *context, const char *name, int64_t done, int64_t size)
{
    struct told *told = context;
    if (strcmp(name, "rows.csv") != 0 || size != SIZE || done <= told->last || done > size)
        told->wrong = true;
    told->last = done;
    told->times++;
    told->ends += done == size;
}

static size_t read_lines(const char *path, size_t most)
{
    struct lines lines;
    char *line;
    size_t length, count = 0;
    assert_int_equal(lines_open(&lines, path, 64, NULL), ERR_OK);
    while (count < most && lines_next(&lines, &line, &length) == LINE_WHOLE) count++;
    lines_close(&lines);
    return count;
}

static void a_listener_hears_how_far_it_is(void **state)
{
    char folder[] = "/tmp/rushhour-lines-XXXXXX";
    char path[64];
    struct told told = {0};
    const struct lines_listener listener = {.tell = tell, .context = &told};
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/rows.csv", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < LINES; i++) assert_true(fputs(LINE, file) >= 0);
    assert_int_equal(fclose(file), 0);

    lines_listen(&listener);
    assert_int_equal(read_lines(path, SIZE_MAX), LINES);
    assert_false(told.wrong);
    assert_true(told.times > 5);
    assert_int_equal(told.ends, 1);

    told = (struct told){0};
    assert_int_equal(read_lines(path, 10), 10); /* given up: the end is told all the same */
    assert_false(told.wrong);
    assert_int_equal(told.ends, 1);

    told = (struct told){0};
    lines_listen(NULL);
    assert_int_equal(read_lines(path, SIZE_MAX), LINES);
    assert_int_equal(told.times, 0);
    (void)unlink(path);
    (void)rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_listener_hears_how_far_it_is)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
