/* The effective configuration of a session: defaults, updates and overrides, in the form of each
 * dialect (section 4.3). */
#ifndef RUSHHOUR_SIMULATOR_SETTINGS_H
#define RUSHHOUR_SIMULATOR_SETTINGS_H

#include "base/text.h"
#include "simulator/complaint.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SETTINGS_MAX 24

/* Initialised by settings_init, freed by settings_free. */
struct settings {
    bool preview;
    char *values[SETTINGS_MAX]; /* JSON of updated values, by row of the dialect's table; NULL:
                                   the default */
    uint64_t max_output_tokens; /* 0: no limit ("inf") */
    bool text_only;
    size_t instruction_bytes;
    uint64_t truncate_above; /* tokens of the conversation; 0: only at the model's window */
    double truncate_retain;
};

/* What a response.create changes for its own response. */
struct overrides {
    bool text_only;
    uint64_t max_output_tokens; /* 0: no limit */
    bool out_of_band;           /* "conversation": "none" */
    char *metadata;             /* JSON, or NULL for null; owned by the caller */
};

/* The part of the session object that no update changes. */
struct settings_identity {
    const char *session_id;
    const char *model;
    int64_t expires_at_s;
};

/* Starts with the defaults of a dialect. */
void settings_init(struct settings *settings, bool preview);

/* Applies the `session` of a session.update, entirely or not at all. False: *complaint says why,
 * and nothing changed. session is NULL if it was missing. */
bool settings_update(struct settings *settings, const cJSON *session, struct complaint *complaint);

/* Reads the `response` of a response.create (may be NULL). False: *complaint says why, and *out
 * holds nothing. */
bool settings_override(const struct settings *settings, const cJSON *response,
                       struct overrides *out, struct complaint *complaint);

/* Appends the session object with every effective setting. */
void settings_object(const struct settings *settings, const struct settings_identity *identity,
                     struct text *out);

/* The JSON of one effective setting by its path ("audio.output.voice"; preview: "voice"); "null"
 * for an unknown path. */
const char *settings_value(const struct settings *settings, const char *path);

void settings_free(struct settings *settings);

#endif
