/* The facts in the headers of an upgrade response: pure, bounded, fed one header at a time. */
#ifndef RUSHHOUR_REALTIME_RESPONSE_HEADERS_H
#define RUSHHOUR_REALTIME_RESPONSE_HEADERS_H

#include "realtime/event.h"
#include "realtime/speaker.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One limit of x-ratelimit-*: -1 where absent. Reset: until it is full again. */
struct rate_limit_headers {
    double limit, remaining;
    int64_t reset_ns;
};

/* Facts from all headers read so far. Strings are "" and times -1 where absent. */
struct response_headers {
    int64_t retry_after_ms_ns, retry_after_ns; /* retry-after-ms; retry-after as seconds */
    int64_t retry_at_s;                        /* retry-after as a date: s since 1970 UTC */
    int64_t date_s;                            /* Date: s since 1970 UTC */
    struct rate_limit_headers requests, tokens;
    char apim_request_id[ID_SIZE], ms_request_id[ID_SIZE], request_id[ID_SIZE];
    char region[64];      /* x-ms-region */
    bool from_service;    /* contains something that only the service itself sets */
    bool html;            /* the body is a page: the service itself sends JSON */
    enum speaker speaker; /* whom they point to */
    char location[200];   /* target of a redirection: host and path, never login or query */
    bool has_location;    /* one was told, though it may be unreadable */
};

void response_headers_init(struct response_headers *headers);

/* Reads one header. Of several with one name the first valid one counts; invalid ones are
 * ignored. */
void response_headers_add(struct response_headers *headers, const char *name, const char *value);

/*
 * The requested wait before a retry, in ns and at most a day; 0 if none. retry-after-ms is the most
 * precise and takes precedence; a date counts from the response's own Date, or from now_s (s since
 * 1970 UTC) if there is none.
 */
int64_t response_headers_wait_ns(const struct response_headers *headers, int64_t now_s);

/*
 * When the used-up limits of x-ratelimit-* are full again, in ns, at most a day: the latest reset
 * among limits with nothing left, or the earliest of all if no remainder is given; 0 if there is no
 * reset. Every answer carries these headers, so treat it as a wait only after a refusal by a limit,
 * and only if nothing else states one: some capacity may be free earlier.
 */
int64_t response_headers_reset_ns(const struct response_headers *headers);

/* The id that support looks up first: apim-request-id, x-ms-request-id, x-request-id; "" if none
 * came. */
const char *response_headers_id(const struct response_headers *headers);

/* The part of a redirection's target that may be shown: scheme, host and path. Login, query and
 * fragment may hold a key or token and are omitted; "" if the value is not a target. */
void response_location(const char *value, char *out, size_t size);

/* Whether a header may be written to a file: not a cookie, and nothing that is or looks like a
 * credential. */
bool response_header_may_be_kept(const char *name, const char *value);

#endif
