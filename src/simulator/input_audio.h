/* The input buffer of a session: what the client appends, the turns of speech found in it, and what
 * the service does of its own accord at their ends. Audio is listened to and dropped. */
#ifndef RUSHHOUR_SIMULATOR_INPUT_AUDIO_H
#define RUSHHOUR_SIMULATOR_INPUT_AUDIO_H

#include "simulator/visit.h"

#include <cjson/cJSON.h>

/* Each handles the client event of its name, which came at at_ns, and sends the service's answer.
 * False: *complaint says what was wrong, and nothing changed. */
bool input_audio_append(struct visit *visit, const cJSON *event, uint64_t at_ns,
                        struct complaint *complaint);
bool input_audio_commit(struct visit *visit, struct complaint *complaint);
void input_audio_clear(struct visit *visit);

/* A response to the conversation is done, with so much audio to play: without speech, the session's
 * idle_timeout_ms begins to run when it has been played. */
void input_audio_answered(struct visit *visit, uint64_t audio_ms);

/* Nobody has spoken for the session's idle_timeout_ms: the callback of visit.pause. */
timer_fn input_audio_on_pause;

#endif
