/*
 * Which tokens a host takes: the audience follows the cloud that the host's name belongs to. Pure.
 * Sources: the endpoints of Azure's clouds (`az cloud list`), and the sentence with which the
 * service refuses a token.
 */
#ifndef RUSHHOUR_REALTIME_AUDIENCE_H
#define RUSHHOUR_REALTIME_AUDIENCE_H

#include <stdbool.h>
#include <stddef.h>

/* "azure.com", "azure.us", "azure.cn" by the end of a host's name; NULL for a domain of one's own,
 * behind which any of them may stand. */
const char *audience_cloud(const char *host);

/* Whether a token's audience is one of the model services of the host's cloud, of any cloud for a
 * domain of one's own. */
bool audience_fits(const char *audience, const char *host);

/* Appends the scope to ask for: "https://cognitiveservices.azure.us/.default (or ...)". */
struct text;
void audience_scope(const char *host, struct text *out);

/*
 * The first audience that a refusal wants: "... audience is incorrect (https://X), or have
 * expired." False, with out left empty, when it names none. The sentence is the same for every
 * token that is refused: it tells what is wanted, not what was wrong.
 */
bool audience_wanted(const char *message, char *out, size_t size);

/* Whether two audiences are the same but for a slash at the end and the case of letters. */
bool audience_same(const char *a, const char *b);

#endif
