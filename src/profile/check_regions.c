#include "profile/check.h"
#include "profile/place.h"
#include "profile/suggest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The place of a key of region number `index`. */
static struct place region_place(const struct profile *profile, size_t index, const char *key,
                                 struct error *err)
{
    char path[64];
    (void)snprintf(path, sizeof path, "regions[%zu]%s%s", index, key[0] == '\0' ? "" : ".", key);
    return place_find(profile, path, err);
}

static enum err_code check_names(const struct profile *profile, size_t index, struct error *err)
{
    const char *name = profile->regions[index].name;
    for (size_t i = 0; i < index; i++) {
        if (strcmp(profile->regions[i].name, name) != 0) continue;
        struct place place = region_place(profile, index, "name", err);
        return place_fail(&place, "two regions are called \"%s\": give each its own name", name);
    }
    return ERR_OK;
}

/* Checks which of api_version, deployment and model a dialect requires. */
static enum err_code check_dialect(const struct profile *profile, size_t index, struct error *err)
{
    const struct region *region = &profile->regions[index];
    struct place place;
    bool openai = region->dialect == DIALECT_OPENAI;
    if (region->dialect == DIALECT_PREVIEW && region->api_version == NULL) {
        place = region_place(profile, index, "", err);
        return place_fail(
            &place, "\"api_version\" is missing: dialect preview is addressed by one, such as "
                    "2025-04-01-preview");
    }
    if (region->dialect != DIALECT_PREVIEW && region->api_version != NULL) {
        place = region_place(profile, index, "api_version", err);
        return place_fail(&place,
                          "dialect %s has no api-version, and the service refuses a request that "
                          "carries one: remove it, "
                          "or write \"dialect\": \"preview\"",
                          dialect_name(region->dialect));
    }
    if (openai && region->model == NULL) {
        place = region_place(profile, index, region->deployment == NULL ? "" : "deployment", err);
        return place_fail(&place, "dialect openai asks for a model, not for a deployment: write "
                                  "\"model\": \"gpt-realtime\"");
    }
    if (openai && strcmp(region->model, region->deployment) != 0) {
        place = region_place(profile, index, "deployment", err);
        return place_fail(
            &place, "dialect openai has no deployments: remove it, the model alone is asked for");
    }
    if (!openai && region->deployment == NULL) {
        place = region_place(profile, index, "", err);
        return place_fail(
            &place,
            "\"deployment\" is missing: Azure is asked for a deployment by its name (`model` only "
            "says what is behind it)");
    }
    return ERR_OK;
}

static enum err_code check_auth(const struct profile *profile, size_t index, struct error *err)
{
    const struct region *region = &profile->regions[index];
    if (region->auth.ephemeral && (region->auth.kind == AUTH_NONE || region->auth.in_query)) {
        struct place place = region_place(profile, index, "auth.ephemeral", err);
        return place_fail(
            &place, region->auth.in_query
                        ? "a client secret goes into a header, never into the query: remove \"in\""
                        : "a client secret is asked for with a key or token: add \"api_key\", "
                          "\"token\" or \"token_command\"");
    }
    if (!region->auth.in_query) return ERR_OK;
    if (region->auth.kind == AUTH_API_KEY && region->dialect != DIALECT_OPENAI) return ERR_OK;
    struct place place = region_place(profile, index, "auth.in", err);
    return place_fail(&place, "only an api_key of Azure can go into the query: write \"header\"");
}

static enum err_code check_proxy(const struct profile *profile, size_t index, struct error *err)
{
    const struct region *region = &profile->regions[index];
    if (region->proxy_source == NULL || region->tls) return ERR_OK;
    struct place place = region_place(profile, index, "proxy", err);
    return place_fail(&place, "a proxy leads to https:// endpoints only: remove it");
}

static enum err_code check_client(const struct profile *profile, size_t index, struct error *err)
{
    const struct region *region = &profile->regions[index];
    const struct client_identity *client = &region->client;
    const bool alone = client->key_source != NULL || client->passphrase_source != NULL;
    if (client->certificate_source == NULL && alone) {
        const char *key = client->key_source != NULL ? "client_key" : "client_key_passphrase";
        struct place place = region_place(profile, index, key, err);
        return place_fail(&place, "there is no client_cert that it belongs to: add one");
    }
    if (client->certificate_source == NULL || region->tls) return ERR_OK;
    struct place place = region_place(profile, index, "client_cert", err);
    return place_fail(&place, "a certificate is shown to https:// endpoints only: remove it");
}

enum err_code check_regions(const struct profile *profile, struct error *err)
{
    double weights = 0;
    struct place place = place_find(profile, "regions", err);
    for (size_t i = 0; i < profile->region_count; i++) {
        enum err_code code = check_names(profile, i, err);
        if (code == ERR_OK) code = check_dialect(profile, i, err);
        if (code == ERR_OK) code = check_auth(profile, i, err);
        if (code == ERR_OK) code = check_proxy(profile, i, err);
        if (code == ERR_OK) code = check_client(profile, i, err);
        if (code != ERR_OK) return code;
        weights += profile->regions[i].weight;
    }
    if (profile->load.routing == ROUTING_WEIGHTED && weights <= 0) {
        return place_fail(&place, "routing is weighted, but no region has a weight above 0");
    }
    return ERR_OK;
}

const struct region *check_find_region(const struct profile *profile, const char *name)
{
    for (size_t i = 0; i < profile->region_count; i++) {
        if (strcmp(profile->regions[i].name, name) == 0) return &profile->regions[i];
    }
    return NULL;
}

/* Reports an unknown name, and the nearest of the names that were offered. */
static enum err_code unknown_name(const struct place *place, const char *what, const char *name,
                                  const char *best, const char *where)
{
    if (best != NULL)
        return place_fail(place, "no %s is called \"%.64s\": did you mean \"%s\"?", what, name,
                          best);
    return place_fail(place, "no %s is called \"%.64s\": name one of %s", what, name, where);
}

enum err_code check_region_known(const struct profile *profile, const char *name, const char *path,
                                 struct error *err)
{
    if (check_find_region(profile, name) != NULL) return ERR_OK;
    struct place place = place_find(profile, path, err);
    struct suggestion suggestion = suggest_start(name);
    for (size_t i = 0; i < profile->region_count; i++)
        suggest_offer(&suggestion, profile->regions[i].name);
    return unknown_name(&place, "region", name, suggestion.best, "`regions`");
}

static const char *deployment_of(const struct region *region)
{
    return region->deployment != NULL ? region->deployment : region->model;
}

bool check_has_deployment(const struct region *region, const char *name)
{
    return strcmp(deployment_of(region), name) == 0;
}

enum err_code check_deployment_known(const struct profile *profile, const char *name,
                                     const char *path, struct error *err)
{
    struct suggestion suggestion = suggest_start(name);
    for (size_t i = 0; i < profile->region_count; i++) {
        if (check_has_deployment(&profile->regions[i], name)) return ERR_OK;
        suggest_offer(&suggestion, deployment_of(&profile->regions[i]));
    }
    struct place place = place_find(profile, path, err);
    return unknown_name(&place, "deployment", name, suggestion.best, "those of `regions`");
}
