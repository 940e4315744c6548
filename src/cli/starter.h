/* The profile that `rushhour init` writes: whole, small, and explained line by line. */
#ifndef RUSHHOUR_CLI_STARTER_H
#define RUSHHOUR_CLI_STARTER_H

#include "base/error.h"
#include "base/text.h"

/* What is known of the one region; NULL where nothing is. Borrowed. */
struct starter {
    const char *endpoint, *deployment, *model;
    const char *key_variable; /* the environment variable that has the key */
    bool openai;              /* not Azure */
    /* Of dialect preview, when the endpoint is the URL of a socket with them; else "". */
    char api_version[40], url_deployment[72];
};

/*
 * Fills what the usual variables say: AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_API_KEY,
 * AZURE_OPENAI_DEPLOYMENT_NAME (or _DEPLOYMENT, _REALTIME_DEPLOYMENT), AZURE_OPENAI_MODEL; else
 * OPENAI_API_KEY, OPENAI_MODEL. The strings are the environment's, but for the endpoint, which is
 * the origin of what the variable says and kept in *origin; a dated api-version in it tells dialect
 * preview. No value of a key is read further than
 * to see that it is there. ERR_USAGE: neither service is named, the endpoint is no origin, or a
 * name is what a key looks like.
 */
MUST_USE enum err_code starter_from_environment(struct starter *starter, struct text *origin,
                                                struct error *err);

/* Appends the profile. */
void starter_write(const struct starter *starter, struct text *out);

#endif
