/* The classification of every failure: observed facts in, one class out. Pure. */
#ifndef RUSHHOUR_REALTIME_FAILURE_H
#define RUSHHOUR_REALTIME_FAILURE_H

#include "base/words.h"
#include "realtime/event.h"
#include "realtime/speaker.h"

#include <stdbool.h>

/* Which deadline of ours fired. */
enum deadline {
    DEADLINE_NONE,
    DEADLINE_RESOLVE,
    DEADLINE_CONNECT,
    DEADLINE_TLS,
    DEADLINE_UPGRADE,
    DEADLINE_SESSION,   /* no session.created */
    DEADLINE_CONFIGURE, /* no session.updated */
    DEADLINE_FIRST_OUTPUT,
    DEADLINE_STALL,   /* silence after the response began */
    DEADLINE_RESPONSE /* the response as a whole */
};

/* What was observed of one failed attempt or session. Zero means: not observed. */
struct failure_facts {
    enum phase phase;                /* how far it had come */
    int local_error;                 /* errno of our own limits: EMFILE, EADDRNOTAVAIL, ENOBUFS */
    int resolve_error;               /* an EAI_ code of getaddrinfo (netdb.h) */
    int os_error;                    /* errno of the socket: ECONNREFUSED, ECONNRESET, ETIMEDOUT
                                        ... */
    long tls_verify_error;           /* X509_V_ERR_ number */
    bool tls_failed;                 /* the handshake failed otherwise */
    int proxy_status;                /* HTTP status with which a proxy answered CONNECT */
    int http_status;                 /* of a refused upgrade */
    const char *body_code;           /* of the refusal's body (failure_body_parse), or NULL */
    const char *body_message;        /* likewise */
    const struct event_facts *event; /* the `error` or failed `response.done`, or NULL */
    /* an `error` event that came earlier in the turn and ended nothing by itself, or NULL */
    const struct event_facts *error_before;
    bool transcription_failed; /* conversation.item.input_audio_transcription.failed came in the
                                  turn */
    bool protocol_violation;   /* invalid JSON, binary frame, invalid UTF-8 */
    bool closed;               /* the connection ended under us */
    int close_code;            /* of the peer's Close frame; 0: none came */
    const char *close_reason;
    enum deadline deadline;
    bool empty_output;   /* completed without the output that was asked for */
    bool output_limited; /* ended by max_output_tokens, with or without an answer */
    /* of the answer to the upgrade, accepted or refused */
    bool from_service;         /* it carried a request id of the service: no proxy made it */
    enum speaker speaker;      /* who gave it, as far as it shows */
    bool html;                 /* its body is HTML */
    bool hinted;               /* it said when to try again */
    double limit_tokens;       /* x-ratelimit-limit-tokens; 0: not said */
    double usual_limit_tokens; /* the highest that this region has said before; 0: none */
    bool key_as_subprotocol;   /* our request carried a key in Sec-WebSocket-Protocol */
    bool credential_expired;   /* our bearer token's own expiry had passed */
    /* of the session's life */
    int64_t socket_age_ns; /* since the 101; 0: it was never open */
    int64_t idle_ns;       /* since the last event either way, in an open session; 0: unknown */
    bool session_created;  /* session.created came */
    bool has_expiry;       /* session.created told when the session ends */
    int64_t expires_in_ns; /* until then; negative: it has passed */
    bool in_turn;          /* an answer was awaited or coming; false: between turns */
    bool output_flows;     /* deltas came until now: the answer was slow, not silent */
    bool ping_timeout;     /* we gave up since our pings were not answered */
};

/* The class: `code` is stable and short ("server_error", "upgrade_429"); strings live for ever. */
struct failure_class {
    enum phase phase;
    enum domain domain;
    const char *code;
    const char *catalogue; /* "F64", or "unknown" */
    const char *advice;    /* one line for the person at the desk */
    bool new_session;      /* a retry wants a new session first */
    bool retryable;
    bool harmless; /* costs no attempt: a cancel that came too late, a side product that failed */
};

/*
 * Precedence: our own limits; DNS, TCP, TLS, proxy; HTTP status and body; error event;
 * response.done; close; deadline. Structured fields decide before text. What nothing explains is
 * "unknown", never a guess.
 */
struct failure_class failure_classify(const struct failure_facts *facts);

/*
 * Whether it is a failure of our own side (domain client: limits of this machine, its resolver, a
 * message that we got wrong), which says nothing of the service and enters no rate. What nothing
 * explains is not: it may be the service's, and counts.
 */
bool failure_is_ours(const struct failure_class *failure);

/* The class of a code, for readers of run folders; NULL when the code is not known. */
const struct failure_class *failure_class_of(const char *code);

/*
 * Catalogue numbers of what was observed beside that which decided the class (F68: tokens went in,
 * none came out; F59: an `error` event came before). Static strings; returns how many.
 */
size_t failure_also(const struct failure_facts *facts, const char *numbers[4]);

/*
 * What a failure without a number in the catalogue looked like, so that its likes can be counted:
 * "event:type/code", "http:418/code", "close:4321"; "" when it has a number. Never content.
 */
void failure_signature(const struct failure_facts *facts, char out[96]);

/*
 * Reads code (its type where there is no code) and message of the error out of the JSON body of a
 * refused upgrade; "" where absent. False: no JSON object, and no error in another form.
 */
bool failure_body_parse(const char *body, size_t length, char code[64], char message[512]);

#endif
