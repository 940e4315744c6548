/* How to reach each dialect: request path and headers of the WebSocket upgrade. Pure: strings in,
 * strings out. */
#ifndef RUSHHOUR_REALTIME_ENDPOINT_H
#define RUSHHOUR_REALTIME_ENDPOINT_H

#include "base/error.h"
#include "base/text.h"
#include "base/words.h"

#include <stdbool.h>

/* The parts of a region that determine its URL and headers. All strings are borrowed. */
struct endpoint {
    enum dialect dialect;
    const char *deployment;  /* Azure: the deployment; OpenAI: the model */
    const char *api_version; /* preview only */
    const char *path;        /* replaces the dialect's path unless NULL; the query is still added */
    const char *secret;      /* key or token; NULL if none */
    bool secret_is_token;    /* an Entra token: always Authorization: Bearer */
    bool secret_in_query;    /* api-key in the query (Azure) */
};

/* Appends path and query, percent-encoded: "/openai/v1/realtime?model=gpt-realtime". May hold the
 * key (secret_in_query). */
void endpoint_target(const struct endpoint *endpoint, struct text *out);

/* The header that carries the credential: writes its name ("api-key" or "Authorization") to *name
 * and appends its value to *value. False if the credential goes into the query or there is none. */
bool endpoint_credential(const struct endpoint *endpoint, const char **name, struct text *value);

#endif
