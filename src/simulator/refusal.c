#include "simulator/refusal.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WAIT_DEFAULT_NS (2 * NS_PER_S)
#define LOWERED_SHARE 0.4 /* of the usual limit */

/* Which x-ratelimit-* headers a row sends. */
enum limits_shown {
    LIMITS_HIDDEN,
    LIMITS_USED_UP, /* the usual ones, with nothing left */
    LIMITS_FREE,    /* the usual ones, mostly unused */
    LIMITS_LOWERED  /* fewer tokens than usual, with nothing left */
};

/* Body formats of responders other than the service. */
enum refusal_form {
    FORM_PAGE,        /* HTML */
    FORM_STATUS_CODE, /* API Management: {"statusCode":...,"message":...} */
    FORM_TEXT,        /* plain */
    FORM_NONE
};

struct refusal {
    enum fault_kind kind;
    int status;
    enum refusal_voice voice;
    enum refusal_form form;   /* for a responder other than the service */
    const char *code;         /* error.code on Azure; NULL if no body */
    const char *openai_code;  /* on OpenAI; NULL: the same as on Azure, but null for a bare
                                 status */
    const char *message;      /* a page's heading; %s: "2 seconds" */
    const char *header_lines; /* or NULL */
    size_t filler;            /* bytes of a header that says nothing */
    enum limits_shown limits;
    bool hint; /* retry-after-ms and retry-after */
};

#define UPGRADE_LINES "upgrade: websocket\r\nsec-websocket-version: 13\r\n"
/* In the place of the caller's key or token: no output may contain it. */
#define REDIRECTED_KEY "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
#define BEARER_LINE "www-authenticate: Bearer error=\"invalid_token\"\r\n" /* RFC 6750, 3.1 */

static const struct refusal refusals[] = {
    {.kind = FAULT_WEBSOCKET_BLOCKED,
     .status = 200,
     .voice = VOICE_PROXY,
     .message = "This network needs your attention"},
    {.kind = FAULT_UPGRADE_426,
     .status = 426,
     .code = "UpgradeRequired",
     .message = "The request is no WebSocket upgrade: its Upgrade header is missing.",
     .header_lines = UPGRADE_LINES},
    {.kind = FAULT_HEAD_TOO_LONG,
     .status = 401,
     .voice = VOICE_OTHER,
     .form = FORM_NONE,
     .filler = (size_t)100 * 1024},
    {.kind = FAULT_MODEL_NOT_REALTIME,
     .status = 400,
     .code = "OpperationNotSupported",
     .message = "The realtime operation does not work with the specified model. Please choose a "
                "different model."},
    {.kind = FAULT_MODEL_NOT_REALTIME_V1,
     .status = 400,
     .code = "OperationNotSupported",
     .message = "The realtime operation does not work with the specified model. Please choose a "
                "different model."},
    {.kind = FAULT_API_VERSION_NOT_ALLOWED,
     .status = 400,
     .code = "BadRequest",
     .message = "api-version query parameter is not allowed when using /v1 path"},
    {.kind = FAULT_API_VERSION_UNKNOWN,
     .status = 400,
     .code = "BadRequest",
     .message = "API version not supported"},
    {.kind = FAULT_UPGRADE_400, .status = 400},
    {.kind = FAULT_UPGRADE_401,
     .status = 401,
     .code = "401",
     .openai_code = "invalid_api_key",
     .message =
         "Access denied: the subscription key is invalid, or the endpoint is another resource's."},
    {.kind = FAULT_PERMISSION_DENIED,
     .status = 401,
     .code = "PermissionDenied",
     .message = "The principal of this token does not have access to API/Operation."},
    {.kind = FAULT_SUBPROTOCOL_REFUSED,
     .status = 401,
     .code = "401",
     .openai_code = "invalid_api_key",
     .message = "Access denied: the request carries neither an api-key nor a bearer token."},
    {.kind = FAULT_EPHEMERAL_TOKEN_REQUIRED,
     .status = 401,
     .code = "401",
     .message = "Realtime session ephemeral token is required"},
    {.kind = FAULT_UPGRADE_403,
     .status = 403,
     .code = "403",
     .message = "Access denied due to Virtual Network/Firewall rules."},
    {.kind = FAULT_PUBLIC_ACCESS_DISABLED,
     .status = 403,
     .code = "403",
     .message = "Public access is disabled. Please come by the resource's private endpoint."},
    {.kind = FAULT_RESOURCE_BLOCKED,
     .status = 403,
     .code = "403",
     .message = "Your resource has been temporarily blocked. Please open a support request."},
    {.kind = FAULT_DEPLOYMENT_NOT_FOUND,
     .status = 404,
     .code = "DeploymentNotFound",
     .message =
         "The API deployment for this resource does not exist. If it was made within the last 5 "
         "minutes, please wait and try again."},
    {.kind = FAULT_PATH_NOT_FOUND, .status = 404, .code = "404", .message = "Resource not found"},
    {.kind = FAULT_UPGRADE_408,
     .status = 408,
     .code = "Timeout",
     .message = "The operation timed out."},
    {.kind = FAULT_UPGRADE_429,
     .status = 429,
     .code = "429",
     .openai_code = "rate_limit_exceeded",
     .message =
         "Requests to the Realtime API of this deployment have exceeded call rate limit of your "
         "current pricing tier. Please retry after %s.",
     .limits = LIMITS_USED_UP,
     .hint = true},
    {.kind = FAULT_CAPACITY_429,
     .status = 429,
     .code = "429",
     .openai_code = "rate_limit_exceeded",
     .message = "The system is experiencing high demand and is temporarily unable to process your "
                "request. "
                "Please retry after %s.",
     .limits = LIMITS_FREE,
     .hint = true},
    {.kind = FAULT_LOWERED_LIMIT_429,
     .status = 429,
     .code = "429",
     .openai_code = "rate_limit_exceeded",
     .message =
         "Requests to the Realtime API of this deployment have exceeded token rate limit. Please "
         "retry after %s.",
     .limits = LIMITS_LOWERED,
     .hint = true},
    {.kind = FAULT_UNCLEAR_429,
     .status = 429,
     .code = "too_many_requests",
     .message = "Too many requests."},
    {.kind = FAULT_UPGRADE_431,
     .status = 431,
     .code = "431",
     .message = "The request has too many headers: at most 10 of your own are allowed."},
    {.kind = FAULT_UPGRADE_500,
     .status = 500,
     .code = "InternalServerError",
     .openai_code = "server_error",
     .message = "The server had an error while processing your request."},
    {.kind = FAULT_UPGRADE_502,
     .status = 502,
     .voice = VOICE_GATEWAY,
     .message = "502 Bad Gateway"},
    {.kind = FAULT_UPGRADE_504,
     .status = 504,
     .voice = VOICE_GATEWAY,
     .message = "504 Gateway Time-out"},
    {.kind = FAULT_UPGRADE_503,
     .status = 503,
     .code = "ServiceUnavailable",
     .message = "The server is temporarily unable to process your request. Please try again later.",
     .hint = true},
    {.kind = FAULT_TOKEN_EXPIRED,
     .status = 401,
     .code = "401",
     .openai_code = "invalid_api_key",
     .message = "Unauthorized. The access token has expired.",
     .header_lines = BEARER_LINE},
    {.kind = FAULT_REDIRECTED,
     .status = 302,
     .header_lines = "location: wss://contoso.cognitiveservices.azure.com/v1/realtime?api-version="
                     "2025-04-01-preview&deployment=realtime&api-key=" REDIRECTED_KEY "\r\n"},
    {.kind = FAULT_REDIRECTED_SLASH,
     .status = 307,
     .voice = VOICE_OTHER,
     .form = FORM_NONE,
     .header_lines =
         "server: uvicorn\r\nlocation: /openai/v1/realtime/?token=" REDIRECTED_KEY "\r\n"},
    {.kind = FAULT_CAPTIVE_PORTAL,
     .status = 302,
     .voice = VOICE_OTHER,
     .message = "Please log in to this network",
     .header_lines = "location: http://portal.network.example/login?back=" REDIRECTED_KEY "\r\n"},
    {.kind = FAULT_GATEWAY_401,
     .status = 401,
     .voice = VOICE_OTHER,
     .form = FORM_STATUS_CODE,
     .message = "Access denied due to missing subscription key. Make sure to include subscription "
                "key when making requests to an API.",
     .header_lines = "www-authenticate: AzureApiManagementKey realm=\"api\"\r\n"},
    {.kind = FAULT_GATEWAY_403,
     .status = 403,
     .voice = VOICE_OTHER,
     .form = FORM_NONE,
     .header_lines = "server: uvicorn\r\n"},
    {.kind = FAULT_CLOUDFLARE_403,
     .status = 403,
     .voice = VOICE_OTHER,
     .message = "Sorry, you have been blocked",
     .header_lines = "server: cloudflare\r\ncf-ray: 8a1b2c3d4e5f6789-IAD\r\n"},
    {.kind = FAULT_GATEWAY_404,
     .status = 404,
     .voice = VOICE_OTHER,
     .message = "404 Not Found",
     .header_lines = "server: nginx/1.25.3\r\n"},
    {.kind = FAULT_GATEWAY_429,
     .status = 429,
     .voice = VOICE_OTHER,
     .form = FORM_STATUS_CODE,
     .message = "Rate limit is exceeded. Try again in %s.",
     .hint = true},
    {.kind = FAULT_GATEWAY_QUOTA,
     .status = 403,
     .voice = VOICE_OTHER,
     .form = FORM_STATUS_CODE,
     .message = "Out of call volume quota. Quota will be replenished in 03:14:15."},
    {.kind = FAULT_GATEWAY_503,
     .status = 503,
     .voice = VOICE_OTHER,
     .form = FORM_TEXT,
     .message = "no healthy upstream",
     .header_lines = "server: envoy\r\n"},
    {.kind = FAULT_BARE_403, .status = 403, .voice = VOICE_OTHER, .form = FORM_NONE},
    {.kind = FAULT_UPGRADE_418,
     .status = 418,
     .code = "Teapot",
     .message = "This region serves nothing but tea at the moment."},
};

const struct refusal *refusal_of(enum fault_kind kind)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        if (refusals[i].kind == kind) return &refusals[i];
    }
    return NULL;
}

int refusal_status(const struct refusal *refusal)
{
    return refusal->status;
}

enum refusal_voice refusal_voice(const struct refusal *refusal)
{
    return refusal->voice;
}

static bool carries_bearer(const struct request *request)
{
    return request->authorization != NULL && strncasecmp(request->authorization, "bearer ", 7) == 0;
}

static bool carries_key_as_subprotocol(const struct request *request)
{
    return request->protocols != NULL &&
           strstr(request->protocols, "openai-insecure-api-key.") != NULL;
}

bool refusal_applies(enum fault_kind kind, const struct request *request,
                     const struct verdict *verdict, const struct refusal_site *site)
{
    bool let_in = verdict->kind == VERDICT_ACCEPT;
    switch (kind) {
    /* on Azure such a key is ignored: the region answers 401 anyway */
    case FAULT_SUBPROTOCOL_REFUSED:
        return carries_key_as_subprotocol(request) &&
               (let_in || (verdict->kind == VERDICT_REFUSE && verdict->status == 401));
    case FAULT_TOKEN_EXPIRED:
        return let_in && carries_bearer(request);
    case FAULT_LOWERED_LIMIT_429:
        return let_in && site->limits_told;
    case FAULT_PROXY_AUTH: /* answers a CONNECT, which is another request */
    case FAULT_PROXY_403:
    case FAULT_PROXY_502:
    case FAULT_PROXY_504:
        return false;
    default:
        return let_in;
    }
}

static void add_limits(enum limits_shown shown, const struct refusal_site *site, uint64_t wait_s,
                       struct text *out)
{
    bool used_up = shown == LIMITS_USED_UP;
    double tokens =
        shown == LIMITS_LOWERED ? LOWERED_SHARE * site->tokens_per_minute : site->tokens_per_minute;
    double left = shown == LIMITS_FREE ? tokens / 2 : 0;
    text_printf(out,
                "x-ratelimit-limit-requests: %.0f\r\nx-ratelimit-remaining-requests: %.0f\r\n"
                "x-ratelimit-reset-requests: %" PRIu64 "\r\n",
                site->requests_per_minute, used_up ? 0 : site->requests_per_minute / 2, wait_s);
    text_printf(out,
                "x-ratelimit-limit-tokens: %.0f\r\nx-ratelimit-remaining-tokens: %.0f\r\n"
                "x-ratelimit-reset-tokens: %" PRIu64 "\r\n",
                tokens, left, wait_s);
}

/* Whole seconds, rounded up so that it is never earlier than retry-after-ms. */
static uint64_t wait_seconds(int64_t wait_ns)
{
    if (wait_ns <= 0) wait_ns = WAIT_DEFAULT_NS;
    return (uint64_t)((wait_ns + NS_PER_S - 1) / NS_PER_S);
}

void refusal_headers(const struct refusal *refusal, const struct refusal_site *site,
                     int64_t wait_ns, struct text *out)
{
    uint64_t wait_s = wait_seconds(wait_ns);
    if (refusal->voice == VOICE_GATEWAY)
        text_puts(out, "server: Microsoft-Azure-Application-Gateway/v2\r\n");
    if (refusal->voice == VOICE_PROXY) text_puts(out, "via: 1.1 proxy\r\n");
    if (refusal->header_lines != NULL) text_puts(out, refusal->header_lines);
    if (refusal->filler > 0) {
        text_puts(out, "x-filler: ");
        for (size_t i = 0; i < refusal->filler; i++) text_puts(out, "y");
        text_puts(out, "\r\n");
    }
    if (site->limit_lines != NULL)
        text_puts(out, site->limit_lines);
    else if (refusal->limits != LIMITS_HIDDEN)
        add_limits(refusal->limits, site, wait_s, out);
    if (!refusal->hint) return;
    int64_t wait_ms = (wait_ns > 0 ? wait_ns : WAIT_DEFAULT_NS) / NS_PER_MS;
    text_printf(out, "retry-after-ms: %" PRId64 "\r\nretry-after: %" PRIu64 "\r\n", wait_ms,
                wait_s);
}

static void add_message(const struct refusal *refusal, int64_t wait_ns, struct text *out)
{
    const char *at = strstr(refusal->message, "%s");
    if (at == NULL) {
        text_puts(out, refusal->message);
        return;
    }
    text_append(out, refusal->message, (size_t)(at - refusal->message));
    uint64_t wait_s = wait_seconds(wait_ns);
    text_printf(out, "%" PRIu64 " second%s%s", wait_s, wait_s == 1 ? "" : "s", at + 2);
}

static const char *code_of(const struct refusal *refusal, bool openai)
{
    if (!openai) return refusal->code;
    bool is_status = strspn(refusal->code, "0123456789") == strlen(refusal->code);
    return refusal->openai_code != NULL ? refusal->openai_code : is_status ? NULL : refusal->code;
}

/* error.type on OpenAI; Azure has none. */
static const char *openai_type(int status)
{
    if (status == 429) return "requests";
    return status >= 500 || status == 408 ? "server_error" : "invalid_request_error";
}

/* The body of a responder other than the service. */
static const char *other_body(const struct refusal *refusal, int64_t wait_ns, struct text *out)
{
    struct text message = {0};
    switch (refusal->form) {
    case FORM_NONE:
        return NULL;
    case FORM_TEXT:
        text_puts(out, refusal->message);
        return "text/plain";
    case FORM_STATUS_CODE:
        add_message(refusal, wait_ns, &message);
        text_printf(out, "{\"statusCode\":%d,\"message\":", refusal->status);
        text_json(out, text_str(&message));
        text_puts(out, "}");
        text_free(&message);
        return "application/json";
    case FORM_PAGE:
        break;
    }
    text_printf(
        out,
        "<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%s</h1></center>\r\n"
        "</body>\r\n</html>\r\n",
        refusal->message, refusal->message);
    return "text/html";
}

const char *refusal_body(const struct refusal *refusal, enum dialect dialect, int64_t wait_ns,
                         struct text *out)
{
    if (refusal->voice != VOICE_SERVICE) return other_body(refusal, wait_ns, out);
    if (refusal->message == NULL) return NULL;
    bool openai = dialect == DIALECT_OPENAI;
    struct text message = {0};
    add_message(refusal, wait_ns, &message);
    text_puts(out, "{\"error\":{\"code\":");
    text_json(out, code_of(refusal, openai));
    text_puts(out, ",\"message\":");
    text_json(out, text_str(&message));
    if (openai) text_printf(out, ",\"type\":\"%s\",\"param\":null", openai_type(refusal->status));
    text_puts(out, "}}");
    text_free(&message);
    return "application/json";
}
