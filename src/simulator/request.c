#include "simulator/request.h"

#include "realtime/token.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define GA_PATH "/openai/v1/realtime"
#define PREVIEW_PATH "/openai/realtime"
#define OPENAI_PATH "/v1/realtime"
#define PREVIEW_VERSION "2025-04-01-preview" /* the last one; 2024-10-01-preview is retired */
#define VALUE_SIZE 1024
#define ACCESS_DENIED                                                                              \
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a " \
    "valid "                                                                                       \
    "key for an active subscription and use a correct regional API endpoint for your resource."

static struct verdict refuse(enum dialect dialect, int status, const char *code,
                             const char *message)
{
    return (struct verdict){.kind = VERDICT_REFUSE,
                            .dialect = dialect,
                            .status = status,
                            .code = code,
                            .message = message};
}

static struct verdict refuse_path(enum dialect dialect)
{
    return refuse(dialect, 404, "404", "Resource not found");
}

static struct verdict refuse_query(enum dialect dialect, const char *message)
{
    return refuse(dialect, 400, "BadRequest", message);
}

static struct verdict close_with(const char *code, int close_code, const char *message)
{
    return (struct verdict){.kind = VERDICT_CLOSE,
                            .dialect = DIALECT_OPENAI,
                            .code = code,
                            .message = message,
                            .close_code = close_code};
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    int lower = tolower((unsigned char)c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Decodes a query value up to '&' (percent-encoding, '+' for a space); what does not fit is cut
 * off. */
static void decode(const char *value, char out[VALUE_SIZE])
{
    size_t length = 0;
    while (*value != '\0' && *value != '&' && length < VALUE_SIZE - 1) {
        char c = *value++;
        if (c == '+') c = ' ';
        bool encoded = c == '%' && hex_value(value[0]) >= 0 && hex_value(value[1]) >= 0;
        if (encoded && strncmp(value, "00", 2) != 0) { /* a NUL would hide the rest */
            c = (char)(hex_value(value[0]) * 16 + hex_value(value[1]));
            value += 2;
        }
        out[length++] = c;
    }
    out[length] = '\0';
}

/* Finds a query parameter; if it is absent, out is "" and the result false. */
static bool query_value(const char *target, const char *name, char out[VALUE_SIZE])
{
    size_t length = strlen(name);
    out[0] = '\0';
    const char *at = strchr(target, '?');
    while (at != NULL) {
        at++;
        if (strncmp(at, name, length) == 0 &&
            (at[length] == '=' || at[length] == '&' || at[length] == '\0')) {
            decode(at[length] == '=' ? at + length + 1 : at + length, out);
            return true;
        }
        at = strchr(at, '&');
    }
    return false;
}

static bool path_is(const char *target, const char *path)
{
    size_t length = strlen(path);
    return strncmp(target, path, length) == 0 && (target[length] == '\0' || target[length] == '?');
}

/* What follows "Bearer ", or NULL. */
static const char *bearer_of(const char *authorization)
{
    if (authorization == NULL || strncasecmp(authorization, "bearer ", 7) != 0) return NULL;
    return authorization + 7 + strspn(authorization + 7, " ");
}

static bool bearer_is(const char *authorization, const char *key)
{
    const char *bearer = bearer_of(authorization);
    return bearer != NULL && strcmp(bearer, key) == 0;
}

/* Whether the JWT is signed with the region's key, that is, ends in it, and has not expired. */
static bool token_admits(const char *bearer, const char *key, int64_t now_s)
{
    struct token_facts facts;
    const char *signature = strrchr(bearer, '.');
    return signature != NULL && strcmp(signature + 1, key) == 0 && token_read(bearer, &facts) &&
           (facts.expires_s == 0 || now_s < facts.expires_s);
}

/* As Bearer, a token, the simulator's bare key, and a client secret are accepted. */
static bool bearer_admits(const char *authorization, const struct request *request,
                          const struct request_site *site)
{
    const char *bearer = bearer_of(authorization);
    if (bearer == NULL) return false;
    return strcmp(bearer, site->key) == 0 || token_admits(bearer, site->key, request->now_s) ||
           issued_secret_admits(site->secrets, bearer, request->now_s);
}

/* Azure accepts a key in a header or the query, and a token or client secret as Bearer. */
static bool azure_admits(const struct request *request, const struct request_site *site,
                         enum dialect dialect)
{
    char value[VALUE_SIZE];
    if (request->api_key != NULL) return strcmp(request->api_key, site->key) == 0;
    if (request->authorization != NULL) return bearer_admits(request->authorization, request, site);
    if (query_value(request->target, "api-key", value)) return strcmp(value, site->key) == 0;
    if (dialect == DIALECT_PREVIEW && query_value(request->target, "Authorization", value))
        return bearer_admits(value, request, site);
    return site->open;
}

static struct verdict judge_deployment(const char *name, const struct request_site *site,
                                       enum dialect dialect)
{
    if (strcmp(name, site->deployment) == 0)
        return (struct verdict){.kind = VERDICT_ACCEPT, .dialect = dialect};
    return refuse(
        dialect, 404, "DeploymentNotFound",
        "The API deployment for this resource does not exist. If you created the deployment within "
        "the last 5 "
        "minutes, please wait a moment and try again.");
}

static struct verdict judge_ga(const struct request *request, const struct request_site *site)
{
    char value[VALUE_SIZE];
    if (query_value(request->target, "api-version", value))
        return refuse_query(DIALECT_GA,
                            "api-version query parameter is not allowed when using /v1 path");
    if (!query_value(request->target, "model", value))
        return refuse_query(
            DIALECT_GA, "The query parameter model, with the name of a deployment, is missing.");
    return judge_deployment(value, site, DIALECT_GA);
}

static struct verdict judge_preview(const struct request *request, const struct request_site *site)
{
    char value[VALUE_SIZE];
    if (!query_value(request->target, "deployment", value))
        return refuse_query(DIALECT_PREVIEW, "The query parameter deployment is missing.");
    return judge_deployment(value, site, DIALECT_PREVIEW);
}

/* A wrong version is a path that does not exist, which is noticed before any credential (F18). */
static bool version_served(const struct request *request, const struct request_site *site)
{
    char value[VALUE_SIZE];
    if (!query_value(request->target, "api-version", value)) return false;
    return strcmp(value, PREVIEW_VERSION) == 0 ||
           (site->api_version != NULL && strcmp(value, site->api_version) == 0);
}

/* The dialect of a path that the region configures, or of a dialect's own path. */
static bool azure_dialect(const struct request *request, const struct request_site *site,
                          enum dialect *dialect)
{
    *dialect = site->dialect;
    if (site->path != NULL && path_is(request->target, site->path)) return true;
    *dialect = DIALECT_GA;
    if (path_is(request->target, GA_PATH)) return true;
    *dialect = DIALECT_PREVIEW;
    if (path_is(request->target, PREVIEW_PATH)) return true;
    *dialect = site->dialect;
    return false;
}

static struct verdict judge_azure(const struct request *request, const struct request_site *site)
{
    enum dialect dialect;
    if (!azure_dialect(request, site, &dialect)) return refuse_path(dialect);
    if (dialect == DIALECT_PREVIEW && !version_served(request, site)) return refuse_path(dialect);
    if (!request->is_websocket && request->upgrade == NULL) return refuse_path(dialect);
    if (!azure_admits(request, site, dialect)) return refuse(dialect, 401, "401", ACCESS_DENIED);
    return dialect == DIALECT_GA ? judge_ga(request, site) : judge_preview(request, site);
}

/* OpenAI accepts its key as Bearer, or from browsers as a subprotocol. */
static bool openai_key_is(const struct request *request, const struct request_site *site,
                          bool *given)
{
    static const char prefix[] = "openai-insecure-api-key.";
    *given = request->authorization != NULL;
    if (bearer_is(request->authorization, site->key)) return true;
    const char *secret = bearer_of(request->authorization);
    if (secret != NULL && issued_secret_admits(site->secrets, secret, request->now_s)) return true;
    const char *at = request->protocols == NULL ? NULL : strstr(request->protocols, prefix);
    if (at == NULL) return false;
    *given = true;
    at += sizeof prefix - 1;
    size_t length = strcspn(at, ", \t");
    return length == strlen(site->key) && strncmp(at, site->key, length) == 0;
}

static struct verdict judge_openai(const struct request *request, const struct request_site *site)
{
    char value[VALUE_SIZE];
    bool given;
    const char *path = site->path != NULL ? site->path : OPENAI_PATH;
    if (!path_is(request->target, path)) return refuse(DIALECT_OPENAI, 404, NULL, "Invalid URL");
    if (!request->is_websocket && request->upgrade == NULL)
        return refuse(DIALECT_OPENAI, 404, NULL, "Invalid URL");
    if (!openai_key_is(request, site, &given) && (given || !site->open)) {
        if (!given)
            return close_with(NULL, 3000, "Missing bearer or basic authentication in header");
        return close_with("invalid_api_key", 3000,
                          "Incorrect API key provided. You can find your API key at "
                          "https://platform.openai.com/account/api-keys.");
    }
    if (request->beta != NULL && strstr(request->beta, "realtime=v1") != NULL)
        return close_with("beta_api_shape_disabled", 4000,
                          "The Realtime Beta API is no longer supported. Please use /v1/realtime "
                          "for the GA API.");
    if (!query_value(request->target, "model", value) || *value == '\0')
        return close_with("missing_model", 4000, "You must provide a model parameter.");
    if (strcmp(value, site->deployment) != 0)
        return close_with("invalid_model", 4000,
                          "The requested model is not supported by the Realtime API.");
    return (struct verdict){.kind = VERDICT_ACCEPT, .dialect = DIALECT_OPENAI};
}

struct verdict request_judge(const struct request *request, const struct request_site *site)
{
    struct verdict verdict =
        site->dialect == DIALECT_OPENAI ? judge_openai(request, site) : judge_azure(request, site);
    if (request->is_websocket || verdict.kind == VERDICT_REFUSE) return verdict;
    return refuse(verdict.dialect, 426, "UpgradeRequired",
                  "The WebSocket upgrade is not well-formed (RFC 6455, 4.2.1).");
}

struct verdict request_judge_post(const struct request *request, const struct request_site *site,
                                  enum dialect dialect)
{
    /* A client secret cannot be used to get more of them. */
    struct request_site strict = *site;
    strict.secrets = NULL;
    if (dialect == DIALECT_PREVIEW && !version_served(request, site)) return refuse_path(dialect);
    if (dialect == DIALECT_OPENAI) {
        bool given;
        if (!openai_key_is(request, &strict, &given) && (given || !site->open))
            return refuse(dialect, 401, "invalid_api_key", "Incorrect API key provided.");
    } else if (!azure_admits(request, &strict, dialect)) {
        return refuse(dialect, 401, "401", ACCESS_DENIED);
    }
    return (struct verdict){.kind = VERDICT_ACCEPT, .dialect = dialect};
}

void request_client_id(const struct request *request, char out[CLIENT_REQUEST_ID_SIZE])
{
    char value[VALUE_SIZE] = "";
    const char *id = request->client_request_id;
    if (id == NULL) {
        (void)query_value(request->target, "x-ms-client-request-id", value);
        id = value;
    }
    size_t length = 0;
    /* It is sent back in a header, so only visible ASCII is kept. */
    while (length < CLIENT_REQUEST_ID_SIZE - 1 && isgraph((unsigned char)id[length])) {
        out[length] = id[length];
        length++;
    }
    out[length] = '\0';
}

void request_refusal_body(const struct verdict *verdict, const char *target, struct text *out)
{
    if (verdict->dialect != DIALECT_OPENAI) {
        text_puts(out, "{\"error\":{\"code\":");
        text_json(out, verdict->code);
        text_puts(out, ",\"message\":");
        text_json(out, verdict->message);
        text_puts(out, "}}");
        return;
    }
    struct text message = {0};
    text_puts(&message, verdict->message);
    if (verdict->status == 404) { /* with the path but without the query, which may hold a key */
        text_puts(&message, " (GET ");
        text_append(&message, target, strcspn(target, "?"));
        text_puts(&message, ")");
    }
    text_puts(out, "{\"error\":{\"message\":");
    text_json(out, text_str(&message));
    text_puts(out, ",\"type\":\"invalid_request_error\",\"param\":null,\"code\":");
    text_json(out, verdict->code);
    text_puts(out, "}}");
    text_free(&message);
}
