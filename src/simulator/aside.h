/* Messages sent beside a response, by faults that leave the response alone: stray events, and
 * messages that break the protocol. */
#ifndef RUSHHOUR_SIMULATOR_ASIDE_H
#define RUSHHOUR_SIMULATOR_ASIDE_H

#include "simulator/visit.h"

/* Sends the message of a fault of EFFECT_ASIDE (answer_fault.h). */
void aside_say(struct visit *visit, const struct reply *reply, enum fault_kind kind);

/* Reports that the user has begun to speak, which precedes the cancellation of a response. */
void aside_speech_started(struct visit *visit);

#endif
