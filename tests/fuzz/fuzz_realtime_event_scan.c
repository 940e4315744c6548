/* event_scan against cJSON: for anything that cJSON accepts, both must see the same type. */
#include "realtime/event.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* cJSON and the scan agree only on plain types: escapes beyond ASCII, NUL and long types are
 * represented differently. */
static bool is_plain(const char *type)
{
    size_t length = strlen(type);
    if (length >= EVENT_TYPE_SIZE) return false;
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)type[i] >= 0x80) return false;
    }
    return true;
}

/* cJSON is laxer than RFC 8259 in three ways: a byte order mark, control characters as space,
 * invalid digits after \u. */
static bool is_comparable(const char *data, size_t size)
{
    if (size == 0 || data[0] == '\xEF' || memmem(data, size, "\\u", 2) != NULL) return false;
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)data[i] < ' ' && data[i] != '\n' && data[i] != '\r' && data[i] != '\t')
            return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char type[EVENT_TYPE_SIZE];
    enum event_kind kind = event_scan((const char *)data, size, type);
    if (strlen(type) >= EVENT_TYPE_SIZE || (kind == EVENT_INVALID && type[0] != '\0')) abort();
    if (!is_comparable((const char *)data, size)) return 0;
    cJSON *root = cJSON_ParseWithLength((const char *)data, size);
    if (cJSON_IsObject(root)) {
        const char *wanted = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, "type"));
        if ((wanted == NULL) != (kind == EVENT_INVALID)) abort();
        if (wanted != NULL && is_plain(wanted) && strchr(type, '?') == NULL &&
            strcmp(wanted, type) != 0)
            abort();
    }
    cJSON_Delete(root);
    return 0;
}
