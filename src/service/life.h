/*
 * The life of a session as a pure state machine: the stages of its dial, its settings, its expiry,
 * its close. It knows nothing of turns, and only the table of stages of its transport. No socket,
 * no clock, no allocation.
 */
#ifndef RUSHHOUR_SERVICE_LIFE_H
#define RUSHHOUR_SERVICE_LIFE_H

#include "service/measures.h"
#include "service/stage.h"

#include <stdbool.h>
#include <stdint.h>

enum life_state {
    LIFE_NEW,
    LIFE_DIALLING, /* in one of the stages */
    LIFE_READY,    /* turns may begin */
    LIFE_CLOSING,  /* we asked for the close */
    LIFE_OVER
};

struct life {
    const struct transport_stages *stages; /* borrowed, as is the next member */
    const struct timeouts *timeouts;
    double speed; /* facts are reported in a time that runs this fast; 1 after life_init */
    enum life_state state;
    unsigned stage;                 /* the current one while DIALLING */
    uint64_t deadline_ns;           /* of the stage or the close; 0 if none */
    uint64_t dial_ns;               /* 0 here and below: not yet */
    uint64_t stage_ns[STAGES_MOST]; /* when each ended */
    uint64_t connected_ns, opened_ns, ready_ns;
    uint64_t active_ns; /* last message in either direction, once connected */
    bool has_expiry;
    uint64_t expires_ns; /* when the session ends according to session.created */
    char session_id[ID_SIZE];
    struct failure_facts answer; /* facts from the response that opened it, for classifying
                                    failures */
};

/* What has changed, as flags. */
enum life_news {
    LIFE_OPENED = 1,    /* the session is open */
    LIFE_CONFIGURE = 2, /* send its settings now */
    LIFE_BECAME_READY = 4
};

void life_init(struct life *life, const struct transport_stages *stages,
               const struct timeouts *timeouts);

/* The dial begins; the stage that resolves the name is skipped if the address is given. */
void life_dial(struct life *life, bool resolves, uint64_t now_ns);

/* The transport has completed a stage. Returns enum life_news; stages that are not its own are
 * ignored. */
unsigned life_stage_done(struct life *life, unsigned stage, struct measures *measures,
                         uint64_t now_ns);

/* An event came before READY. Returns enum life_news; 0 for an event that was not expected. */
unsigned life_event(struct life *life, const struct event_facts *event, struct measures *measures,
                    uint64_t now_ns);

/* The session announced that it will end in this many ns; negative: it should have ended. */
void life_expires_in(struct life *life, int64_t ns, uint64_t now_ns);

/* This machine did not look for so long: that is not counted against the deadline under way. */
void life_pause(struct life *life, uint64_t paused_ns);

/* A message was sent or received. */
void life_touch(struct life *life, uint64_t now_ns);

/* We ask for the close, which is limited by timeouts.close. */
void life_close(struct life *life, uint64_t now_ns);

/* The end has come. */
void life_end(struct life *life);

bool life_in_dial(const struct life *life);

/* Whether either side has ended it. */
bool life_is_over(const struct life *life);

/* The age of the connection, ns; -1 if it was never established. */
int64_t life_age_ns(const struct life *life, uint64_t now_ns);

/* When the request answered by the stage CONNECTS was ready: at the end of the stage before it. */
uint64_t life_asked_ns(const struct life *life);

/* The current stage; NULL unless DIALLING. */
const struct transport_stage *life_stage(const struct life *life);

/* Adds what the life contributes to a failure at this time: phase (unless set), age, silence,
 * expiry, the response that opened it. */
void life_add_facts(const struct life *life, struct failure_facts *facts, uint64_t now_ns);

#endif
