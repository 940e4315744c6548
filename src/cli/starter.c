#include "cli/starter.h"

#include "base/json.h"
#include "base/redact.h"
#include "profile/form.h"
#include "realtime/model_facts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MOST 63 /* of a region (profile/form.c) */

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value == NULL || *value == '\0' ? NULL : value;
}

static const char *first_variable(const char *const *names)
{
    for (; *names != NULL; names++) {
        if (variable(*names) != NULL) return variable(*names);
    }
    return NULL;
}

/* The value of a parameter of a query; out is "" when it is missing or does not fit. */
static void take_parameter(const char *query, const char *name, char *out, size_t size)
{
    const size_t length = strlen(name);
    out[0] = '\0';
    while (*query == '?' || *query == '&') {
        query++;
        const size_t whole = strcspn(query, "&#");
        if (strncmp(query, name, length) == 0 && query[length] == '=' && whole - length <= size) {
            memcpy(out, query + length + 1, whole - length - 1);
            out[whole - length - 1] = '\0';
        }
        query += whole;
    }
}

/* What a URL says behind its host: only of /openai/realtime is the api-version a date. */
static void take_dialect(struct starter *starter, const char *behind)
{
    const char *query = behind + strcspn(behind, "?#");
    if (strncmp(behind, "/openai/v1", 10) == 0) return;
    take_parameter(query, "api-version", starter->api_version, sizeof starter->api_version);
    take_parameter(query, "deployment", starter->url_deployment, sizeof starter->url_deployment);
    if (strchr("0123456789", starter->api_version[0]) == NULL) starter->api_version[0] = '\0';
    if (starter->deployment == NULL && starter->url_deployment[0] != '\0')
        starter->deployment = starter->url_deployment;
}

/* The scheme and host of a URL, as SDKs have it with a path behind. */
static enum err_code take_origin(struct starter *starter, const char *url, struct text *origin,
                                 struct error *err)
{
    const char *host = strstr(url, "://");
    const size_t length =
        host == NULL ? strlen(url) : (size_t)(host + 3 - url) + strcspn(host + 3, "/?#");
    take_dialect(starter, url + length);
    text_append(origin, url, length);
    enum err_code code = form_endpoint(text_str(origin), err);
    if (code != ERR_OK) (void)error_prefix(err, "%s", "AZURE_OPENAI_ENDPOINT");
    return code;
}

/* A key that stands in the wrong variable must not come into a file. */
static bool may_be_key(const char *value)
{
    static const char *const keys[] = {"AZURE_OPENAI_API_KEY", "OPENAI_API_KEY", NULL};
    struct text shown = {0};
    for (size_t i = 0; keys[i] != NULL; i++) {
        const char *key = variable(keys[i]);
        if (key != NULL && strcmp(key, value) == 0) return true;
    }
    redact(&shown, value, strlen(value), NULL, 0);
    const bool hidden = strcmp(text_str(&shown), value) != 0;
    text_free(&shown);
    return hidden;
}

static enum err_code check_names(const struct starter *starter, struct error *err)
{
    if (starter->deployment != NULL && may_be_key(starter->deployment))
        return error_set(err, ERR_USAGE,
                         "the variable of the deployment (or OPENAI_MODEL) holds what looks like a "
                         "key: set it to the deployment's name");
    if (starter->model != NULL && may_be_key(starter->model))
        return error_set(
            err, ERR_USAGE,
            "AZURE_OPENAI_MODEL holds what looks like a key: set it to the model's name");
    return ERR_OK;
}

enum err_code starter_from_environment(struct starter *starter, struct text *origin,
                                       struct error *err)
{
    static const char *const deployments[] = {"AZURE_OPENAI_REALTIME_DEPLOYMENT",
                                              "AZURE_OPENAI_DEPLOYMENT_NAME",
                                              "AZURE_OPENAI_DEPLOYMENT", NULL};
    const char *endpoint = variable("AZURE_OPENAI_ENDPOINT");
    starter->openai = endpoint == NULL && variable("OPENAI_API_KEY") != NULL;
    if (endpoint == NULL && !starter->openai)
        return error_set(err, ERR_USAGE,
                         "--from-env finds neither AZURE_OPENAI_ENDPOINT nor OPENAI_API_KEY in the "
                         "environment: export them, or leave it out and fill in the profile");
    if (starter->openai) {
        starter->key_variable = "OPENAI_API_KEY";
        starter->deployment = starter->model = variable("OPENAI_MODEL");
        return check_names(starter, err);
    }
    starter->deployment = first_variable(deployments);
    starter->model = variable("AZURE_OPENAI_MODEL");
    if (variable("AZURE_OPENAI_API_KEY") != NULL) starter->key_variable = "AZURE_OPENAI_API_KEY";
    enum err_code code = take_origin(starter, endpoint, origin, err);
    if (code == ERR_OK) code = check_names(starter, err);
    starter->endpoint = text_str(origin);
    return code;
}

/* A string as JSON. */
static void put_string(struct text *out, const char *value)
{
    struct text json = {0}; /* by itself, so that it gets no comma */
    json_string(&json, value);
    text_puts(out, text_str(&json));
    out->failed = out->failed || json.failed;
    text_free(&json);
}

/* A line of the region: key, value and what it means. */
static void put_line(struct text *out, const char *key, const char *value, const char *comment)
{
    text_printf(out, "      \"%s\": ", key);
    put_string(out, value);
    text_printf(out, ",%s%s\n", *comment != '\0' ? " // " : "", comment);
}

static const char *or_else(const char *known, const char *otherwise)
{
    return known != NULL ? known : otherwise;
}

/* "contoso-eastus2" of https://contoso-eastus2.openai.azure.com, as far as it can be a name. */
static void put_name(const struct starter *starter, struct text *out)
{
    struct text name = {0};
    const char *host = starter->endpoint == NULL ? NULL : strstr(starter->endpoint, "://");
    if (host != NULL && host[3] != '[') {
        const size_t length = strcspn(host + 3, ".:/");
        for (size_t i = 0; i < length && name.length < NAME_MOST; i++) {
            if (isalnum((unsigned char)host[3 + i]) || strchr("_-", host[3 + i]) != NULL)
                text_append(&name, host + 3 + i, 1);
        }
    }
    if (name.length == 0) /* of an address in brackets */
        text_puts(&name, host != NULL ? "here" : starter->openai ? "openai" : "eastus2");
    put_line(out, "name", text_str(&name), "yours to choose: what reports call it");
    out->failed = out->failed || name.failed;
    text_free(&name);
}

static void put_auth(const struct starter *starter, struct text *out)
{
    if (starter->key_variable == NULL && starter->endpoint != NULL) {
        text_puts(out, "      // no key is set, so: after `az login`\n"
                       "      \"auth\": { \"token_command\": \"az account get-access-token --scope "
                       "https://cognitiveservices.azure.com/.default --query accessToken -o tsv\" "
                       "},\n");
        return;
    }
    text_printf(out, "      \"auth\": { \"api_key\": \"${%s}\" }, // a reference, never the key\n",
                or_else(starter->key_variable, "AZURE_OPENAI_API_KEY"));
}

static void put_region(const struct starter *starter, struct text *out)
{
    const char *model = or_else(starter->model, MODEL_FACTS_CURRENT);
    text_puts(out, "    {\n");
    put_name(starter, out);
    if (starter->openai) {
        put_line(out, "endpoint", "https://api.openai.com", "");
        put_line(out, "dialect", "openai", "");
        put_line(out, "model", model, "");
    } else {
        put_line(out, "endpoint",
                 or_else(starter->endpoint, "https://YOUR-RESOURCE.openai.azure.com"),
                 "the origin alone; the dialect makes the path");
        if (starter->api_version[0] == '\0') {
            put_line(out, "dialect", "ga", "/openai/v1/realtime?model=...");
        } else {
            put_line(out, "dialect", "preview", "/openai/realtime?api-version=...&deployment=...");
            put_line(out, "api_version", starter->api_version, "");
        }
        put_line(out, "deployment", or_else(starter->deployment, model),
                 "your name for it in Azure");
        put_line(out, "model", model, "what is behind it; finds its price");
        put_line(out, "deployment_type", "global_standard",
                 "or standard, data_zone_standard, ...: reports say what follows");
    }
    put_auth(starter, out);
    text_puts(out, "    },\n");
}

/* A limit of dollars where a list price is known, else of tokens. */
static void put_budget(const char *model, struct text *out)
{
    const struct model_facts *facts = model_facts_find(model);
    const struct list_price *price = facts == NULL ? NULL : &facts->price;
    if (price == NULL || !(price->text_in > 0)) {
        text_puts(out, "  \"budget\": { \"tokens\": 200000 }, // stops the run before it uses "
                       "more; with `prices` also usd\n");
        return;
    }
    text_puts(out, "  \"budget\": { \"usd\": 1 }, // stops the run before it costs more\n");
    text_printf(out,
                "  // USD per million tokens: %s; look up yours\n"
                "  \"prices\": { \"as_of\": \"%s\",\n    ",
                MODEL_FACTS_PRICE_SOURCE, MODEL_FACTS_PRICE_AS_OF);
    put_string(out, model);
    text_printf(out,
                ": { \"text_in\": %g, \"text_cached\": %g, \"text_out\": %g, \"audio_in\": %g, "
                "\"audio_cached\": %g, \"audio_out\": %g } },\n",
                price->text_in, price->text_cached, price->text_out, price->audio_in,
                price->audio_cached, price->audio_out);
}

void starter_write(const struct starter *starter, struct text *out)
{
    text_puts(out,
              "// A profile for rushhour: a few sessions for two minutes. `rushhour help profile` "
              "explains every key.\n{\n");
    text_puts(out, "  \"name\": \"starter\",\n\n  \"regions\": [\n");
    put_region(starter, out);
    text_puts(
        out,
        "    // a second region, driven in the same minutes, tells whether it is the region:\n"
        "    // copy the braces above, and change name, endpoint and key\n"
        "  ],\n\n"
        "  \"load\": {\n"
        "    \"model\": \"arrivals\", // sessions arrive at a rate; \"sessions\" keeps a number of "
        "them busy\n"
        "    \"max_sessions\": 20,\n"
        "    \"stages\": [{ \"duration\": \"2m\", \"target\": \"20/m\" }]\n"
        "  },\n"
        "  \"session\": { \"interactions\": 3, \"think_time\": \"2s\", \"modality\": \"text\", "
        "\"prompts\": [\"Say OK.\"], \"max_output_tokens\": 300 },\n"
        "  \"retry\": { \"attempts\": 3 },\n\n");
    put_budget(or_else(starter->model, MODEL_FACTS_CURRENT), out);
    text_puts(out, "\n  \"windows\": { \"interval\": \"10s\", \"report\": [\"1m\"] },\n"
                   "  // of these two minutes alone; what the service does at such hours takes 20 "
                   "or more, and no about=run\n"
                   "  \"thresholds\": [\"failure_rate{about=run} < 5%\"]\n}\n");
}
