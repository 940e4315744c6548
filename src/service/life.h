/*
 * The life of a session as a pure state machine: the stages of its dial, its settings, its expiry,
 * its close. It knows nothing of turns, and of its transport no more than the table of stages. No
 * socket, no clock, no allocation.
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
    LIFE_READY,    /* turns may be taken */
    LIFE_CLOSING,  /* we asked for the end */
    LIFE_OVER
};

struct life {
    const struct transport_stages *stages; /* borrowed, as the next */
    const struct timeouts *timeouts;
    enum life_state state;
    unsigned stage;                 /* the one under way, while DIALLING */
    uint64_t deadline_ns;           /* of the stage or the close; 0: none */
    uint64_t dial_ns;               /* 0: not yet, here and below */
    uint64_t stage_ns[STAGES_MOST]; /* when each ended */
    uint64_t connected_ns, opened_ns, ready_ns;
    uint64_t active_ns; /* last message either way, once the connection stands */
    bool has_expiry;
    uint64_t expires_ns; /* when session.created says that it ends */
    char session_id[ID_SIZE];
    struct failure_facts answer; /* what the answer that opened it told of failures */
};

/* What has become of it, as flags. */
enum life_news {
    LIFE_OPENED = 1,    /* the session is open */
    LIFE_CONFIGURE = 2, /* its settings are to be sent now */
    LIFE_BECAME_READY = 4
};

void life_init(struct life *life, const struct transport_stages *stages,
               const struct timeouts *timeouts);

/* The dial begins; the stage that resolves the name is left out when the address is given. */
void life_dial(struct life *life, bool resolves, uint64_t now_ns);

/* The transport has done a stage. Returns enum life_news; what is no stage of its own is passed
 * over. */
unsigned life_stage_done(struct life *life, unsigned stage, struct measures *measures,
                         uint64_t now_ns);

/* An event came before READY. Returns enum life_news; 0 for an event that is not awaited. */
unsigned life_event(struct life *life, const struct event_facts *event, struct measures *measures,
                    uint64_t now_ns);

/* The session told when it will end, in so many ns from now on; negative: it should have. */
void life_expires_in(struct life *life, int64_t ns, uint64_t now_ns);

/* The connection said or was told something. */
void life_touch(struct life *life, uint64_t now_ns);

/* We ask for the end, which has timeouts.close to come. */
void life_close(struct life *life, uint64_t now_ns);

/* The end has come. */
void life_end(struct life *life);

bool life_in_dial(const struct life *life);

/* Whether we, or the other side, have ended it. */
bool life_is_over(const struct life *life);

/* How old the connection is, ns; -1: it has never stood. */
int64_t life_age_ns(const struct life *life, uint64_t now_ns);

/* When the request that is answered with the stage CONNECTS was ready: the end of what came before
 * it. */
uint64_t life_asked_ns(const struct life *life);

/* The stage under way; NULL unless DIALLING. */
const struct transport_stage *life_stage(const struct life *life);

/* Adds what the life tells of a failure at now: phase (when not set), age, silence, expiry, the
 * answer that opened it. */
void life_add_facts(const struct life *life, struct failure_facts *facts, uint64_t now_ns);

#endif
