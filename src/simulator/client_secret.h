/*
 * Ephemeral client secrets as issued by the service: POST .../realtime/client_secrets (ga, openai)
 * and POST .../realtimeapi/sessions (preview). A secret opens sessions until it expires, in real
 * time.
 */
#ifndef RUSHHOUR_SIMULATOR_CLIENT_SECRET_H
#define RUSHHOUR_SIMULATOR_CLIENT_SECRET_H

#include <stdbool.h>

struct site;
struct ws_peer;
struct ws_request;

/* Answers a request for a client secret; false if it is not one. */
bool client_secret_serve(struct site *site, struct ws_peer *peer, const struct ws_request *told);

#endif
