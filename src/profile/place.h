/* Positions in a profile, and the common form of every error message about them. */
#ifndef RUSHHOUR_PROFILE_PLACE_H
#define RUSHHOUR_PROFILE_PLACE_H

#include "base/error.h"
#include "profile/jsonc.h"
#include "profile/profile.h"

#include <stddef.h>

struct place {
    const char *file; /* NULL: the value is a default and has no line */
    int line, column; /* 0: unknown; only the file is named */
    char path[200];   /* the key: "regions[0].auth.api_key"; "" for the whole profile */
    struct error *err;
};

/* Fills err with "file:line:column: key: <sentence>" and returns ERR_PROFILE. Control characters
 * become '?', and a key, or what the sentence has in quotes, "..." if it may be a credential. */
enum err_code place_fail(const struct place *place, const char *format, ...) PRINTF_LIKE(2, 3);

/* As place_fail, with the sentence that a callee put into err; ERR_NOMEM is kept. */
enum err_code place_fail_with(const struct place *place, enum err_code code,
                              const struct error *inner);

/* ERR_NOMEM. */
enum err_code place_no_memory(const struct place *place);

/* The place of a member below `parent`: of its value, or of its key with `at_key`. */
struct place place_of_member(const struct place *parent, const struct json_node *member);
struct place place_of_key(const struct place *parent, const struct json_node *member);

/* The place of an element of a list, by index from 0. */
struct place place_of_element(const struct place *list, const struct json_node *element,
                              size_t index);

/* The place of a key in a parsed profile, by its path ("regions[1].endpoint"); if the key is not in
 * the file, that of the innermost object around it that is. */
struct place place_find(const struct profile *profile, const char *path, struct error *err);

/* The node at a path of member names and [indexes] below root, or the innermost one on the way that
 * exists. */
struct json_node *place_node(struct json_node *root, const char *path);

#endif
