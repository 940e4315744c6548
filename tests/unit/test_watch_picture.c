#include "base/clock.h"
#include "report/table.h"
#include "watch/picture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs the headers above first */
#include <cmocka.h>

#define REGIONS 3

static char profile_name[] = "demo";
static char first[] = "eastus2", second[] = "swedencentral", third[] = "francecentral";
static struct region known[REGIONS] = {{.name = first}, {.name = second}, {.name = third}};
static const char abort_words[] =
    "abort rule: eastus2 at 2.1 of 6.8, swedencentral at 0, francecentral at 0; a false alarm once "
    "in 900 h of this load";

struct fixture {
    struct profile profile;
    struct cell totals[REGIONS];
    struct region_snapshot regions[REGIONS];
    struct health health;
    struct holds holds;
    struct run_snapshot run;
    struct history history;
    struct picture picture;
};

/* A run that has gone on for 50 s, with everything that there is to tell. */
static void set_up(struct fixture *f, double speed)
{
    *f = (struct fixture){.profile.name = profile_name};
    f->health = (struct health){.valid = false, .why = "31.0% of loop turns were over 20 ms late"};
    f->holds.count = 7;
    for (int i = 0; i < REGIONS; i++)
        f->regions[i] = (struct region_snapshot){
            .region = &known[i], .totals = &f->totals[i], .sessions_open = 12, .in_flight = 3};
    f->regions[1].hold =
        (struct hold_view){.on = true, .until_utc_ns = 3600 * NS_PER_S, .code = "daily_limit"};
    f->run = (struct run_snapshot){.profile = &f->profile,
                                   .phase = RUN_RUNNING,
                                   .load_ns = (int64_t)(100 * speed) * NS_PER_S,
                                   .clock_speed = speed,
                                   .budget_spent = 0.34,
                                   .health = &f->health,
                                   .holds = &f->holds,
                                   .abort_status = abort_words,
                                   .regions = f->regions,
                                   .region_count = REGIONS};
    for (int tick = 0; tick <= 50; tick++) {
        f->run.at_mono_ns = (uint64_t)tick * NS_PER_S;
        f->run.elapsed_ns = (int64_t)(tick * speed) * NS_PER_S;
        for (int i = 0; i < REGIONS; i++) {
            f->totals[i].counters.attempts_ok += 20;
            f->totals[i].counters.attempts_failed += i == 0;
            cell_latency(&f->totals[i], METRIC_TTFT, (400 + 5 * tick) * NS_PER_MS);
            if (i == 0)
                cell_failure(&f->totals[0], PHASE_RESPONSE, DOMAIN_SERVICE, "server_error", 1);
        }
        assert_true(history_look(&f->history, &f->run));
    }
}

static void tear_down(struct fixture *f)
{
    for (int i = 0; i < REGIONS; i++) cell_free(&f->totals[i]);
    history_free(&f->history);
    text_free(&f->picture.text);
}

static const char *make(struct fixture *f, size_t width, size_t height)
{
    const struct picture_room room = {.width = width, .height = height, .utf8 = true};
    picture_make(&f->picture, &f->run, &f->history, &room);
    assert_false(f->picture.text.failed);
    return text_str(&f->picture.text);
}

/* At every size: no more lines than there are, each with its tint, and none wider than the room
 * where that is enough for the names of the regions. */
static void fits_every_room(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 1);
    for (size_t width = 1; width <= 160; width += 3) {
        for (size_t height = 2; height <= 60; height += 2) {
            char line[1024];
            size_t lines = 0;
            for (const char *at = make(&f, width, height); *at != '\0'; lines++) {
                const size_t length = strcspn(at, "\n");
                assert_int_equal(at[length], '\n');
                (void)snprintf(line, sizeof line, "%.*s", (int)length, at);
                if (width >= 45 && display_width(line) > width)
                    fail_msg("%zu x %zu: %s", width, height, line);
                at += length + 1;
            }
            assert_int_equal(lines, f.picture.lines);
            if (lines > height) fail_msg("%zu lines of %zu", lines, height);
        }
    }
    tear_down(&f);
}

/* What there is at usual sizes; the least needed goes first. */
static void says_what_there_is_room_for(void **state)
{
    static const struct {
        size_t width, height;
        const char *there[6], *gone[5];
    } rows[] = {
        {119,
         39,
         {"sessions", "in flight", "cost", "last failure", "median ttft", "failures so far"},
         {NULL}},
        {79,
         39,
         {"attempts", "ttft P50", "last 1m", "last failure", "failures so far"},
         {"cost", "in flight"}},
        {59, 39, {"failed", "last 1m", "last failure", "server_error"}, {"cost", "ttft P99"}},
        {119,
         10,
         {"not healthy", "swedencentral: held for", "abort rule", "budget: 34"},
         {"median ttft", "failures so far"}},
        {119, 6, {"not healthy", "eastus2", "francecentral"}, {"abort rule", "held for"}},
        {119, 5, {"and 2 more regions", "eastus2", "not healthy"}, {"abort rule"}},
    };
    (void)state;
    struct fixture f;
    set_up(&f, 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *text = make(&f, rows[i].width, rows[i].height);
        for (size_t k = 0; k < 6 && rows[i].there[k] != NULL; k++) {
            if (strstr(text, rows[i].there[k]) == NULL)
                fail_msg("row %zu lacks %s:\n%s", i, rows[i].there[k], text);
        }
        for (size_t k = 0; k < 5 && rows[i].gone[k] != NULL; k++) {
            if (strstr(text, rows[i].gone[k]) != NULL)
                fail_msg("row %zu has %s:\n%s", i, rows[i].gone[k], text);
        }
    }
    tear_down(&f);
}

/* Lately beside the whole, in a replay over more of the run's time, and the time of day there. */
static void a_replay_tells_its_clock(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 60);
    const char *text = make(&f, 119, 39);
    assert_non_null(strstr(text, "00:50:00 UTC (clock x60)"));
    assert_non_null(strstr(text, "last 10m"));
    assert_non_null(strstr(text, "4.76%"));           /* 1 of 21 */
    assert_non_null(strstr(text, "1m 40s a column")); /* a sixtieth of the load */
    tear_down(&f);
}

/* Sentences are wrapped between words: each of their words is whole. */
static void wraps_between_words(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 1);
    for (size_t width = 50; width <= 130; width++) {
        const char *text = make(&f, width, 39);
        const char *words = strstr(text, "abort rule:");
        assert_non_null(words);
        const char *line_end = strchr(words, '\n');
        struct text head = {0};
        text_append(&head, words, (size_t)(line_end - words));
        assert_true(strncmp(abort_words, text_str(&head), head.length) == 0);
        assert_true(abort_words[head.length] == ' ' || abort_words[head.length] == '\0');
        text_free(&head);
    }
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits_every_room),
        cmocka_unit_test(says_what_there_is_room_for),
        cmocka_unit_test(a_replay_tells_its_clock),
        cmocka_unit_test(wraps_between_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
