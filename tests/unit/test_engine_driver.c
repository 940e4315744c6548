/* What a user does over one session after another: rotation, ramp down, retries, the ends of
 * sessions. */
#include "engine_fixture.h"

#include <math.h>

/* A closed load of two regions for a while, dials unpaced. */
#define HOLD(sessions, duration)                                                                   \
    "{\"model\":\"sessions\",\"connect_rate\":\"2000/"                                             \
    "s\",\"stages\":[{\"duration\":\"0s\",\"target\":" sessions "},{\"duration\":\"" duration      \
    "\",\"target\":" sessions "}]}"

/* Ends a load when so much was done, however long a busy machine needs for it. */
#define UNTIL_TOKENS(tokens) ",\"budget\":{\"tokens\":" tokens "}"

#define TALK(interactions, think_time, more)                                                       \
    "{\"interactions\":" interactions ",\"think_time\":\"" think_time                              \
    "\",\"prompts\":[\"Say OK.\"]" more "}"

static uint64_t attempts_of_longest_interaction(const struct result *result)
{
    uint64_t most = 0;
    for (size_t i = 0; i < result->kept_count; i++) {
        if (result->kept[i].attempt > most) most = result->kept[i].attempt;
    }
    return most;
}

static void a_session_is_rotated_after_its_turns(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.delay_ms = 1};
    drive(&(struct scenario){.load = HOLD("4", "600ms"),
                             .session = TALK("6", "1ms", ",\"rotate_after\":2")},
          &result);
    check_sums(&result);
    assert_int_equal(result.counters.attempts_failed + result.counters.sessions_failed, 0);
    assert_int_equal(atomic_load(&loopback_truth.most_turns), 2);
    assert_true(result.counters.sessions_started >= result.counters.attempts_ok / 2);
    assert_true(result.counters.attempts_ok > 40);
}

/* The turn that finds its session too old takes a new one, however long the pause before it was. */
static void a_session_is_rotated_by_its_age(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.delay_ms = 1};
    drive(&(struct scenario){.load = HOLD("4", "900ms"),
                             .session = TALK("1000", "60ms", ",\"max_age\":\"150ms\"")},
          &result);
    check_sums(&result);
    assert_int_equal(result.counters.sessions_failed, 0);
    assert_in_range(atomic_load(&loopback_truth.most_turns), 1, 3);
    assert_true(result.counters.sessions_started > 16);
    assert_true(result.kept_count > 30);
}

/* From 20 sessions to none within 300 ms, while every user would think for a minute. */
static void a_ramp_down_does_not_wait_for_those_who_think(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.delay_ms = 1};
    drive(
        &(struct scenario){
            .load = "{\"model\":\"sessions\",\"connect_rate\":\"2000/s\",\"stages\":["
                    "{\"duration\":\"0s\",\"target\":10},{\"duration\":\"200ms\",\"target\":10},"
                    "{\"duration\":\"300ms\",\"target\":0},{\"duration\":\"600ms\",\"target\":0}]}",
            .session = TALK("100", "60s", "")},
        &result);
    check_sums(&result);
    assert_int_equal(result.counters.sessions_started, 20);
    assert_int_equal(result.ended_until[4], 20);   /* 1000 ms */
    assert_in_range(result.ended_until[1], 1, 20); /* 400 ms */
}

static void a_passing_limit_keeps_the_session(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.limit_every = 2, .delay_ms = 1};
    drive(&(struct scenario){.load = HOLD("3", "500ms"), .session = TALK("1000", "2ms", "")},
          &result);
    check_sums(&result);
    assert_true(result.counters.attempts_failed > 20);
    assert_int_equal(result.counters.sessions_started, 6);
    assert_int_equal(result.counters.interactions_ok, result.counters.attempts_ok);
    assert_int_equal(result.counters.retries + result.counters.interactions_failed,
                     result.counters.attempts_failed);
    assert_true(result.counters.recovered > 20);
    assert_int_equal(attempts_of_longest_interaction(&result) <= 3, true);
}

static void a_spent_budget_stops_the_run(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.delay_ms = 5};
    drive(&(struct scenario){.load = HOLD("3", "60s"), .more = UNTIL_TOKENS("2000")}, &result);
    check_sums(&result);
    assert_int_equal(result.end, RUN_STOPPED_BUDGET);
    assert_true(result.took_ns < 40 * NS_PER_S);
    /* it goes on until less than a turn can take is left; the first turns go one by one */
    const uint64_t tokens = result.counters.input_tokens + result.counters.output_tokens;
    assert_true(tokens <= 2000 && tokens > 2000 - 100);
    assert_int_equal(result.counters.input_tokens, 10 * result.counters.attempts_ok);
}

static void a_peer_that_never_answers_our_close_cannot_hold_the_run(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.delay_ms = 1, .deaf = true, .abort_ms = 5};
    drive(&(struct scenario){.load = HOLD("3", "60s"),
                             .more = UNTIL_TOKENS("1000") ",\"timeouts\":{\"close\":\"20ms\"}"},
          &result);
    check_sums(&result);
    assert_true(result.took_ns < 40 * NS_PER_S);
    assert_int_equal(result.counters.sessions_failed, 0);
    assert_true(result.counters.sessions_ended > 6);
}

static void a_session_that_is_left_between_turns_is_replaced(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.leave_every = 3, .delay_ms = 1};
    drive(&(struct scenario){.load = HOLD("3", "60s"),
                             .session = TALK("1000", "150ms", ""),
                             .more = UNTIL_TOKENS("600")},
          &result);
    const struct counters *c = &result.counters;
    uint64_t left = (uint64_t)atomic_load(&loopback_truth.left);
    assert_int_equal(c->attempts_failed, 0);
    assert_true(left > 6);
    assert_in_range(c->sessions_failed, left - 3, left); /* what leaves during the stop just ends */
    assert_int_equal(result.failures, c->sessions_failed);
    assert_int_equal(c->attempts_started, c->attempts_ok);
    assert_int_equal(c->sessions_ended, c->sessions_started);
    assert_true(c->sessions_started > 6);
}

/* The old connection takes longer to end than the user thinks: it must not take the next session
 * with it. */
static void garbage_between_turns_costs_the_session_alone(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.garbage_every = 3, .delay_ms = 1, .abort_ms = 30};
    drive(&(struct scenario){.load = HOLD("3", "60s"),
                             .session = TALK("1000", "10ms", ""),
                             .more = UNTIL_TOKENS("1000")},
          &result);
    const struct counters *c = &result.counters;
    assert_true(result.took_ns < 40 * NS_PER_S);
    assert_int_equal(c->attempts_failed, 0);
    assert_int_equal(c->attempts_started, c->attempts_ok);
    assert_true(c->sessions_failed > 5);
    assert_int_equal(c->sessions_ended, c->sessions_started);
    assert_int_equal(result.failures, c->sessions_failed);
    assert_int_equal(c->interactions_ok, c->attempts_ok);
}

/* Two stops while every dial hangs: each is a cancelled attempt of a session that never opened. */
static void a_second_stop_cancels_dials(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.dial_ms = 50000};
    drive(&(struct scenario){.load = HOLD("5", "60s"), .stop_ms = 150, .stops = 2}, &result);
    assert_true(result.took_ns < 40 * NS_PER_S);
    assert_int_equal(result.counters.attempts_started, 10);
    assert_int_equal(result.counters.attempts_cancelled, 10);
    assert_int_equal(result.rows[OUTCOME_CANCELLED], 10);
    assert_int_equal(result.counters.sessions_ended, 10);
    assert_int_equal(result.failures, 0);
}

/* A stop while every user waits for its retry: the first stop lets the retries happen, the
 * second does not. */
static void a_stop_finds_users_in_their_backoff(void **state)
{
    static const char retry[] = "{\"attempts\":2,\"backoff\":{\"initial\":\"4s\",\"max\":"
                                "\"4s\",\"jitter\":\"none\"},"
                                "\"budget\":\"100%\"}";
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.fail_every = 1, .delay_ms = 1};
    for (int stops = 1; stops <= 2; stops++) {
        drive(
            &(struct scenario){
                .load = HOLD("5", "60s"), .retry = retry, .stop_ms = 600, .stops = stops},
            &result);
        check_sums(&result);
        assert_true(result.took_ns < 40 * NS_PER_S);
        assert_int_equal(result.counters.attempts_failed, stops == 1 ? 20 : 10);
        assert_int_equal(result.counters.retries, stops == 1 ? 10 : 0);
        assert_int_equal(result.counters.interactions_failed, stops == 1 ? 10 : 0);
    }
}

static void a_stop_lets_those_who_think_go(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.delay_ms = 1};
    drive(
        &(struct scenario){
            .load = HOLD("5", "60s"), .session = TALK("5", "60s", ""), .stop_ms = 200, .stops = 1},
        &result);
    check_sums(&result);
    assert_true(result.took_ns < 40 * NS_PER_S);
    assert_int_equal(result.counters.attempts_ok, 10);
    assert_int_equal(result.counters.attempts_cancelled, 0);
}

/* From the first turn of each session to its last, as attempts.csv has them. */
static int64_t turns_of_sessions_ns(const struct result *result)
{
    static int64_t from[ROWS_KEPT + 1];
    static int64_t to[ROWS_KEPT + 1];
    int64_t sum = 0;
    memset(from, 0, sizeof from);
    memset(to, 0, sizeof to);
    for (size_t i = 0; i < result->kept_count; i++) {
        const struct attempt_row *row = &result->kept[i];
        assert_in_range(row->session_number, 1, ROWS_KEPT);
        int64_t *first = &from[row->session_number];
        int64_t *last = &to[row->session_number];
        if (*first == 0 || row->due_utc_ns < *first) *first = row->due_utc_ns;
        if (row->end_utc_ns > *last) *last = row->end_utc_ns;
    }
    for (size_t i = 0; i <= ROWS_KEPT; i++) sum += to[i] - from[i];
    return sum;
}

/* By its minutes open, over intervals that end in the midst of sessions; another model has no
 * price. */
static void open_sessions_are_charged_by_the_minute(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.delay_ms = 30};
    drive(&(struct scenario){.load = HOLD("3", "700ms"),
                             .session = TALK("8", "10ms", ""),
                             .more = ",\"prices\":{\"d\":{\"per_minute\":6}}"},
          &result);
    check_sums(&result);
    const struct counters *c = &result.counters;
    assert_true(fabs(c->cost_usd - 6 * (double)c->open_ms / 60e3) < 1e-9);
    int64_t open_ns = (int64_t)c->open_ms * NS_PER_MS;
    /* Two workers and two regions; rows are of whole milliseconds. */
    int64_t rounding_ns = (4 + (int64_t)c->sessions_opened) * NS_PER_MS;
    assert_true(open_ns + rounding_ns >= turns_of_sessions_ns(&result));
    /* Six are busy, and as many may be closing. */
    assert_true(open_ns <= 12 * (result.end_utc_ns - result.start_utc_ns));
    assert_false(counters_unpriced(c));
    drive(&(struct scenario){.load = HOLD("3", "200ms"),
                             .more = ",\"prices\":{\"other\":{\"per_minute\":6}}"},
          &result);
    assert_true(result.counters.open_ms > 0 && result.counters.cost_usd == 0);
    assert_int_equal(result.counters.unpriced_attempts, result.rows[OUTCOME_OK] +
                                                            result.rows[OUTCOME_FAILED] +
                                                            result.rows[OUTCOME_CANCELLED]);
}

static void time_alone_can_spend_the_budget(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.delay_ms = 5};
    drive(&(struct scenario){.load = HOLD("3", "60s"),
                             .session = TALK("1000", "2s", ""),
                             .more = ",\"prices\":{\"d\":{\"per_minute\":12}},"
                                     "\"budget\":{\"usd\":8}"},
          &result);
    check_sums(&result);
    assert_int_equal(result.end, RUN_STOPPED_BUDGET);
    assert_true(result.counters.cost_usd >= 4 && result.counters.cost_usd <= 8);
}

static int by_region_and_due(const void *left, const void *right)
{
    const struct attempt_row *a = left;
    const struct attempt_row *b = right;
    return a->due_utc_ns < b->due_utc_ns ? -1 : a->due_utc_ns > b->due_utc_ns;
}

static int by_length(const void *left, const void *right)
{
    const int64_t *a = left;
    const int64_t *b = right;
    return *a < *b ? -1 : *a > *b;
}

/* Arrivals depend only on the seed, not on the number of workers. */
static void the_plan_does_not_depend_on_the_workers(void **state)
{
    static struct result one, four;
    const char *load =
        "{\"model\":\"arrivals\",\"connect_rate\":\"2000/s\",\"stages\":["
        "{\"duration\":\"0s\",\"target\":\"50/s\"},{\"duration\":\"1500ms\",\"target\":\"50/s\"}]}";
    (void)state;
    loopback_script = (struct loopback_script){.delay_ms = 1};
    drive(&(struct scenario){.load = load, .session = TALK("1", "0s", ""), .workers = 1}, &one);
    drive(&(struct scenario){.load = load, .session = TALK("1", "0s", ""), .workers = 4}, &four);
    check_sums(&four);
    assert_true(one.kept_count > 20);
    assert_int_equal(one.counters.requested_sessions, four.counters.requested_sessions);
    assert_int_equal(one.kept_count, four.kept_count);
    qsort(one.kept, one.kept_count, sizeof *one.kept, by_region_and_due);
    qsort(four.kept, four.kept_count, sizeof *four.kept, by_region_and_due);
    static int64_t apart[ROWS_KEPT];
    for (size_t i = 0; i < one.kept_count; i++) {
        int64_t a = one.kept[i].due_utc_ns - one.start_utc_ns;
        int64_t b = four.kept[i].due_utc_ns - four.start_utc_ns;
        apart[i] = a < b ? b - a : a - b;
    }
    /* A row's due time is that of the turn, which waits for its session: a dial apart, and on a
     * busy machine some are more. */
    qsort(apart, one.kept_count, sizeof *apart, by_length);
    assert_true(apart[one.kept_count / 2] < 250 * NS_PER_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_rotated_after_its_turns),
        cmocka_unit_test(a_session_is_rotated_by_its_age),
        cmocka_unit_test(a_ramp_down_does_not_wait_for_those_who_think),
        cmocka_unit_test(a_passing_limit_keeps_the_session),
        cmocka_unit_test(a_spent_budget_stops_the_run),
        cmocka_unit_test(a_peer_that_never_answers_our_close_cannot_hold_the_run),
        cmocka_unit_test(a_session_that_is_left_between_turns_is_replaced),
        cmocka_unit_test(garbage_between_turns_costs_the_session_alone),
        cmocka_unit_test(a_second_stop_cancels_dials),
        cmocka_unit_test(a_stop_finds_users_in_their_backoff),
        cmocka_unit_test(a_stop_lets_those_who_think_go),
        cmocka_unit_test(open_sessions_are_charged_by_the_minute),
        cmocka_unit_test(time_alone_can_spend_the_budget),
        cmocka_unit_test(the_plan_does_not_depend_on_the_workers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
