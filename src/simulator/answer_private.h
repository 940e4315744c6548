/* A response in progress, shared by answer.c, which sends it, and answer_strike.c, where a fault
 * interrupts it. */
#ifndef RUSHHOUR_SIMULATOR_ANSWER_PRIVATE_H
#define RUSHHOUR_SIMULATOR_ANSWER_PRIVATE_H

#include "simulator/answer.h"
#include "simulator/answer_fault.h"

enum answer_state {
    ANSWER_WAITING,  /* response.created is due */
    ANSWER_CREATED,  /* the first output is due */
    ANSWER_SPEAKING, /* the next delta is due */
    ANSWER_STRIKING, /* a timed fault is due */
    ANSWER_SILENT,   /* stalled: nothing more will come, and the conversation stays busy */
    ANSWER_OVER
};

struct answer {
    struct timer step; /* the first member, so that its address is the answer's */
    struct answer *next;
    struct visit *visit;
    struct reply reply;
    enum answer_state state;
    struct lot lot;
    struct strike strike;
    uint64_t reserved_tokens;         /* taken of the quota */
    const struct answer_fault *fault; /* of the strike; NULL if none */
    char *event_id;         /* the client's, of its response.create; kept only for a fault; or
                               NULL */
    uint64_t strike_ns;     /* when a timed fault strikes; 0: it counts deltas */
    uint64_t strike_deltas; /* otherwise, after how many deltas it strikes */
    uint64_t deltas;        /* in total */
    bool cut;               /* fewer than planned, because of max_output_tokens */
    bool thought_away;      /* even the first: reasoning takes all of it */
    bool preamble;          /* one comes first */
    bool struck;
    bool ends_visit; /* the fault ends the connection, after the flush */
    bool recorded;
    enum ledger_outcome outcome;
    uint64_t at_ns, due_ns;
    uint64_t sound_ns, stopped_ns, spoken_ms; /* of what it answers, if that was spoken; 0 */
    /* 0: sent, to be measured at the flush */
    uint64_t created_delay_ns, first_delay_ns, done_delay_ns;
};

/* Decides what the answer will be, says and how it fails; takes over overrides->metadata (in
 * answer_plan.c). */
void answer_plan(struct answer *answer, struct overrides *overrides, const char *event_id);

static inline bool answer_has(const struct answer *answer, enum strike_effect effect)
{
    return answer->fault != NULL && answer->fault->effect == effect;
}

/* Sends response.done and its companions, with this usage; the answer is over (in answer.c). */
void answer_finish(struct answer *answer, const struct reply_end *end, enum strike_usage told,
                   enum ledger_outcome outcome);

/* Carries out the answer's fault now; sends without flushing (in answer_strike.c). */
void answer_strike(struct answer *answer);

/* Ends the connection as the fault requires, once everything is flushed. */
void answer_end_visit(struct answer *answer);

#endif
