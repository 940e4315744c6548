/* The evidence record of one failed attempt or session: a line of failures.jsonl. Content cannot
 * get in: there is no field for it. */
#ifndef RUSHHOUR_RECORD_EVIDENCE_H
#define RUSHHOUR_RECORD_EVIDENCE_H

#include "base/calendar.h"
#include "base/text.h"
#include "profile/profile.h"
#include "realtime/event.h"
#include "realtime/failure.h"

#include <stdint.h>

#define EVIDENCE_EVENTS 32

struct evidence_header {
    char name[48];
    char value[160];
};

/* One of the last events: its type, and when it came, in ms since the session's dial began. */
struct evidence_event {
    double offset_ms;
    char type[EVENT_TYPE_SIZE];
};

/* All that a record says beyond the region's own facts. Strings are "" and numbers 0 (or -1 where 0
 * means something) when unknown. */
struct evidence {
    int64_t utc_ns;  /* when the failure was seen */
    int64_t skew_ns; /* the service's clock minus ours, when has_skew */
    const struct region *region;
    /* Its prompts and instructions are scrubbed out of messages; may be NULL. */
    const struct session_plan *said;
    /* What opened the session when that is not the region's own secret; scrubbed out likewise; may
     * be NULL. */
    const char *credential;
    const char *transport; /* what carried the session: "websocket" */
    const char *address;   /* the numeric address connected to */
    bool session_scope;    /* scope: session (no attempt was in flight or it never opened) or
                            attempt */
    struct failure_class failure;
    const char *message; /* of the service or the library, not yet redacted */
    bool has_skew;
    bool possibly_billed;
    int http_status;
    const struct evidence_header *headers; /* request ids, region, limits: the allow-list of
                                              engine */
    size_t header_count;
    const char *client_request_id, *session_id, *response_id, *event_id;
    const char *error_type, *error_code, *error_param; /* as the service wrote them */
    const struct evidence_event *events;               /* oldest first */
    size_t event_count;
    int close_code;
    const char *close_reason;
    int os_error;
    long tls_error;
    uint64_t interaction;  /* number of the interaction in its session script, from 1 */
    uint64_t attempt;      /* number of the attempt in its interaction, from 1; 0 in session
                              scope */
    const char *decision;  /* "retry_new_session", "retry_same_session", "probe_same_session",
                              "renew_session", "give_up", "none" */
    int64_t socket_age_ns; /* -1: no socket */
    uint64_t turn;         /* attempts on this session so far, this one included */
    int64_t elapsed_ns;    /* from due to failure; -1 unknown */
    struct usage usage;
    const char *const *also; /* catalogue numbers of further evidence */
    size_t also_count;
    const char *signature; /* of a failure that matches nothing */
    const char *sent;      /* shape of what was sent: "session.update:213
                              conversation.item.create:120 ..." */
    bool brief;            /* without events, headers, message and what was sent: one of many of its
                              kind */
};

/* Appends the record as one JSON line with its newline; messages are redacted with the region's
 * secret. */
void evidence_write(struct text *out, const struct evidence *evidence,
                    const struct zone *local_zone);

#endif
