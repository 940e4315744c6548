/*
 * One connection as the service sees it, from the upgrade request to its end. Client events are
 * processed strictly in order: while an answer of the session (session.created, session.updated) is
 * pending, later events wait.
 */
#ifndef RUSHHOUR_SIMULATOR_VISIT_H
#define RUSHHOUR_SIMULATOR_VISIT_H

#include "realtime/token_count.h"
#include "simulator/detector.h"
#include "simulator/reply.h"
#include "simulator/site.h"

#define VISIT_ITEMS_MAX 256 /* how many ids a conversation remembers, the newest */

enum visit_state {
    VISIT_ASKED,       /* the answer to the upgrade is pending */
    VISIT_GREETING,    /* 101 is sent; session.created is pending */
    VISIT_READY,       /* client events are processed as they come */
    VISIT_CONFIGURING, /* session.updated is pending */
    VISIT_OVER         /* refused, closed, reset or expired: nothing more is sent */
};

/* The conversation: counts and ids, never content. */
struct conversation {
    struct token_context context;
    char last_item_id[ITEM_ID_SIZE]; /* "" if it is empty */
    uint64_t *items;                 /* hashes of the newest item ids, for delete, truncate and
                                        duplicates */
    size_t item_count;
    uint64_t audio_bytes; /* in the input buffer */
    struct detector detector;
    char spoken_id[IDENTIFIER_SIZE]; /* what the turn under way will be called as an item */
    uint64_t sound_ns;       /* when the audio came that has the last sound so far; 0: none did */
    uint64_t stopped_ns;     /* when its end was noticed, or committed */
    uint64_t spoken_ms;      /* of the item that was made of it */
    uint64_t quiet_since_ms; /* of audio, when the last response was done */
};

struct held; /* a client event that waits for its turn */

struct visit {
    struct visit *next, *previous;
    struct site *site;
    struct ws_peer *peer;
    enum visit_state state;
    struct timer gate;   /* what the state is waiting for */
    struct timer expiry; /* the session's age limit */
    struct timer pause;  /* the end of the user's silence after an answer (idle_timeout_ms) */
    struct timer idle;   /* the end of a silence in both directions, for faults */
    struct verdict verdict;
    struct strike strike;           /* a fault of the upgrade */
    struct strike life;             /* a fault of the session */
    const struct fault_info *fault; /* the one that affected the session, or NULL */
    bool preview;
    char target[64]; /* the requested path, truncated: a refusal may quote it */
    char client_request_id[CLIENT_REQUEST_ID_SIZE];
    struct lot lot;                   /* of the connection and its session */
    struct lot user;                  /* of whom it belongs to, if request ids tell that */
    char session_id[IDENTIFIER_SIZE]; /* "" until session.created */
    char conversation_id[IDENTIFIER_SIZE];
    int64_t expires_at_s;
    struct settings settings;
    struct conversation conversation;
    struct answer *answers; /* in progress, or silent for ever */
    struct held *held, **held_end;
    size_t held_bytes;
    char *update_id;    /* the client's event_id of the session.update that a fault answers, or
                           NULL */
    uint64_t spoken_ns; /* when the last message went in either direction; kept only for a fault
                           of the session */
    bool failed;        /* the previous response did */
    bool retries;       /* the session counts as the retry of a failure */
    /* for the ledger */
    bool recorded;
    int http_status;
    uint64_t asked_ns, opened_ns, update_ns, updates, responses;
    uint64_t upgrade_delay_ns, session_delay_ns, configure_delay_ns;
};

/* Once the request id is known: gives the visit its lots. */
void visit_find_lot(struct visit *visit);

/* The lot of a response that the client's event (NULL: no event) asks for. */
struct lot visit_response_lot(const struct visit *visit, const char *event_id);

/* Answers a request: the implementation of ws_server_handlers.on_request. */
void visit_begin(struct site *site, struct ws_peer *peer, const struct ws_request *request);

/* The other handlers of a listener. */
void visit_take_message(struct ws_peer *peer, const char *text, size_t length, uint64_t at_ns);
void visit_take_binary(struct ws_peer *peer, size_t length, uint64_t at_ns);
void visit_gone(struct ws_peer *peer, int close_code);

/* The empty draft of the next event; visit_say sends what was appended to it. */
struct text *visit_draft(struct visit *visit);
/* The draft, begun as an event: its object is open and has type and event_id. */
struct text *visit_begin_event(struct visit *visit, const char *type);
void visit_say(struct visit *visit);

/* Reports what is wrong with a client event; event_id is the client's own, or NULL. */
void visit_complain(struct visit *visit, const struct complaint *complaint, const char *event_id);

/* Sets the time at which the state moves on; resets the connection when out of memory. */
void visit_wait(struct visit *visit, struct timer *timer, uint64_t due_ns);

/* Processes the client events that came too early, as far as the state allows. */
void visit_take_held(struct visit *visit);

/* Writes the ledger lines of the session and of its pending responses, once, and drops those
 * responses. */
void visit_record(struct visit *visit, enum ledger_outcome outcome);

/* Each ends the connection from our side, for the ledger as well: by a reset, by an end without a
 * Close frame, by a Close frame (reason: at most 123 bytes). */
void visit_reset(struct visit *visit);
void visit_cut(struct visit *visit, enum ledger_outcome outcome);
void visit_close(struct visit *visit, enum ledger_outcome outcome, int code, const char *reason);

#endif
