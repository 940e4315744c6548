#include "realtime/error_object.h"

#include "base/text.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Nested objects, lists, and JSON within strings: no service nests an error deeper. */
#define DEPTH_MOST 6

/* Every integer up to this is exact in a double, and no code is larger. */
#define LARGEST_INTEGER 9007199254740992.0

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

static void number_text(double value, char *out, size_t size)
{
    const bool whole = fabs(value) <= LARGEST_INTEGER && value == trunc(value);
    (void)snprintf(out, size, whole ? "%.0f" : "%g", value);
}

static void copy_scalar(const cJSON *item, const char *name, char *out, size_t size, int depth)
{
    out[0] = '\0';
    if (depth == DEPTH_MOST) return;
    if (cJSON_IsString(item)) {
        text_copy(out, size, item->valuestring);
    } else if (cJSON_IsNumber(item)) {
        number_text(item->valuedouble, out, size);
    } else if (cJSON_IsArray(item)) {
        copy_scalar(cJSON_GetArrayItem(item, 0), name, out, size, depth + 1);
    } else if (cJSON_IsObject(item)) {
        copy_scalar(member(item, name), name, out, size, depth + 1);
        if (out[0] == '\0') copy_scalar(member(item, "value"), name, out, size, depth + 1);
    }
}

void scalar_copy(const cJSON *item, const char *name, char *out, size_t size)
{
    copy_scalar(item, name, out, size, 0);
}

bool scalar_is_word(const char *text)
{
    const char *s = text;
    while (isalnum((unsigned char)*s) || *s == '_' || *s == '-' || *s == '.') s++;
    return s != text && *s == '\0';
}

/* ---- error objects ---- */

static void fill(char *out, size_t size, const char *text)
{
    if (out[0] == '\0') text_copy(out, size, text);
}

static void read_value(const cJSON *item, struct error_object *out, int depth);

/* Gateways pass on a body as a message of their own. False if it contains no JSON. */
static bool read_json_inside(const char *text, struct error_object *out, int depth)
{
    while (isspace((unsigned char)*text)) text++;
    if (*text != '{' && *text != '[') return false;
    cJSON *inner = cJSON_Parse(text);
    if (inner != NULL) read_value(inner, out, depth + 1);
    cJSON_Delete(inner);
    return inner != NULL;
}

/* A text in place of a whole error, or of one of its fields. */
static void read_text(const char *text, struct error_object *out, int depth)
{
    if (read_json_inside(text, out, depth)) return;
    if (scalar_is_word(text) && strlen(text) < sizeof out->code) {
        fill(out->code, sizeof out->code, text);
    } else {
        fill(out->message, sizeof out->message, text);
    }
}

/* One of the short fields; if it holds a sentence, that is taken as the message. */
static void read_word(const cJSON *item, const char *name, char *out, size_t size,
                      struct error_object *whole)
{
    char text[sizeof whole->message];
    scalar_copy(item, name, text, sizeof text);
    if (text[0] == '\0') return;
    if (scalar_is_word(text) || strpbrk(text, " \t\n{") == NULL) {
        fill(out, size, text);
    } else {
        fill(whole->message, sizeof whole->message, text);
    }
}

static void read_message(const cJSON *item, struct error_object *out, int depth)
{
    const char *string = cJSON_GetStringValue(item);
    if (string != NULL && read_json_inside(string, out, depth)) return;
    if (cJSON_IsObject(item) || cJSON_IsArray(item)) {
        read_value(item, out, depth + 1);
        if (out->message[0] != '\0') return;
    }
    char text[sizeof out->message];
    scalar_copy(item, "message", text, sizeof text);
    fill(out->message, sizeof out->message, text);
}

/* The first of these members that is present and not null. */
static const cJSON *first_of(const cJSON *object, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const cJSON *item = member(object, names[i]);
        if (item != NULL && !cJSON_IsNull(item)) return item;
    }
    return NULL;
}

static void read_object(const cJSON *object, struct error_object *out, int depth)
{
    static const char *const holders[] = {"errors", "detail", "fault"};
    /* API Management says statusCode, others status; both only if there is no code. */
    static const char *const codes[] = {"code", "statusCode", "status_code", "status"};
    static const char *const messages[] = {"message", "msg", "value", "faultstring",
                                           "error_description"};
    read_value(member(object, "error"), out, depth + 1);
    read_word(first_of(object, codes, COUNT_OF(codes)), "code", out->code, sizeof out->code, out);
    read_word(member(object, "type"), "type", out->type, sizeof out->type, out);
    read_word(member(object, "param"), "param", out->param, sizeof out->param, out);
    read_word(member(object, "event_id"), "event_id", out->event_id, sizeof out->event_id, out);
    read_message(first_of(object, messages, COUNT_OF(messages)), out, depth);
    for (size_t i = 0; i < COUNT_OF(holders); i++)
        read_value(member(object, holders[i]), out, depth + 1);
}

static void read_value(const cJSON *item, struct error_object *out, int depth)
{
    if (depth == DEPTH_MOST) return;
    if (cJSON_IsString(item)) {
        read_text(item->valuestring, out, depth);
    } else if (cJSON_IsNumber(item)) {
        char text[sizeof out->code];
        number_text(item->valuedouble, text, sizeof text);
        fill(out->code, sizeof out->code, text);
    } else if (cJSON_IsArray(item)) {
        read_value(cJSON_GetArrayItem(item, 0), out, depth + 1);
    } else if (cJSON_IsObject(item)) {
        read_object(item, out, depth);
    }
}

bool error_object_read(const cJSON *item, struct error_object *out)
{
    read_value(item, out, 0);
    return out->type[0] != '\0' || out->code[0] != '\0' || out->message[0] != '\0' ||
           out->param[0] != '\0';
}
