/* A response under way, between answer.c, which says it, and answer_strike.c, where a fault breaks
 * in. */
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
    struct strike strike;
    const struct answer_fault *fault; /* of the strike; NULL: none */
    char *event_id;         /* the client's, of its response.create; kept for a fault only; or
                               NULL */
    uint64_t strike_ns;     /* when a timed fault strikes; 0: it goes by deltas */
    uint64_t strike_deltas; /* after how many deltas it strikes otherwise */
    uint64_t deltas;        /* in all */
    bool cut;               /* fewer than the plan's, by max_output_tokens */
    bool struck;
    bool ends_visit; /* the fault ends the connection, after the flush */
    bool recorded;
    enum ledger_outcome outcome;
    uint64_t at_ns, due_ns;
    /* 0: said, to be measured at the flush */
    uint64_t created_delay_ns, first_delay_ns, done_delay_ns;
};

/* Says response.done and what belongs to it, with the usage told so; the answer is over (in
 * answer.c). */
void answer_finish(struct answer *answer, const struct reply_end *end, enum strike_usage told,
                   enum ledger_outcome outcome);

/* Does what the answer's fault does, now; says, but does not flush (in answer_strike.c). */
void answer_strike(struct answer *answer);

/* Ends the connection as the fault wants it, once all was flushed. */
void answer_end_visit(struct answer *answer);

#endif
