/* What a reader of large files may forget, and when it may. */
#include "base/random.h"
#include "record/line_order.h"
#include "record/seen_lately.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define HOUR_NS SEEN_LATELY_NS

/* Ten days of lines that lag by up to an hour, a tenth of them again within the hour: what forgets
 * says the same of each as what does not, and holds a part of it. */
static void what_forgets_tells_the_same(void **state)
{
    enum { LINES = 20000 };
    static const int64_t step_ns = HOUR_NS / 83;
    struct random random;
    struct seen_lately lately = {.forgets = true};
    struct seen all = {0};
    static int64_t times[LINES];
    size_t repeated = 0, most = 0;
    (void)state;
    random_seed(&random, 11, 0);
    for (size_t i = 0; i < LINES; i++) {
        const int64_t latest_ns = (int64_t)i * step_ns;
        const size_t back = (size_t)(random_unit(&random) * 83);
        const bool again = i > 83 && random_unit(&random) < 0.1;
        times[i] = again ? times[i - 1 - back] : latest_ns - (int64_t)back * step_ns;
        if (latest_ns - times[i] > HOUR_NS) times[i] = latest_ns;
        const uint64_t hash = seen_hash_of(times[i], "region");
        const enum seen_before expected = seen_add(&all, hash);
        seen_lately_expect(&lately, hash);
        assert_int_equal(seen_lately_add(&lately, times[i], hash), expected);
        repeated += expected == SEEN_REPEATED;
        if (lately.recent.count + lately.before.count > most)
            most = lately.recent.count + lately.before.count;
    }
    assert_true(repeated > LINES / 20);
    assert_true(most < 400);
    seen_free(&all);
    seen_lately_free(&lately);
}

static void without_leave_nothing_is_forgotten(void **state)
{
    struct seen_lately seen = {0};
    (void)state;
    for (int64_t i = 0; i < 1000; i++)
        assert_int_equal(seen_lately_add(&seen, i * HOUR_NS, (uint64_t)i), SEEN_NEW);
    for (int64_t i = 0; i < 1000; i++)
        assert_int_equal(seen_lately_add(&seen, i * HOUR_NS, (uint64_t)i), SEEN_REPEATED);
    seen_lately_free(&seen);
}

static char folder[] = "/tmp/rushhour-order-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static const char *write_into_folder(const char *name, const char *text)
{
    static char path[sizeof folder + 32];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return path;
}

static void the_order_of_attempts(void **state)
{
    static const struct {
        const char *text;
        bool holds;
    } rows[] = {
        {"time,region\n2026-04-14T07:00:00.000Z,a\n2026-04-14T07:00:00.000Z,b\n", true},
        {"time,region\n2026-04-14T07:00:00.000Z,a\n2026-04-14T06:00:00.000Z,b\n", true},
        {"time,region\n2026-04-14T07:00:00.000Z,a\n2026-04-14T05:59:59.999Z,b\n", false},
        {"time,region\n2026-04-14T07:00:00.000Z,a\n2026-04-14T08:30:00.000+02:00,b\n", true},
        {"time,region\n2026-04-14T07:00:00.000Z,a\n2026-04-14T07:30:00.000+02:00,b\n", false},
        /* Behind the latest, not only behind the one before. */
        {"time,region\n2026-04-14T07:00:00.000Z,a\n2026-04-14T06:20:00.000Z,b\n"
         "2026-04-14T05:40:00.000Z,c\n",
         false},
        /* A torn end is not read. */
        {"time,region\n2026-04-14T07:00:00.000Z,a\n2026-04", true},
        {"time,region\n2026-04-14T07:00:00.000Z,a\nyesterday,b\n", false},
        {"time,region\n,b\n", false},
        {"region,time\na,2026-04-14T07:00:00.000Z\n", false},
        {"time,region\n", true},
        {"", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *path = write_into_folder("attempts.csv", rows[i].text);
        if (line_order_of_attempts(folder, HOUR_NS) != rows[i].holds)
            fail_msg("row %zu: %s", i, rows[i].text);
        (void)unlink(path);
    }
}

static void the_order_of_latencies(void **state)
{
#define AT(seconds) "Tag=a.ttft," seconds ",10.000,1.234,HISTFAAA\n"
    static const struct {
        const char *text;
        bool holds;
    } rows[] = {
        {"#[BaseTime: 0.000 (seconds since epoch)]\n" AT("1776150000.000") AT("1776150010.000"),
         true},
        {"#[BaseTime: 0.000 (seconds since epoch)]\n" AT("1776150000.000") AT("1776146400.000"),
         true},
        {"#[BaseTime: 0.000 (seconds since epoch)]\n" AT("1776150000.000") AT("1776146399.999"),
         false},
        {"#[BaseTime: 1776150000.000 (seconds since epoch)]\n" AT("7200.000") AT("0.000"), false},
        /* Another log behind the first one. */
        {"#[BaseTime: 1776150000.000 (seconds since epoch)]\n" AT("0.000") "#[BaseTime: "
                                                                           "1776140000.000 "
                                                                           "(seconds)]\n" AT("0."
                                                                                             "000"),
         false},
        {AT("x"), false},
        {"# nothing\n", true},
    };
#undef AT
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *path = write_into_folder("latency.hlog", rows[i].text);
        if (line_order_of_latencies(folder, HOUR_NS) != rows[i].holds)
            fail_msg("row %zu: %s", i, rows[i].text);
        (void)unlink(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_forgets_tells_the_same),
        cmocka_unit_test(without_leave_nothing_is_forgotten),
        cmocka_unit_test(the_order_of_attempts),
        cmocka_unit_test(the_order_of_latencies),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
