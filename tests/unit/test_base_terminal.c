/* The terminals are the kernel's pseudo-terminals. */
#include "base/terminal.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static int open_terminal(int *master)
{
    *master = posix_openpt(O_RDWR | O_NOCTTY);
    if (*master < 0) skip();
    assert_int_equal(grantpt(*master), 0);
    assert_int_equal(unlockpt(*master), 0);
    int end = open(ptsname(*master), O_RDWR | O_NOCTTY);
    assert_true(end >= 0);
    return end;
}

/* NULL unsets the variable. */
static void set(const char *name, const char *value)
{
    int status = value != NULL ? setenv(name, value, 1) : unsetenv(name);
    assert_int_equal(status, 0);
}

static void only_terminals_that_are_not_dumb_take_escapes_and_colour(void **state)
{
    static const struct {
        const char *term, *no_color;
        bool forbidden, escapes, colour;
    } rows[] = {
        {"xterm", NULL, false, true, true},  {NULL, NULL, false, true, true},
        {"xterm", "", false, true, true}, /* no-color.org: when present and not an empty string */
        {"xterm", "1", false, true, false},  {"xterm", NULL, true, true, false},
        {"dumb", NULL, false, false, false},
    };
    (void)state;
    int master;
    int terminal = open_terminal(&master);
    int file = open("/dev/null", O_WRONLY);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        set("TERM", rows[i].term);
        set("NO_COLOR", rows[i].no_color);
        assert_int_equal(terminal_takes_escapes(terminal), rows[i].escapes);
        assert_int_equal(terminal_takes_colour(terminal, rows[i].forbidden), rows[i].colour);
        assert_false(terminal_takes_escapes(file));
        assert_false(terminal_takes_colour(file, false));
    }
    (void)close(file);
    (void)close(terminal);
    (void)close(master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_terminals_that_are_not_dumb_take_escapes_and_colour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
