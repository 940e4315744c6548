/* Reads objects of a profile from JSON nodes into structs, by their key table. */
#ifndef RUSHHOUR_PROFILE_OBJECT_H
#define RUSHHOUR_PROFILE_OBJECT_H

#include "profile/keys.h"
#include "profile/place.h"

/* Sets every key of the table that has a default. `object` must be zeroed. */
MUST_USE enum err_code object_defaults(const struct key_table *table, const struct place *place,
                                       void *object);

/* Reads the members of a JSON object into a struct that holds its defaults. ERR_PROFILE for an
 * unknown key (with the nearest known one), a missing required key, or an invalid value. */
MUST_USE enum err_code object_read(const struct key_table *table, const struct json_node *node,
                                   const struct place *place, void *object);

#endif
