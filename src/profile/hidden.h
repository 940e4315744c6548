/* What no output may show of a region: the list used to scrub the service's messages
 * (base/redact.h). */
#ifndef RUSHHOUR_PROFILE_HIDDEN_H
#define RUSHHOUR_PROFILE_HIDDEN_H

#include "profile/jsonc.h"
#include "profile/profile.h"

struct hidden {
    const char **values; /* borrowed, except the list itself */
    size_t count;
    const struct redact_index *said; /* further ones: many prompts; or NULL */
    char *proxy_user;                /* "user:password" of the proxy's URL */
    struct json_node *settings[2];   /* of region and session; the list has their long strings */
};

/*
 * Lists the region's secret, its proxy's login and password, its client key and passphrase, the
 * values of its own headers, what is said to the model (may be NULL; of further settings the
 * strings of 16 bytes or more), and the credential that opens the sessions if it is a different one
 * ("Bearer ..." or bare; may be NULL). False when out of memory.
 */
bool hidden_of(const struct region *region, const struct session_plan *said, const char *credential,
               struct hidden *out);
void hidden_free(struct hidden *hidden);

/* Appends a text of the service without any of it (base/redact.h). */
void hidden_redact(const struct hidden *hidden, struct text *out, const char *string);

#endif
