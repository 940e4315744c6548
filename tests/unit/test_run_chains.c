/* Chains as counted by the engine (intervals.csv) and as read back by figures (attempts.csv): the
 * same sums for the same attempts, on random plans. */
#include "base/random.h"
#include "engine/chain.h"
#include "figures/sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define USERS 40
#define STEPS 4000
#define CLOSING 16 /* sessions that have not ended yet */

/* One virtual user of the plan: tries, fails, retries in the same or a fresh session. */
struct user {
    struct chain *session; /* the chain of its session, held by the session; NULL if it has none */
    struct chain *own;     /* of the current interaction; NULL if not tried yet */
};

struct plan {
    struct random random;
    struct user users[USERS];
    struct chain *closing[CLOSING];
    uint64_t sessions;
    struct cluster_sums engine, figures;
    struct session_map map;
    uint64_t attempts, joined;
};

/* A session ends some time after it was left. */
static void leave_session(struct plan *plan, struct user *user)
{
    size_t place = random_below(&plan->random, CLOSING);
    chain_release(plan->closing[place], &plan->engine);
    plan->closing[place] = user->session;
    user->session = NULL;
}

static void dial(struct plan *plan, struct user *user)
{
    plan->sessions++;
    plan->joined += user->own != NULL;
    user->session = user->own != NULL ? chain_hold(user->own) : chain_new(plan->sessions, 0);
    assert_non_null(user->session);
}

static void end_interaction(struct plan *plan, struct user *user)
{
    chain_release(user->own, &plan->engine);
    user->own = NULL;
}

/* One attempt: what the engine counts, and what the row of attempts.csv would contain. */
static void step(struct plan *plan, double rate, double fresh)
{
    struct user *user = &plan->users[random_below(&plan->random, USERS)];
    if (user->session == NULL) dial(plan, user);
    if (user->own == NULL) user->own = chain_hold(user->session);
    bool failed = random_unit(&plan->random) < rate;
    plan->attempts++;
    chain_count(user->session, failed);
    const struct gathered_attempt attempt = {.chain = user->session->number,
                                             .session = 1,
                                             .failed = failed,
                                             .time_ns = (int64_t)plan->attempts};
    assert_true(
        session_map_add(&plan->map, &attempt, &(struct session_place){&plan->figures, NULL}));
    if (!failed || random_unit(&plan->random) < 0.2) end_interaction(plan, user);
    if (failed ? random_unit(&plan->random) < fresh : random_unit(&plan->random) < 0.1)
        leave_session(plan, user);
}

static void finish(struct plan *plan)
{
    for (size_t i = 0; i < USERS; i++) {
        chain_release(plan->users[i].own, &plan->engine);
        chain_release(plan->users[i].session, &plan->engine);
    }
    for (size_t i = 0; i < CLOSING; i++) chain_release(plan->closing[i], &plan->engine);
    session_map_finish(&plan->map);
}

static void engine_and_figures_have_the_same_chains(void **state)
{
    static const double rates[] = {0, 0.02, 0.3, 0.9, 1};
    static const double fresh[] = {0, 0.5, 1};
    (void)state;
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        for (size_t f = 0; f < sizeof fresh / sizeof *fresh; f++) {
            static struct plan plan;
            memset(&plan, 0, sizeof plan);
            plan.map.ways = 1;
            random_seed(&plan.random, 8, r * 10 + f);
            for (int i = 0; i < STEPS; i++) step(&plan, rates[r], fresh[f]);
            finish(&plan);
            assert_int_equal((uint64_t)plan.engine.m, STEPS);
            assert_memory_equal(&plan.engine, &plan.figures, sizeof plan.engine);
            /* Every session that a retry went to belongs to a chain that existed before. */
            assert_int_equal(plan.engine.count, plan.sessions - plan.joined);
            assert_true(rates[r] == 0 || fresh[f] == 0 || plan.joined > 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(engine_and_figures_have_the_same_chains)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
