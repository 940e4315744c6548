/*
 * A replay gives the same results as real time: interactions that meet bursts of failures and are
 * retried, with the engine's policy and the simulator's bursts, at several speeds of the clock. It
 * counts, and uses no clock of this machine.
 */
#include "base/clock.h"
#include "engine/policy.h"
#include "engine/timing.h"
#include "simulator/condition.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define INTERACTIONS 4000
#define SEED 77

static const struct fault_rule bursts = {
    .rate = 1, .burst_every_ns = 20 * NS_PER_S, .burst_length_ns = 5 * NS_PER_S};
static const struct failure_class server_error = {
    .retryable = true, .new_session = true, .code = "server_error"};
static const struct profile profile = {.retry = {.attempts = 3,
                                                 .backoff_initial_ns = NS_PER_S,
                                                 .backoff_max_ns = 8 * NS_PER_S,
                                                 .jitter = JITTER_FULL,
                                                 .deadline_ns = 30 * NS_PER_S,
                                                 .budget = 1}};

/* Whether an interaction that is due at a time of the run's clock fails for good. */
static bool fails(int64_t due_ns, const struct retry *retry, double speed, struct random *random)
{
    int64_t now_ns = due_ns;
    for (uint64_t attempt = 1; condition_bursts(&bursts, SEED, now_ns); attempt++) {
        const struct retry_facts facts = {.failure = &server_error,
                                          .attempt = attempt,
                                          .since_due_ns =
                                              (int64_t)((double)(now_ns - due_ns) / speed)};
        int64_t real_ns;
        if (retry_decide(retry, &facts, random, &real_ns) == DECIDE_GIVE_UP) return true;
        now_ns += (int64_t)((double)real_ns * speed);
    }
    return false;
}

static double share_failed(const struct retry *retry, double speed, uint64_t stream)
{
    struct random random;
    unsigned failed = 0;
    random_seed(&random, 4, stream);
    for (int i = 0; i < INTERACTIONS; i++) failed += fails(i * NS_PER_S / 2, retry, speed, &random);
    return (double)failed / INTERACTIONS;
}

/* Three and a half standard errors of the difference of two binomial shares. */
static double bound(double p)
{
    return 3.5 * sqrt(2 * p * (1 - p) / INTERACTIONS);
}

static void the_share_that_fails_is_the_same_at_any_speed(void **state)
{
    static const double speeds[] = {0.5, 60, 1500};
    (void)state;
    const double real = share_failed(&profile.retry, 1, 0);
    assert_true(real > 0.1 && real < 0.25); /* of a quarter that begins in a burst */
    for (size_t i = 0; i < sizeof speeds / sizeof *speeds; i++) {
        const struct timing timing = timing_at(&profile, speeds[i]);
        const double share = share_failed(&timing.retry, speeds[i], i + 1);
        if (fabs(share - real) > bound(real)) fail_msg("x%g: %g, not %g", speeds[i], share, real);
    }
}

/* What it is there for: with a backoff of real time hardly any interaction would fail. */
static void a_backoff_of_real_time_would_hide_the_bursts(void **state)
{
    (void)state;
    const double real = share_failed(&profile.retry, 1, 0);
    assert_true(share_failed(&profile.retry, 60, 9) < real / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_share_that_fails_is_the_same_at_any_speed),
        cmocka_unit_test(a_backoff_of_real_time_would_hide_the_bursts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
