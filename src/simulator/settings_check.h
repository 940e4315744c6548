/* Checks of single settings: takes the client's value and gives the JSON to keep, or a
 * complaint. */
#ifndef RUSHHOUR_SIMULATOR_SETTINGS_CHECK_H
#define RUSHHOUR_SIMULATOR_SETTINGS_CHECK_H

#include "base/text.h"
#include "simulator/complaint.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

/* path is the name used in the complaint ("session.audio.output.speed"). Appends what is to be kept
 * to *json. */
typedef bool settings_check(const cJSON *value, const char *path, struct text *json,
                            struct complaint *complaint);

settings_check check_session_type; /* "realtime" */
settings_check check_string;
settings_check check_bool;
settings_check check_array;
settings_check check_object_or_null;
settings_check check_string_or_object;
settings_check check_any;               /* a string, an object, an array or null */
settings_check check_output_modalities; /* GA: ["audio"] or ["text"] */
settings_check check_modalities;        /* preview: ["text"], or both */
settings_check check_output_limit;      /* 1 to 4096, or "inf" */
settings_check check_format;            /* GA: {"type":"audio/pcm","rate":24000} and the like */
settings_check check_format_name;       /* preview: pcm16, g711_ulaw, g711_alaw */
settings_check check_speed;             /* 0.25 to 1.5 */
settings_check check_temperature;       /* 0.6 to 1.2 */
settings_check check_turn_detection;    /* GA; kept with its defaults filled in */
settings_check check_turn_detection_preview;
settings_check check_conversation; /* of a response: "auto" or "none" */
settings_check check_metadata;     /* of a response: at most 16 pairs of strings */

#endif
