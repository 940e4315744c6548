/* Finds the class for a code or phrase of the service. */
#ifndef RUSHHOUR_REALTIME_FAILURE_MATCH_H
#define RUSHHOUR_REALTIME_FAILURE_MATCH_H

#include "realtime/failure_table.h"

#include <stdbool.h>
#include <stddef.h>

/* No class: the rule does not apply, or the list has no such entry. */
#define FAILURE_NONE FAILURE_COUNT

struct failure_match {
    const char *text;
    enum failure_id id;
};

#define MATCH_COUNT(list) (sizeof(list) / sizeof(list)[0])

/* The entry whose text equals `text`, ignoring case; FAILURE_NONE for NULL and "". */
enum failure_id match_code(const struct failure_match *list, size_t count, const char *text);

/* The first entry whose text occurs in `text`, ignoring case; FAILURE_NONE for NULL. */
enum failure_id match_phrase(const struct failure_match *list, size_t count, const char *text);

/* Whether `phrase` occurs in `text`, ignoring case; false for NULL. */
bool match_says(const char *text, const char *phrase);

/* Whether a message is about a rate limit: "Rate limit reached", but neither "generate limited" nor
 * "sample rate limit". */
bool match_says_rate_limit(const char *message);

/* Whether a message speaks of a limit for a whole day: "requests per day (RPD)". */
bool match_says_daily(const char *message);

#endif
