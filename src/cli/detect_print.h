/* What `plan --detect` says, for people and as JSON. */
#ifndef RUSHHOUR_CLI_DETECT_PRINT_H
#define RUSHHOUR_CLI_DETECT_PRINT_H

#include "base/text.h"
#include "profile/profile.h"
#include "run/detect.h"

#include <cjson/cJSON.h>

/* The question, and the name of the earlier run as the user wrote it ("" without). Borrowed. */
struct detect_print {
    const struct detect_question *question;
    const char *like;
    const struct profile *profile;
};

/* Appends the answer of each region, and what it holds for. */
void detect_print_text(const struct detect_print *print, struct text *out);

/* Adds the object `detect`. */
void detect_print_json(const struct detect_print *print, cJSON *root);

#endif
