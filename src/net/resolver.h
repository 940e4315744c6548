/* Resolves names on libuv's thread pool, with a short cache, so that a slow name server never
 * blocks a loop. One resolver belongs to one loop and its thread. */
#ifndef RUSHHOUR_NET_RESOLVER_H
#define RUSHHOUR_NET_RESOLVER_H

#include "base/error.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#define RESOLVER_MAX_ADDRESSES 8
#define RESOLVER_TTL_MS 30000 /* how long an answer is reused; failures are never cached */

struct resolver;

/* The result of a lookup: addresses in the order of getaddrinfo (RFC 6724), or why there are
 * none. */
struct resolver_answer {
    int eai_error;   /* EAI_ code of getaddrinfo, or 0 */
    int local_error; /* errno if this machine was at fault (EMFILE, ENOMEM), or 0 */
    size_t count;    /* 0 if it failed */
    char addresses[RESOLVER_MAX_ADDRESSES][INET6_ADDRSTRLEN]; /* numeric */
};

struct resolver_wait;

/* Called from the loop; the answer is valid during the call. */
typedef void resolver_done(struct resolver_wait *wait, const struct resolver_answer *answer);

/* Embed one in whatever waits for a name and set `done`. The other fields are the resolver's. */
struct resolver_wait {
    resolver_done *done;
    struct resolver_lookup *lookup; /* NULL: not waiting */
    struct resolver_wait *previous, *next;
};

MUST_USE enum err_code resolver_new(uv_loop_t *loop, struct resolver **out, struct error *err);

/* Cancels pending lookups without calling anyone, runs the loop until the thread pool is done, and
 * frees. */
void resolver_free(struct resolver *resolver);

/* The same without running the loop: it is freed once the thread pool is done. */
void resolver_close(struct resolver *resolver);

/*
 * Looks up a name. A fresh answer is returned at once in *cached (valid until the loop runs again;
 * wait is not used then); otherwise *cached is NULL and wait->done is called later. Concurrent
 * lookups of the same name are shared.
 */
MUST_USE enum err_code resolver_find(struct resolver *resolver, const char *host,
                                     struct resolver_wait *wait,
                                     const struct resolver_answer **cached, struct error *err);

/* Stops waiting; `done` will not be called. Does nothing if nothing is waited for. */
void resolver_forget(struct resolver_wait *wait);

/* The system's EAI_ code for libuv's lookup error; EAI_SYSTEM for any other error. */
int resolver_system_eai(int uv_status);

/* Whether this is a numeric IPv4 or IPv6 address, which needs no lookup. */
bool resolver_is_numeric(const char *host);

#endif
