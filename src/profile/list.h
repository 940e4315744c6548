/* Reads lists and maps of a profile from JSON nodes into arrays. */
#ifndef RUSHHOUR_PROFILE_LIST_H
#define RUSHHOUR_PROFILE_LIST_H

#include "profile/keys.h"
#include "profile/place.h"

/* Reads a node into the list or map that the key stores in `object`, replacing the old one; on
 * failure the object is unchanged. ERR_PROFILE names the place of the element. */
MUST_USE enum err_code list_read(const struct key *key, const struct json_node *node,
                                 const struct place *place, void *object);

#endif
