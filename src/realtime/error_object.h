/*
 * Reads a service's error in any form: services, gateways and proxies put the same information into
 * strings, numbers, objects, lists and JSON inside strings. One reader for the body of a refused
 * upgrade, `error` events and the status_details of `response.done`.
 */
#ifndef RUSHHOUR_REALTIME_ERROR_OBJECT_H
#define RUSHHOUR_REALTIME_ERROR_OBJECT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* The service's own words, each "" if absent. */
struct error_object {
    char type[64], code[64], param[64];
    char message[512];
    char event_id[72]; /* the client event that it responds to */
};

/*
 * Reads a value that is an error, or that contains one (members `error`, `errors`, `detail`,
 * `fault`). A single word is a code, several words are a message, a number is a code. Only empty
 * fields of *out are filled: first from `error`, then from its siblings, then from the other
 * members that may contain one. False if *out is still empty afterwards.
 */
bool error_object_read(const cJSON *item, struct error_object *out);

/* The text of a value, truncated between UTF-8 characters: a string as it is, a number in decimal,
 * of an object its member `name` or `value`, of a list its first entry; "" for anything else. */
void scalar_copy(const cJSON *item, const char *name, char *out, size_t size);

/* Whether a text is a single word, as codes and reasons are; false for "". */
bool scalar_is_word(const char *text);

#endif
