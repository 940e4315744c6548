/* What the faults of a response do, and when, one row each. Types, codes, fragments and usage are
 * those of the failure catalogue, sections 1.4 to 1.6; the surrounding text is ours. Pure. */
#ifndef RUSHHOUR_SIMULATOR_ANSWER_FAULT_H
#define RUSHHOUR_SIMULATOR_ANSWER_FAULT_H

#include "profile/faults.h"
#include "simulator/complaint.h"
#include "simulator/ledger.h"
#include "simulator/reply.h"

#include <stdint.h>

enum strike_time {
    STRIKE_START,   /* instead of response.created */
    STRIKE_CREATED, /* right after response.created */
    STRIKE_OUTPUT,  /* instead of the first output */
    STRIKE_STREAM,  /* between two deltas */
    STRIKE_WHOLE    /* affects the response as a whole */
};

enum strike_effect {
    EFFECT_ERROR,    /* an `error` event instead of the response */
    EFFECT_SILENCE,  /* nothing more is sent; the socket stays open */
    EFFECT_ASIDE,    /* something else is sent, and the response continues (see aside.h) */
    EFFECT_DONE,     /* an unusual response.done */
    EFFECT_CLOSE,    /* a Close frame */
    EFFECT_RESET,    /* the connection is reset */
    EFFECT_CUT,      /* the connection ends without a Close frame */
    EFFECT_SLOW,     /* deltas come slowly and without end */
    EFFECT_MODALITY, /* audio for text, or text for audio */
};

/* The usage of a response.done. */
enum strike_usage {
    USAGE_AS_IS, /* what was read and said: input without output if nothing was said */
    USAGE_ZERO,  /* failed before inference (F67) */
    USAGE_HEAVY  /* 14,000 tokens read, none cached, none said (F65) */
};

struct answer_fault {
    enum fault_kind kind;
    enum strike_time time;
    enum strike_effect effect;
    enum ledger_outcome outcome; /* if the effect ends the response */
    int close_code;              /* for EFFECT_CLOSE */
    enum reply_status status;    /* for EFFECT_DONE, with its reason or error, and usage */
    const char *reason;
    enum strike_usage usage;
    const char *type, *code; /* of an error; code may be NULL */
    int64_t wait_ns;         /* what its hint says by default; 0: 250 ms */
    const char *message;     /* {session}, {response}, {item}, {model},
                                {limit} and {wait} are replaced */
};

/* The row of a fault of CHANCE_PER_RESPONSE. */
const struct answer_fault *answer_fault(enum fault_kind kind);

/* Whether `after` determines when it strikes, counted from the response.create, instead of a number
 * of deltas. */
bool answer_fault_is_timed(const struct answer_fault *fault);

/* What the message of a fault tells beside its response; 0 means the row's own. */
struct fault_facts {
    const char *session_id, *model;
    int64_t wait_ns; /* what a hint says */
    uint64_t limit;  /* the one that was met */
};

/* The error of a row as an `error` event says it. */
void answer_fault_complaint(const struct answer_fault *fault, const struct reply *reply,
                            const struct fault_facts *facts, struct complaint *out);

#endif
