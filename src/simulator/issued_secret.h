/* The ephemeral client secrets that a region has issued (client_secret.h), which a request for a
 * session is checked against. */
#ifndef RUSHHOUR_SIMULATOR_ISSUED_SECRET_H
#define RUSHHOUR_SIMULATOR_ISSUED_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ISSUED_SECRETS 256 /* how many are remembered, the newest ones */

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

#endif
