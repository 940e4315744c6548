/* One connection and a script for the other side, for the tests of the client. */
#ifndef TEST_NET_CLIENT_FIXTURE_H
#define TEST_NET_CLIENT_FIXTURE_H

#include "test_net_client_harness.h"
#include "test_net_client_trust.h"

/* A client, and a server for its one connection. */
struct pair {
    struct hand_server server;
    struct bench bench;
    struct http_target target; /* the server; to be changed before dial() */
};

/* tls: the client trusts the authority of the group; the script speaks TLS itself. */
static inline void pair_begin(struct pair *pair, hand_script *script, bool tls)
{
    hand_begin(&pair->server, script, 1);
    if (tls) {
        trust_begin(&pair->bench);
        pair->target = tls_target(pair->server.port);
    } else {
        bench_begin(&pair->bench, NULL, 0);
        pair->target = plain_target(pair->server.port);
    }
}

static inline void pair_end(struct pair *pair)
{
    bench_end(&pair->bench);
    hand_end(&pair->server);
}

/* Dials, waits for the end, and leaves everything. */
static inline void pair_run(struct pair *pair, struct heard *heard)
{
    dial(&pair->bench, &pair->target, heard);
    bench_run(&pair->bench, &heard->closed, 1);
    assert_int_equal(heard->closed, 1);
    pair_end(pair);
}

static inline void run_one(hand_script *script, struct heard *heard)
{
    struct pair pair;
    pair_begin(&pair, script, false);
    pair_run(&pair, heard);
}

static inline void run_one_tls(hand_script *script, struct heard *heard)
{
    struct pair pair;
    pair_begin(&pair, script, true);
    pair_run(&pair, heard);
}

#endif
