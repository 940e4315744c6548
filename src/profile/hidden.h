/* What of a region no output may show: the list that messages of the service are scrubbed with
 * (base/redact.h). */
#ifndef RUSHHOUR_PROFILE_HIDDEN_H
#define RUSHHOUR_PROFILE_HIDDEN_H

#include "profile/profile.h"

struct hidden {
    const char **values; /* borrowed but for the list itself */
    size_t count;
    char *proxy_user; /* "user:password" of the proxy's URL */
};

/*
 * Lists the region's secret, its proxy's login and password, the values of its own headers, what is
 * said to the model (NULL: nothing), and what opens the sessions when that is another credential
 * ("Bearer ..." or bare; may be NULL). False without memory.
 */
bool hidden_of(const struct region *region, const struct session_plan *said, const char *credential,
               struct hidden *out);
void hidden_free(struct hidden *hidden);

#endif
