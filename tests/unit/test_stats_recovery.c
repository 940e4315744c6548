/* Verdicts about recoveries whose truth is laid out by hand; how often they are wrong for services
 * at random is measured by bench/bench_recover. */
#include "stats/recovery.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define BLOCK 10.0
#define MOST 8000
#define EACH 20 /* attempts of a block */
#define HOUR 60

/* A series made of stretches, failures evenly spread. */
struct laid {
    struct time_block blocks[MOST];
    size_t count;
    double owed; /* failures that are due and have not come yet */
};

static void lay(struct laid *laid, double minutes, double rate)
{
    for (int i = 0; i < (int)(minutes * 6); i++) {
        assert_true(laid->count < MOST);
        laid->owed += rate * EACH;
        const double failed = floor(laid->owed + 1e-9);
        laid->owed -= failed;
        laid->blocks[laid->count] = (struct time_block){.start = (double)laid->count * BLOCK,
                                                        .seconds = BLOCK,
                                                        .attempts = EACH,
                                                        .failures = failed};
        laid->count++;
    }
}

struct stretch {
    double minutes, rate;
};
#define STRETCHES 8

static void lay_all(struct laid *laid, const struct stretch *stretches)
{
    memset(laid, 0, sizeof *laid);
    for (size_t i = 0; i < STRETCHES && stretches[i].minutes > 0; i++)
        lay(laid, stretches[i].minutes, stretches[i].rate);
}

static struct recovery_asked ask(const struct laid *laid, double since_minutes)
{
    return (struct recovery_asked){.run = {laid->blocks, NULL, laid->count},
                                   .since = since_minutes * 60,
                                   .began = NAN,
                                   .margin = 0.005,
                                   .confidence = 0.95,
                                   .tests = 1};
}

static struct recovery judge(const struct recovery_asked *asked)
{
    struct recovery found;
    assert_true(recovery_judge(asked, &found));
    return found;
}

#define BEFORE                                                                                     \
    {                                                                                              \
        3 * HOUR, 0.006                                                                            \
    }
#define INCIDENT                                                                                   \
    {                                                                                              \
        HOUR, 0.15                                                                                 \
    }
#define SINCE (4 * HOUR) /* minutes: when the incident should be over */

static struct laid laid;

/* Everything after four hours, of which the last is the incident. */
static void each_verdict(void **state)
{
    static const struct {
        const char *what;
        struct stretch stretches[STRETCHES];
        enum recovery_verdict verdict;
        enum recovery_why why;
        double needed_minutes; /* NAN: none */
    } rows[] = {
        {"back", {BEFORE, INCIDENT, {2 * HOUR, 0.006}}, RECOVERY_RECOVERED, RECOVERY_WELL, NAN},
        {"better than before",
         {BEFORE, INCIDENT, {2 * HOUR, 0.001}},
         RECOVERY_RECOVERED,
         RECOVERY_WELL,
         NAN},
        {"nothing fails", {BEFORE, INCIDENT, {HOUR, 0}}, RECOVERY_RECOVERED, RECOVERY_WELL, NAN},
        {"as bad", {BEFORE, {4 * HOUR, 0.15}}, RECOVERY_NOT_YET, RECOVERY_UNDER_WAY, NAN},
        {"as bad for five minutes",
         {BEFORE, {HOUR + 5, 0.15}},
         RECOVERY_NOT_YET,
         RECOVERY_UNDER_WAY,
         NAN},
        {"half as bad",
         {BEFORE, INCIDENT, {2 * HOUR, 0.075}},
         RECOVERY_NOT_YET,
         RECOVERY_UNDER_WAY,
         NAN},
        {"twice the baseline",
         {BEFORE, INCIDENT, {2 * HOUR, 0.0125}},
         RECOVERY_NOT_YET,
         RECOVERY_WORSE,
         NAN},
        {"well for an hour, then as bad",
         {BEFORE, INCIDENT, {HOUR, 0.006}, {20, 0.15}},
         RECOVERY_RELAPSED,
         RECOVERY_AGAIN,
         NAN},
        {"the same, and well again",
         {BEFORE, INCIDENT, {HOUR, 0.006}, {20, 0.15}, {2 * HOUR, 0.006}},
         RECOVERY_RELAPSED,
         RECOVERY_AGAIN,
         NAN},
        {"a short burst is no relapse",
         {BEFORE, INCIDENT, {HOUR, 0.006}, {2, 0.6}, {HOUR, 0.006}},
         RECOVERY_TOO_EARLY,
         RECOVERY_INCIDENTS,
         NAN},
        {"ten minutes", {BEFORE, INCIDENT, {10, 0.006}}, RECOVERY_TOO_EARLY, RECOVERY_BRIEF, 20},
        {"one interval",
         {BEFORE, INCIDENT, {0.17, 0}},
         RECOVERY_TOO_EARLY,
         RECOVERY_BRIEF,
         29.8333},
        {"it went on for five minutes",
         {BEFORE, {HOUR + 5, 0.15}, {2 * HOUR, 0.006}},
         RECOVERY_RECOVERED,
         RECOVERY_WELL,
         NAN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        lay_all(&laid, rows[i].stretches);
        const struct recovery_asked asked = ask(&laid, SINCE);
        const struct recovery found = judge(&asked);
        if (found.verdict != rows[i].verdict || found.why != rows[i].why)
            fail_msg("%s: %s, %d", rows[i].what, recovery_verdict_name(found.verdict), found.why);
        assert_true(found.struck);
        if (isnan(rows[i].needed_minutes)) {
            if (!isnan(found.needed_seconds))
                fail_msg("%s: needs %g", rows[i].what, found.needed_seconds);
        } else if (!(fabs(found.needed_seconds / 60 - rows[i].needed_minutes) < 1e-3)) {
            fail_msg("%s: needs %g", rows[i].what, found.needed_seconds);
        }
    }
}

/* The parts hold each block once: all are where they were laid, to a minute. */
static void the_parts_are_where_they_are(void **state)
{
    (void)state;
    lay_all(&laid, (const struct stretch[STRETCHES]){BEFORE, {HOUR + 5, 0.15}, {HOUR, 0.006}});
    const struct recovery_asked asked = ask(&laid, SINCE + 0.05); /* within an interval */
    const struct recovery found = judge(&asked);
    double attempts = 0;
    double failures = 0;
    for (size_t i = 0; i < laid.count; i++) {
        attempts += laid.blocks[i].attempts;
        failures += laid.blocks[i].failures;
    }
    assert_true(fabs(found.incident.start - 3 * HOUR * 60) <= 60);
    assert_true(fabs(found.incident.end - (SINCE + 5) * 60) <= 60);
    assert_true(found.baseline.end == found.incident.start);
    assert_true(found.incident.end == found.since.start);
    assert_true(found.baseline.attempts + found.incident.attempts + found.since.attempts ==
                attempts);
    assert_true(found.baseline.failures + found.incident.failures + found.since.failures ==
                failures);
    const struct estimate wilson = rate_wilson(found.since.failures, found.since.attempts, 0.95);
    assert_true(fabs(found.since.rate.low - wilson.low) < 1e-12);
    assert_true(fabs(found.since.rate.high - wilson.high) < 1e-12);
}

/* What is asked for is what it takes: with so much more of the same it has recovered. */
static void what_is_needed_settles_it(void **state)
{
    (void)state;
    size_t asked_for = 0;
    for (double rate = 0.002; rate < 0.1; rate *= 1.5) {
        lay_all(&laid, (const struct stretch[STRETCHES]){
                           {3 * HOUR, rate}, {HOUR, rate + 0.2}, {31, rate}});
        const struct recovery_asked asked = ask(&laid, SINCE);
        struct recovery found = judge(&asked);
        if (found.verdict == RECOVERY_RECOVERED) continue;
        assert_int_equal(found.verdict, RECOVERY_TOO_EARLY);
        assert_int_equal(found.why, RECOVERY_UNSURE);
        if (isnan(found.needed_seconds)) continue;
        asked_for++;
        lay(&laid, ceil(found.needed_seconds / 60) + 1, rate);
        const struct recovery_asked later = ask(&laid, SINCE);
        found = judge(&later);
        if (found.verdict != RECOVERY_RECOVERED)
            fail_msg("%g: %s", rate, recovery_verdict_name(found.verdict));
    }
    assert_true(asked_for >= 1);
}

/* The time before is too short to be held against anything, however long one measures since. */
static void a_short_baseline_tells_nothing(void **state)
{
    (void)state;
    lay_all(&laid, (const struct stretch[STRETCHES]){{10, 0.006}, {30, 0.15}, {5 * HOUR, 0.006}});
    const struct recovery_asked asked = ask(&laid, 40);
    const struct recovery found = judge(&asked);
    assert_int_equal(found.verdict, RECOVERY_TOO_EARLY);
    assert_int_equal(found.why, RECOVERY_BASELINE);
    assert_true(isnan(found.needed_seconds));
}

/* With a baseline from elsewhere the run may begin with the incident, at any time of its own. */
static void a_baseline_from_elsewhere(void **state)
{
    static struct laid baseline;
    (void)state;
    lay_all(&baseline, (const struct stretch[STRETCHES]){BEFORE});
    lay_all(&laid, (const struct stretch[STRETCHES]){INCIDENT, {2 * HOUR, 0.006}});
    struct recovery_asked asked = ask(&laid, HOUR);
    asked.baseline = (struct recovery_series){baseline.blocks, NULL, baseline.count};
    struct recovery found = judge(&asked);
    assert_int_equal(found.verdict, RECOVERY_RECOVERED);
    assert_true(found.baseline.attempts == (double)baseline.count * EACH);
    assert_true(found.incident.start < 60);
    /* all of the run fails: no scan of it alone would see an incident */
    lay_all(&laid, (const struct stretch[STRETCHES]){INCIDENT, {5, 0.15}});
    asked.run.count = laid.count;
    found = judge(&asked);
    assert_true(found.struck);
    assert_int_equal(found.verdict, RECOVERY_NOT_YET);
    /* and without one at all there is nothing to recover from */
    lay_all(&laid, (const struct stretch[STRETCHES]){{3 * HOUR, 0.006}});
    asked.run.count = laid.count;
    found = judge(&asked);
    assert_false(found.struck);
}

static void without_an_incident(void **state)
{
    (void)state;
    lay_all(&laid, (const struct stretch[STRETCHES]){{6 * HOUR, 0.006}});
    struct recovery_asked asked = ask(&laid, SINCE);
    struct recovery found = judge(&asked);
    assert_false(found.struck);
    assert_true(found.incident.attempts == 0);
    /* whoever names the beginning is believed, but not that more failed since */
    static const struct {
        double before, from_then, since;
        bool struck;
    } rows[] = {{0.006, 0.006, 0.006, false},
                {0, 0, 0, false},
                {1, 1, 1, false},
                {0.15, 0.15, 0.15, false},
                {0.15, 0.006, 0.15, false},
                {0.006, 0.15, 0.006, true},
                {0, 1, 0, true},
                {0.5, 1, 0.5, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        lay_all(&laid, (const struct stretch[STRETCHES]){{3 * HOUR, rows[i].before},
                                                         {HOUR, rows[i].from_then},
                                                         {2 * HOUR, rows[i].since}});
        asked = ask(&laid, SINCE);
        asked.began = 3.0 * HOUR * 60;
        found = judge(&asked);
        if (found.struck != rows[i].struck) fail_msg("row %zu: struck is %d", i, found.struck);
        assert_true(found.incident.start == asked.began);
    }
    asked.run.count = 0;
    found = judge(&asked);
    assert_int_equal(found.verdict, RECOVERY_TOO_EARLY);
    assert_int_equal(found.why, RECOVERY_NOTHING);
}

/* What the service did before, it may do again. */
static void the_like_of_the_baseline_is_no_relapse(void **state)
{
    static const struct stretch ordinary[STRETCHES] = {
        {HOUR, 0.006}, {10, 0.15}, {2 * HOUR, 0.006}, {2 * HOUR, 0.3},
        {HOUR, 0.006}, {10, 0.2},  {2 * HOUR, 0.006}};
    static const struct stretch new[STRETCHES] = {
        {3 * HOUR + 10, 0.006}, {2 * HOUR, 0.3}, {HOUR, 0.006}, {10, 0.2}, {2 * HOUR, 0.006}};
    const double since = 5 * HOUR + 10;
    (void)state;
    lay_all(&laid, new);
    struct recovery_asked asked = ask(&laid, since);
    assert_int_equal(judge(&asked).verdict, RECOVERY_RELAPSED);
    lay_all(&laid, ordinary);
    asked = ask(&laid, since);
    const struct recovery found = judge(&asked);
    assert_int_not_equal(found.verdict, RECOVERY_RELAPSED);
    assert_int_equal(found.baseline.incidents, 1);
    assert_int_equal(found.since.incidents, 1);
}

/* Half of a small excess is more than nothing: the margin follows. */
static void the_margin_is_at_most_half_of_the_excess(void **state)
{
    (void)state;
    lay_all(&laid, (const struct stretch[STRETCHES]){BEFORE, {HOUR, 0.03}, {HOUR, 0.006}});
    struct recovery_asked asked = ask(&laid, SINCE);
    asked.margin = 0.1;
    const struct recovery found = judge(&asked);
    assert_true(found.margin <
                (found.incident.rate.value - found.baseline.outside.value) / 2 + 1e-12);
    assert_true(found.margin > 0.005);
}

/* Poisoned sessions make fewer attempts of many: intervals are wider, and it takes longer. */
static void sessions_that_fail_together_weigh_less(void **state)
{
    static struct cluster_sums chains[MOST];
    (void)state;
    lay_all(&laid, (const struct stretch[STRETCHES]){BEFORE, INCIDENT, {HOUR, 0.006}});
    for (size_t i = 0; i < laid.count; i++) {
        chains[i] = (struct cluster_sums){0};
        const uint64_t failed = (uint64_t)laid.blocks[i].failures;
        cluster_add(&chains[i], EACH / 2, i % 8 == 0 ? EACH / 2 : 0, i % 8 == 0);
        cluster_add(&chains[i], EACH / 2, failed > EACH / 2 ? EACH / 2 : failed, failed > 0);
    }
    struct recovery_asked asked = ask(&laid, SINCE);
    const struct recovery alone = judge(&asked);
    asked.run.chains = chains;
    const struct recovery together = judge(&asked);
    assert_true(together.since.rate.value == alone.since.rate.value);
    assert_true(together.since.rate.high > alone.since.rate.high + 0.002);
    assert_true(together.difference.difference.high > alone.difference.difference.high);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_verdict),
        cmocka_unit_test(the_parts_are_where_they_are),
        cmocka_unit_test(what_is_needed_settles_it),
        cmocka_unit_test(a_short_baseline_tells_nothing),
        cmocka_unit_test(a_baseline_from_elsewhere),
        cmocka_unit_test(without_an_incident),
        cmocka_unit_test(the_like_of_the_baseline_is_no_relapse),
        cmocka_unit_test(the_margin_is_at_most_half_of_the_excess),
        cmocka_unit_test(sessions_that_fail_together_weigh_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
