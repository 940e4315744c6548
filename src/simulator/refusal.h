/*
 * How each fault refuses an upgrade: status, text and headers, one row each in one table. Codes,
 * fragments and headers are those of the failure catalogue, section 1.2; the surrounding text is
 * ours. Pure.
 */
#ifndef RUSHHOUR_SIMULATOR_REFUSAL_H
#define RUSHHOUR_SIMULATOR_REFUSAL_H

#include "base/text.h"
#include "profile/faults.h"
#include "simulator/request.h"

#include <stdbool.h>
#include <stdint.h>

/* Who responds. */
enum refusal_voice {
    VOICE_SERVICE, /* with its request ids, and a JSON error object */
    VOICE_GATEWAY, /* in front of the service: a page, and a Server header of its own */
    VOICE_PROXY,   /* on the way: a page, and a Via header */
    VOICE_OTHER    /* whoever the row's headers and body name */
};

struct refusal;

/* Facts about the region needed to refuse a request. */
struct refusal_site {
    enum dialect dialect;
    double requests_per_minute, tokens_per_minute; /* the usual limits */
    bool limits_told;                              /* a 101 of this region has sent them */
    const char *limit_lines; /* the true x-ratelimit-* lines if a limit refuses; NULL: made up */
};

/* The row of a fault; NULL if it does not respond with a status. */
const struct refusal *refusal_of(enum fault_kind kind);
int refusal_status(const struct refusal *refusal);
enum refusal_voice refusal_voice(const struct refusal *refusal);

/*
 * Whether a fault of the upgrade can strike a request that the region has judged this way.
 * subprotocol_refused needs a key in Sec-WebSocket-Protocol, token_expired a bearer token,
 * lowered_limit_429 a usual limit that was seen; a proxy's faults never strike; all but the first
 * need a request that would be accepted.
 */
bool refusal_applies(enum fault_kind kind, const struct request *request,
                     const struct verdict *verdict, const struct refusal_site *site);

/* Appends the row's own header lines, without the service's request ids. wait_ns: the wait in a
 * hint (0: 2 s). */
void refusal_headers(const struct refusal *refusal, const struct refusal_site *site,
                     int64_t wait_ns, struct text *out);

/* Appends the body in the dialect's form, and returns its content type (NULL if there is no
 * body). */
const char *refusal_body(const struct refusal *refusal, enum dialect dialect, int64_t wait_ns,
                         struct text *out);

#endif
