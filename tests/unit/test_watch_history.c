#include "base/clock.h"
#include "watch/history.h"
#include "watch/sparkline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs the headers above first */
#include <cmocka.h>

static char name[] = "eastus2";
static struct region known = {.name = name};

struct fixture {
    struct profile profile;
    struct cell totals;
    struct region_snapshot region;
    struct run_snapshot run;
    struct history history;
};

static void set_up(struct fixture *f, int64_t load_ns, double speed)
{
    *f = (struct fixture){0};
    f->region = (struct region_snapshot){.region = &known, .totals = &f->totals};
    f->run = (struct run_snapshot){.profile = &f->profile,
                                   .load_ns = load_ns,
                                   .clock_speed = speed,
                                   .regions = &f->region,
                                   .region_count = 1};
}

static void tear_down(struct fixture *f)
{
    history_free(&f->history);
    cell_free(&f->totals);
}

/* So many attempts ended, each with this ttft, and so many failed; then the view looks. */
static void look(struct fixture *f, int64_t elapsed_ns, int ok, int64_t ttft_ms, int failed)
{
    f->run.elapsed_ns = elapsed_ns;
    f->run.at_mono_ns = (uint64_t)elapsed_ns + 1;
    f->totals.counters.attempts_ok += (uint64_t)ok;
    f->totals.counters.attempts_failed += (uint64_t)failed;
    for (int i = 0; i < ok; i++) cell_latency(&f->totals, METRIC_TTFT, ttft_ms * NS_PER_MS);
    for (int i = 0; i < failed; i++)
        cell_failure(&f->totals, PHASE_RESPONSE, DOMAIN_SERVICE, "server_error", 1);
    assert_true(history_look(&f->history, &f->run));
}

/* Whole seconds, between one and five of real time, a sixtieth of the load if that lies between. */
static void columns_suit_the_load(void **state)
{
    static const struct {
        int64_t load_s;
        double speed;
        int64_t column_s, recent_s;
    } rows[] = {{10, 1, 1, 60},      {120, 1, 2, 60},          {7200, 1, 5, 60},
                {2400, 60, 60, 600}, {90000, 480, 1500, 4800}, {40, 4, 4, 40}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture f;
        set_up(&f, rows[i].load_s * NS_PER_S, rows[i].speed);
        look(&f, 0, 0, 0, 0);
        assert_int_equal(f.history.column_ns, rows[i].column_s * NS_PER_S);
        assert_int_equal(f.history.recent_ns, rows[i].recent_s * NS_PER_S);
        tear_down(&f);
    }
}

/* Each column has what ended in it alone, and its own median, not that of the run so far. */
static void a_column_is_what_ended_in_it(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 30 * NS_PER_S, 1);
    look(&f, 0, 0, 0, 0);
    look(&f, NS_PER_S / 2, 60, 100, 3);
    look(&f, NS_PER_S, 41, 900, 1);
    look(&f, 2 * NS_PER_S, 10, 5000, 5);
    look(&f, 3 * NS_PER_S, 0, 0, 4);
    look(&f, 4 * NS_PER_S, 0, 0, 0);
    static const struct {
        size_t back;
        uint64_t ended, failed;
        double ttft_ms;
    } rows[] = {{4, 105, 4, 100}, {3, 15, 5, 5000}, {2, 4, 4, -1}, {1, 0, 0, -1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct history_column *column = history_at(&f.history, 0, rows[i].back);
        assert_non_null(column);
        assert_int_equal(column->ended, rows[i].ended);
        assert_int_equal(column->failed, rows[i].failed);
        if (rows[i].ttft_ms < 0) {
            assert_int_equal(column->ttft_us, -1);
        } else { /* three digits */
            assert_true(column->ttft_us > rows[i].ttft_ms * 999 &&
                        column->ttft_us < rows[i].ttft_ms * 1001);
        }
    }
    assert_null(history_at(&f.history, 0, 0));
    assert_null(history_at(&f.history, 0, 5));
    tear_down(&f);
}

/* Never more than the last minute, and all but a column of it. */
static void lately_is_the_last_minute(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 7200 * NS_PER_S, 1); /* columns of 5 s */
    look(&f, 0, 0, 0, 0);
    for (int64_t second = 1; second <= 600; second++) {
        look(&f, second * NS_PER_S, 9, 10, 1);
        const struct history_column recent = history_recent(&f.history, 0);
        const int64_t most = second < 60 ? second : 60;
        assert_true((int64_t)recent.ended <= 10 * most);
        assert_true((int64_t)recent.ended >= 10 * (most - 5));
        assert_int_equal(recent.failed * 10, recent.ended);
    }
    assert_true(f.history.regions[0].ended_per_s > 9.9 && f.history.regions[0].ended_per_s < 10.1);
    tear_down(&f);
}

/* The ring holds the newest columns only. */
static void old_columns_are_forgotten(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 36000 * NS_PER_S, 1);
    look(&f, 0, 0, 0, 0);
    for (int64_t i = 1; i <= HISTORY_COLUMNS + 20; i++) look(&f, i * 5 * NS_PER_S, (int)i, 10, 0);
    assert_int_equal(history_at(&f.history, 0, 1)->ended, HISTORY_COLUMNS + 20);
    assert_int_equal(history_at(&f.history, 0, HISTORY_COLUMNS)->ended, 21);
    assert_null(history_at(&f.history, 0, HISTORY_COLUMNS + 1));
    tear_down(&f);
}

static void the_last_failure_is_the_one_that_came(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 60 * NS_PER_S, 1);
    const struct region_history *seen;
    look(&f, 0, 1, 10, 0);
    seen = &f.history.regions[0];
    assert_string_equal(seen->last_code, "");
    look(&f, NS_PER_S, 0, 0, 5);
    assert_string_equal(seen->last_code, "server_error");
    assert_int_equal(seen->last_ns, NS_PER_S);
    cell_failure(&f.totals, PHASE_UPGRADE, DOMAIN_QUOTA, "upgrade_429", 1);
    cell_failure(&f.totals, PHASE_RESPONSE, DOMAIN_NONE, "session_cap", 9); /* no failure */
    look(&f, 2 * NS_PER_S, 0, 0, 0);
    assert_string_equal(seen->last_code, "upgrade_429");
    look(&f, 3 * NS_PER_S, 5, 10, 0); /* nothing new: it stays, with its time */
    assert_string_equal(seen->last_code, "upgrade_429");
    assert_int_equal(seen->last_ns, 2 * NS_PER_S);
    tear_down(&f);
}

/* A view that comes later knows nothing of what was before it. */
static void what_was_before_is_in_no_column(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 60 * NS_PER_S, 1);
    look(&f, 30 * NS_PER_S, 100, 700, 100);
    assert_null(history_at(&f.history, 0, 1));
    assert_int_equal(history_recent(&f.history, 0).ended, 0);
    assert_int_equal(f.history.regions[0].ended, 200);
    look(&f, 31 * NS_PER_S, 3, 50, 1);
    assert_int_equal(history_at(&f.history, 0, 1)->ended, 4);
    assert_true(history_at(&f.history, 0, 1)->ttft_us < 51000);
    assert_null(history_at(&f.history, 0, 2));
    tear_down(&f);
}

static const char *bars(struct text *out, double most, unsigned of, unsigned line, bool utf8)
{
    static const double values[] = {-1, 0, 0.001, 0.5, 1, 7};
    const struct sparkline_height height = {.of = of, .line = line};
    text_clear(out);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        sparkline_put(out, values[i], most, &height, utf8);
    return text_str(out);
}

/* 0 alone is the lowest bar, what is above it shows, and the scale ends at the highest. */
static void bars_tell_nothing_little_and_much(void **state)
{
    (void)state;
    struct text out = {0};
    assert_string_equal(bars(&out, 1, 1, 0, false), " _.=##");
    assert_string_equal(bars(&out, 1, 1, 0, true), " ▁▂▅██");
    assert_string_equal(bars(&out, 1, 2, 0, false), " _.###");
    assert_string_equal(bars(&out, 1, 2, 1, false), "   _##");
    text_free(&out);
    static const double rows[][3] = {{0, 0.01, 0.01},   {0.011, 0.01, 0.02}, {0.3, 0.01, 0.3},
                                     {0.31, 0.01, 0.5}, {9, 1, 10},          {900, 10, 1000}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const double scale = sparkline_scale(rows[i][0], rows[i][1]);
        assert_true(scale > rows[i][2] * 0.999999 && scale < rows[i][2] * 1.000001);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_suit_the_load),
        cmocka_unit_test(a_column_is_what_ended_in_it),
        cmocka_unit_test(lately_is_the_last_minute),
        cmocka_unit_test(old_columns_are_forgotten),
        cmocka_unit_test(what_was_before_is_in_no_column),
        cmocka_unit_test(the_last_failure_is_the_one_that_came),
        cmocka_unit_test(bars_tell_nothing_little_and_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
