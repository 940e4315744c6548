/* The budget under load: what must hold whatever turns take, however many threads ask. */
#include "engine/purse.h"

#include "base/random.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define THREADS_MOST 4
#define USERS 12

static void nobody_wakes(struct purse_listener *listener)
{
    (void)listener;
}

static struct purse_wish wish(int64_t most, int64_t least)
{
    return (struct purse_wish){.most = {.tokens = most}, .least = {.tokens = least}};
}

static struct purse_part part(int64_t tokens)
{
    return (struct purse_part){.tokens = tokens};
}

static void begin(struct purse *purse, uint64_t tokens, struct purse_listener *listener)
{
    assert_int_equal(purse_init(purse, 0, tokens, NULL), ERR_OK);
    *listener = (struct purse_listener){.wake = nobody_wakes};
    purse_join(purse, listener);
}

static enum purse_answer ask(struct purse *purse, struct purse_listener *listener,
                             struct purse_claim *claim, int64_t tokens)
{
    const struct purse_wish wanted = wish(tokens, tokens);
    return purse_ask(purse, &wanted, listener, claim);
}

static void one_that_does_not_fit_now_waits_for_the_others(void **state)
{
    (void)state;
    struct purse purse;
    struct purse_listener me;
    struct purse_claim claim = {0};
    begin(&purse, 10, &me);
    assert_int_equal(ask(&purse, &me, NULL, 8), PURSE_TAKEN);
    assert_int_equal(ask(&purse, &me, &claim, 5), PURSE_WAIT);
    assert_null(purse_next(&purse, &me));
    purse_settle(&purse, part(8), part(5));
    assert_ptr_equal(purse_next(&purse, &me), &claim);
    assert_null(purse_next(&purse, &me));
    assert_false(purse_is_over(&purse));
    purse_settle(&purse, part(5), part(5));
    assert_int_equal(ask(&purse, &me, &claim, 1), PURSE_OVER);
    assert_true(purse_is_over(&purse));
    assert_true(purse_end(&purse).of_tokens);
    assert_int_equal(purse_end(&purse).wanted.tokens, 1);
    purse_free(&purse);
}

static void none_overtakes_one_who_waits(void **state)
{
    (void)state;
    struct purse purse;
    struct purse_listener me;
    struct purse_claim large = {0}, small = {0};
    begin(&purse, 10, &me);
    assert_int_equal(ask(&purse, &me, NULL, 6), PURSE_TAKEN);
    assert_int_equal(ask(&purse, &me, &large, 5), PURSE_WAIT);
    assert_int_equal(ask(&purse, &me, NULL, 2), PURSE_WAIT); /* though it would fit */
    assert_int_equal(ask(&purse, &me, &small, 2), PURSE_WAIT);
    purse_settle(&purse, part(6), part(1));
    assert_ptr_equal(purse_next(&purse, &me), &large);
    assert_ptr_equal(purse_next(&purse, &me), &small);
    purse_free(&purse);
}

static void one_who_leaves_is_in_nobodys_way(void **state)
{
    (void)state;
    struct purse purse;
    struct purse_listener me;
    struct purse_claim large = {0}, small = {0};
    begin(&purse, 10, &me);
    assert_int_equal(ask(&purse, &me, NULL, 6), PURSE_TAKEN);
    assert_int_equal(ask(&purse, &me, &large, 5), PURSE_WAIT);
    assert_int_equal(ask(&purse, &me, &small, 2), PURSE_WAIT);
    purse_leave(&purse, &large);
    assert_ptr_equal(purse_next(&purse, &me), &small);
    /* what was granted and is not wanted any more comes back */
    assert_int_equal(ask(&purse, &me, &large, 4), PURSE_WAIT);
    purse_settle(&purse, part(2), part(0));
    purse_leave(&purse, &large);
    assert_null(purse_next(&purse, &me));
    assert_int_equal(ask(&purse, &me, NULL, 4), PURSE_TAKEN);
    purse_free(&purse);
}

static void the_unknown_goes_alone(void **state)
{
    (void)state;
    struct purse purse;
    struct purse_listener me;
    struct purse_claim second = {0};
    const struct purse_wish wanted = wish(4000, 50);
    begin(&purse, 1000, &me);
    assert_int_equal(purse_ask(&purse, &wanted, &me, NULL), PURSE_TAKEN);
    assert_int_equal(purse_ask(&purse, &wanted, &me, &second), PURSE_WAIT);
    purse_settle(&purse, wanted.most, part(300));
    assert_ptr_equal(purse_next(&purse, &me), &second);
    purse_settle(&purse, wanted.most, part(660));
    assert_int_equal(purse_ask(&purse, &wanted, &me, NULL), PURSE_OVER);
    purse_free(&purse);
}

static void time_is_spent_without_a_turn(void **state)
{
    (void)state;
    struct purse purse;
    struct purse_listener me;
    assert_int_equal(purse_init(&purse, 1, 0, NULL), ERR_OK);
    me = (struct purse_listener){.wake = nobody_wakes};
    purse_join(&purse, &me);
    purse_charge(&purse, purse_part_of(0.9, 0));
    const struct purse_wish dear = {.most = purse_part_of(0.2, 0), .least = purse_part_of(0.2, 0)};
    purse_look(&purse);
    assert_false(purse_is_over(&purse));
    const struct purse_part back = {.nano_usd = -INT64_C(500000000)};
    purse_charge(&purse, back);
    assert_int_equal(purse_ask(&purse, &dear, &me, NULL), PURSE_TAKEN);
    purse_charge(&purse, purse_part_of(0.7, 0));
    purse_look(&purse);
    assert_true(purse_is_over(&purse));
    assert_false(purse_end(&purse).of_tokens);
    assert_int_equal(purse_end(&purse).wanted.nano_usd, 0);
    purse_free(&purse);
}

/* ---- threads: each has users who ask for turns that it ends in any order ---- */

enum user_state { USER_IDLE, USER_WAITS, USER_IN_FLIGHT, USER_GONE };

struct user {
    struct purse_claim claim;
    enum user_state state;
    struct purse_wish wish;
};

struct scene {
    struct purse purse;
    int64_t largest; /* tokens of a turn at most */
    bool exceeding;  /* turns sometimes take more than they reserved */
    bool guessing;   /* and reserve more than the least at which they may go */
    atomic_llong sent, spent, beyond;
};

struct player {
    struct purse_listener listener;
    struct scene *scene;
    struct random random;
    struct user users[USERS];
    sem_t woken;
    pthread_t thread;
};

static void wake_player(struct purse_listener *listener)
{
    struct player *player = (struct player *)((char *)listener - offsetof(struct player, listener));
    (void)sem_post(&player->woken);
}

static int64_t below(struct player *player, int64_t bound)
{
    return (int64_t)(random_u64(&player->random) % (uint64_t)bound);
}

static void ask_one(struct player *player, struct user *user)
{
    struct scene *scene = player->scene;
    const int64_t most = 1 + below(player, scene->largest);
    const int64_t least = scene->guessing ? 1 + below(player, most) : most;
    user->wish = wish(most, least);
    const bool waits = below(player, 4) > 0;
    switch (purse_ask(&scene->purse, &user->wish, &player->listener, waits ? &user->claim : NULL)) {
    case PURSE_TAKEN:
        user->state = USER_IN_FLIGHT;
        (void)atomic_fetch_add(&scene->sent, 1);
        break;
    case PURSE_WAIT:
        user->state = waits ? USER_WAITS : USER_IDLE;
        break;
    case PURSE_OVER:
        user->state = USER_GONE;
        break;
    }
}

static void end_one(struct player *player, struct user *user)
{
    struct scene *scene = player->scene;
    const int64_t most = user->wish.most.tokens;
    int64_t used = below(player, most + 1);
    if (scene->exceeding && below(player, 8) == 0) used = most + below(player, most + 1);
    if (used > user->wish.most.tokens)
        (void)atomic_fetch_add(&scene->beyond, used - user->wish.most.tokens);
    (void)atomic_fetch_add(&scene->spent, used);
    purse_settle(&scene->purse, user->wish.most, part(used));
    user->state = USER_IDLE;
}

static bool step(struct player *player)
{
    struct scene *scene = player->scene;
    struct purse_claim *claim;
    while ((claim = purse_next(&scene->purse, &player->listener)) != NULL) {
        struct user *user = (struct user *)((char *)claim - offsetof(struct user, claim));
        assert_int_equal(user->state, USER_WAITS);
        user->state = USER_IN_FLIGHT;
        (void)atomic_fetch_add(&scene->sent, 1);
    }
    struct user *user = &player->users[below(player, USERS)];
    if (user->state == USER_IDLE && !purse_is_over(&scene->purse)) {
        ask_one(player, user);
    } else if (user->state == USER_IN_FLIGHT) {
        end_one(player, user);
    } else if (user->state == USER_WAITS &&
               (purse_is_over(&scene->purse) || below(player, 50) == 0)) {
        purse_leave(&scene->purse, &user->claim);
        user->state = USER_IDLE;
    }
    unsigned waits = 0, gone = 0;
    for (size_t i = 0; i < USERS; i++) {
        waits += player->users[i].state == USER_WAITS;
        gone += player->users[i].state == USER_GONE || player->users[i].state == USER_IDLE;
    }
    if (waits == USERS) (void)sem_wait(&player->woken); /* for ever, if nobody wakes us */
    return !purse_is_over(&scene->purse) || gone < USERS;
}

static void *play(void *argument)
{
    while (step(argument)) {}
    return NULL;
}

/* Whatever turns take: no more is spent than the budget and what turns took beyond what they
 * reserved, and the end comes only when nothing else fits in. */
static void play_scene(uint64_t seed)
{
    static struct player players[THREADS_MOST];
    struct random random;
    random_seed(&random, seed, 0);
    const int threads = 1 + (int)(random_u64(&random) % THREADS_MOST);
    struct scene scene = {.largest = 1 + (int64_t)(random_u64(&random) % 400),
                          .exceeding = random_u64(&random) % 2 == 0,
                          .guessing = random_u64(&random) % 4 == 0};
    const int64_t limit = 400 + (int64_t)(random_u64(&random) % 40000);
    assert_int_equal(purse_init(&scene.purse, 0, (uint64_t)limit, NULL), ERR_OK);
    memset(players, 0, sizeof players);
    for (int i = 0; i < threads; i++) {
        players[i].scene = &scene;
        players[i].listener.wake = wake_player;
        random_seed(&players[i].random, seed, (uint64_t)i + 1);
        assert_int_equal(sem_init(&players[i].woken, 0, 0), 0);
        purse_join(&scene.purse, &players[i].listener);
    }
    for (int i = 0; i < threads; i++)
        assert_int_equal(pthread_create(&players[i].thread, NULL, play, &players[i]), 0);
    for (int i = 0; i < threads; i++) (void)pthread_join(players[i].thread, NULL);
    for (int i = 0; i < threads; i++) (void)sem_destroy(&players[i].woken);
    const int64_t spent = atomic_load(&scene.spent);
    assert_int_equal(spent, atomic_load(&scene.purse.spent_tokens));
    assert_int_equal(spent, atomic_load(&scene.purse.tokens)); /* nothing is reserved any more */
    assert_int_equal(atomic_load(&scene.purse.out), 0);
    assert_int_equal(atomic_load(&scene.purse.waiting), 0);
    /* a guess may be off by as much as one turn takes alone */
    const int64_t slack = scene.guessing ? scene.largest : 0;
    if (spent > limit + atomic_load(&scene.beyond) + slack)
        fail_msg("seed %d: %lld of %lld", (int)seed, (long long)spent, (long long)limit);
    if (spent + purse_end(&scene.purse).wanted.tokens <= limit)
        fail_msg("seed %d: over at %lld of %lld", (int)seed, (long long)spent, (long long)limit);
    if (spent + scene.largest <= limit)
        fail_msg("seed %d: ended at %lld of %lld", (int)seed, (long long)spent, (long long)limit);
    purse_free(&scene.purse);
}

static void no_load_exceeds_it_and_none_ends_early(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) play_scene(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_does_not_fit_now_waits_for_the_others),
        cmocka_unit_test(none_overtakes_one_who_waits),
        cmocka_unit_test(one_who_leaves_is_in_nobodys_way),
        cmocka_unit_test(the_unknown_goes_alone),
        cmocka_unit_test(time_is_spent_without_a_turn),
        cmocka_unit_test(no_load_exceeds_it_and_none_ends_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
