/*
 * One turn as a pure state machine: due, sent, first output, done, and the deadlines of all that.
 * It knows nothing of the session that it is taken in. No socket, no clock, no allocation.
 */
#ifndef RUSHHOUR_SERVICE_TURN_H
#define RUSHHOUR_SERVICE_TURN_H

#include "base/words.h"
#include "profile/profile.h"
#include "realtime/event.h"
#include "realtime/failure.h"
#include "realtime/response_outcome.h"
#include "service/measures.h"

#include <stdbool.h>
#include <stdint.h>

enum turn_state {
    TURN_NONE,
    TURN_WAITING,  /* sent, no output yet */
    TURN_STREAMING /* output is coming */
};

/* Its times and facts stay valid until the next one begins. */
struct turn {
    enum turn_state state;
    uint64_t due_ns, sent_ns, end_ns; /* 0: not yet, here and below */
    uint64_t first_event_ns, last_event_ns, last_delta_ns;
    int64_t answer_ns; /* from due to the first output of the answer itself; -1: none came */
    bool in_preamble;  /* what comes now belongs to a message of phase commentary */
    int64_t ttft_ns; /* from due to the first output; -1: none came. Histogram and row take it from
                        here */
    uint64_t deltas;
    enum modality modality;    /* that was asked for */
    struct response_seen seen; /* what was asked for, and what of it came */
    bool transcription_failed; /* an event told so */
    char response_id[ID_SIZE];
    struct usage usage;
};

/* What an event does to the turn. */
enum turn_outcome {
    TURN_GOES_ON,
    TURN_SIDE_FAILED, /* a side product has failed; the turn goes on */
    TURN_COMPLETE,    /* the answer is complete, be it as far as a limit let it come */
    TURN_LIMITED,     /* max_output_tokens was used up before any answer */
    TURN_EMPTY,       /* it says that it is complete, but what was asked for is not in it */
    TURN_BROKEN       /* response.done with another status */
};

/* No turn yet. */
void turn_init(struct turn *turn);

/* asked: what the answer must contain, and our limit of it. */
void turn_begin(struct turn *turn, enum modality modality, const struct response_seen *asked,
                uint64_t due_ns, uint64_t now_ns);

bool turn_is_on(const struct turn *turn);

/* Whether the service has begun to answer. */
bool turn_has_begun(const struct turn *turn);

/* An event that is no `error` came. What of it is measured at once is added to measures. */
enum turn_outcome turn_event(struct turn *turn, const struct event_facts *event,
                             struct measures *measures, uint64_t now_ns);

/* The service was heard: its silence ends. */
void turn_heard(struct turn *turn, uint64_t now_ns);

/* Ends it: ok (which brings the latencies of a successful attempt), or not. */
void turn_win(struct turn *turn, struct measures *measures, uint64_t now_ns);
void turn_lose(struct turn *turn, uint64_t now_ns);

/* When the next of its deadlines is due, absolute; 0: it is not on. */
uint64_t turn_deadline_ns(const struct turn *turn, const struct timeouts *timeouts);

/* Which deadline has passed at now, once one has. */
enum deadline turn_deadline(const struct turn *turn, const struct timeouts *timeouts,
                            uint64_t now_ns);

/* Adds what a turn that is on tells of a failure at now: phase (when not set), what flowed. */
void turn_add_facts(const struct turn *turn, const struct timeouts *timeouts,
                    struct failure_facts *facts, uint64_t now_ns);

#endif
