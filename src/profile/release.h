/* Frees what profiles are made of. */
#ifndef RUSHHOUR_PROFILE_RELEASE_H
#define RUSHHOUR_PROFILE_RELEASE_H

#include "profile/keys.h"

#include <stddef.h>

/* Bytes of one element of what a list key stores; 0 for a key that stores no list. */
size_t key_element_size(const struct key *key);

/* Frees what a key stores and sets it to nothing. `object` is the struct of the key's table. */
void release_value(const struct key *key, void *object);

/* Frees all that the keys of a table store, and what its `drop` knows of; the struct itself
 * stays. */
void release_object(const struct key_table *table, void *object);

/* The `drop` of a region (host, secrets) and of a price (model). */
void region_drop(void *object);
void price_drop(void *object);

#endif
