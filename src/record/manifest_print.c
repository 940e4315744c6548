#include "record/manifest_print.h"

#include <math.h>
#include <stdio.h>

#define EXACT_IN_CJSON 1e15
#define EXACT_AS_DOUBLE 9007199254740992.0 /* 2^53 */

static bool is_long(const cJSON *item)
{
    const double value = item->valuedouble;
    return cJSON_IsNumber(item) && fabs(value) >= EXACT_IN_CJSON &&
           fabs(value) <= EXACT_AS_DOUBLE && value == floor(value);
}

static bool has_long(const cJSON *item)
{
    if (is_long(item)) return true;
    const cJSON *inner;
    cJSON_ArrayForEach(inner, item)
    {
        if (has_long(inner)) return true;
    }
    return false;
}

static cJSON *with_digits(const cJSON *item)
{
    char digits[32];
    (void)snprintf(digits, sizeof digits, "%.0f", item->valuedouble);
    return cJSON_CreateRaw(digits);
}

/* False when out of memory. */
static bool spell_out(cJSON *parent)
{
    cJSON *next;
    for (cJSON *inner = parent->child; inner != NULL; inner = next) {
        next = inner->next;
        if (!is_long(inner)) {
            if (!spell_out(inner)) return false;
            continue;
        }
        cJSON *raw = with_digits(inner);
        if (raw == NULL) return false;
        char *key = inner->string;
        inner->string = NULL;
        raw->string = key;
        (void)cJSON_ReplaceItemViaPointer(parent, inner, raw);
    }
    return true;
}

char *manifest_print(const cJSON *item, bool formatted)
{
    if (item == NULL) return NULL;
    if (!has_long(item)) return formatted ? cJSON_Print(item) : cJSON_PrintUnformatted(item);
    cJSON *copy = is_long(item) ? with_digits(item) : cJSON_Duplicate(item, true);
    char *text = NULL;
    if (copy != NULL && spell_out(copy))
        text = formatted ? cJSON_Print(copy) : cJSON_PrintUnformatted(copy);
    cJSON_Delete(copy);
    return text;
}
