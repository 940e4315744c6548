#include "base/window.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int64_t at(const char *stamp)
{
    int64_t ns = 0;
    assert_int_equal(parse_time(stamp, &ns, NULL), ERR_OK);
    return ns;
}

static struct window parse(const char *spec)
{
    struct window window;
    struct error err = {0};
    if (window_parse(spec, &window, &err) != ERR_OK) fail_msg("%s", err.text);
    return window;
}

static void reads_specifications(void **state)
{
    (void)state;
    struct window window = parse("peak=07:00-09:00@America/Los_Angeles,mon-fri");
    assert_string_equal(window.name, "peak");
    assert_string_equal(window.spec, "peak=07:00-09:00@America/Los_Angeles,mon-fri");
    assert_int_equal(window.start_minute, 420);
    assert_int_equal(window.end_minute, 540);
    assert_int_equal(window.weekdays, 0x3E);
    assert_int_equal(window.width_ns, 0);
    assert_string_equal(zone_name(window.zone), "America/Los_Angeles");
    window_free(&window);

    window = parse("night=22:00-06:00@UTC,fri-mon,wed");
    assert_int_equal(window.weekdays, 0x6B);
    window_free(&window);

    window = parse("day=00:00-24:00@UTC");
    assert_int_equal(window.weekdays, 0x7F);
    assert_int_equal(window.end_minute, 1440);
    window_free(&window);

    window = parse("10s");
    assert_string_equal(window.name, "10s");
    assert_int_equal(window.width_ns, 10 * NS_PER_S);
    window_free(&window);

    struct error err;
    assert_int_equal(window_parse_during("07:00-09:00", &window, &err), ERR_OK);
    assert_string_equal(window.name, "");
    assert_null(window.zone);
    window_free(&window);
    assert_int_equal(window_parse_during("18:30-00:00@Europe/London,sat,sun", &window, &err),
                     ERR_OK);
    assert_int_equal(window.end_minute, 1440);
    assert_int_equal(window.weekdays, 0x41);
    window_free(&window);
}

static void refuses_with_a_reason(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *says;
    } cases[] = {
        {"", "not a width"},
        {"5", "not a width"},
        {"0s", "at least 1s"},
        {"500ms", "at least 1s"},
        {"=07:00-09:00@UTC", "its name"},
        {"a b=07:00-09:00@UTC", "its name"},
        {"peak=", "HH:MM"},
        {"peak=7:00-9:00@UTC", "HH:MM"},
        {"peak=07:00-25:00@UTC", "HH:MM"},
        {"peak=07:60-09:00@UTC", "HH:MM"},
        {"peak=24:00-09:00@UTC", "23:59"},
        {"peak=07:00-07:00@UTC", "ends when it starts"},
        {"peak=07:00-09:00", "no time zone"},
        {"peak=07:00-09:00,mon", "no time zone"},
        {"peak=07:00-09:00@Mars/Base", "Mars/Base"},
        {"peak=07:00-09:00@UTC,funday", "days are"},
        {"peak=07:00-09:00@UTC,mon-", "days are"},
        {"peak=07:00-09:00@UTC,", "days are"},
        {"peak=07:00-09:00@UTC,mon;tue", "days are"},
        {"peak=07:00-09:00 UTC", "no time zone"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct window window;
        struct error err = {0};
        assert_int_equal(window_parse(cases[i].spec, &window, &err), ERR_USAGE);
        assert_non_null(strstr(err.text, cases[i].says));
        assert_null(window.spec);
    }
    struct window window;
    assert_int_equal(window_parse_during("peak=07:00-09:00", &window, NULL), ERR_USAGE);
    assert_int_equal(window_parse_during("1h", &window, NULL), ERR_USAGE);
}

/* Start, and the first instant after the end: each must be inside, and its neighbour outside. */
static void finds_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *instant, *start, *end;
    } cases[] = {
        {"1h", "2026-04-14T15:59:59.999Z", "2026-04-14T15:00:00Z", "2026-04-14T16:00:00Z"},
        {"1m", "1969-12-31T23:59:30Z", "1969-12-31T23:59:00Z", "1970-01-01T00:00:00Z"},
        {"1d", "2026-04-14T15:00:00Z", "2026-04-14T00:00:00Z", "2026-04-15T00:00:00Z"},
        {"15m", "2026-04-14T15:44:59Z", "2026-04-14T15:30:00Z", "2026-04-14T15:45:00Z"},
        /* daylight saving: the same local time, a different UTC hour; days of 23 and of 25 hours */
        {"p=07:00-09:00@America/Los_Angeles", "2026-03-07T07:30:00-08:00", "2026-03-07T15:00:00Z",
         "2026-03-07T17:00:00Z"},
        {"p=07:00-09:00@America/Los_Angeles", "2026-03-08T07:30:00-07:00", "2026-03-08T14:00:00Z",
         "2026-03-08T16:00:00Z"},
        {"p=00:00-24:00@America/Los_Angeles", "2026-03-08T12:00:00-07:00", "2026-03-08T08:00:00Z",
         "2026-03-09T07:00:00Z"},
        {"p=00:00-24:00@America/Los_Angeles", "2026-11-01T12:00:00-08:00", "2026-11-01T07:00:00Z",
         "2026-11-02T08:00:00Z"},
        /* an hour that occurs twice lasts two hours; one of which only half exists lasts half */
        {"p=01:00-02:00@America/Los_Angeles", "2026-11-01T01:30:00-08:00", "2026-11-01T08:00:00Z",
         "2026-11-01T10:00:00Z"},
        {"p=02:00-03:00@Australia/Lord_Howe", "2026-10-04T02:45:00+11:00", "2026-10-03T15:30:00Z",
         "2026-10-03T16:00:00Z"},
        {"p=01:30-02:30@America/Los_Angeles", "2026-03-08T01:45:00-08:00", "2026-03-08T09:30:00Z",
         "2026-03-08T10:00:00Z"},
        /* past midnight, before and after it, and across a clock change */
        {"n=22:00-06:00@Europe/London", "2040-06-01T23:00:00+01:00", "2040-06-01T21:00:00Z",
         "2040-06-02T05:00:00Z"},
        {"n=22:00-06:00@Europe/London", "2040-06-02T05:59:59+01:00", "2040-06-01T21:00:00Z",
         "2040-06-02T05:00:00Z"},
        {"n=22:00-06:00@Europe/London", "2026-10-25T04:00:00Z", "2026-10-24T21:00:00Z",
         "2026-10-25T06:00:00Z"},
        /* a window past midnight belongs to the day of its start: Friday's extends into Saturday */
        {"n=22:00-06:00@UTC,fri", "2026-11-21T05:00:00Z", "2026-11-20T22:00:00Z",
         "2026-11-21T06:00:00Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct window window = parse(cases[i].spec);
        int64_t start = 0;
        int64_t end = 0;
        assert_true(window_bounds(&window, at(cases[i].instant), &start, &end));
        assert_int_equal(start, at(cases[i].start));
        assert_int_equal(end, at(cases[i].end));
        int64_t other = 0;
        int64_t ignored;
        assert_true(window_bounds(&window, end - 1, &other, &ignored));
        assert_int_equal(other, start);
        assert_true(!window_bounds(&window, end, &other, &ignored) || other == end);
        assert_true(!window_bounds(&window, start - 1, &other, &ignored) || ignored == start);
        window_free(&window);
    }
}

static void knows_what_is_outside(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *instant;
    } cases[] = {
        {"p=07:00-09:00@America/Los_Angeles,mon-fri", "2026-11-21T08:00:00-08:00"}, /* a Saturday */
        {"p=07:00-09:00@America/Los_Angeles,mon-fri", "2026-11-20T09:00:00-08:00"},
        {"p=07:00-09:00@America/Los_Angeles,mon-fri", "2026-11-20T06:59:59-08:00"},
        {"n=22:00-06:00@UTC,fri", "2026-11-20T05:00:00Z"}, /* Thursday's */
        /* an hour that did not happen */
        {"p=02:00-03:00@America/Los_Angeles", "2026-03-08T03:00:00-07:00"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct window window = parse(cases[i].spec);
        assert_false(window_contains(&window, at(cases[i].instant)));
        window_free(&window);
    }
}

/* Windows that touch on the clock share the time between them: each instant is in exactly one. */
static void touching_windows_leave_no_gap(void **state)
{
    (void)state;
    static const char *const zones[] = {"America/Los_Angeles", "Europe/London",
                                        "Australia/Lord_Howe", "America/Havana"};
    for (size_t z = 0; z < sizeof zones / sizeof zones[0]; z++) {
        struct window windows[3];
        static const char *const times[] = {"00:30-01:45", "01:45-13:00", "13:00-00:30"};
        for (size_t w = 0; w < 3; w++) {
            char spec[80];
            (void)snprintf(spec, sizeof spec, "w=%s@%s", times[w], zones[z]);
            windows[w] = parse(spec);
        }
        for (int64_t t = at("2026-01-01T00:07:00Z"); t < at("2027-01-01T00:00:00Z");
             t += 900 * NS_PER_S) {
            int holders = 0;
            for (size_t w = 0; w < 3; w++) holders += window_contains(&windows[w], t);
            assert_int_equal(holders, 1);
        }
        for (size_t w = 0; w < 3; w++) window_free(&windows[w]);
    }
}

/* Minute by minute over days on which clocks change: a window begins or ends just where the next
 * bound is said to be, and nowhere else. */
static void bounds_are_where_windows_change(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *from;
    } cases[] = {
        {"7m", "2026-03-08T00:00:00Z"},
        {"peak=07:00-09:00@America/Los_Angeles,mon-fri", "2026-03-06T00:00:00Z"},
        {"gap=02:15-02:45@America/Los_Angeles", "2026-03-07T00:00:00Z"},
        {"twice=01:15-01:45@America/Los_Angeles", "2026-10-31T00:00:00Z"},
        {"night=22:30-06:10@Europe/Berlin,sat", "2026-10-23T00:00:00Z"},
        {"all=00:00-24:00@Asia/Kathmandu", "2026-03-08T00:00:00Z"},
        {"most=08:00-07:00@Europe/London", "2026-03-28T00:00:00Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct window window = parse(cases[i].spec);
        const int64_t from = at(cases[i].from);
        int64_t bound = window_next_bound(&window, from);
        for (int64_t minute = 0; minute < INT64_C(9) * 1440; minute++) {
            const int64_t now = from + minute * 60 * NS_PER_S;
            const int64_t next = now + 60 * NS_PER_S;
            int64_t bounds[4] = {0};
            bool before = window_bounds(&window, now, &bounds[0], &bounds[1]);
            bool after = window_bounds(&window, next, &bounds[2], &bounds[3]);
            bool changes = before != after || (before && bounds[0] != bounds[2]);
            if (changes) assert_int_equal(bound, next);
            if (!changes && bound == next) /* a window that a changed clock leaves out */
                assert_string_equal(window.name, "gap");
            assert_int_equal(window_next_bound(&window, now), bound);
            if (bound <= next) bound = window_next_bound(&window, next);
        }
        window_free(&window);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_specifications),
        cmocka_unit_test(refuses_with_a_reason),
        cmocka_unit_test(finds_bounds),
        cmocka_unit_test(knows_what_is_outside),
        cmocka_unit_test(touching_windows_leave_no_gap),
        cmocka_unit_test(bounds_are_where_windows_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
