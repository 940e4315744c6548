/* Proxies that the environment names, as most clients read them: HTTPS_PROXY, ALL_PROXY and
 * NO_PROXY, in either case (curl(1), "Environment"). Only told of: a run's way is what its profile
 * says. */
#ifndef RUSHHOUR_PROFILE_ENVIRONMENT_H
#define RUSHHOUR_PROFILE_ENVIRONMENT_H

#include <stdbool.h>

/*
 * The name of the variable that would lead a client to a proxy for this host; NULL: none is set, or
 * NO_PROXY leaves the host out. Its value may hold a password and is never told.
 */
const char *environment_proxy(const char *host);

/* Whether a host is in a NO_PROXY list: "*", the host itself, or a domain that it lies in, with or
 * without a dot before it; a port at an entry's end is passed over. Pure. */
bool environment_leaves_out(const char *no_proxy, const char *host);

#endif
