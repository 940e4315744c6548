/*
 * The logic of one session as a pure state machine: (state, event, time) in, next action out. No
 * socket, no clock, no allocation. Whoever drives it (driver.c, a test) carries out the action and
 * feeds the next event.
 */
#ifndef RUSHHOUR_ENGINE_SESSION_H
#define RUSHHOUR_ENGINE_SESSION_H

#include "base/metric.h"
#include "profile/profile.h"
#include "realtime/event.h"
#include "realtime/failure.h"

#include <stdbool.h>
#include <stdint.h>

enum session_state {
    SESSION_NEW,
    SESSION_RESOLVING,
    SESSION_CONNECTING,
    SESSION_HANDSHAKING, /* TLS */
    SESSION_UPGRADING,
    SESSION_CREATING,    /* 101 came, session.created not yet */
    SESSION_CONFIGURING, /* session.update sent, session.updated not yet */
    SESSION_READY,       /* between turns */
    SESSION_WAITING,     /* response.create sent, no output yet */
    SESSION_STREAMING,   /* output is coming */
    SESSION_CLOSING,     /* we asked for the close */
    SESSION_CLOSED
};

enum session_input_kind {
    INPUT_DIAL,     /* start; `resolves` says whether the name is looked up first */
    INPUT_ANSWER,   /* the upgrade was answered: `failure` has what its headers tell, for any later
                       failure */
    INPUT_STEP,     /* a step of the dial is done: `step` counts 0 resolved, 1 connected, 2 tls, 3
                       upgraded */
    INPUT_REFUSED,  /* the upgrade was answered otherwise: `failure` has status and body */
    INPUT_EVENT,    /* a message of the service: `event` has its kind and, when it carries any, its
                       facts; of session.created also `expires_in_ns` */
    INPUT_GARBAGE,  /* a message that is no event: binary, or invalid JSON */
    INPUT_TURN,     /* the next attempt is due (at due_ns) and will be sent now */
    INPUT_DEADLINE, /* the deadline of the last action has passed */
    INPUT_FINISH,   /* close cleanly; only between turns */
    INPUT_ABANDON,  /* give up at once, whatever is under way; an attempt in flight is cancelled */
    INPUT_CLOSED    /* the connection has ended: `failure` has what was observed */
};

struct session_input {
    enum session_input_kind kind;
    bool resolves;
    int step;
    uint64_t due_ns;
    const struct event_facts *event;
    const struct failure_facts *failure; /* of ANSWER, REFUSED and CLOSED: the connection's part
                                            only */
    bool has_expiry;                     /* session.created told when the session ends */
    int64_t expires_in_ns;               /* until then, of the machine's own time; negative: it has
                                            passed */
};

/* What the driver must send next. */
enum session_send { SEND_NOTHING, SEND_CONFIGURE, SEND_TURN };
enum session_end { END_NOTHING, END_CLOSE, END_ABORT };

/* What has just become known, as flags. */
enum session_news {
    NEWS_OPENED = 1, /* session.created came */
    NEWS_READY = 2,  /* configured: turns may begin */
    NEWS_ATTEMPT_OK = 4,
    NEWS_ATTEMPT_FAILED = 8, /* `failure` is its class */
    NEWS_ATTEMPT_CANCELLED = 16,
    NEWS_SESSION_FAILED = 32, /* it did not open, or ended otherwise than we asked; `failure` is its
                                 class */
    NEWS_ENDED = 64,          /* CLOSED: nothing follows */
    NEWS_LIFECYCLE = 128,     /* an end that is no failure, of the session or of an attempt:
                                 `failure` is its class, of domain none */
    NEWS_HARMLESS = 256       /* an error event came that costs no attempt */
};

#define SESSION_MEASURES METRIC_COUNT

/* What to do next: send, end, record the news, and keep session.deadline_ns in mind. */
struct session_action {
    unsigned news;
    enum session_send send;
    enum session_end end;
    struct failure_class failure;
    struct failure_facts observed; /* with NEWS_*_FAILED and NEWS_LIFECYCLE: what the class was
                                      drawn from */
    struct {
        enum metric metric;
        int64_t ns;
    } measured[SESSION_MEASURES];
    unsigned measured_count;
    bool measured_lost; /* there were more: a figure would be missing, so the run must stop */
};

/* One turn's times and facts; valid from INPUT_TURN until the next one. */
struct turn {
    uint64_t due_ns, sent_ns, end_ns; /* 0: not yet, here and below */
    uint64_t first_event_ns, last_event_ns, first_output_ns, last_delta_ns;
    uint64_t deltas;
    bool answered;             /* one of them was of the modality that was asked for */
    bool transcription_failed; /* an event told so */
    char response_id[ID_SIZE];
    struct usage usage;
};

struct session {
    enum session_state state;
    const struct timeouts *timeouts;                    /* borrowed */
    enum modality modality;                             /* that is asked for */
    uint64_t dial_ns, step_ns[4], created_ns, ready_ns; /* 0: not yet */
    uint64_t active_ns;                                 /* last message either way; 0: not open
                                                           yet */
    bool has_expiry;
    uint64_t expires_ns;         /* when session.created says that it ends */
    struct failure_facts answer; /* what the answer to the upgrade told */
    char session_id[ID_SIZE];
    uint64_t deadline_ns; /* absolute; INPUT_DEADLINE is due then; 0: none */
    struct turn turn;
    bool has_error;                       /* an `error` event came that nothing has answered for
                                             yet */
    struct event_facts error;             /* that event */
    uint64_t error_ns;                    /* when it came */
    uint64_t attempts, failed, cancelled; /* of this session; cancelled ones are neither ok nor
                                             failed */
    uint64_t first_failure; /* number of its first failed attempt, cancelled ones left out, from 1;
                               0: none */
};

void session_init(struct session *session, const struct timeouts *timeouts, enum modality modality);

/* Advances the session by one input that happened at now_ns. */
struct session_action session_step(struct session *session, const struct session_input *input,
                                   uint64_t now_ns);

/* Whether another turn can be sent on it. */
bool session_usable(const struct session *session);

#endif
