/*
 * Names to addresses on libuv's thread pool, with a short cache, so that a slow name server never
 * holds a loop up. One resolver belongs to one loop and its thread.
 */
#ifndef RUSHHOUR_NET_RESOLVER_H
#define RUSHHOUR_NET_RESOLVER_H

#include "base/error.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#define RESOLVER_MAX_ADDRESSES 8
#define RESOLVER_TTL_MS 30000 /* how long an answer is used again; failures are never kept */

struct resolver;

/* What a name came to: addresses in the order of getaddrinfo (RFC 6724), or why there are none. */
struct resolver_answer {
    int eai_error;   /* EAI_ code of getaddrinfo, or 0 */
    int local_error; /* errno when this machine was at fault (EMFILE, ENOMEM), or 0 */
    size_t count;    /* 0 when it failed */
    char addresses[RESOLVER_MAX_ADDRESSES][INET6_ADDRSTRLEN]; /* numeric */
};

struct resolver_wait;

/* Called from the loop; the answer is valid during the call. */
typedef void resolver_done(struct resolver_wait *wait, const struct resolver_answer *answer);

/* Embed one in what waits for a name and set `done`. The other fields are the resolver's. */
struct resolver_wait {
    resolver_done *done;
    struct resolver_lookup *lookup; /* NULL: waits for nothing */
    struct resolver_wait *previous, *next;
};

MUST_USE enum err_code resolver_new(uv_loop_t *loop, struct resolver **out, struct error *err);

/* Cancels what is under way (nobody is called), runs the loop until the thread pool has let go, and
 * frees. */
void resolver_free(struct resolver *resolver);

/*
 * Looks a name up. A fresh answer is returned at once in *cached (valid until the loop runs again;
 * wait is not used then); otherwise *cached is NULL and wait->done is called later. Lookups of one
 * name under way are shared.
 */
MUST_USE enum err_code resolver_find(struct resolver *resolver, const char *host,
                                     struct resolver_wait *wait,
                                     const struct resolver_answer **cached, struct error *err);

/* Stops waiting; `done` is not called any more. Harmless when nothing is waited for. */
void resolver_forget(struct resolver_wait *wait);

/* The system's EAI_ code for libuv's error of a lookup; EAI_SYSTEM when it is another error. */
int resolver_system_eai(int uv_status);

/* Whether this is a numeric IPv4 or IPv6 address, which needs no resolving. */
bool resolver_is_numeric(const char *host);

#endif
