/* The conversation of a session: items are kept only as ids and token counts. */
#ifndef RUSHHOUR_SIMULATOR_CONVERSATION_H
#define RUSHHOUR_SIMULATOR_CONVERSATION_H

#include "simulator/visit.h"

#include <cjson/cJSON.h>

/* Remembers the id of an item; only the newest VISIT_ITEMS_MAX are kept. */
void conversation_remember(struct conversation *conversation, const char *id);

/* Announces an item of the user's audio, which comes last. */
void conversation_add_audio(struct visit *visit, const char *id, double ms);

/* Each handles the client event of its name and sends the service's answer. False: *complaint says
 * what was wrong, and nothing changed. */
bool conversation_create_item(struct visit *visit, const cJSON *event, struct complaint *complaint);
bool conversation_retrieve_item(struct visit *visit, const cJSON *event,
                                struct complaint *complaint);
bool conversation_truncate_item(struct visit *visit, const cJSON *event,
                                struct complaint *complaint);
bool conversation_delete_item(struct visit *visit, const cJSON *event, struct complaint *complaint);

#endif
