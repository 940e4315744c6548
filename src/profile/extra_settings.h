/*
 * Session settings that rushhour has no key of its own for (session.settings and a region's
 * settings): a JSON object of any fields, passed on as it stands and kept as compact JSON. What it
 * holds is content: outputs name its fields only.
 */
#ifndef RUSHHOUR_PROFILE_EXTRA_SETTINGS_H
#define RUSHHOUR_PROFILE_EXTRA_SETTINGS_H

#include "profile/jsonc.h"
#include "profile/place.h"

#include "base/text.h"

/*
 * Takes the object at `node` as compact JSON; *out is the caller's, what it held before is freed.
 * ERR_PROFILE for what is no object, is empty, has a field that a key of the profile sets, or a
 * name that is empty or longer than 63 bytes (within objects at any depth; not within lists).
 */
MUST_USE enum err_code extra_settings_read(const struct json_node *node, const struct place *place,
                                           char **out);

/*
 * Whether the settings let the model answer in this modality ("text", "audio"): true unless
 * output_modalities or modalities leaves it out, whose name is then in *field. `json` may be NULL.
 */
bool extra_settings_allow(const char *json, const char *modality, const char **field);

/* The path of a setting that says how audio is coded, or who ends a turn; NULL if there is none.
 * `json` may be NULL. */
const char *extra_settings_of_speech(const char *json);

/*
 * Appends an object that names each field by its dotted path, with a fingerprint of 16 bits of its
 * value (the start of its SHA-256), so that a comparison can say which settings differ: enough to
 * tell most values apart, too little to read one from it. Lists are one field; null stays null. A
 * name with other characters than letters, digits, _ and - is a JSON string in the path, so that
 * {"a.b": 1} ("\"a.b\"") and {"a": {"b": 1}} ("a.b") differ.
 */
void extra_settings_manifest(struct text *out, const char *json);

#endif
