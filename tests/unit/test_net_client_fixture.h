/* One connection and a script for the other side, for the tests of the client. */
#ifndef TEST_NET_CLIENT_FIXTURE_H
#define TEST_NET_CLIENT_FIXTURE_H

#include "test_net_client_harness.h"

#include <semaphore.h>

static inline void run_one_with(hand_script *script, struct heard *heard,
                                const struct http_header *headers, size_t count)
{
    struct hand_server server;
    struct bench bench;
    hand_begin(&server, script, 1);
    bench_begin(&bench, NULL, 0);
    struct http_target target = plain_target(server.port);
    target.headers = headers;
    target.header_count = count;
    dial(&bench, &target, heard);
    bench_run(&bench, &heard->closed, 1);
    assert_int_equal(heard->closed, 1);
    bench_end(&bench);
    hand_end(&server);
}

static inline void run_one(hand_script *script, struct heard *heard)
{
    run_one_with(script, heard, NULL, 0);
}

#endif
