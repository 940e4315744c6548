/* Frees the parts of a profile. */
#ifndef RUSHHOUR_PROFILE_RELEASE_H
#define RUSHHOUR_PROFILE_RELEASE_H

#include "profile/keys.h"

#include <stddef.h>

/* Size in bytes of one element of the list that a key stores; 0 for a key that is not a list. */
size_t key_element_size(const struct key *key);

/* Frees what a key stores and clears it. `object` is the struct of the key's table. */
void release_value(const struct key *key, void *object);

/* Frees everything that the keys of a table store, then calls its `drop`; the struct itself is not
 * freed. */
void release_object(const struct key_table *table, void *object);

/* The `drop` of a region (host, secrets) and of a price (model). */
void region_drop(void *object);
void price_drop(void *object);

#endif
