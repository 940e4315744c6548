/*
 * Ephemeral client secrets: the request for one and its response, per dialect. Pure. Source:
 * OpenAI's openapi.json (CreateClientSecret, sessions of the beta), Azure's "Realtime API via
 * WebRTC" and preview migration pages.
 */
#ifndef RUSHHOUR_REALTIME_CLIENT_SECRET_H
#define RUSHHOUR_REALTIME_CLIENT_SECRET_H

#include "realtime/endpoint.h"

#include <stddef.h>
#include <stdint.h>

#define CLIENT_SECRET_SIZE 512
#define CLIENT_SECRET_LIFE_S 600        /* default of ga and openai */
#define CLIENT_SECRET_PREVIEW_LIFE_S 60 /* approximate lifetime in preview */

/*
 * Appends path and query of the POST request: "/openai/v1/realtime/client_secrets" and the like. If
 * a custom path replaces the dialect's, the request goes to what the service has next to it:
 * <path>/client_secrets, or <path>api/sessions (preview).
 */
void client_secret_target(const struct endpoint *endpoint, struct text *out);

/* Appends the JSON body that requests a secret for this deployment or model. */
void client_secret_body(const struct endpoint *endpoint, struct text *out);

/* Reads the secret and its expiry (s since 1970; 0: not given) from the response. False if it holds
 * none. */
bool client_secret_read(const char *body, size_t length, char value[CLIENT_SECRET_SIZE],
                        int64_t *expires_s);

#endif
