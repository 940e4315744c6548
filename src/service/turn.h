/* One turn as a pure state machine: due, sent, first output, done, and their deadlines. It knows
 * nothing of its session. No socket, no clock, no allocation. */
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
    TURN_SPEAKING, /* the user speaks, and is not through */
    TURN_WAITING,  /* sent, no output yet */
    TURN_STREAMING /* output is coming */
};

/* Its times and facts stay valid until the next turn begins. */
struct turn {
    enum turn_state state;
    uint64_t due_ns, sent_ns, end_ns; /* 0 here and below: not yet */
    uint64_t first_event_ns, last_event_ns, last_delta_ns;
    uint64_t paused_ns, silence_paused_ns; /* for how long this machine did not look: since it was
                                              sent, and since the last event */
    uint64_t awake_ns; /* when it looked again after a pause; 0: there was none */
    int64_t answer_ns; /* from due to the first output of the actual answer; -1 if none */
    bool in_preamble;  /* current output belongs to a message of phase commentary */
    int64_t ttft_ns;   /* from due to the first output; -1 if none. The source for both histogram
                        and row */
    uint64_t deltas;
    enum modality modality;    /* the requested one */
    struct response_seen seen; /* what was requested, and how much of it came */
    bool transcription_failed; /* as reported by an event */
    bool spoken;               /* the user speaks: due, sent and what counts from them mean the
                                  end of that, heard_end */
    bool early;                /* the answer began before it, so that no latency counts from it */
    uint64_t interrupted_ns;   /* when we cancelled the answer, since the user goes on */
    char item_id[ID_SIZE];     /* of the answer's message; "" until it is known */
    uint64_t stopped_ns;       /* after it: when the service heard the end, or we committed */
    char response_id[ID_SIZE];
    struct usage usage;
};

/* The effect of an event on the turn. */
enum turn_outcome {
    TURN_GOES_ON,
    TURN_SIDE_FAILED, /* a side product failed; the turn continues */
    TURN_COMPLETE,    /* the answer is complete, possibly cut off by a limit */
    TURN_LIMITED,     /* max_output_tokens was used up before any answer */
    TURN_EMPTY,       /* reported as complete, but without what was requested */
    TURN_INTERRUPTED, /* it ended as we asked */
    TURN_BROKEN       /* response.done with any other status */
};

/* No turn yet. */
void turn_init(struct turn *turn);

/* asked: what the answer must contain, and our limit for it. */
void turn_begin(struct turn *turn, enum modality modality, const struct response_seen *asked,
                uint64_t due_ns, uint64_t now_ns);

/* The same for a turn in which the user begins to speak now, and will have said the last sound at
 * due_ns. */
void turn_speak(struct turn *turn, enum modality modality, const struct response_seen *asked,
                uint64_t due_ns, uint64_t now_ns);

/* The message with the last sound has been sent; and what was said is committed by us. */
void turn_spoken(struct turn *turn, uint64_t now_ns);
void turn_committed(struct turn *turn, uint64_t now_ns);

/* The user interrupts the answer, which is cancelled now. */
void turn_interrupt(struct turn *turn, uint64_t now_ns);

/* What an event that is about to be heard says of how turns were taken. */
enum turn_taking {
    TAKING_RIGHT,
    TAKING_SPLIT, /* the service took a pause of the user for the end */
    TAKING_FALSE  /* it heard speech where there was none */
};
enum turn_taking turn_taking_of(const struct turn *turn, const struct event_facts *event);

/* Whether the service has not noticed so far that the user has spoken. */
bool turn_is_missed(const struct turn *turn);

bool turn_is_on(const struct turn *turn);

/* Whether the service has begun to answer. */
bool turn_has_begun(const struct turn *turn);

/* An event other than `error` came. Latencies that it determines are added to measures. */
enum turn_outcome turn_event(struct turn *turn, const struct event_facts *event,
                             struct measures *measures, uint64_t now_ns);

/* The service sent something: the silence ends. */
void turn_heard(struct turn *turn, uint64_t now_ns);

/* This machine did not look for so long: that is not counted against the deadlines. */
void turn_pause(struct turn *turn, uint64_t paused_ns, uint64_t now_ns);

/* Ends the turn: ok (which adds the latencies of a successful attempt), or not. */
void turn_win(struct turn *turn, struct measures *measures, uint64_t now_ns);
void turn_lose(struct turn *turn, uint64_t now_ns);

/* When its next deadline is due, absolute; 0 if it is not in progress. */
uint64_t turn_deadline_ns(const struct turn *turn, const struct timeouts *timeouts);

/* Which deadline has passed at this time, if one has. */
enum deadline turn_deadline(const struct turn *turn, const struct timeouts *timeouts,
                            uint64_t now_ns);

/* Adds what a turn in progress contributes to a failure at this time: phase (unless set), whether
 * output flowed. */
void turn_add_facts(const struct turn *turn, const struct timeouts *timeouts,
                    struct failure_facts *facts, uint64_t now_ns);

#endif
