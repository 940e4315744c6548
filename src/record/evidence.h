/* The evidence record of one failed attempt or session: a line of failures.jsonl. Content cannot
 * leak into it, because there is no field for it. */
#ifndef RUSHHOUR_RECORD_EVIDENCE_H
#define RUSHHOUR_RECORD_EVIDENCE_H

#include "base/calendar.h"
#include "base/text.h"
#include "profile/profile.h"
#include "realtime/event.h"
#include "realtime/failure.h"

#include <stdint.h>

#define EVIDENCE_EVENTS 32

/* A header of the response to the upgrade. Borrowed. */
struct evidence_header {
    const char *name, *value;
};

/* One of the last events: its arrival in ms since the session's dial began, and its type
 * (borrowed). */
struct evidence_event {
    double offset_ms;
    const char *type;
};

/* Everything a record says beyond the region's own facts. Unknown strings are "" and unknown
 * numbers 0 (or -1 where 0 has a meaning). */
struct evidence {
    int64_t utc_ns;  /* when the failure was seen */
    int64_t skew_ns; /* the service's clock minus ours, if has_skew */
    const struct region *region;
    /* Its prompts and instructions are scrubbed from messages; may be NULL. */
    const struct session_plan *said;
    /* What opened the session, if it is not the region's own secret; scrubbed as well; may be
     * NULL. */
    const char *credential;
    const char *transport; /* what carried the session: "websocket" */
    const char *address;   /* the numeric address connected to */
    bool session_scope;    /* scope is session (no attempt was in flight, or it never opened) or
                              attempt */
    struct failure_class failure;
    const char *message; /* from the service or the library, not yet redacted */
    bool has_skew;
    bool possibly_billed;
    int http_status;
    const struct evidence_header *headers; /* request ids, region, limits: those on the engine's
                                              allow-list */
    size_t header_count;
    const char *client_request_id, *session_id, *response_id, *event_id;
    const char *error_type, *error_code, *error_param; /* as sent by the service */
    const struct evidence_event *events;               /* oldest first */
    size_t event_count;
    int close_code;
    const char *close_reason;
    int os_error;
    long tls_error;
    int tls_alert;
    int64_t paused_ns;     /* of this machine, just before; 0: it was not */
    uint64_t interaction;  /* number of the interaction in its session script, from 1 */
    uint64_t attempt;      /* number of the attempt in its interaction, from 1; 0 in session
                              scope */
    const char *decision;  /* "retry_new_session", "retry_same_session", "probe_same_session",
                              "renew_session", "give_up", "none" */
    int64_t socket_age_ns; /* -1: no socket */
    uint64_t turn;         /* attempts on this session so far, including this one */
    int64_t elapsed_ns;    /* from due to failure; -1 unknown */
    struct usage usage;
    const char *const *also; /* catalogue numbers of further classes that fit */
    size_t also_count;
    const char *signature; /* for a failure that matches nothing */
    const char *sent;      /* shape of what was sent: "session.update:213
                              conversation.item.create:120 ..." */
    bool brief;            /* omits events, headers, message and what was sent: one of many of
                              its kind */
};

/* Appends the record as one JSON line with its newline; messages are redacted with the region's
 * secret. */
void evidence_write(struct text *out, const struct evidence *evidence,
                    const struct zone *local_zone);

#endif
