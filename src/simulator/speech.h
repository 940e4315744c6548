/* What the model says: the events of one response in the service's order (realtime protocol, 4.4
 * and 4.6). */
#ifndef RUSHHOUR_SIMULATOR_SPEECH_H
#define RUSHHOUR_SIMULATOR_SPEECH_H

#include "simulator/visit.h"

void speech_created(struct visit *visit, const struct reply *reply);

/* The assistant's item, which appears with its first output. */
void speech_item(struct visit *visit, const struct reply *reply);

/* A whole item of phase commentary before the reply's own. */
void speech_preamble(struct visit *visit, struct reply *reply);

/* The next piece of text, or of a transcript with its audio. */
void speech_delta(struct visit *visit, struct reply *reply);

/* Adds the output of all deltas to the usage and to the conversation. */
void speech_count(struct visit *visit, struct reply *reply);

/* The closing events of the item, if there is one, and response.done. */
void speech_done(struct visit *visit, const struct reply *reply, const struct reply_end *end,
                 bool has_item);

#endif
