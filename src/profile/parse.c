#include "base/files.h"
#include "base/secret.h"
#include "profile/form.h"
#include "profile/jsonc.h"
#include "profile/object.h"
#include "profile/place.h"
#include "profile/profile.h"
#include "profile/prompts.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Derives host, port and model of each region from the values as written. */
static enum err_code finish_region(struct region *region, const struct place *place)
{
    if (region->endpoint != NULL) {
        form_endpoint_split(region->endpoint, &region->host, &region->port, &region->tls);
        if (region->host == NULL) return place_no_memory(place);
    }
    /* one name serves for both: Azure is asked for a deployment, OpenAI for a model */
    if (region->model == NULL && region->deployment != NULL && region->dialect != DIALECT_OPENAI) {
        region->model = strdup(region->deployment);
        if (region->model == NULL) return place_no_memory(place);
    }
    if (region->dialect == DIALECT_OPENAI && region->deployment == NULL && region->model != NULL) {
        region->deployment = strdup(region->model);
        if (region->deployment == NULL) return place_no_memory(place);
    }
    if (region->proxy_source != NULL) {
        region->proxy = secret_copy(region->proxy_source);
        if (region->proxy == NULL) return place_no_memory(place);
    }
    return ERR_OK;
}

static enum err_code read_all(struct profile *profile, const char *json, size_t length,
                              struct error *err)
{
    struct place place = {.file = profile->file, .line = 1, .column = 1, .err = err};
    enum err_code code = jsonc_parse(profile->file, json, length, &profile->source, err);
    if (code != ERR_OK) return code;
    place.line = profile->source->line;
    place.column = profile->source->column;
    if (profile->source->kind != JSON_OBJECT) {
        return place_fail(&place, "a profile is an object {...}, not %s",
                          json_kind_name(profile->source->kind));
    }
    code = object_defaults(&key_profile, &place, profile);
    if (code == ERR_OK) code = object_read(&key_profile, profile->source, &place, profile);
    for (size_t i = 0; i < profile->region_count && code == ERR_OK; i++) {
        code = finish_region(&profile->regions[i], &place);
    }
    if (code == ERR_OK) code = prompts_settle(&profile->session, err);
    return code == ERR_OK ? profile_check(profile, err) : code;
}

enum err_code profile_parse(const char *file, const char *json, size_t length, struct profile **out,
                            struct error *err)
{
    struct profile *profile = calloc(1, sizeof *profile);
    if (profile == NULL) return error_set(err, ERR_NOMEM, "no memory for the profile");
    profile->file = strdup(file);
    profile->json = strndup(json, length);
    enum err_code code = profile->file == NULL || profile->json == NULL
                             ? error_set(err, ERR_NOMEM, "no memory for the profile")
                             : read_all(profile, json, length, err);
    if (code != ERR_OK) {
        profile_free(profile);
        return code;
    }
    *out = profile;
    return ERR_OK;
}

/* Appends to the sentence of an error. */
static void add_hint(struct error *err, const char *hint)
{
    const size_t used = err == NULL ? 0 : strlen(err->text);
    if (err != NULL) (void)snprintf(err->text + used, sizeof err->text - used, "%s", hint);
}

/* "name: x" or "---" before any brace. */
static bool looks_like_yaml(const char *text)
{
    while (isspace((unsigned char)*text) || *text == '#') {
        if (*text == '#') text += strcspn(text, "\n");
        if (*text != '\0') text++;
    }
    const size_t word = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-");
    return word > 0 && (strncmp(text, "---", 3) == 0 || text[word] == ':');
}

enum err_code profile_load(const char *file, struct profile **out, struct error *err)
{
    struct text json = {0};
    enum err_code code = file_read_given(file, JSONC_SIZE_LIMIT, &json, err);
    if (code == ERR_OK) {
        code = profile_parse(file, text_str(&json), json.length, out, err);
        if (code == ERR_PROFILE && looks_like_yaml(text_str(&json)))
            add_hint(err, "; this looks like YAML: a profile is JSON (with comments, if you like), "
                          "and `rushhour init` writes one to start from");
    } else if (code == ERR_IO && !file_exists(file)) {
        add_hint(err, " (`rushhour init FILE` writes a profile to start from)");
    }
    text_free(&json);
    if (code != ERR_OK) return code;
    code = prompts_load(*out, err);
    if (code == ERR_OK) return ERR_OK;
    profile_free(*out);
    *out = NULL;
    return code;
}
