#include "realtime/speaker.h"

#include "realtime/response_headers.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/*
 * Headers that identify a speaker. Value: its beginning, ignoring case; "" matches any. The first
 * speaker in this order that any header names is taken: the service's own id passes unchanged
 * through gateways, while whatever is closest to us (Via, a generic Server) comes last.
 */
static const struct mark {
    const char *name, *value;
    enum speaker speaker;
} marks[] = {
    {"apim-request-id", "", SPEAKER_AZURE},
    {"x-ms-request-id", "", SPEAKER_AZURE},
    {"x-ms-region", "", SPEAKER_AZURE},
    {"x-ms-deployment-name", "", SPEAKER_AZURE},
    {"azureml-model-session", "", SPEAKER_AZURE},
    {"openai-processing-ms", "", SPEAKER_OPENAI},
    {"x-request-id", "req_", SPEAKER_OPENAI},
    {"x-litellm-version", "", SPEAKER_LITELLM},
    {"server", "uvicorn", SPEAKER_ASGI},
    {"server", "hypercorn", SPEAKER_ASGI},
    {"server", "daphne", SPEAKER_ASGI},
    {"server", "gunicorn", SPEAKER_ASGI},
    {"server", "kong", SPEAKER_KONG},
    {"via", "kong", SPEAKER_KONG},
    {"server", "microsoft-azure-application-gateway", SPEAKER_FRONT_DOOR},
    {"x-azure-ref", "", SPEAKER_FRONT_DOOR},
    {"server", "awselb", SPEAKER_AWS},
    {"server", "cloudfront", SPEAKER_AWS},
    {"server", "envoy", SPEAKER_ENVOY},
    {"server", "istio-envoy", SPEAKER_ENVOY},
    {"server", "cloudflare", SPEAKER_CLOUDFLARE},
    {"cf-ray", "", SPEAKER_CLOUDFLARE},
    {"server", "nginx", SPEAKER_NGINX},
    {"server", "openresty", SPEAKER_NGINX},
    {"server", "squid", SPEAKER_PROXY},
    {"server", "zscaler", SPEAKER_PROXY},
    {"server", "bluecoat", SPEAKER_PROXY},
    {"server", "", SPEAKER_SERVER},
    {"via", "", SPEAKER_PROXY},
};

/* Both lists in the order of the enum. */
#define SPEAKER_NAME(id, name, words) name,
#define SPEAKER_WORDS(id, name, words) words,
static const char *const names[] = {SPEAKER_MAP(SPEAKER_NAME)};
static const char *const descriptions[] = {SPEAKER_MAP(SPEAKER_WORDS)};

static bool is_marked(const struct mark *mark, const char *name, const char *value)
{
    return strcasecmp(mark->name, name) == 0 && *value != '\0' &&
           strncasecmp(mark->value, value, strlen(mark->value)) == 0;
}

enum speaker speaker_by_header(const char *name, const char *value)
{
    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        if (is_marked(&marks[i], name, value)) return marks[i].speaker;
    }
    return SPEAKER_UNKNOWN;
}

/* The position of a speaker's first mark: the lower, the more certain. */
static size_t rank_of(enum speaker speaker)
{
    size_t rank = 0;
    while (rank < COUNT_OF(marks) && marks[rank].speaker != speaker) rank++;
    return rank;
}

static enum body_shape json_shape(const cJSON *root)
{
    if (!cJSON_IsObject(root)) return root == NULL ? BODY_TEXT : BODY_JSON;
    if (cJSON_HasObjectItem(root, "error")) return BODY_ERROR;
    if (cJSON_GetObjectItemCaseSensitive(root, "statusCode") != NULL) return BODY_STATUS_CODE;
    return cJSON_HasObjectItem(root, "detail") ? BODY_DETAIL : BODY_JSON;
}

bool body_is_page(const char *body, size_t length)
{
    static const char *const starts[] = {"<!doctype html", "<html", "<head", "<body"};
    while (length > 0 && isspace((unsigned char)*body)) {
        body++;
        length--;
    }
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        size_t wanted = strlen(starts[i]);
        if (length >= wanted && strncasecmp(body, starts[i], wanted) == 0) return true;
    }
    return false;
}

enum body_shape body_shape_of(const char *body, size_t length)
{
    if (length == 0) return BODY_NONE;
    if (body_is_page(body, length)) return BODY_PAGE;
    cJSON *root = cJSON_ParseWithLength(body, length);
    const enum body_shape shape = json_shape(root);
    cJSON_Delete(root);
    return shape;
}

/* Some shapes are more certain than a Server header, which may belong to a machine in front of the
 * one that spoke; others are only better than nothing. */
static enum speaker by_shape(enum body_shape shape, enum speaker by_header)
{
    if (shape == BODY_STATUS_CODE) return SPEAKER_APIM;
    if (by_header != SPEAKER_UNKNOWN) return by_header;
    if (shape == BODY_DETAIL) return SPEAKER_ASGI;
    return shape == BODY_PAGE ? SPEAKER_PAGE : SPEAKER_UNKNOWN;
}

enum speaker speaker_of(const struct response_headers *headers, enum body_shape shape)
{
    if (speaker_is_service(headers->speaker)) return headers->speaker;
    if (shape == BODY_NONE && headers->html) shape = BODY_PAGE;
    /* an error object from behind a web server or proxy was written by what is behind it */
    const enum speaker speaker = headers->speaker;
    const bool passes_on = speaker == SPEAKER_SERVER || speaker == SPEAKER_PROXY ||
                           speaker == SPEAKER_NGINX || speaker == SPEAKER_CLOUDFLARE ||
                           speaker == SPEAKER_ENVOY;
    if (shape == BODY_ERROR && passes_on) return SPEAKER_UNKNOWN;
    return by_shape(shape, speaker);
}

enum speaker speaker_surer(enum speaker a, enum speaker b)
{
    return rank_of(b) < rank_of(a) ? b : a;
}

const char *speaker_name(enum speaker speaker)
{
    return names[speaker];
}

const char *speaker_words(enum speaker speaker)
{
    return descriptions[speaker];
}

bool speaker_is_service(enum speaker speaker)
{
    return speaker == SPEAKER_AZURE || speaker == SPEAKER_OPENAI;
}

bool speaker_is_gateway(enum speaker speaker)
{
    return speaker > SPEAKER_OPENAI && speaker != SPEAKER_PAGE;
}
