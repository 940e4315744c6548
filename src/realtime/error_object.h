/*
 * What a service says of an error, in whichever form: services, gateways and proxies put the same
 * words into strings, numbers, objects, lists and JSON inside of strings. One reader for the body
 * of a refused upgrade, `error` events and the status_details of `response.done`.
 */
#ifndef RUSHHOUR_REALTIME_ERROR_OBJECT_H
#define RUSHHOUR_REALTIME_ERROR_OBJECT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* Words of the service, each "" when it says none. */
struct error_object {
    char type[64], code[64], param[64];
    char message[512];
    char event_id[72]; /* which of our events it answers */
};

/*
 * Takes in a value that stands for an error, or that holds one (members `error`, `errors`,
 * `detail`, `fault`). A single word is a code, several are a message, a number is a code. Only what
 * is still empty in *out is filled: an `error` speaks first, then what stands beside it, then the
 * other members that may hold one. False when *out is still empty afterwards.
 */
bool error_object_read(const cJSON *item, struct error_object *out);

/*
 * The words of one value, cut between characters of UTF-8: a string as it is, a number in decimal,
 * of an object its member `name` or `value`, of a list its first entry; "" for anything else.
 */
void scalar_copy(const cJSON *item, const char *name, char *out, size_t size);

/* Whether a text is a single word, as codes and reasons are; false for "". */
bool scalar_is_word(const char *text);

#endif
