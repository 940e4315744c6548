/*
 * Ephemeral client secrets as issued by the service: POST .../realtime/client_secrets (ga, openai)
 * and POST .../realtimeapi/sessions (preview). A secret opens sessions until it expires, in real
 * time.
 */
#ifndef RUSHHOUR_SIMULATOR_CLIENT_SECRET_H
#define RUSHHOUR_SIMULATOR_CLIENT_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ISSUED_SECRETS 256 /* how many are remembered, the newest */

/* The secrets issued by one region. */
struct issued_secrets {
    struct {
        char value[40];
        int64_t expires_s;
    } kept[ISSUED_SECRETS];
    size_t given; /* in total */
};

/* Whether this secret was issued and is still valid at now_s, in seconds since 1970 UTC. */
bool issued_secret_admits(const struct issued_secrets *issued, const char *value, int64_t now_s);

struct site;
struct ws_peer;
struct ws_request;

/* Answers a request for a client secret; false if it is not one. */
bool issued_secret_serve(struct site *site, struct ws_peer *peer, const struct ws_request *told);

#endif
