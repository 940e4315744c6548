/* One response in progress: when each of its events is due, which fault strikes it, and its line in
 * the ledger. */
#ifndef RUSHHOUR_SIMULATOR_ANSWER_H
#define RUSHHOUR_SIMULATOR_ANSWER_H

#include "simulator/visit.h"

#define ANSWERS_MAX 32 /* concurrent ones in a session, including out-of-band ones */

struct answer;

/*
 * Starts a response to a response.create that came at at_ns with the client's event_id (or NULL),
 * or that a turn of speech asks for; takes over overrides->metadata in any case. False: another one
 * writes to the conversation, as *complaint says.
 */
bool answer_ask(struct visit *visit, struct overrides *overrides, const char *event_id,
                uint64_t at_ns, struct complaint *complaint);

/* The id of the response that writes to the conversation, or NULL if none is in progress. */
const char *answer_active_id(const struct visit *visit);

/* Cancels a response by its id, or (NULL) the one that writes to the conversation. False if there
 * is none. */
bool answer_cancel(struct visit *visit, const char *response_id);

/* The user speaks: cancels the response that writes to the conversation, if there is one. */
void answer_interrupt(struct visit *visit);

/* Ends every response in progress as failed with an error, except those that are stuck. False if
 * there was none. */
bool answer_fail_all(struct visit *visit, const struct complaint *error);

/* Writes the ledger lines of everything in progress, and sends no more. */
void answer_drop_all(struct visit *visit, enum ledger_outcome outcome);
void answer_free_all(struct visit *visit);

#endif
