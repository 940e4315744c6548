/*
 * A double of net/client.h for tests of the engine: the same seam, served on the same loop without a socket. Linked into a
 * test it takes the place of libwebsockets. Each response's fate is drawn by the script below, and counted: that count is
 * the truth that the engine's record is held against.
 */
#ifndef TESTS_LOOPBACK_CLIENT_H
#define TESTS_LOOPBACK_CLIENT_H

#include <stdatomic.h>

/* Every n-th response or dial meets this fate; 0: never. Set before the engine starts. */
struct loopback_script {
    int fail_every;   /* response.done failed, server_error */
    int reset_every;  /* the connection is reset after the first delta */
    int refuse_every; /* of dials: answered 429 */
    int delay_ms;     /* of each answer */
};

/* What the double did. */
struct loopback_truth {
    atomic_int dials, refused, opened, responses, completed, failed, reset, closed, open;
};

extern struct loopback_script loopback_script;
extern struct loopback_truth loopback_truth;

#endif
