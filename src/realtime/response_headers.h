/* What the headers of the answer to an upgrade say: pure, bounded, fed pair by pair. */
#ifndef RUSHHOUR_REALTIME_RESPONSE_HEADERS_H
#define RUSHHOUR_REALTIME_RESPONSE_HEADERS_H

#include "realtime/event.h"
#include "realtime/speaker.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One limit of x-ratelimit-*: -1 where nothing was said. Reset: until it is full again. */
struct rate_limit_headers {
    double limit, remaining;
    int64_t reset_ns;
};

/* Facts of all headers read so far. Strings are "" and times -1 where nothing was said. */
struct response_headers {
    int64_t retry_after_ms_ns, retry_after_ns; /* retry-after-ms; retry-after as a number of
                                                  seconds */
    int64_t retry_at_s;                        /* retry-after as a date: s since 1970 UTC */
    int64_t date_s;                            /* Date: s since 1970 UTC */
    struct rate_limit_headers requests, tokens;
    char apim_request_id[ID_SIZE], ms_request_id[ID_SIZE], request_id[ID_SIZE];
    char region[64];      /* x-ms-region */
    bool from_service;    /* something in it is only ever set by the service itself */
    bool html;            /* the body is a page: the service itself answers JSON */
    enum speaker speaker; /* whom they name */
    char location[200];   /* where a redirection leads: host and path, never login or query */
};

void response_headers_init(struct response_headers *headers);

/* Takes in one header. Of several of one name the first that can be read counts; what cannot be is
 * passed over. */
void response_headers_add(struct response_headers *headers, const char *name, const char *value);

/*
 * The wait before a retry that they ask for, in ns and a day at most; 0 when none does.
 * retry-after-ms is the most exact and goes first; a date counts from the answer's own Date, or
 * from now_s (s since 1970 UTC) when there is none.
 */
int64_t response_headers_wait_ns(const struct response_headers *headers, int64_t now_s);

/* The id that the service's desk looks up first: apim-request-id, x-ms-request-id, x-request-id; ""
 * when none came. */
const char *response_headers_id(const struct response_headers *headers);

/*
 * What may be told of the target of a redirection: scheme, host and path. Its login, query and
 * fragment may hold a key or a token and are left out; "" for what is no target.
 */
void response_location(const char *value, char *out, size_t size);

/* Whether a header may stand in a file: no cookie, nothing that is or looks like a credential. */
bool response_header_may_be_kept(const char *name, const char *value);

/* Whether a body is a page, whatever its headers say of it. */
bool response_body_is_html(const char *body, size_t length);

#endif
