/*
 * One session with its turns: combines the machine of its life (life.h) and that of its turn
 * (turn.h), and decides what each input means for attempts. Pure: (state, event, time) in, next
 * action out. No socket, no clock, no allocation. The driver carries out the action and feeds the
 * next event.
 */
#ifndef RUSHHOUR_SERVICE_SESSION_H
#define RUSHHOUR_SERVICE_SESSION_H

#include "service/life.h"
#include "service/turn.h"

/* What ends so soon after a pause of this machine may have ended because of it; but nobody gives a
 * client up that is silent for less than the least. */
#define SESSION_AFTER_PAUSE_NS (1 * INT64_C(1000000000))
#define SESSION_PAUSE_LEAST_NS (2 * INT64_C(1000000000))

enum session_input_kind {
    INPUT_DIAL,      /* start; `resolves` says whether the name must be looked up first */
    INPUT_STAGE,     /* the transport has completed a stage of its table: `stage` */
    INPUT_ANSWER,    /* the opening request was answered: `failure` has the facts from its
                       headers, for any later failure */
    INPUT_REFUSED,   /* the opening request was refused: `failure` has status and body */
    INPUT_EVENT,     /* a message of the service: `event` has its kind and its facts, if any; for
                       session.created also `expires_in_ns` */
    INPUT_GARBAGE,   /* a message that is not an event: binary, or invalid JSON */
    INPUT_TURN,      /* the next attempt is due (at due_ns) and will be sent now */
    INPUT_SPOKEN,    /* of a turn that `speaks`: the message with its last sound has been sent */
    INPUT_COMMITTED, /* and what was said has been committed, with a response.create */
    INPUT_INTERRUPT, /* the user interrupts the answer: its cancel has been sent */
    INPUT_DEADLINE,  /* the deadline of the last action has passed */
    INPUT_PAUSE,     /* this machine did not look for `paused_ns` until now */
    INPUT_FINISH,    /* close cleanly; only allowed between turns */
    INPUT_ABANDON,   /* give up at once, in any state; an attempt in flight is cancelled */
    INPUT_END        /* the connection has ended: `failure` has what was observed */
};

struct session_input {
    enum session_input_kind kind;
    bool resolves;
    unsigned stage;
    uint64_t due_ns;
    bool speaks; /* TURN: the user begins to speak now, and will be through at due_ns */
    uint64_t paused_ns;
    const struct event_facts *event;
    struct event_facts *room;            /* EVENT: where the session keeps an `error` event, the
                                            same each time; NULL: it cannot */
    const struct failure_facts *failure; /* for ANSWER, REFUSED and END: only the connection's
                                            part */
    bool has_expiry;                     /* session.created said when the session ends */
    int64_t expires_in_ns;               /* until then, by the monotonic clock; negative if past */
};

/* What the driver must send next. */
enum session_send { SEND_NOTHING, SEND_CONFIGURE, SEND_TURN };
enum session_end { END_NOTHING, END_CLOSE, END_ABORT };

/* What has just happened, as flags. */
enum session_news {
    NEWS_OPENED = 1, /* session.created came */
    NEWS_READY = 2,  /* configured: turns may begin */
    NEWS_ATTEMPT_OK = 4,
    NEWS_ATTEMPT_FAILED = 8, /* `failure` is its class */
    NEWS_ATTEMPT_CANCELLED = 16,
    NEWS_SESSION_FAILED = 32, /* it did not open, or ended other than at our request; `failure`
                                 is its class */
    NEWS_ENDED = 64,          /* nothing follows */
    NEWS_LIFECYCLE = 128,     /* a session or an attempt ended normally: `failure` is its class,
                                 with domain none */
    NEWS_HARMLESS = 256       /* an error event that costs no attempt */
};

#define NEWS_OF_ATTEMPT (NEWS_ATTEMPT_OK | NEWS_ATTEMPT_FAILED | NEWS_ATTEMPT_CANCELLED)

/* What to do next: send, end, record the news, and observe session_deadline_ns. */
struct session_action {
    unsigned news;
    enum session_send send;
    enum session_end end;
    struct failure_class failure;
    struct failure_facts observed; /* with NEWS_*_FAILED and NEWS_LIFECYCLE: the facts behind the
                                      class */
    struct measures measured;
};

struct session {
    struct life life;
    struct turn turn;
    enum modality modality;     /* the requested one */
    struct response_seen asked; /* what a turn must contain, and our limit for it */
    bool hears;                 /* the service ends the user's turns, and answers unasked */
    bool missed_fails;          /* a turn that it does not notice is its failure */
    bool late;                  /* the answer to a turn that an error ended may still come */
    bool has_error;             /* an `error` event came that has not been accounted for yet */
    struct event_facts *error;  /* that event; borrowed room */
    uint64_t error_ns;          /* when it came */
    uint64_t paused_ns,
        resumed_ns; /* the last pause of this machine: its length and its end; 0: none */
    uint64_t attempts, failed, cancelled; /* of this session; cancelled ones are neither ok nor
                                             failed */
    uint64_t first_failure; /* number of its first failed attempt, from 1, not counting cancelled
                               ones; 0 if none */
};

/* The parameters of a session. Borrowed. */
struct session_terms {
    const struct transport_stages *stages; /* of its transport */
    const struct timeouts *timeouts;       /* in this machine's time */
    enum modality modality;
    enum wanted_answer wanted;
    uint64_t output_limit; /* max_output_tokens requested; 0 if none */
    bool hears;            /* the service ends the user's turns: turn detection is on */
    bool missed_fails;     /* a turn that it does not notice is its failure */
    double speed;          /* of the run's clock, which times a failure's facts; 0: 1 */
};

void session_init(struct session *session, const struct session_terms *terms);

/* Advances the session by one input that occurred at now_ns. */
struct session_action session_step(struct session *session, const struct session_input *input,
                                   uint64_t now_ns);

/* Whether it can take another turn. */
bool session_usable(const struct session *session);

/* Whether it is not ready yet, so that its dial is the attempt; whether a turn is in progress. */
bool session_in_dial(const struct session *session);
bool session_in_turn(const struct session *session);

/* When INPUT_DEADLINE is due, absolute; 0 if none. */
uint64_t session_deadline_ns(const struct session *session);

#endif
