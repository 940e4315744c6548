/* The classification of every failure: observed facts in, one class out. Pure. */
#ifndef RUSHHOUR_REALTIME_FAILURE_H
#define RUSHHOUR_REALTIME_FAILURE_H

#include "base/words.h"
#include "realtime/event.h"
#include "realtime/speaker.h"

#include <stdbool.h>

/* Which of our deadlines fired. */
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

/* What was observed of one failed attempt or session. Zero means not observed. */
struct failure_facts {
    enum phase phase;                /* how far it got */
    int local_error;                 /* errno of a local limit: EMFILE, ENOBUFS ..., EMSGSIZE */
    int resolve_error;               /* an EAI_ code of getaddrinfo (netdb.h) */
    int os_error;                    /* errno of the socket: ECONNREFUSED, ECONNRESET, ETIMEDOUT
                                        ... */
    long tls_verify_error;           /* X509_V_ERR_ number */
    bool tls_failed;                 /* the handshake failed for another reason */
    int tls_alert;                   /* number of the alert with which the peer ended TLS, in any
                                        phase (RFC 8446, 6.2); 0 if none came */
    bool private_endpoint;           /* the endpoint is none of Azure's or OpenAI's own hosts, whose
                                        certificates public authorities sign */
    bool certificate_asked;          /* the peer asked for a client certificate */
    bool certificate_given;          /* and we sent one */
    bool head_too_long;              /* the response's head exceeds our own limit */
    int proxy_status;                /* HTTP status of a proxy's answer to CONNECT */
    int http_status;                 /* of a refused upgrade */
    const char *body_code;           /* from the refusal's body (failure_body_parse), or NULL */
    const char *body_message;        /* likewise */
    const struct event_facts *event; /* the `error` or failed `response.done`, or NULL */
    /* an `error` event that came earlier in the turn without ending it, or NULL */
    const struct event_facts *error_before;
    const char *objection; /* what cannot follow, in words of ours that live for ever; or NULL */
    bool transcription_failed; /* conversation.item.input_audio_transcription.failed came during
                                  the turn */
    bool protocol_violation;   /* invalid JSON, binary frame, invalid UTF-8, what cannot follow */
    bool closed;               /* the peer ended the connection */
    int close_code;            /* of the peer's Close frame; 0 if none came */
    const char *close_reason;
    enum deadline deadline;
    bool empty_output;   /* completed without the requested output */
    bool output_limited; /* ended by max_output_tokens, with or without an answer */
    /* of the response to the upgrade, accepted or refused */
    bool from_service;         /* it had a request id of the service, so no proxy made it */
    enum speaker speaker;      /* who sent it, as far as it can be determined */
    bool html;                 /* its body is HTML */
    bool hinted;               /* it said when to retry */
    double limit_tokens;       /* x-ratelimit-limit-tokens; 0 if absent */
    double usual_limit_tokens; /* the highest that this region has reported before; 0 if none */
    bool key_as_subprotocol;   /* our request had a key in Sec-WebSocket-Protocol */
    bool credential_expired;   /* our bearer token had expired by its own account */
    /* about the session's life */
    int64_t socket_age_ns; /* since the 101; 0 if it was never open */
    int64_t idle_ns;       /* since the last event in either direction, in an open session; 0:
                              unknown */
    int64_t paused_ns;     /* so long this machine did not look at its sockets just before; 0: it
                              did */
    bool session_created;  /* session.created came */
    bool has_expiry;       /* session.created said when the session ends */
    int64_t expires_in_ns; /* until then; negative if past */
    bool in_turn;          /* waiting for an answer or receiving one; false: between turns */
    bool turn_missed;      /* the user has spoken, and the service did not notice; */
    bool missed_fails;     /* which the profile calls a failure */
    bool output_flows;     /* deltas kept coming: the answer was slow, not silent */
    bool ping_timeout;     /* we gave up because our pings were not answered */
};

/* The class: `code` is stable and short ("server_error", "upgrade_429"); strings are static. */
struct failure_class {
    enum phase phase;
    enum domain domain;
    const char *code;
    const char *catalogue; /* "F64", or "unknown" */
    const char *advice;    /* one line of advice for whoever investigates */
    bool new_session;      /* a retry needs a new session */
    bool retryable;
    bool lasting;  /* a limit that no usual wait outlasts: retried only if the wait is given */
    bool harmless; /* costs no attempt: a cancel that came too late, or a side product that
                      failed */
};

/*
 * Precedence: local limits; DNS, TCP, TLS, proxy; HTTP status and body; error event; response.done;
 * close; deadline. Structured fields take precedence over text. A failure that nothing explains is
 * "unknown", never a guess.
 */
struct failure_class failure_classify(const struct failure_facts *facts);

/*
 * Whether the failure is on our own side (domain client: limits of this machine, its resolver, its
 * pauses, a malformed message of ours) and therefore says nothing about the service: it enters no
 * rate, no verdict, and no incident.
 */
bool failure_is_ours(const struct failure_class *failure);

/* The class of a code, for readers of run folders; NULL if the code is unknown. */
const struct failure_class *failure_class_of(const char *code);

/* Catalogue numbers of further observations besides the one that decided the class (F68: tokens
 * went in, none came out; F59: an `error` event came before). Static strings; returns how many. */
size_t failure_also(const struct failure_facts *facts, const char *numbers[4]);

/* A signature for failures without a catalogue number, so that similar ones can be counted:
 * "event:type/code", "http:418/code", "close:4321"; "" if it has a number. Never content. */
void failure_signature(const struct failure_facts *facts, char out[96]);

/*
 * Reads the error's code (or its type, if it has no code) and message from the JSON body of a
 * refused upgrade; "" if absent. False if it is not a JSON object and holds no error in another
 * form.
 */
bool failure_body_parse(const char *body, size_t length, char code[64], char message[512]);

#endif
