/*
 * Which tokens a host accepts: the audience depends on the cloud that the host's name belongs to.
 * Pure. Sources: the endpoints of Azure's clouds (`az cloud list`), and the sentence with which the
 * service refuses a token.
 */
#ifndef RUSHHOUR_REALTIME_AUDIENCE_H
#define RUSHHOUR_REALTIME_AUDIENCE_H

#include <stdbool.h>
#include <stddef.h>

/* "azure.com", "azure.us" or "azure.cn" by the end of a host's name; NULL for a custom domain,
 * which may belong to any of them. */
const char *audience_cloud(const char *host);

/* Whether a token's audience is one of the model services of the host's cloud, or of any cloud for
 * a custom domain. */
bool audience_fits(const char *audience, const char *host);

/* Appends the scope to request: "https://cognitiveservices.azure.us/.default (or ...)". */
struct text;
void audience_scope(const char *host, struct text *out);

/*
 * The first audience that a refusal asks for: "... audience is incorrect (https://X), or have
 * expired." False, with out left empty, if it names none. The sentence is the same for every
 * refused token: it says what is wanted, not what was wrong.
 */
bool audience_wanted(const char *message, char *out, size_t size);

/* Whether two audiences are the same, ignoring case and a trailing slash. */
bool audience_same(const char *a, const char *b);

#endif
