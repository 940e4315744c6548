/*
 * How an upgrade is refused when a fault strikes it: status, words and headers of each, one row in
 * one table. Codes, fragments and headers are those of the failure catalogue, section 1.2; the
 * words around them are ours. Pure.
 */
#ifndef RUSHHOUR_SIMULATOR_REFUSAL_H
#define RUSHHOUR_SIMULATOR_REFUSAL_H

#include "base/text.h"
#include "profile/faults.h"
#include "simulator/request.h"

#include <stdbool.h>
#include <stdint.h>

/* Who answers. */
enum refusal_voice {
    VOICE_SERVICE, /* with its request ids, and an error object in JSON */
    VOICE_GATEWAY, /* in front of the service: a page, and a Server header of its own */
    VOICE_PROXY,   /* on the way: a page, and a Via header */
    VOICE_OTHER    /* whoever the row's own headers and body name */
};

struct refusal;

/* What is to be known of the region to refuse a request there. */
struct refusal_site {
    enum dialect dialect;
    double requests_per_minute, tokens_per_minute; /* the usual limits */
    bool limits_told;                              /* a 101 of this region has shown them */
    const char *limit_lines; /* the true x-ratelimit-* lines when a limit refuses; NULL: made up */
};

/* The row of a fault; NULL for one that does not answer with a status. */
const struct refusal *refusal_of(enum fault_kind kind);
int refusal_status(const struct refusal *refusal);
enum refusal_voice refusal_voice(const struct refusal *refusal);

/*
 * Whether a fault of the upgrade can strike a request that the region judged so:
 * subprotocol_refused wants a key in Sec-WebSocket-Protocol, token_expired a bearer token,
 * lowered_limit_429 a usual limit that was seen; a proxy's faults strike none; all but the first a
 * request that would be let in.
 */
bool refusal_applies(enum fault_kind kind, const struct request *request,
                     const struct verdict *verdict, const struct refusal_site *site);

/*
 * Appends the row's own header lines; the service's request ids are not among them. wait_ns: what a
 * hint says (0: 2 s).
 */
void refusal_headers(const struct refusal *refusal, const struct refusal_site *site,
                     int64_t wait_ns, struct text *out);

/* Appends the body in the shape of the dialect, and returns its content type (NULL: there is no
 * body). */
const char *refusal_body(const struct refusal *refusal, enum dialect dialect, int64_t wait_ns,
                         struct text *out);

#endif
