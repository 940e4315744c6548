/* What a user hears of audio that comes early, in time, late, or not at all. */
#include "service/playout.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MS(x) ((int64_t)(x)*NS_PER_MS)

static struct playout played(const int *at_ms, size_t count, int piece_ms)
{
    struct playout playout = {0};
    for (size_t i = 0; i < count; i++) playout_add(&playout, MS(at_ms[i]), MS(piece_ms));
    return playout;
}

static void pieces_are_late_by_what_was_not_there(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int at_ms[6];
        size_t count;
        uint64_t underruns[3];
        int gap_ms[3]; /* at prebuffers of 0, 100, 200 ms */
    } rows[] = {
        {"all at once", {0, 0, 0, 0}, 4, {0, 0, 0}, {0, 0, 0}},
        {"faster than real time", {0, 50, 100, 150}, 4, {0, 0, 0}, {0, 0, 0}},
        {"just in time", {0, 100, 200, 300}, 4, {0, 0, 0}, {0, 0, 0}},
        {"each a bit slower", {0, 120, 240, 360}, 4, {3, 0, 0}, {60, 0, 0}},
        {"one gap that a prebuffer hides", {0, 150, 200, 250}, 4, {1, 0, 0}, {50, 0, 0}},
        {"one gap that only the longer hides", {0, 280, 300, 320}, 4, {1, 1, 0}, {180, 80, 0}},
        {"one gap that none hides", {0, 1000, 1000, 1000}, 4, {1, 1, 1}, {900, 800, 700}},
        {"two gaps", {0, 500, 1500}, 3, {2, 2, 2}, {1300, 1200, 1100}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct playout playout = played(rows[i].at_ms, rows[i].count, 100);
        for (int p = 0; p < PLAYOUT_COUNT; p++) {
            if (playout.underruns[p] != rows[i].underruns[p] ||
                playout.gap_ns[p] != MS(rows[i].gap_ms[p]))
                fail_msg("%s, prebuffer %d", rows[i].name, p);
        }
        assert_int_equal(playout.audio_ns, MS(100) * (int64_t)rows[i].count);
    }
}

/* Nothing before it came, no more than came, and a gap is heard as silence. */
static void heard_is_what_could_be_played(void **state)
{
    (void)state;
    static const int at_ms[] = {0, 10, 500};
    const struct playout playout = played(at_ms, 3, 100);
    static const int rows[][3] = {/* at, of which the gap counts not: heard, left */
                                  {500, 200, 100},
                                  {550, 250, 50},
                                  {600, 300, 0},
                                  {5000, 300, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(playout_heard_ns(&playout, MS(rows[i][0])), MS(rows[i][1]));
        assert_int_equal(playout_left_ns(&playout, MS(rows[i][0])), MS(rows[i][2]));
    }
    const struct playout ahead = played((const int[]){0, 0, 0, 0, 0}, 5, 100);
    assert_int_equal(playout_heard_ns(&ahead, MS(120)), MS(120));
    assert_int_equal(playout_left_ns(&ahead, MS(120)), MS(380));
    const struct playout nothing = {0};
    assert_int_equal(playout_heard_ns(&nothing, MS(120)), 0);
    assert_int_equal(playout_left_ns(&nothing, MS(120)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_late_by_what_was_not_there),
        cmocka_unit_test(heard_is_what_could_be_played),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
