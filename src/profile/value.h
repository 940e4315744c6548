/* Parses single values of a profile by the type of their key and stores them in the struct. */
#ifndef RUSHHOUR_PROFILE_VALUE_H
#define RUSHHOUR_PROFILE_VALUE_H

#include "profile/keys.h"
#include "profile/place.h"

/*
 * Parses `text` as the key's type, checks its range and form, and stores it in `object` (the struct
 * of the key's table), replacing the old value. ERR_PROFILE with the place; the object is then
 * unchanged. Not for lists and maps.
 */
MUST_USE enum err_code value_from_text(const struct key *key, const char *text,
                                       const struct place *place, void *object);

/* Whether values of this type are lists, maps or objects, which value_from_text does not take. */
bool value_is_composite(enum key_type type);

/* A fraction or window as an element of a list. */
MUST_USE enum err_code value_fraction(const char *text, const struct place *place, double *out);
MUST_USE enum err_code value_window(const char *text, const struct place *place,
                                    struct window *out);

/* A copy of text that passed the key's `accept`; the caller frees it. */
MUST_USE enum err_code value_string(const struct key *key, const char *text,
                                    const struct place *place, char **out);

/* A duration within the key's range. */
MUST_USE enum err_code value_duration(const struct key *key, const char *text,
                                      const struct place *place, int64_t *out_ns);

#endif
