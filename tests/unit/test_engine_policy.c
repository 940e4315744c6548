#include "base/clock.h"
#include "engine/policy.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MS(x) ((int64_t)((x)*NS_PER_MS))

static const struct retry three = {.attempts = 3,
                                   .backoff_initial_ns = 500 * NS_PER_MS,
                                   .backoff_max_ns = 800 * NS_PER_MS,
                                   .jitter = JITTER_NONE,
                                   .deadline_ns = 10 * NS_PER_S,
                                   .budget = 0.5};
static const struct failure_class server_error = {
    .retryable = true, .new_session = true, .code = "server_error"};
static const struct failure_class rate_limit = {
    .retryable = true, .new_session = false, .code = "rate_limit_exceeded"};
static const struct failure_class daily = {
    .retryable = true, .lasting = true, .code = "daily_limit"};
static const struct failure_class wrong_key = {.retryable = false, .code = "upgrade_401"};

static void decisions(void **state)
{
    static const struct {
        const char *name;
        struct retry_facts facts;
        enum decision decision;
        int64_t delay_ns;
    } rows[] = {
        {"a server_error wants a new session, also while the old one is open",
         {&server_error, 1, MS(100), 0, true, 0, 100, false, 0, 0, 0, {0, 0}, false},
         DECIDE_RETRY_NEW_SESSION,
         MS(500)},
        {"the wait doubles, up to the most",
         {&server_error, 2, MS(700), 0, false, 0, 100, false, 0, 0, 0, {0, 0}, false},
         DECIDE_RETRY_NEW_SESSION,
         MS(800)},
        {"the third attempt was the last",
         {&server_error, 3, MS(900), 0, false, 0, 100, false, 0, 0, 0, {0, 0}, false},
         DECIDE_GIVE_UP,
         0},
        {"a limit that passes keeps the session",
         {&rate_limit, 1, 0, 0, true, 0, 100, false, 0, 0, 0, {0, 0}, false},
         DECIDE_RETRY_SAME_SESSION,
         MS(500)},
        {"unless it is gone",
         {&rate_limit, 1, 0, 0, false, 0, 100, false, 0, 0, 0, {0, 0}, false},
         DECIDE_RETRY_NEW_SESSION,
         MS(500)},
        {"the service's hint is obeyed",
         {&rate_limit, 1, 0, MS(2500), true, 0, 100, false, 0, 0, 0, {0, 0}, false},
         DECIDE_RETRY_SAME_SESSION,
         MS(2500)},
        {"a replay is patient with what its machine took",
         {&server_error, 1, MS(10100), 0, true, 0, 100, false, 0, 0, MS(5000), {0, 0}, false},
         DECIDE_RETRY_NEW_SESSION,
         MS(500)},
        {"up to its floor",
         {&server_error, 1, MS(14600), 0, true, 0, 100, false, 0, 0, MS(5000), {0, 0}, false},
         DECIDE_GIVE_UP,
         0},
        {"but not with a limit that was hit, nor with waits, which are said",
         {&server_error, 1, MS(9600), 0, true, 0, 100, false, 0, MS(9600), MS(5000), {0, 0}, false},
         DECIDE_GIVE_UP,
         0},
        {"nor with a hint",
         {&rate_limit, 1, 0, MS(10500), true, 0, 100, false, 0, 0, MS(5000), {0, 0}, false},
         DECIDE_GIVE_UP,
         0},
        {"but not past the deadline",
         {&rate_limit, 1, MS(8000), MS(2500), true, 0, 100, false, 0, 0, 0, {0, 0}, false},
         DECIDE_GIVE_UP,
         0},
        {"a wrong key is not tried again",
         {&wrong_key, 1, 0, 0, false, 0, 100, false, 0, 0, 0, {0, 0}, false},
         DECIDE_GIVE_UP,
         0},
        {"the budget of one retry in two first attempts, and three to start with, is used up",
         {&server_error, 1, 0, 0, false, 53, 100, false, 0, 0, 0, {0, 0}, false},
         DECIDE_GIVE_UP,
         0},
        {"nor is that of the last window, where the run's has room",
         {&server_error, 1, 0, 0, false, 0, 100, false, 0, 0, 0, {20, 10}, false},
         DECIDE_GIVE_UP,
         0},
        {"but one less in it",
         {&server_error, 1, 0, 0, false, 0, 100, false, 0, 0, 0, {20, 9}, false},
         DECIDE_RETRY_NEW_SESSION,
         MS(500)},
        {"nor while its region is held back",
         {&server_error, 1, 0, 0, true, 0, 100, false, MS(3000), 0, 0, {0, 0}, false},
         DECIDE_RETRY_NEW_SESSION,
         MS(3000)},
        {"and no longer than the deadline",
         {&server_error, 1, MS(8000), 0, true, 0, 100, false, MS(3000), 0, 0, {0, 0}, false},
         DECIDE_GIVE_UP,
         0},
        {"a day's limit is not tried again in half a second",
         {&daily, 1, 0, 0, true, 0, 100, false, 0, 0, 0, {0, 0}, false},
         DECIDE_GIVE_UP,
         0},
        {"but when it says so",
         {&daily, 1, 0, MS(8640), true, 0, 100, false, 0, 0, 0, {0, 0}, false},
         DECIDE_RETRY_SAME_SESSION,
         MS(8640)},
        {"and just not yet",
         {&server_error, 1, 0, 0, false, 52, 100, false, 0, 0, 0, {0, 0}, false},
         DECIDE_RETRY_NEW_SESSION,
         MS(500)},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct random random;
        int64_t delay = -1;
        random_seed(&random, 1, 1);
        enum decision decision = retry_decide(&three, &rows[i].facts, &random, &delay);
        if (decision != rows[i].decision || delay != rows[i].delay_ns) {
            fail_msg("%s: %s after %lld ms", rows[i].name, decision_name(decision),
                     (long long)(delay / NS_PER_MS));
        }
    }
}

/* A session whose response failed is tried once more before it is replaced, when that is asked
 * for. */
static void probes(void **state)
{
    static const struct {
        const char *name;
        struct retry_facts facts;
        enum decision decision;
        int64_t delay_ns;
    } rows[] = {
        {"an open session is probed first",
         {&server_error, 1, 0, 0, true, 0, 100, false, 0, 0, 0, {0, 0}, false},
         DECIDE_PROBE_SAME_SESSION,
         MS(500)},
        {"a probe that failed is followed by the new session",
         {&server_error, 2, 0, 0, true, 1, 100, true, 0, 0, 0, {0, 0}, false},
         DECIDE_RETRY_NEW_SESSION,
         MS(800)},
        {"what is closed cannot be probed",
         {&server_error, 1, 0, 0, false, 0, 100, false, 0, 0, 0, {0, 0}, false},
         DECIDE_RETRY_NEW_SESSION,
         MS(500)},
        {"a limit wants no new session anyway",
         {&rate_limit, 1, 0, MS(2500), true, 0, 100, false, 0, 0, 0, {0, 0}, false},
         DECIDE_RETRY_SAME_SESSION,
         MS(2500)},
        {"a hint is obeyed by probes too",
         {&server_error, 1, 0, MS(2500), true, 0, 100, false, 0, 0, 0, {0, 0}, false},
         DECIDE_PROBE_SAME_SESSION,
         MS(2500)},
        {"a probe is an attempt like any other",
         {&server_error, 3, 0, 0, true, 2, 100, false, 0, 0, 0, {0, 0}, false},
         DECIDE_GIVE_UP,
         0},
        {"and comes out of the same budget",
         {&server_error, 1, 0, 0, true, 53, 100, false, 0, 0, 0, {0, 0}, false},
         DECIDE_GIVE_UP,
         0},
        {"a wrong key is not probed",
         {&wrong_key, 1, 0, 0, true, 0, 100, false, 0, 0, 0, {0, 0}, false},
         DECIDE_GIVE_UP,
         0},
    };
    (void)state;
    struct retry probing = three;
    probing.probe_poisoned = true;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct random random;
        int64_t delay = -1;
        random_seed(&random, 1, 1);
        enum decision decision = retry_decide(&probing, &rows[i].facts, &random, &delay);
        if (decision != rows[i].decision || delay != rows[i].delay_ns) {
            fail_msg("%s: %s after %lld ms", rows[i].name, decision_name(decision),
                     (long long)(delay / NS_PER_MS));
        }
    }
    assert_string_equal(decision_name(DECIDE_PROBE_SAME_SESSION), "probe_same_session");
}

static void a_budget_of_all_is_no_bound(void **state)
{
    struct retry unbound = three;
    const struct retry_facts facts = {&server_error, 2, 0, 0, false,  1000000, 1,
                                      false,         0, 0, 0, {0, 0}, false};
    struct random random;
    int64_t delay;
    (void)state;
    unbound.budget = 1;
    random_seed(&random, 1, 1);
    assert_int_equal(retry_decide(&unbound, &facts, &random, &delay), DECIDE_RETRY_NEW_SESSION);
}

/* 20,000 delays after a first failure lie in [from, to), reach both of its ends within 1 ms, and
 * have its middle as their mean, within five sigma. */
static void check_uniform(enum jitter jitter, const struct retry_facts *facts, int64_t from_ms,
                          int64_t to_ms, double five_sigma_ms)
{
    struct retry jittered = three;
    struct random random;
    double sum = 0;
    int64_t least = INT64_MAX;
    int64_t most = 0;
    jittered.jitter = jitter;
    random_seed(&random, 5, 5);
    for (int i = 0; i < 20000; i++) {
        int64_t delay;
        assert_int_equal(retry_decide(&jittered, facts, &random, &delay), DECIDE_RETRY_NEW_SESSION);
        assert_true(delay >= MS(from_ms) && delay < MS(to_ms));
        sum += (double)delay;
        if (delay < least) least = delay;
        if (delay > most) most = delay;
    }
    const double middle_ms = (double)(from_ms + to_ms) / 2;
    assert_true(fabs(sum / 20000 / (double)NS_PER_MS - middle_ms) < five_sigma_ms);
    assert_true(least < MS(from_ms + 1) && most > MS(to_ms - 1));
}

static void full_jitter_is_uniform_up_to_the_ceiling(void **state)
{
    const struct retry_facts facts = {&server_error, 1, 0, 0, false,  0,    1000,
                                      false,         0, 0, 0, {0, 0}, false};
    (void)state;
    check_uniform(JITTER_FULL, &facts, 0, 500, 6); /* 5.1 */
}

static void equal_jitter_is_uniform_in_the_upper_half(void **state)
{
    const struct retry_facts facts = {.failure = &server_error, .attempt = 1};
    (void)state;
    check_uniform(JITTER_EQUAL, &facts, 250, 500, 3); /* 2.6 */
}

/* Where a retry goes, by what the profile says of it; open or closed, and whether the routing has
 * another region for it. */
static void where_a_retry_goes(void **state)
{
    enum {
        SAME = DECIDE_RETRY_SAME_SESSION,
        NEW = DECIDE_RETRY_NEW_SESSION,
        OTHER = DECIDE_RETRY_OTHER_REGION,
        PROBE = DECIDE_PROBE_SAME_SESSION
    };
    static const struct {
        enum retry_session session;
        bool probes;
        const struct failure_class *failure;
        int open, closed, open_elsewhere, closed_elsewhere;
    } rows[] = {
        {RETRY_AS_NEEDED, false, &server_error, NEW, NEW, OTHER, OTHER},
        {RETRY_AS_NEEDED, false, &rate_limit, SAME, NEW, OTHER, OTHER},
        {RETRY_AS_NEEDED, true, &server_error, PROBE, NEW, OTHER, OTHER},
        {RETRY_SAME, false, &server_error, SAME, NEW, SAME, OTHER},
        {RETRY_SAME, false, &rate_limit, SAME, NEW, SAME, OTHER},
        {RETRY_NEW, false, &server_error, NEW, NEW, OTHER, OTHER},
        {RETRY_NEW, false, &rate_limit, NEW, NEW, OTHER, OTHER},
        {RETRY_ELSEWHERE, false, &server_error, NEW, NEW, OTHER, OTHER},
        {RETRY_ELSEWHERE, false, &rate_limit, SAME, NEW, OTHER, OTHER},
        {RETRY_ELSEWHERE, true, &server_error, PROBE, NEW, OTHER, OTHER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const int wanted[] = {rows[i].open, rows[i].closed, rows[i].open_elsewhere,
                              rows[i].closed_elsewhere};
        struct retry retry = three;
        retry.session = rows[i].session;
        retry.probe_poisoned = rows[i].probes;
        for (size_t w = 0; w < 4; w++) {
            const struct retry_facts facts = {.failure = rows[i].failure,
                                              .attempt = 1,
                                              .session_usable = w % 2 == 0,
                                              .elsewhere = w >= 2};
            struct random random;
            int64_t delay;
            random_seed(&random, 1, 1);
            const enum decision decision = retry_decide(&retry, &facts, &random, &delay);
            if ((int)decision != wanted[w])
                fail_msg("row %zu, case %zu: %s", i, w, decision_name(decision));
            const bool leaves =
                retry_leaves_session(&retry, rows[i].failure, decision, facts.session_usable);
            assert_int_equal(leaves, decision != DECIDE_RETRY_SAME_SESSION &&
                                         decision != DECIDE_PROBE_SAME_SESSION);
        }
    }
}

/* What a region said concerns that region alone. */
static void hints_and_limits_stay_with_their_region(void **state)
{
    static const struct {
        const char *name;
        struct retry_facts facts;
        enum decision decision;
        int64_t delay_ns;
    } rows[] = {
        {"a hint is none for the other region",
         {.failure = &rate_limit, .attempt = 1, .hint_ns = MS(2500), .elsewhere = true},
         DECIDE_RETRY_OTHER_REGION,
         MS(500)},
        {"nor is a day's limit",
         {.failure = &daily, .attempt = 1, .elsewhere = true},
         DECIDE_RETRY_OTHER_REGION,
         MS(500)},
        {"but the hold of the other region is",
         {.failure = &rate_limit, .attempt = 1, .held_ns = MS(3000), .elsewhere = true},
         DECIDE_RETRY_OTHER_REGION,
         MS(3000)},
        {"what no retry can cure is not carried around",
         {.failure = &wrong_key, .attempt = 1, .elsewhere = true},
         DECIDE_GIVE_UP,
         0},
        {"nor what has had all its attempts",
         {.failure = &server_error, .attempt = 3, .elsewhere = true},
         DECIDE_GIVE_UP,
         0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct random random;
        int64_t delay = -1;
        random_seed(&random, 1, 1);
        const enum decision decision = retry_decide(&three, &rows[i].facts, &random, &delay);
        if (decision != rows[i].decision || delay != rows[i].delay_ns)
            fail_msg("%s: %s after %lld ms", rows[i].name, decision_name(decision),
                     (long long)(delay / NS_PER_MS));
    }
}

/* Given up: the session goes if the failure says so, unless sessions are kept whatever happens. */
static void an_end_keeps_or_leaves_the_session(void **state)
{
    struct retry same = three;
    same.session = RETRY_SAME;
    (void)state;
    assert_true(retry_leaves_session(&three, &server_error, DECIDE_GIVE_UP, true));
    assert_false(retry_leaves_session(&three, &rate_limit, DECIDE_GIVE_UP, true));
    assert_false(retry_leaves_session(&same, &server_error, DECIDE_GIVE_UP, true));
    assert_true(retry_leaves_session(&same, &rate_limit, DECIDE_GIVE_UP, false));
}

static void every_decision_has_its_word(void **state)
{
    static const char *const words[] = {"none",
                                        "give_up",
                                        "retry_same_session",
                                        "retry_new_session",
                                        "probe_same_session",
                                        "retry_other_region",
                                        "renew_session"};
    (void)state;
    for (int i = DECIDE_NONE; i <= DECIDE_RENEW_SESSION; i++)
        assert_string_equal(decision_name((enum decision)i), words[i]);
}

/* Bounded as a retry is. */
static void hedges(void **state)
{
    static const struct {
        const char *name;
        struct hedge_facts facts;
        bool goes;
    } rows[] = {
        {"another region takes load", {1, MS(900), 0, 0, 100, {0, 0}, true}, true},
        {"none does", {1, MS(900), 0, 0, 100, {0, 0}, false}, false},
        {"a retry has a second one, too", {2, MS(900), 0, 0, 100, {0, 0}, true}, true},
        {"but not beyond the attempts", {3, MS(900), 0, 0, 100, {0, 0}, true}, false},
        {"just before the deadline", {1, MS(10000), 0, 0, 100, {0, 0}, true}, true},
        {"past it", {1, MS(10001), 0, 0, 100, {0, 0}, true}, false},
        {"with the grace of a replay", {1, MS(10001), MS(1), 0, 100, {0, 0}, true}, true},
        {"the run's budget has one more", {1, 0, 0, 52, 100, {0, 0}, true}, true},
        {"and no more", {1, 0, 0, 53, 100, {0, 0}, true}, false},
        {"the window's has one more", {1, 0, 0, 0, 100, {20, 9}, true}, true},
        {"and no more, either", {1, 0, 0, 0, 100, {20, 10}, true}, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (hedge_decide(&three, &rows[i].facts) != rows[i].goes) fail_msg("%s", rows[i].name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decisions),
        cmocka_unit_test(hedges),
        cmocka_unit_test(probes),
        cmocka_unit_test(every_decision_has_its_word),
        cmocka_unit_test(a_budget_of_all_is_no_bound),
        cmocka_unit_test(full_jitter_is_uniform_up_to_the_ceiling),
        cmocka_unit_test(equal_jitter_is_uniform_in_the_upper_half),
        cmocka_unit_test(where_a_retry_goes),
        cmocka_unit_test(hints_and_limits_stay_with_their_region),
        cmocka_unit_test(an_end_keeps_or_leaves_the_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
