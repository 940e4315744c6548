/* Credentials on their way from the main thread to a worker. */
#include "engine/credential.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static size_t arrived[2];

static void on_arrived(void *user, size_t region)
{
    assert_ptr_equal(user, arrived);
    arrived[region]++;
}

static void post(struct credential_box *box, size_t region, unsigned serial, const char *value)
{
    char copy[32];
    (void)snprintf(copy, sizeof copy, "%s", value);
    const struct credential credential = {
        .value = copy, .expires_s = 100 + (int64_t)serial, .serial = serial};
    assert_true(credential_box_post(box, region, &credential));
}

static void test_the_newest_stays(void **state)
{
    (void)state;
    struct credential_box box;
    memset(arrived, 0, sizeof arrived);
    assert_true(credential_box_init(&box, 2));
    assert_null(box.held[0].value);
    post(&box, 0, 1, "Bearer first");
    post(&box, 0, 2, "Bearer second");
    post(&box, 1, 1, "Bearer other");
    credential_box_take(&box, on_arrived, arrived);
    assert_string_equal(box.held[0].value, "Bearer second");
    assert_int_equal(box.held[0].serial, 2);
    assert_int_equal(box.held[0].expires_s, 102);
    assert_string_equal(box.held[1].value, "Bearer other");
    assert_int_equal(arrived[0], 1);
    assert_int_equal(arrived[1], 1);
    credential_box_take(&box, on_arrived, arrived); /* nothing new */
    assert_int_equal(arrived[0], 1);
    post(&box, 0, 3, "Bearer third"); /* never taken: freed with the box */
    credential_box_free(&box);
}

#define HANDOVERS 2000

static void *hand_over(void *argument)
{
    for (unsigned serial = 1; serial <= HANDOVERS; serial++) {
        char value[32];
        (void)snprintf(value, sizeof value, "Bearer %u", serial);
        const struct credential credential = {.value = value, .serial = serial};
        if (!credential_box_post(argument, 0, &credential)) return argument;
    }
    return NULL;
}

static void test_across_threads(void **state)
{
    (void)state;
    struct credential_box box;
    pthread_t thread;
    void *failed = NULL;
    memset(arrived, 0, sizeof arrived);
    assert_true(credential_box_init(&box, 1));
    assert_int_equal(pthread_create(&thread, NULL, hand_over, &box), 0);
    unsigned before = 0;
    while (box.held[0].serial < HANDOVERS) {
        char expected[32];
        credential_box_take(&box, on_arrived, arrived);
        if (box.held[0].serial == before) continue;
        assert_true(box.held[0].serial > before);
        before = box.held[0].serial;
        (void)snprintf(expected, sizeof expected, "Bearer %u", before);
        assert_string_equal(box.held[0].value, expected);
    }
    assert_int_equal(pthread_join(thread, &failed), 0);
    assert_null(failed);
    credential_box_free(&box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_newest_stays),
        cmocka_unit_test(test_across_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
