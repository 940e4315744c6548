/* Proxies set in the environment, as most clients read them: HTTPS_PROXY, ALL_PROXY and NO_PROXY,
 * in upper or lower case (curl(1), "Environment"). Only for messages: a run takes the route that
 * its profile says. */
#ifndef RUSHHOUR_PROFILE_ENVIRONMENT_H
#define RUSHHOUR_PROFILE_ENVIRONMENT_H

#include "base/text.h"
#include "profile/profile.h"

#include <stdbool.h>

/* The name of the variable that would send a client to a proxy for this host; NULL if none is set,
 * or NO_PROXY excludes the host. Its value may hold a password and is never shown. */
const char *environment_proxy(const char *host);

/* The same for a region: NULL also if it has no TLS, or its profile names a proxy. */
const char *environment_unused_proxy(const struct region *region);

/* Appends "HTTPS_PROXY is set and not used: write ..." for such a variable. */
void environment_unused_words(const char *name, struct text *out);

/* Whether a host is in a NO_PROXY list: "*", the host itself, or a domain that contains it, with or
 * without a leading dot; a port at the end of an entry is ignored. Pure. */
bool environment_leaves_out(const char *no_proxy, const char *host);

#endif
