/* What is said beside a response, by faults that leave the response alone: strays, and messages
 * that break the protocol. */
#ifndef RUSHHOUR_SIMULATOR_ASIDE_H
#define RUSHHOUR_SIMULATOR_ASIDE_H

#include "simulator/visit.h"

/* Says what a fault of EFFECT_ASIDE (answer_fault.h) says. */
void aside_say(struct visit *visit, const struct reply *reply, enum fault_kind kind);

/* Says that the user has begun to speak: what comes before a response that is cancelled for it. */
void aside_speech_started(struct visit *visit);

#endif
