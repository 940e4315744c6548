#include "realtime/failure.h"

#include <cjson/cJSON.h>
#include <stdio.h>

/* A code may be a number in one gateway and a string in the other. */
static void copy_value(const cJSON *item, char *out, size_t size)
{
    const char *string = cJSON_GetStringValue(item);
    if (string != NULL) {
        (void)snprintf(out, size, "%s", string);
    } else if (cJSON_IsNumber(item)) {
        (void)snprintf(out, size, "%.0f", item->valuedouble);
    }
}

bool failure_body_parse(const char *body, size_t length, char code[64], char message[512])
{
    code[0] = '\0';
    message[0] = '\0';
    cJSON *root = length == 0 ? NULL : cJSON_ParseWithLength(body, length);
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(root, "error");
    /* API Management in front of the service answers {"statusCode":429,"message":"..."} without an
     * inner object. */
    if (!cJSON_IsObject(error)) error = root;
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(error, "code");
    if (number == NULL) number = cJSON_GetObjectItemCaseSensitive(error, "statusCode");
    copy_value(number, code, 64);
    copy_value(cJSON_GetObjectItemCaseSensitive(error, "message"), message, 512);
    bool good = cJSON_IsObject(root);
    cJSON_Delete(root);
    return good;
}
