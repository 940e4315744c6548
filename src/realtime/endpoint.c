#include "realtime/endpoint.h"

#include <string.h>

static bool given(const char *string)
{
    return string != NULL && string[0] != '\0';
}

static const char *dialect_path(enum dialect dialect)
{
    switch (dialect) {
    case DIALECT_GA:
        return "/openai/v1/realtime";
    case DIALECT_PREVIEW:
        return "/openai/realtime";
    case DIALECT_OPENAI:
        return "/v1/realtime";
    }
    return "/";
}

/* A path given by the user is kept, except for characters that would end the request line. */
static void append_path(struct text *out, const char *path)
{
    if (path[0] != '/') text_puts(out, "/");
    for (const char *s = path; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        if (c <= ' ' || c >= 0x7F || c == '#') {
            text_printf(out, "%%%02X", c);
        } else {
            text_append(out, s, 1);
        }
    }
}

static void append_query(struct text *out, char *separator, const char *name, const char *value)
{
    if (!given(value)) return;
    text_append(out, separator, 1);
    *separator = '&';
    text_puts(out, name);
    text_puts(out, "=");
    text_percent(out, value);
}

/* OpenAI takes no key in the query, and a token never goes there, because it would end up in proxy
 * logs. */
static bool secret_goes_into_query(const struct endpoint *endpoint)
{
    return endpoint->secret_in_query && !endpoint->secret_is_token &&
           endpoint->dialect != DIALECT_OPENAI;
}

void endpoint_target(const struct endpoint *endpoint, struct text *out)
{
    const char *path = given(endpoint->path) ? endpoint->path : dialect_path(endpoint->dialect);
    char separator = strchr(path, '?') == NULL ? '?' : '&';
    append_path(out, path);
    if (endpoint->dialect == DIALECT_PREVIEW) {
        append_query(out, &separator, "api-version", endpoint->api_version);
        append_query(out, &separator, "deployment", endpoint->deployment);
    } else {
        append_query(out, &separator, "model", endpoint->deployment);
    }
    if (secret_goes_into_query(endpoint))
        append_query(out, &separator, "api-key", endpoint->secret);
}

bool endpoint_credential(const struct endpoint *endpoint, const char **name, struct text *value)
{
    if (!given(endpoint->secret) || secret_goes_into_query(endpoint)) return false;
    if (endpoint->secret_is_token || endpoint->dialect == DIALECT_OPENAI) {
        *name = "Authorization";
        text_puts(value, "Bearer ");
    } else {
        *name = "api-key";
    }
    text_puts(value, endpoint->secret);
    return true;
}
