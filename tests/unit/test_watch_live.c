#include "base/clock.h"
#include "watch/live.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#define REGIONS_MOST 20

static char profile_name[] = "demo";
static char first_name[] = "eastus2";
static char second_name[] = "sweden\x1b[2J";
static struct region known[] = {{.name = first_name}, {.name = second_name}};

/* A busy region and one in which nothing has happened yet. */
struct fixture {
    struct profile profile;
    struct cell totals[2];
    struct region_snapshot regions[REGIONS_MOST];
    struct health health;
    struct run_snapshot run;
};

static void set_up(struct fixture *f)
{
    *f = (struct fixture){.profile.name = profile_name, .health.valid = true};
    struct cell *busy = &f->totals[0];
    busy->counters.attempts_ok = 1134;
    busy->counters.attempts_failed = 100;
    busy->counters.cost_usd = 0.421;
    for (int i = 0; i < 98; i++) cell_latency(busy, METRIC_TTFT, 412 * NS_PER_MS);
    for (int i = 0; i < 2; i++) cell_latency(busy, METRIC_TTFT, 1203 * NS_PER_MS);
    cell_failure(busy, PHASE_RESPONSE, DOMAIN_NONE, "session_cap", 90); /* no failure */
    cell_failure(busy, PHASE_UPGRADE, DOMAIN_QUOTA, "rate_limited", 3);
    cell_failure(busy, PHASE_RESPONSE, DOMAIN_SERVICE, "server_error", 7);
    f->regions[0] = (struct region_snapshot){
        .region = &known[0], .totals = busy, .sessions_open = 20, .in_flight = 4};
    f->regions[1] = (struct region_snapshot){.region = &known[1]};
    f->run = (struct run_snapshot){.profile = &f->profile,
                                   .phase = RUN_RUNNING,
                                   .at_mono_ns = 12 * NS_PER_S,
                                   .elapsed_ns = 12 * NS_PER_S,
                                   .load_ns = 40 * NS_PER_S,
                                   .clock_speed = 1,
                                   .health = &f->health,
                                   .abort_status = "",
                                   .regions = f->regions,
                                   .region_count = 2};
}

static void tear_down(struct fixture *f)
{
    cell_free(&f->totals[0]);
}

/* Into memory, which is no terminal: plain lines, the first one at once, then one in ten seconds or
 * at a new phase. */
static void plain_lines_elsewhere(void **state)
{
    (void)state;
    char *bytes = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&bytes, &length);
    struct live_view *view = live_new(out, true, false);
    struct fixture f;
    set_up(&f);
    live_draw(view, &f.run);
    assert_string_equal(bytes,
                        "0:12 of 0:40 running; eastus2 20 open, 1,234 attempts (0.0/s), "
                        "8.10% failed, ttft P50 412 ms P99 "
                        "1.20 s, $0.42, last server_error; sweden\\u001b[2J 0 open, 0 attempts "
                        "(0.0/s), 0% failed, ttft P50 - P99 -\n");
    size_t first = length;
    live_draw(view, &f.run);
    assert_int_equal(length, first);
    f.run.phase = RUN_DRAINING;
    f.health = (struct health){.valid = false, .why = "loop delay P99 31.0 ms"};
    live_draw(view, &f.run);
    assert_non_null(strstr(bytes + first, "draining"));
    assert_non_null(
        strstr(bytes + first, "the generator is not healthy: loop delay P99 31.0 ms\n"));
    live_free(view);
    assert_int_equal(fclose(out), 0);
    free(bytes);
    tear_down(&f);
}

/* A hold is shown beside the region's failures, with its cause if that is a different one. */
static void a_hold_is_told(void **state)
{
    static const struct {
        struct hold_view hold;
        const char *text;
    } rows[] = {
        {{.on = true, .until_utc_ns = 98 * NS_PER_S, .code = "server_error"},
         "last server_error, held for 1:26 (server_error);"},
        {{.on = true, .until_utc_ns = 98 * NS_PER_S, .code = "daily_limit"},
         "last server_error, held for 1:26 (daily_limit);"},
        {{.on = true, .code = "daily_limit"},
         "last server_error, held, one goes first (daily_limit);"},
        {{.on = true, .hopeless = true, .code = "server_error"},
         "last server_error, its load has ended (server_error);"},
        {{.code = ""}, "last server_error;"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *bytes = NULL;
        size_t length = 0;
        FILE *out = open_memstream(&bytes, &length);
        struct live_view *view = live_new(out, false, false);
        struct fixture f;
        set_up(&f);
        f.regions[0].hold = rows[i].hold;
        live_draw(view, &f.run);
        if (strstr(bytes, rows[i].text) == NULL) fail_msg("%s: %s", rows[i].text, bytes);
        live_free(view);
        assert_int_equal(fclose(out), 0);
        free(bytes);
        tear_down(&f);
    }
}

/* Ten seconds apart by the snapshots' own time; the rate follows what ended in between. */
static void rates_are_of_what_ended_since(void **state)
{
    (void)state;
    char *bytes = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&bytes, &length);
    struct live_view *view = live_new(out, false, false);
    struct fixture f;
    set_up(&f);
    live_draw(view, &f.run);
    size_t first = length;
    f.run.at_mono_ns += 5 * NS_PER_S;
    live_draw(view, &f.run);
    assert_int_equal(length, first);
    f.run.at_mono_ns += 5 * NS_PER_S;
    f.totals[0].counters.attempts_ok += 1000; /* 200 a second, of which 15 % show at once */
    live_draw(view, &f.run);
    assert_non_null(strstr(bytes + first, "eastus2 20 open, 2,234 attempts (30.0/s)"));
    for (int i = 0; i < 60; i++) {
        f.run.at_mono_ns += NS_PER_S;
        f.totals[0].counters.attempts_ok += 200;
        live_draw(view, &f.run);
    }
    assert_non_null(strstr(bytes + first, "(200.0/s)"));
    live_free(view);
    assert_int_equal(fclose(out), 0);
    free(bytes);
    tear_down(&f);
}

static void nothing_when_quiet(void **state)
{
    (void)state;
    char *bytes = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&bytes, &length);
    struct live_view *view = live_new(out, true, true);
    struct fixture f;
    set_up(&f);
    live_draw(view, &f.run);
    live_free(view);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(length, 0);
    free(bytes);
    tear_down(&f);
}

/* A terminal of our own: the master's end reads what the view writes to the other. */
struct terminal {
    int master;
    FILE *out;
    char seen[8192];
};

static void terminal_open(struct terminal *terminal, unsigned short columns, unsigned short rows)
{
    terminal->master = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal->master < 0) skip();
    assert_int_equal(grantpt(terminal->master), 0);
    assert_int_equal(unlockpt(terminal->master), 0);
    int end = open(ptsname(terminal->master), O_RDWR | O_NOCTTY);
    assert_true(end >= 0);
    struct winsize size = {.ws_col = columns, .ws_row = rows};
    assert_int_equal(ioctl(end, TIOCSWINSZ, &size), 0);
    terminal->out = fdopen(end, "w");
    assert_non_null(terminal->out);
}

/* A whole frame: all up to the end that shows the cursor again. */
static const char *terminal_read(struct terminal *terminal)
{
    size_t length = 0;
    do {
        ssize_t more =
            read(terminal->master, terminal->seen + length, sizeof terminal->seen - 1 - length);
        assert_true(more > 0);
        length += (size_t)more;
        terminal->seen[length] = '\0';
    } while (strstr(terminal->seen, "\x1b[?25h") == NULL);
    return terminal->seen;
}

static void terminal_close(struct terminal *terminal)
{
    assert_int_equal(fclose(terminal->out), 0);
    (void)close(terminal->master);
}

/* The longest stretch of printed characters, escape sequences left out. */
static size_t longest_line(const char *s)
{
    size_t longest = 0;
    size_t width = 0;
    for (; *s != '\0'; s++) {
        if (*s == '\x1b') {
            s++;
            while (s[1] != '\0' && (s[1] < '@' || s[1] > '~')) s++;
            if (s[1] != '\0') s++;
        } else if (*s == '\n' || *s == '\r') {
            width = 0;
        } else if (++width > longest) {
            longest = width;
        }
    }
    return longest;
}

static void frames_are_redrawn_in_place(void **state)
{
    (void)state;
    struct terminal terminal;
    terminal_open(&terminal, 100, 30);
    struct live_view *view = live_new(terminal.out, true, false);
    struct fixture f;
    set_up(&f);
    live_draw(view, &f.run);
    const char *frame = terminal_read(&terminal);
    assert_non_null(
        strstr(frame, "demo  running  0:12 of 0:40  [#######-----------------]  30%  0:28 left"));
    assert_non_null(strstr(frame, "eastus2"));
    assert_non_null(strstr(frame, "8.10%"));
    assert_non_null(strstr(frame, "sweden\\u001b[2J"));
    assert_null(strstr(frame, "\x1b[8A"));
    assert_true(longest_line(frame) < 100);
    live_draw(view, &f.run);
    frame = terminal_read(&terminal);
    /* progress, a heading and two regions, an empty line, their failures: up eight */
    assert_non_null(strstr(frame, "\x1b[8A"));
    assert_string_equal(frame + strlen(frame) - 6, "\x1b[?25h");
    live_free(view);
    terminal_close(&terminal);
    tear_down(&f);
}

/* Real time, by the run's clock; none once the load was asked for in full. */
static void what_is_left_is_real_time(void **state)
{
    static const struct {
        int64_t elapsed_s;
        double speed;
        const char *wanted;
    } rows[] = {
        {0, 1, "0:00 of 0:40  [------------------------]   0%  0:40 left"},
        {12, 4,
         "0:12 of 0:40  [#######-----------------]  30%  0:07 left  00:00:12 UTC (clock x4)"},
        {90, 1, "0:40 of 0:40  [########################] 100%\x1b[K"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct terminal terminal;
        terminal_open(&terminal, 100, 30);
        struct live_view *view = live_new(terminal.out, false, false);
        struct fixture f;
        set_up(&f);
        f.run.elapsed_ns = rows[i].elapsed_s * NS_PER_S;
        f.run.clock_speed = rows[i].speed;
        live_draw(view, &f.run);
        const char *frame = terminal_read(&terminal);
        if (strstr(frame, rows[i].wanted) == NULL) fail_msg("no \"%s\"", rows[i].wanted);
        live_free(view);
        terminal_close(&terminal);
        tear_down(&f);
    }
}

static void narrow_and_low_terminals_are_respected(void **state)
{
    (void)state;
    static const unsigned short widths[] = {1, 2, 20, 40};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        struct terminal terminal;
        terminal_open(&terminal, widths[i], 10);
        struct live_view *view = live_new(terminal.out, false, false);
        struct fixture f;
        set_up(&f);
        for (size_t r = 1; r < REGIONS_MOST; r++) f.regions[r] = f.regions[0];
        f.run.region_count = REGIONS_MOST;
        live_draw(view, &f.run);
        const char *frame = terminal_read(&terminal);
        assert_true(longest_line(frame) <= (widths[i] > 1 ? widths[i] - 1u : 1u));
        size_t lines = 0;
        for (const char *s = frame; *s != '\0'; s++) lines += *s == '\n';
        assert_true(lines < 10);
        if (widths[i] == 40) assert_non_null(strstr(frame, "and 14 more regions"));
        live_free(view);
        terminal_close(&terminal);
        tear_down(&f);
    }
}

/* The note takes the place of the last picture, and the next picture starts below it instead of
 * over it. */
static void a_note_stays_above_the_view(void **state)
{
    (void)state;
    struct terminal terminal;
    terminal_open(&terminal, 100, 30);
    struct live_view *view = live_new(terminal.out, false, false);
    struct fixture f;
    set_up(&f);
    live_draw(view, &f.run);
    (void)terminal_read(&terminal);
    live_note(view, "finishing");
    live_draw(view, &f.run);
    const char *seen = terminal_read(&terminal);
    const char *note = strstr(seen, "\r\x1b[8A\x1b[Jfinishing\r\n");
    assert_non_null(note);
    assert_null(strstr(note + 5, "\x1b[8A"));
    live_free(view);
    terminal_close(&terminal);
    tear_down(&f);
}

/* One line, when the regions leave room for it. */
static void the_abort_rule_has_a_line(void **state)
{
    static const struct {
        unsigned short rows;
        bool shown;
    } rows[] = {{30, true}, {6, true}, {5, false}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct terminal terminal;
        terminal_open(&terminal, 100, rows[i].rows);
        struct live_view *view = live_new(terminal.out, false, false);
        struct fixture f;
        set_up(&f);
        f.run.abort_status = "abort rule: eastus2 undecided, 3 first failures in 180 attempts";
        live_draw(view, &f.run);
        const char *line = strstr(terminal_read(&terminal), f.run.abort_status);
        assert_int_equal(line != NULL, rows[i].shown);
        live_free(view);
        terminal_close(&terminal);
        tear_down(&f);
    }
}

/* All is drawn anew, with the notes that stood above. */
static void a_resize_begins_anew(void **state)
{
    (void)state;
    struct terminal terminal;
    terminal_open(&terminal, 100, 30);
    struct live_view *view = live_new(terminal.out, false, false);
    struct fixture f;
    set_up(&f);
    live_note(view, "a note that is longer than the narrow terminal has room for");
    live_draw(view, &f.run);
    (void)terminal_read(&terminal);
    struct winsize size = {.ws_col = 40, .ws_row = 12};
    assert_int_equal(ioctl(terminal.master, TIOCSWINSZ, &size), 0);
    live_draw(view, &f.run);
    const char *frame = terminal_read(&terminal);
    assert_non_null(strstr(frame, "\x1b[H\x1b[2J"));
    assert_non_null(
        strstr(frame, "a note that is longer than the narrow\r\n  terminal has room for"));
    assert_null(strstr(frame, "A\x1b"));
    assert_true(longest_line(frame) < 40);
    live_free(view);
    terminal_close(&terminal);
    tear_down(&f);
}

static void a_note_is_a_plain_line_elsewhere(void **state)
{
    (void)state;
    char *bytes = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&bytes, &length);
    struct live_view *view = live_new(out, true, false);
    live_note(view, "finishing");
    assert_string_equal(bytes, "finishing\n");
    live_free(view);
    view = live_new(out, true, true);
    live_note(view, "quiet");
    live_free(view);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(bytes, "finishing\n");
    free(bytes);
}

static void dumb_terminals_get_plain_lines(void **state)
{
    (void)state;
    struct terminal terminal;
    terminal_open(&terminal, 100, 30);
    assert_int_equal(setenv("TERM", "dumb", 1), 0);
    struct live_view *view = live_new(terminal.out, true, false);
    assert_int_equal(setenv("TERM", "xterm", 1), 0);
    struct fixture f;
    set_up(&f);
    live_draw(view, &f.run);
    char seen[1024];
    ssize_t length = read(terminal.master, seen, sizeof seen);
    assert_true(length > 0);
    assert_null(memchr(seen, '\x1b', (size_t)length));
    live_free(view);
    terminal_close(&terminal);
    tear_down(&f);
}

int main(void)
{
    (void)setenv("TERM", "xterm", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hold_is_told),
        cmocka_unit_test(plain_lines_elsewhere),
        cmocka_unit_test(rates_are_of_what_ended_since),
        cmocka_unit_test(nothing_when_quiet),
        cmocka_unit_test(frames_are_redrawn_in_place),
        cmocka_unit_test(what_is_left_is_real_time),
        cmocka_unit_test(narrow_and_low_terminals_are_respected),
        cmocka_unit_test(a_note_stays_above_the_view),
        cmocka_unit_test(the_abort_rule_has_a_line),
        cmocka_unit_test(a_resize_begins_anew),
        cmocka_unit_test(a_note_is_a_plain_line_elsewhere),
        cmocka_unit_test(dumb_terminals_get_plain_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
