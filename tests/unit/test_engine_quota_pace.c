/* The pace to a quota: whatever is asked for, no slice of the service, wherever it begins, gets
 * more than its share, and no time is wasted that would have been free. */
#include "engine/quota_pace.h"

#include "base/clock.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SENT_MOST 4000

struct sent {
    uint64_t at_ns;
    double tokens;
};

static struct sent sent[SENT_MOST];

/* The most of [at, at + length) over all beginnings at which something was sent; one item may
 * exceed it by itself. */
static void check_windows(size_t count, uint64_t length_ns, double most, bool requests)
{
    size_t last = 0;
    double sum = 0;
    for (size_t first = 0; first < count; first++) {
        for (; last < count && sent[last].at_ns < sent[first].at_ns + length_ns; last++)
            sum += requests ? 1 : sent[last].tokens;
        if (sum > most * (1 + 1e-6) && last - first > 1)
            fail_msg("%g of %g in %g s", sum, most, (double)length_ns / 1e9);
        sum -= requests ? 1 : sent[first].tokens;
    }
}

static void drive(uint64_t seed)
{
    struct random random;
    random_seed(&random, seed, 0);
    const struct pace_limits limits = {.rpm = 30 + random_u64(&random) % 2000,
                                       .tpm = 1000 + random_u64(&random) % 500000};
    const double share = (double)(1 + random_u64(&random) % 100) / 100;
    const uint64_t largest = 1 + random_u64(&random) % 6000;
    const uint64_t gap = 1 + random_u64(&random) % 400;
    struct quota_pace pace;
    bool failed = false;
    assert_int_equal(quota_pace_init(&pace, &limits, share, 1, 1, NULL), ERR_OK);
    uint64_t now_ns = (uint64_t)NS_PER_S;
    for (size_t i = 0; i < SENT_MOST; i++) {
        const struct pace_wish wish = {.requests = 1,
                                       .tokens = (double)(1 + random_u64(&random) % largest)};
        const uint64_t seen_ns = quota_pace_look(&pace, &wish, now_ns);
        sent[i] = (struct sent){.at_ns = quota_pace_take(&pace, &wish, now_ns, &failed),
                                .tokens = wish.tokens};
        assert_true(sent[i].at_ns == seen_ns && sent[i].at_ns >= now_ns);
        assert_true(i == 0 || sent[i].at_ns >= sent[i - 1].at_ns);
        now_ns += random_u64(&random) % gap * (uint64_t)NS_PER_MS;
    }
    assert_false(failed);
    const double rpm = share * (double)limits.rpm;
    const double tpm = share * (double)limits.tpm;
    check_windows(SENT_MOST, (uint64_t)NS_PER_S, rpm / 60, true);
    check_windows(SENT_MOST, 10 * (uint64_t)NS_PER_S, rpm / 6, true);
    check_windows(SENT_MOST, 60 * (uint64_t)NS_PER_S, rpm, true);
    check_windows(SENT_MOST, 10 * (uint64_t)NS_PER_S, tpm / 6, false);
    check_windows(SENT_MOST, 60 * (uint64_t)NS_PER_S, tpm, false);
    quota_pace_free(&pace);
}

static void no_slice_gets_more_than_its_share(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) drive(seed);
}

/* A load that never stops asking gets nine tenths of the quota at least, where many fit into it. */
static void a_quota_is_used(void **state)
{
    (void)state;
    const struct pace_limits limits = {.tpm = 100000};
    const struct pace_wish wish = {.requests = 1, .tokens = 250};
    struct quota_pace pace;
    bool failed = false;
    assert_int_equal(quota_pace_init(&pace, &limits, 1, 1, 1, NULL), ERR_OK);
    uint64_t at_ns = 0;
    for (int i = 0; i < 4000; i++) at_ns = quota_pace_take(&pace, &wish, 1, &failed);
    const double minutes = (double)at_ns / (60 * (double)NS_PER_S);
    assert_true(4000 * 250 / minutes > 0.9 * 100000);
    assert_true(4000 * 250 / minutes < 1.1 * 100000); /* the first slice goes at once */
    quota_pace_free(&pace);
}

static void without_a_pace_all_goes_at_once(void **state)
{
    (void)state;
    const struct pace_limits limits = {.rpm = 6, .tpm = 600};
    const struct pace_wish wish = {.requests = 1, .tokens = 600};
    struct quota_pace pace;
    bool failed = false;
    assert_int_equal(quota_pace_init(&pace, &limits, 0, 1, 1, NULL), ERR_OK);
    for (int i = 0; i < 9; i++) assert_int_equal(quota_pace_take(&pace, &wish, 7, &failed), 7);
    quota_pace_free(&pace);
    /* in a replay a minute of the service is shorter, and a shard has its part of the quota */
    assert_int_equal(quota_pace_init(&pace, &limits, 1, 2, 60, NULL), ERR_OK);
    assert_int_equal(quota_pace_take(&pace, &wish, 7, &failed), 7);
    const uint64_t second_ns = quota_pace_take(&pace, &wish, 7, &failed);
    assert_true(second_ns >= (uint64_t)NS_PER_S && second_ns < 2 * (uint64_t)NS_PER_S);
    quota_pace_free(&pace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_slice_gets_more_than_its_share),
        cmocka_unit_test(a_quota_is_used),
        cmocka_unit_test(without_a_pace_all_goes_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
