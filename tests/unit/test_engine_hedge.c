/* A second attempt in another region: what the engine makes of it, against what the service did. */
#include "engine_fixture.h"

#define ARRIVALS(rate, duration, more)                                                             \
    "{\"model\":\"arrivals\",\"arrival\":\"even\",\"connect_rate\":\"5000/s\",\"routing\":"        \
    "\"hedged\"," more "\"stages\":[{\"duration\":\"0s\",\"target\":\"" rate                       \
    "\"},{\"duration\":\"" duration "\",\"target\":\"" rate "\"}]}"
#define SOON "\"hedge_after\":\"30ms\","
#define THREE_TURNS "{\"interactions\":3,\"think_time\":\"5ms\",\"prompts\":[\"Say OK.\"]}"
#define FREELY                                                                                     \
    "{\"attempts\":4,\"backoff\":{\"initial\":\"2ms\",\"max\":\"10ms\"},\"budget\":\"100%\"}"
#define TWICE_AT_MOST                                                                              \
    "{\"attempts\":2,\"backoff\":{\"initial\":\"2ms\",\"max\":\"10ms\"},\"budget\":\"100%\"}"
#define WITHOUT_BUDGET                                                                             \
    "{\"attempts\":4,\"backoff\":{\"initial\":\"2ms\",\"max\":\"10ms\"},\"budget\":\"0%\"}"
#define USERS_MOST 512
#define TURNS 3

/* What an interaction's rows say. */
struct turn_rows {
    uint64_t attempts, ok, failed, cancelled, highest;
};

/* Every interaction by its rows: answered once, with attempts of their own numbers. */
static void check_rows(const struct result *result, uint64_t attempts_most)
{
    static struct turn_rows told[USERS_MOST][TURNS + 1];
    uint64_t answered = 0;
    memset(told, 0, sizeof told);
    assert_true(result->kept_count < ROWS_KEPT);
    for (size_t i = 0; i < result->kept_count; i++) {
        const struct attempt_row *row = &result->kept[i];
        assert_true(row->arrival > 0 && row->arrival < USERS_MOST && row->interaction <= TURNS);
        struct turn_rows *one = &told[row->arrival][row->interaction];
        one->attempts++;
        one->ok += row->outcome == OUTCOME_OK;
        one->failed += row->outcome == OUTCOME_FAILED;
        one->cancelled += row->outcome == OUTCOME_CANCELLED;
        if (row->attempt > one->highest) one->highest = row->attempt;
    }
    for (size_t user = 0; user < USERS_MOST; user++) {
        for (size_t turn = 0; turn <= TURNS; turn++) {
            const struct turn_rows *one = &told[user][turn];
            assert_true(one->highest <= attempts_most);
            answered += one->ok > 0;
        }
    }
    assert_int_equal(answered, result->counters.interactions_ok);
}

static const struct scenario plain = {
    .load = ARRIVALS("80/s", "1s", SOON), .session = THREE_TURNS, .retry = FREELY};

static void the_first_output_decides(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.slow_every = 4, .slow_ms = 150, .delay_ms = 2};
    drive(&plain, &result);
    check_sums(&result);
    check_rows(&result, 4);
    const struct counters *c = &result.counters;
    const uint64_t stopped = (uint64_t)atomic_load(&loopback_truth.stopped);
    /* but for later turns that were not begun when the load ended */
    assert_true(c->interactions_ok > 2 * result.requested);
    assert_int_equal(result.requested, 80);
    assert_int_equal(c->interactions_failed, 0);
    assert_int_equal(c->attempts_failed, 0);
    assert_true(c->hedges > 20);
    assert_int_equal(c->retries, c->hedges);
    assert_true(c->hedges_won > 10 && c->hedges_won <= c->hedges);
    /* of each pair one is cancelled, or has answered though it was told to stop: counted once */
    assert_int_equal(c->hedges_cancelled, c->attempts_cancelled);
    assert_int_equal(c->attempts_ok + c->hedges_cancelled, c->interactions_ok + c->hedges);
    assert_true(stopped > 10);
    assert_true(c->attempts_cancelled >= stopped && c->attempts_cancelled <= c->hedges);
    /* tokens of what was stopped, and of what came whole nevertheless */
    const uint64_t whole = c->hedges - c->attempts_cancelled;
    assert_int_equal(c->hedge_tokens, 11 * stopped + 12 * whole);
    assert_int_equal(c->recovered, 0); /* nothing had failed */
}

static void a_prompt_service_is_asked_once(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.delay_ms = 1};
    drive(&(struct scenario){.load = ARRIVALS("80/s", "500ms", "\"hedge_after\":\"14s\","),
                             .session = THREE_TURNS,
                             .retry = FREELY},
          &result);
    check_sums(&result);
    assert_int_equal(result.counters.hedges, 0);
    assert_int_equal(result.counters.attempts_started, result.counters.interactions_ok);
}

/* Whatever fails beside it: in the dial, in the turn, at the end of the session's life. */
static void whatever_fails_is_told_once(void **state)
{
    static const struct {
        const char *name;
        struct loopback_script script;
    } rows[] = {{"failed", {.fail_every = 3}},       {"poisoned", {.poison_every = 5}},
                {"limited", {.limit_every = 3}},     {"reset", {.reset_every = 4}},
                {"refused", {.refuse_every = 3}},    {"left", {.leave_every = 5}},
                {"expired", {.expire_every = 4}},    {"retired", {.retire_every = 3}},
                {"cancelled", {.cancel_every = 4}},  {"garbage", {.garbage_every = 4}},
                {"deaf to a close", {.deaf = true}}, {"slow dials", {.dial_ms = 60}},
                {"stray errors", {.stray_every = 3}}};
    static struct result result;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        loopback_script = rows[i].script;
        loopback_script.slow_every = 4;
        loopback_script.slow_ms = 60;
        loopback_script.delay_ms = 2;
        drive(&(struct scenario){.load = ARRIVALS("60/s", "400ms", SOON),
                                 .session = THREE_TURNS,
                                 .retry = FREELY},
              &result);
        const struct counters *c = &result.counters;
        print_message("%s: %d hedges, %d won, %d cancelled, %d failed\n", rows[i].name,
                      (int)c->hedges, (int)c->hedges_won, (int)c->hedges_cancelled,
                      (int)c->attempts_failed);
        assert_int_equal(c->sessions_ended, c->sessions_started);
        assert_int_equal(c->attempts_started,
                         c->attempts_ok + c->attempts_failed + c->attempts_cancelled);
        assert_int_equal(result.rows[OUTCOME_OK], c->attempts_ok);
        assert_int_equal(result.rows[OUTCOME_FAILED], c->attempts_failed);
        assert_int_equal(result.rows[OUTCOME_CANCELLED], c->attempts_cancelled);
        assert_true(c->hedges > 3);
        assert_true(c->hedges_cancelled <= c->hedges && c->hedges_won <= c->hedges);
        assert_true(c->hedges_cancelled <= c->attempts_cancelled);
        assert_true(c->interactions_ok + c->interactions_failed <= 3 * result.requested);
        check_rows(&result, 4);
    }
}

static void it_counts_against_the_attempts(void **state)
{
    static struct result result;
    (void)state;
    loopback_script =
        (struct loopback_script){.slow_every = 2, .slow_ms = 150, .fail_every = 5, .delay_ms = 2};
    drive(&(struct scenario){.load = ARRIVALS("60/s", "500ms", SOON),
                             .session = THREE_TURNS,
                             .retry = TWICE_AT_MOST},
          &result);
    assert_true(result.counters.hedges > 5);
    check_rows(&result, 2);
}

/* The three that are always allowed: over all workers, not of each. */
static void the_retry_budget_bounds_it(void **state)
{
    static struct result result;
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++) {
        loopback_script = (struct loopback_script){.slow_every = 1, .slow_ms = 80};
        drive(&(struct scenario){.load = ARRIVALS("100/s", "500ms", SOON),
                                 .session = THREE_TURNS,
                                 .retry = WITHOUT_BUDGET,
                                 .workers = workers},
              &result);
        assert_int_equal(result.counters.hedges, 3);
        assert_int_equal(result.counters.retries, 3);
    }
}

/* What is reserved for both goes back: the whole budget is used, and no more. */
static void the_budget_holds_with_both(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.slow_every = 2, .slow_ms = 60, .delay_ms = 2};
    drive(
        &(struct scenario){
            .load = ARRIVALS("60/s", "5s", SOON),
            .session = "{\"interactions\":3,\"think_time\":\"5ms\",\"max_output_tokens\":20,"
                       "\"prompts\":[\"Say OK.\"]}",
            .retry = FREELY,
            .more = ",\"budget\":{\"tokens\":3000}"},
        &result);
    const struct counters *c = &result.counters;
    const uint64_t tokens = c->input_tokens + c->output_tokens;
    assert_int_equal(result.end, RUN_STOPPED_BUDGET);
    assert_true(c->hedges > 20);
    if (tokens > 3000 || tokens < 2700) fail_msg("%d tokens", (int)tokens);
}

static void a_run_that_is_stopped_leaves_nothing(void **state)
{
    static struct result result;
    (void)state;
    for (int stops = 1; stops <= 2; stops++) {
        loopback_script = (struct loopback_script){.slow_every = 2, .slow_ms = 100};
        drive(&(struct scenario){.load = ARRIVALS("80/s", "5s", SOON),
                                 .session = THREE_TURNS,
                                 .retry = FREELY,
                                 .stop_ms = 300,
                                 .stops = stops},
              &result);
        const struct counters *c = &result.counters;
        assert_true(c->hedges > 3);
        assert_int_equal(c->sessions_ended, c->sessions_started);
        assert_int_equal(c->attempts_started,
                         c->attempts_ok + c->attempts_failed + c->attempts_cancelled);
    }
}

/* Nobody has answered: none of the two was cancelled for the other one. */
static void what_the_stop_cuts_has_lost_to_nobody(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.slow_every = 1, .slow_ms = 60 * 1000};
    drive(&(struct scenario){.load = ARRIVALS("80/s", "5s", SOON),
                             .session = THREE_TURNS,
                             .retry = FREELY,
                             .stop_ms = 300,
                             .stops = 2},
          &result);
    const struct counters *c = &result.counters;
    assert_true(c->hedges > 3);
    assert_int_equal(c->attempts_started, c->attempts_cancelled);
    assert_int_equal(result.rows[OUTCOME_CANCELLED], c->attempts_cancelled);
    assert_int_equal(c->hedges_cancelled, 0);
    assert_int_equal(c->hedge_tokens, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_output_decides),
        cmocka_unit_test(a_prompt_service_is_asked_once),
        cmocka_unit_test(whatever_fails_is_told_once),
        cmocka_unit_test(it_counts_against_the_attempts),
        cmocka_unit_test(the_retry_budget_bounds_it),
        cmocka_unit_test(the_budget_holds_with_both),
        cmocka_unit_test(a_run_that_is_stopped_leaves_nothing),
        cmocka_unit_test(what_the_stop_cuts_has_lost_to_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
