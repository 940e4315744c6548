#include "realtime/client_secret.h"

#include <cjson/cJSON.h>
#include <string.h>

void client_secret_target(const struct endpoint *endpoint, struct text *out)
{
    struct endpoint bare = *endpoint;
    struct text target = {0};
    bare.secret = NULL;
    endpoint_target(&bare, &target);
    text_append(out, text_str(&target), strcspn(text_str(&target), "?"));
    out->failed |= target.failed;
    text_free(&target);
    if (endpoint->dialect != DIALECT_PREVIEW) {
        text_puts(out, "/client_secrets");
        return;
    }
    text_puts(out, "api/sessions");
    if (endpoint->api_version == NULL) return;
    text_puts(out, "?api-version=");
    text_percent(out, endpoint->api_version);
}

void client_secret_body(const struct endpoint *endpoint, struct text *out)
{
    if (endpoint->dialect == DIALECT_PREVIEW) {
        text_puts(out, "{\"model\":");
        text_json(out, endpoint->deployment);
        text_puts(out, "}");
        return;
    }
    text_printf(out,
                "{\"expires_after\":{\"anchor\":\"created_at\",\"seconds\":%d},"
                "\"session\":{\"type\":\"realtime\",\"model\":",
                CLIENT_SECRET_LIFE_S);
    text_json(out, endpoint->deployment);
    text_puts(out, "}}");
}

/* A secret goes into a header, so it must be entirely visible ASCII. */
static bool take_value(cJSON *item, char value[CLIENT_SECRET_SIZE])
{
    char *text = cJSON_GetStringValue(item);
    if (text == NULL) return false;
    size_t length = strlen(text);
    bool good = length > 0 && length < CLIENT_SECRET_SIZE;
    for (size_t i = 0; i < length && good; i++) good = text[i] > 0x20 && text[i] < 0x7F;
    if (good) memcpy(value, text, length + 1);
    explicit_bzero(text, length);
    return good;
}

bool client_secret_read(const char *body, size_t length, char value[CLIENT_SECRET_SIZE],
                        int64_t *expires_s)
{
    value[0] = '\0';
    *expires_s = 0;
    cJSON *answer = cJSON_ParseWithLength(body, length);
    cJSON *holder = cJSON_GetObjectItemCaseSensitive(answer, "client_secret"); /* preview */
    if (holder == NULL) holder = answer;                                       /* ga */
    bool found = take_value(cJSON_GetObjectItemCaseSensitive(holder, "value"), value);
    const cJSON *end = cJSON_GetObjectItemCaseSensitive(holder, "expires_at");
    if (cJSON_IsNumber(end) && end->valuedouble > 0 && end->valuedouble < 1e11)
        *expires_s = (int64_t)end->valuedouble;
    cJSON_Delete(answer);
    return found;
}
