/* Lists and maps of a profile: from JSON nodes into arrays. */
#ifndef RUSHHOUR_PROFILE_LIST_H
#define RUSHHOUR_PROFILE_LIST_H

#include "profile/keys.h"
#include "profile/place.h"

/* Reads a node into the list or map that the key stores in `object`, in place of what was there; on
 * failure the object is as before. ERR_PROFILE with the place of the element. */
MUST_USE enum err_code list_read(const struct key *key, const struct json_node *node,
                                 const struct place *place, void *object);

#endif
