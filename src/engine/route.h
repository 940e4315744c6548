/* The way to one region, prepared once and then read by every worker: address, request target,
 * headers, price. */
#ifndef RUSHHOUR_ENGINE_ROUTE_H
#define RUSHHOUR_ENGINE_ROUTE_H

#include "base/error.h"
#include "base/text.h"
#include "net/client.h"
#include "net/connect_override.h"
#include "profile/profile.h"
#include "realtime/event.h"

/* Headers of a request that we set at most, the profile's included. */
#define ROUTE_HEADERS 64

struct route {
    const struct region *region;
    const struct price *price; /* NULL: nothing is known of its price */
    struct text target;        /* may hold a key: never logged */
    char *credential;          /* value of the credential header, the first one, or NULL
                                  (base/secret.h) */
    struct ws_header *headers; /* the last one is the client request id, filled in for each
                                  session */
    size_t header_count;
    struct ws_target dial;
};

/* Builds the route of a region; ca_file, when given, replaces the region's. The region and connect_overrides
 * are borrowed. */
MUST_USE enum err_code route_init(struct route *route, const struct profile *profile,
                                  const struct region *region,
                                  const struct connect_override *connect_overrides,
                                  size_t connect_override_count, const char *ca_file,
                                  struct error *err);
void route_free(struct route *route);

/* USD for the tokens of one response; 0 when no price is known. */
double route_cost(const struct route *route, const struct usage *usage);

#endif
