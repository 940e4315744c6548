#include "realtime/error_object.h"
#include "realtime/failure.h"

#include "base/text.h"

bool failure_body_parse(const char *body, size_t length, char code[64], char message[512])
{
    struct error_object said = {0};
    cJSON *root = length == 0 ? NULL : cJSON_ParseWithLength(body, length);
    const bool good = error_object_read(root, &said) || cJSON_IsObject(root);
    text_copy(code, 64, said.code[0] != '\0' ? said.code : said.type);
    text_copy(message, 512, said.message);
    cJSON_Delete(root);
    return good;
}
