/* Resolving names off the loop's thread, with a short cache. */
#include "net/resolver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct asker {
    struct resolver_wait wait;
    struct resolver_answer answer;
    int called;
};

static void on_done(struct resolver_wait *wait, const struct resolver_answer *answer)
{
    struct asker *asker = (struct asker *)wait; /* its first field */
    asker->answer = *answer;
    asker->called++;
}

static void find(struct resolver *resolver, const char *host, struct asker *asker,
                 const struct resolver_answer **cached)
{
    struct error err = {0};
    asker->wait.done = on_done;
    if (resolver_find(resolver, host, &asker->wait, cached, &err) != ERR_OK)
        fail_msg("%s", err.text);
}

static struct resolver *begin(uv_loop_t *loop)
{
    struct resolver *resolver = NULL;
    struct error err = {0};
    assert_int_equal(uv_loop_init(loop), 0);
    assert_int_equal(resolver_new(loop, &resolver, &err), ERR_OK);
    return resolver;
}

static void end(struct resolver *resolver, uv_loop_t *loop)
{
    resolver_free(resolver);
    assert_int_equal(uv_loop_close(loop), 0);
}

static void test_answers_are_shared_and_kept(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct resolver *resolver = begin(&loop);
    struct asker first = {0}, second = {0}, third = {0};
    const struct resolver_answer *cached = NULL;
    find(resolver, "localhost", &first, &cached);
    assert_null(cached);
    find(resolver, "localhost", &second, &cached);
    assert_null(cached);
    assert_int_equal(first.called + second.called, 0); /* never from inside the call */
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(first.called, 1);
    assert_int_equal(second.called, 1);
    assert_true(first.answer.count >= 1 && first.answer.count <= RESOLVER_MAX_ADDRESSES);
    bool has_loopback = false;
    for (size_t i = 0; i < first.answer.count; i++) {
        assert_true(resolver_is_numeric(first.answer.addresses[i]));
        has_loopback = has_loopback || strcmp(first.answer.addresses[i], "127.0.0.1") == 0 ||
                       strcmp(first.answer.addresses[i], "::1") == 0;
    }
    assert_true(has_loopback);
    find(resolver, "localhost", &third, &cached);
    assert_non_null(cached);
    assert_int_equal(cached->count, first.answer.count);
    assert_int_equal(third.called, 0);
    end(resolver, &loop);
}

static void test_failures_are_told_and_not_kept(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct resolver *resolver = begin(&loop);
    const struct resolver_answer *cached = NULL;
    for (int i = 0; i < 2; i++) {
        struct asker asker = {0};
        find(resolver, "nonexistent.invalid", &asker, &cached);
        assert_null(cached);
        (void)uv_run(&loop, UV_RUN_DEFAULT);
        assert_int_equal(asker.called, 1);
        assert_int_equal(asker.answer.count, 0);
        assert_true(asker.answer.eai_error < 0); /* glibc's are small negatives, libuv's are
                                                    below -3000 */
        assert_true(asker.answer.eai_error > -1000);
    }
    end(resolver, &loop);
}

static void test_forgetting(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct resolver *resolver = begin(&loop);
    struct asker askers[3];
    const struct resolver_answer *cached = NULL;
    memset(askers, 0, sizeof askers);
    for (int i = 0; i < 3; i++) find(resolver, "localhost", &askers[i], &cached);
    resolver_forget(&askers[1].wait);
    resolver_forget(&askers[1].wait);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(askers[0].called, 1);
    assert_int_equal(askers[1].called, 0);
    assert_int_equal(askers[2].called, 1);
    struct asker last = {0};
    find(resolver, "another.invalid", &last, &cached);
    end(resolver, &loop); /* while a lookup is in progress */
    assert_int_equal(last.called, 0);
}

static void test_numeric(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        bool numeric;
    } cases[] = {
        {"127.0.0.1", true}, {"::1", true},    {"2001:db8::1", true}, {"localhost", false},
        {"127.1", false},    {"[::1]", false}, {"", false},           {"1.2.3.4.example", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(resolver_is_numeric(cases[i].host), cases[i].numeric);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_are_shared_and_kept),
        cmocka_unit_test(test_failures_are_told_and_not_kept),
        cmocka_unit_test(test_forgetting),
        cmocka_unit_test(test_numeric),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
