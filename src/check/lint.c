#include "check/lint.h"

#include "check/step.h"
#include "profile/environment.h"
#include "realtime/audience.h"
#include "realtime/model_facts.h"

#include <stdio.h>
#include <string.h>

#define GA_PATH "/openai/v1/realtime"
#define PREVIEW_PATH "/openai/realtime"
#define OPENAI_PATH "/v1/realtime"
#define CUSTOM_HEADERS_MOST 10 /* the service's limit (F34) */

/* Sources: realtime protocol, sections 1 and 2; failure catalogue, F17 to F34. */

struct lint {
    const struct profile *profile;
    const struct region *region;
    struct check_region *told;
};

static bool ends_with(const char *string, const char *end)
{
    size_t length = strlen(string);
    size_t tail = strlen(end);
    return length >= tail && strcmp(string + length - tail, end) == 0;
}

bool lint_is_azure(const char *host)
{
    return ends_with(host, ".azure.com") || ends_with(host, ".azure.us") ||
           ends_with(host, ".azure.cn");
}

/* The first mistake is the step's failure; the others become notes, so that none is lost. */
static void mistake(const struct lint *lint, const char *code, const char *catalogue,
                    const char *fix, const char *cause)
{
    if (lint->told->steps[CHECK_PROFILE].status == CHECK_FAILED) {
        step_note(lint->told, CHECK_PROFILE, "%s: %s", cause, fix);
    } else {
        step_failed(lint->told, CHECK_PROFILE, 0, code, catalogue, fix, "%s", cause);
    }
}

/* ---- hosts ---- */

static void check_azure_host(const struct lint *lint)
{
    static const struct {
        const char *end, *cause;
    } wrong[] = {
        {"portal.azure.com", "the endpoint is the address of a portal, not of a resource"},
        {"ai.azure.com", "the endpoint is the address of a portal, not of a resource"},
        {"oai.azure.com", "the endpoint is the address of a portal, not of a resource"},
        {"management.azure.com", "the endpoint is the management API, which serves no models"},
    };
    static const char *const good[] = {
        ".openai.azure.com", ".services.ai.azure.com",      ".cognitiveservices.azure.com",
        ".openai.azure.us",  ".cognitiveservices.azure.us", ".services.ai.azure.us",
        ".openai.azure.cn",  ".cognitiveservices.azure.cn", ".azure-api.net",
    };
    const char *host = lint->region->host;
    const char *fix =
        "write the resource's own endpoint: https://<resource>.openai.azure.com (Azure portal, "
        "the resource, Keys and Endpoint)";
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (strcmp(host, wrong[i].end) == 0) {
            mistake(lint, "wrong_host", "", fix, wrong[i].cause);
            return;
        }
    }
    if (strstr(host, ".privatelink.") != NULL) {
        mistake(lint, "wrong_host", "F08",
                "write the resource's public name, without `privatelink`: the private DNS zone "
                "leads it to the "
                "private endpoint, and the certificate is for that name",
                "the endpoint is the privatelink name, for which no certificate is issued");
        return;
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (ends_with(host, good[i])) return;
    }
    step_note(lint->told, CHECK_PROFILE,
              "the host is none of the known forms (<resource>.openai.azure.com, "
              "<resource>.services.ai.azure.com, <resource>.cognitiveservices.azure.com)");
}

static void check_host(const struct lint *lint)
{
    const struct region *region = lint->region;
    if (ends_with(region->host, ".api.cognitive.microsoft.com")) {
        mistake(lint, "wrong_host", "",
                "write the resource's own endpoint: https://<resource>.openai.azure.com",
                "the endpoint is a region's common address; the realtime API is reached by the "
                "resource's own");
    } else if (lint_is_azure(region->host) && region->dialect == DIALECT_OPENAI) {
        mistake(lint, "wrong_host", "F28", "write \"dialect\": \"ga\" and the name of a deployment",
                "dialect openai asks for /v1/realtime, which an Azure resource does not serve");
    } else if (ends_with(region->host, ".openai.com") && region->dialect != DIALECT_OPENAI) {
        mistake(lint, "wrong_host", "F28",
                "write \"dialect\": \"openai\" and \"model\" instead of a deployment",
                "the host is OpenAI's own, which serves neither of Azure's dialects");
    } else if (lint_is_azure(region->host)) {
        check_azure_host(lint);
    }
    bool documented = ends_with(region->host, ".openai.azure.com") || !lint_is_azure(region->host);
    if (region->dialect == DIALECT_PREVIEW && !documented) {
        step_note(lint->told, CHECK_PROFILE,
                  "the preview dialect is documented for <resource>.openai.azure.com only; the ga "
                  "dialect "
                  "suits this host");
    }
    if (!region->tls)
        step_note(lint->told, CHECK_PROFILE, "the endpoint has no TLS: the key goes as plain text");
}

/* ---- paths and versions ---- */

static void check_path(const struct lint *lint)
{
    const struct region *region = lint->region;
    if (region->path == NULL) return;
    bool ga_path = ends_with(region->path, GA_PATH);
    bool preview_path = ends_with(region->path, PREVIEW_PATH);
    if (region->dialect == DIALECT_GA && preview_path) {
        mistake(lint, "mixed_forms", "F28",
                "leave `path` out, or write \"dialect\": \"preview\" and an api_version",
                "`path` is the preview route, but dialect ga sends ?model= and no api-version");
    } else if (region->dialect == DIALECT_PREVIEW && ga_path) {
        mistake(lint, "mixed_forms", "F17",
                "leave `path` out, or write \"dialect\": \"ga\" without an api_version",
                "`path` is the GA route (/v1), which takes no api-version, but dialect preview "
                "sends one");
    } else if (region->dialect == DIALECT_OPENAI && (ga_path || preview_path)) {
        mistake(lint, "mixed_forms", "F28", "leave `path` out, or write \"dialect\": \"ga\"",
                "`path` is a route of Azure's, but the dialect is openai");
    } else if (region->dialect != DIALECT_OPENAI && !ga_path &&
               strcmp(region->path, OPENAI_PATH) == 0 && lint_is_azure(region->host)) {
        mistake(lint, "mixed_forms", "F28", "leave `path` out: the dialect makes it",
                "`path` is OpenAI's route, which an Azure resource does not serve");
    }
}

static void note_retirement(void *context, const char *sentence)
{
    step_note(context, CHECK_PROFILE, "%s", sentence);
}

static void check_dates(const struct lint *lint, int64_t wall_ns)
{
    const struct region *region = lint->region;
    const struct model_use use = {region->dialect, region->model, region->api_version,
                                  region->deployment_type};
    model_facts_warn(&use, wall_ns, note_retirement, lint->told);
}

static bool starts_with(const char *string, const char *start)
{
    return strncmp(string, start, strlen(start)) == 0;
}

/* Considers only what a name says beyond doubt: a deployment may be called anything. */
static void check_model(const struct lint *lint)
{
    const struct region *region = lint->region;
    const char *model = region->model != NULL ? region->model : "";
    bool realtime = strstr(model, "realtime") != NULL;
    bool other_use = strstr(model, "whisper") != NULL || strstr(model, "translate") != NULL ||
                     strstr(model, "transcribe") != NULL;
    bool known_family = starts_with(model, "gpt-") || starts_with(model, "o1") ||
                        starts_with(model, "o3") || starts_with(model, "o4") ||
                        starts_with(model, "text-embedding") || starts_with(model, "tts");
    if (other_use || (known_family && !realtime)) {
        step_note(lint->told, CHECK_PROFILE,
                  "by its name the model %s serves no conversations on /realtime (F15)", model);
    } else if (region->dialect == DIALECT_GA && realtime && strstr(model, "preview") != NULL) {
        step_note(
            lint->told, CHECK_PROFILE,
            "%s is a model of the preview; the ga dialect is meant for gpt-realtime and later",
            model);
    } else if (region->dialect == DIALECT_PREVIEW && starts_with(model, "gpt-realtime")) {
        step_note(lint->told, CHECK_PROFILE,
                  "%s is a GA model spoken to in the preview dialect; new settings and event names "
                  "are those of "
                  "dialect ga",
                  model);
    }
    if (prices_find(&lint->profile->prices, model) == NULL) {
        step_note(lint->told, CHECK_PROFILE,
                  "`prices` has no row for the model %s: a run cannot tell what it costs", model);
    }
}

/* ---- credentials and headers ---- */

static void check_scope(const struct lint *lint)
{
    static const char *const audiences[] = {"https://cognitiveservices.", "https://ai."};
    const char *command = lint->region->auth.source;
    if (lint->region->auth.kind != AUTH_TOKEN_COMMAND || !lint_is_azure(lint->region->host)) return;
    if (command == NULL || strstr(command, "az ") == NULL ||
        strstr(command, "get-access-token") == NULL)
        return;
    const char *cloud = audience_cloud(lint->region->host);
    struct text wanted = {0};
    text_puts(&wanted, "add --scope ");
    audience_scope(lint->region->host, &wanted);
    char fix[160];
    text_copy(fix, sizeof fix, text_str(&wanted));
    text_free(&wanted);
    if (strstr(command, "--scope") == NULL && strstr(command, "--resource") == NULL) {
        mistake(lint, "wrong_scope", "F21", fix,
                "token_command names no --scope, so that the token is for Azure's management, not "
                "for the model");
        return;
    }
    for (size_t i = 0; i < sizeof audiences / sizeof *audiences; i++) {
        char audience[64];
        (void)snprintf(audience, sizeof audience, "%s%s", audiences[i],
                       cloud == NULL ? "azure." : cloud);
        if (strstr(command, audience) == NULL) continue;
        if (strstr(command, "--scope") != NULL && strstr(command, "/.default") == NULL)
            step_note(lint->told, CHECK_PROFILE,
                      "the --scope of token_command should end in /.default");
        return;
    }
    mistake(lint, "wrong_scope", "F21", fix, "token_command asks for a token of another audience");
}

static void check_headers(const struct lint *lint)
{
    const struct region *region = lint->region;
    if (region->auth.in_query)
        step_note(lint->told, CHECK_PROFILE,
                  "the key goes into the query, where proxies and gateways may log it: a header is "
                  "safer");
    if (region->dialect == DIALECT_OPENAI || region->header_count <= CUSTOM_HEADERS_MOST) return;
    char cause[96];
    (void)snprintf(cause, sizeof cause,
                   "%zu headers of its own; the service refuses more than %d with 431",
                   region->header_count, CUSTOM_HEADERS_MOST);
    mistake(lint, "upgrade_431", "F34", "send at most 10", cause);
}

/* Users who rely on the environment would otherwise only be told that a name does not exist, or
 * nothing answers. */
static void check_environment(const struct lint *lint)
{
    const char *name = environment_unused_proxy(lint->region);
    struct text words = {0};
    if (name == NULL) return;
    environment_unused_words(name, &words);
    step_note(lint->told, CHECK_PROFILE, "%s", text_str(&words));
    text_free(&words);
}

void lint_region(const struct profile *profile, int64_t wall_ns, struct check_region *told)
{
    const struct lint lint = {.profile = profile, .region = told->region, .told = told};
    check_host(&lint);
    check_environment(&lint);
    check_path(&lint);
    check_dates(&lint, wall_ns);
    check_model(&lint);
    check_scope(&lint);
    check_headers(&lint);
    if (told->steps[CHECK_PROFILE].status == CHECK_FAILED) return;
    step_ok(told, CHECK_PROFILE, 0, "dialect %s%s%s", dialect_name(told->region->dialect),
            told->region->api_version != NULL ? ", api-version " : "",
            told->region->api_version != NULL ? told->region->api_version : "");
}
