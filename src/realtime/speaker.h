/*
 * Who answered a refused request: the service itself, or something in front of it. The status alone
 * does not tell; headers and the shape of the body do. Pure.
 *
 * Sources: Azure OpenAI's and OpenAI's documented request ids; API Management's error body
 * {"statusCode","message"} (learn.microsoft.com, rate-limit and quota policies); the Server headers
 * that the named programs send by default.
 */
#ifndef RUSHHOUR_REALTIME_SPEAKER_H
#define RUSHHOUR_REALTIME_SPEAKER_H

#include <stdbool.h>
#include <stddef.h>

/* identifier, name in files, name for people */
#define SPEAKER_MAP(X)                                                                             \
    X(UNKNOWN, "", "")                                                                             \
    X(AZURE, "azure", "Azure")                                                                     \
    X(OPENAI, "openai", "OpenAI")                                                                  \
    X(APIM, "api-management", "API Management")                                                    \
    X(LITELLM, "litellm", "LiteLLM")                                                               \
    X(ASGI, "uvicorn", "a Python gateway (uvicorn)")                                               \
    X(NGINX, "nginx", "nginx")                                                                     \
    X(ENVOY, "envoy", "Envoy")                                                                     \
    X(CLOUDFLARE, "cloudflare", "Cloudflare")                                                      \
    X(FRONT_DOOR, "azure-front-door", "a gateway in front (Application Gateway or Front Door)")    \
    X(AWS, "aws", "an AWS load balancer")                                                          \
    X(KONG, "kong", "Kong")                                                                        \
    X(SERVER, "web-server", "a web server in front")                                               \
    X(PROXY, "proxy", "a proxy on the way")                                                        \
    X(PAGE, "page", "an HTML page: a portal, a proxy or a gateway")

#define SPEAKER_ENUM(id, name, words) SPEAKER_##id,
enum speaker { SPEAKER_MAP(SPEAKER_ENUM) };

/* The shapes of a body that distinguish speakers. */
enum body_shape {
    BODY_NONE,
    BODY_TEXT,        /* neither JSON nor a page */
    BODY_PAGE,        /* HTML */
    BODY_ERROR,       /* {"error":...}: the model APIs and their imitators */
    BODY_STATUS_CODE, /* {"statusCode":...,"message":...}: API Management */
    BODY_DETAIL,      /* {"detail":...}: FastAPI */
    BODY_JSON         /* any other JSON */
};

struct response_headers;

/* Whether a body is a page, whatever its headers say. */
bool body_is_page(const char *body, size_t length);

enum body_shape body_shape_of(const char *body, size_t length);

/* The speaker according to everything in a response; headers that only one of them sets take
 * precedence. */
enum speaker speaker_of(const struct response_headers *headers, enum body_shape shape);

/* The speaker that one header points to; for response_headers_add. Unknown if it points to none. */
enum speaker speaker_by_header(const char *name, const char *value);

/* The more certain of two speakers that the headers of one response point to. */
enum speaker speaker_surer(enum speaker a, enum speaker b);

/* "azure", "api-management", ...; "" if unknown. */
const char *speaker_name(enum speaker speaker);

/* A description in words; "" if unknown. */
const char *speaker_words(enum speaker speaker);

/* Whether the model API itself answered. */
bool speaker_is_service(enum speaker speaker);

/* Whether something else is known to have answered instead. */
bool speaker_is_gateway(enum speaker speaker);

#endif
