/* What users say in their turns: read from the profile or from a file beside it, drawn by the seed.
 * Their texts are content: no message quotes them. */
#ifndef RUSHHOUR_PROFILE_PROMPTS_H
#define RUSHHOUR_PROFILE_PROMPTS_H

#include "profile/jsonc.h"
#include "profile/keys.h"
#include "profile/place.h"
#include "profile/profile.h"

#include <stdint.h>

/* Reads a text, or an object of text and weight. The caller frees out->text. ERR_PROFILE names the
 * place. */
MUST_USE enum err_code prompt_read(const struct key *key, const struct json_node *node,
                                   const struct place *place, struct prompt *out);

/* Gives each prompt its place in the draw, and lists many of them for base/redact.h. Call it after
 * every change to them. ERR_NOMEM. */
MUST_USE enum err_code prompts_settle(struct session_plan *session, struct error *err);

/*
 * Reads session.prompts_file, if there is one, line by line; a blank line is none. ERR_IO, or
 * ERR_PROFILE with "file:line: what and the fix"; the profile then keeps what it had.
 */
MUST_USE enum err_code prompts_load(struct profile *profile, struct error *err);

/*
 * The prompt of an interaction (from 1) of a virtual user, by number and round of its slot. A
 * function of the seed and these numbers alone.
 */
const struct prompt *prompts_draw(const struct session_plan *session, uint64_t seed,
                                  uint64_t number, uint64_t round, uint64_t interaction);

#endif
