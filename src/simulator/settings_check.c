#include "simulator/settings_check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define OUTPUT_LIMIT 4096
#define PCM_RATE 24000 /* the only one */
#define METADATA_PAIRS 16

static const char *kind_of(const cJSON *value)
{
    if (cJSON_IsNull(value)) return "null";
    if (cJSON_IsBool(value)) return "a boolean";
    if (cJSON_IsNumber(value)) return "a number";
    if (cJSON_IsString(value)) return "a string";
    return cJSON_IsArray(value) ? "an array" : "an object";
}

static bool wrong_type(const cJSON *value, const char *path, const char *expected,
                       struct complaint *complaint)
{
    return complain(complaint, "invalid_type", path,
                    "Invalid type for '%s': expected %s, but got %s instead.", path, expected,
                    kind_of(value));
}

static bool wrong_value(const cJSON *value, const char *path, const char *supported,
                        struct complaint *complaint)
{
    const char *given = cJSON_IsString(value) ? value->valuestring : kind_of(value);
    return complain(complaint, "invalid_value", path,
                    "Invalid value: '%.64s'. Supported values are: %s.", given, supported);
}

static bool keep(const cJSON *value, struct text *json)
{
    char *printed = cJSON_PrintUnformatted(value);
    if (printed == NULL) {
        json->failed = true;
        return true;
    }
    text_puts(json, printed);
    cJSON_free(printed);
    return true;
}

static bool is_string(const cJSON *value, const char *string)
{
    return cJSON_IsString(value) && strcmp(value->valuestring, string) == 0;
}

bool check_session_type(const cJSON *value, const char *path, struct text *json,
                        struct complaint *complaint)
{
    if (is_string(value, "realtime")) return keep(value, json);
    return wrong_value(value, path, "'realtime'", complaint);
}

bool check_string(const cJSON *value, const char *path, struct text *json,
                  struct complaint *complaint)
{
    return cJSON_IsString(value) ? keep(value, json)
                                 : wrong_type(value, path, "a string", complaint);
}

bool check_bool(const cJSON *value, const char *path, struct text *json,
                struct complaint *complaint)
{
    return cJSON_IsBool(value) ? keep(value, json)
                               : wrong_type(value, path, "a boolean", complaint);
}

bool check_array(const cJSON *value, const char *path, struct text *json,
                 struct complaint *complaint)
{
    return cJSON_IsArray(value) ? keep(value, json)
                                : wrong_type(value, path, "an array", complaint);
}

bool check_object_or_null(const cJSON *value, const char *path, struct text *json,
                          struct complaint *complaint)
{
    if (cJSON_IsObject(value) || cJSON_IsNull(value)) return keep(value, json);
    return wrong_type(value, path, "an object", complaint);
}

bool check_string_or_object(const cJSON *value, const char *path, struct text *json,
                            struct complaint *complaint)
{
    if (cJSON_IsString(value) || cJSON_IsObject(value)) return keep(value, json);
    return wrong_type(value, path, "a string or an object", complaint);
}

bool check_any(const cJSON *value, const char *path, struct text *json, struct complaint *complaint)
{
    if (!cJSON_IsNumber(value) && !cJSON_IsBool(value)) return keep(value, json);
    return wrong_type(value, path, "a string, an object or an array", complaint);
}

/* Counts the elements "text" and "audio"; false if there are others. */
static bool count_modalities(const cJSON *value, int *text, int *audio)
{
    *text = *audio = 0;
    const cJSON *element;
    if (!cJSON_IsArray(value)) return false;
    cJSON_ArrayForEach(element, value)
    {
        if (is_string(element, "text")) {
            (*text)++;
        } else if (is_string(element, "audio")) {
            (*audio)++;
        } else {
            return false;
        }
    }
    return true;
}

bool check_output_modalities(const cJSON *value, const char *path, struct text *json,
                             struct complaint *complaint)
{
    int text;
    int audio;
    if (count_modalities(value, &text, &audio) && text + audio == 1) return keep(value, json);
    return wrong_value(value, path, "['text'] and ['audio']", complaint);
}

bool check_modalities(const cJSON *value, const char *path, struct text *json,
                      struct complaint *complaint)
{
    int text;
    int audio;
    if (count_modalities(value, &text, &audio) && text == 1 && audio <= 1) return keep(value, json);
    return wrong_value(value, path, "['text'] and ['audio', 'text']", complaint);
}

bool check_output_limit(const cJSON *value, const char *path, struct text *json,
                        struct complaint *complaint)
{
    if (is_string(value, "inf")) return keep(value, json);
    if (!cJSON_IsNumber(value)) return wrong_type(value, path, "an integer or 'inf'", complaint);
    double number = value->valuedouble;
    if (number < 1)
        return complain(complaint, "integer_below_min_value", path,
                        "Invalid '%s': integer below minimum value. Expected a value >= 1, but got "
                        "%.0f instead.",
                        path, number);
    if (number > OUTPUT_LIMIT)
        return complain(complaint, "integer_above_max_value", path,
                        "Invalid '%s': integer above maximum value. Expected a value <= %d, but "
                        "got %.0f instead.",
                        path, OUTPUT_LIMIT, number);
    if (number != (double)(int)number)
        return wrong_type(value, path, "an integer or 'inf'", complaint);
    return keep(value, json);
}

bool check_format(const cJSON *value, const char *path, struct text *json,
                  struct complaint *complaint)
{
    if (!cJSON_IsObject(value)) return wrong_type(value, path, "an object", complaint);
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(value, "type");
    const cJSON *rate = cJSON_GetObjectItemCaseSensitive(value, "rate");
    char below[160];
    if (is_string(type, "audio/pcmu") || is_string(type, "audio/pcma")) return keep(value, json);
    if (!is_string(type, "audio/pcm")) {
        (void)snprintf(below, sizeof below, "%s.type", path);
        return wrong_value(type == NULL ? value : type, below,
                           "'audio/pcm', 'audio/pcmu' and 'audio/pcma'", complaint);
    }
    (void)snprintf(below, sizeof below, "%s.rate", path);
    if (rate != NULL && !cJSON_IsNumber(rate))
        return wrong_type(rate, below, "an integer", complaint);
    if (rate != NULL && rate->valuedouble < PCM_RATE)
        return complain(complaint, "integer_below_min_value", below,
                        "Invalid '%s': integer below minimum value. Expected a value >= %d, but "
                        "got %.0f instead.",
                        below, PCM_RATE, rate->valuedouble);
    if (rate != NULL && rate->valuedouble > PCM_RATE)
        return complain(complaint, "integer_above_max_value", below,
                        "Invalid '%s': integer above maximum value. Expected a value <= %d, but "
                        "got %.0f instead.",
                        below, PCM_RATE, rate->valuedouble);
    text_puts(json, "{\"type\":\"audio/pcm\",\"rate\":24000}");
    return true;
}

bool check_format_name(const cJSON *value, const char *path, struct text *json,
                       struct complaint *complaint)
{
    if (is_string(value, "pcm16") || is_string(value, "g711_ulaw") || is_string(value, "g711_alaw"))
        return keep(value, json);
    return wrong_value(value, path, "'pcm16', 'g711_ulaw' and 'g711_alaw'", complaint);
}

static bool check_range(const cJSON *value, const char *path, double least, double most,
                        struct text *json, struct complaint *complaint)
{
    if (!cJSON_IsNumber(value)) return wrong_type(value, path, "a decimal", complaint);
    if (value->valuedouble < least)
        return complain(complaint, "decimal_below_min_value", path,
                        "Invalid '%s': decimal below minimum value. Expected a value >= %g, but "
                        "got %g instead.",
                        path, least, value->valuedouble);
    if (value->valuedouble > most)
        return complain(complaint, "decimal_above_max_value", path,
                        "Invalid '%s': decimal above maximum value. Expected a value <= %g, but "
                        "got %g instead.",
                        path, most, value->valuedouble);
    return keep(value, json);
}

bool check_speed(const cJSON *value, const char *path, struct text *json,
                 struct complaint *complaint)
{
    return check_range(value, path, 0.25, 1.5, json, complaint);
}

bool check_temperature(const cJSON *value, const char *path, struct text *json,
                       struct complaint *complaint)
{
    return check_range(value, path, 0.6, 1.2, json, complaint);
}

static bool check_eagerness(const cJSON *value, const char *path, struct text *json,
                            struct complaint *complaint)
{
    if (is_string(value, "low") || is_string(value, "medium") || is_string(value, "high") ||
        is_string(value, "auto"))
        return keep(value, json);
    return wrong_value(value, path, "'low', 'medium', 'high', and 'auto'", complaint);
}

static bool check_threshold(const cJSON *value, const char *path, struct text *json,
                            struct complaint *complaint)
{
    return check_range(value, path, 0, 1, json, complaint);
}

static bool check_integer(const cJSON *value, const char *path, double least, double most,
                          struct text *json, struct complaint *complaint)
{
    if (!cJSON_IsNumber(value) || value->valuedouble != floor(value->valuedouble))
        return wrong_type(value, path, "an integer", complaint);
    bool below = value->valuedouble < least;
    if (!below && value->valuedouble <= most) return keep(value, json);
    return complain(complaint, below ? "integer_below_min_value" : "integer_above_max_value", path,
                    "Invalid '%s': integer %s value. Expected a value %s %.0f, but got %.0f "
                    "instead.",
                    path, below ? "below minimum" : "above maximum",
                    below ? ">=" : "<=", below ? least : most, value->valuedouble);
}

static bool check_padding(const cJSON *value, const char *path, struct text *json,
                          struct complaint *complaint)
{
    return check_integer(value, path, 0, 60000, json, complaint);
}

static bool check_idle_timeout(const cJSON *value, const char *path, struct text *json,
                               struct complaint *complaint)
{
    if (cJSON_IsNull(value)) return keep(value, json);
    return check_integer(value, path, 5000, 30000, json, complaint);
}

struct detection_field {
    const char *name;
    const char *fallback;
    settings_check *check;
    bool ga_only;
};

static const struct detection_field *find_field(const struct detection_field *fields, bool preview,
                                                const char *name)
{
    for (; fields->name != NULL; fields++) {
        if (strcmp(name, fields->name) == 0 && !(preview && fields->ga_only)) return fields;
    }
    return NULL;
}

/* Checks what the client gives of a kind of turn detection, and writes every field of it: the
 * client's value, or the default as served (section 4.3). */
static bool fill_detection(const cJSON *value, const char *path, bool preview,
                           const struct detection_field *fields, struct text *json,
                           struct complaint *complaint)
{
    const cJSON *member;
    struct text ignored = {0};
    bool good = true;
    cJSON_ArrayForEach(member, value)
    {
        char below[160];
        const struct detection_field *field = find_field(fields, preview, member->string);
        if (!good || strcmp(member->string, "type") == 0) continue;
        (void)snprintf(below, sizeof below, "%s.%.64s", path, member->string);
        good = field != NULL ? field->check(member, below, &ignored, complaint)
                             : complain(complaint, "unknown_parameter", below,
                                        "Unknown parameter: '%s'.", below);
    }
    text_free(&ignored);
    if (!good) return false;
    text_printf(json, "{\"type\":\"%s\"",
                cJSON_GetObjectItemCaseSensitive(value, "type")->valuestring);
    for (; fields->name != NULL; fields++) {
        if (preview && fields->ga_only) continue;
        text_printf(json, ",\"%s\":", fields->name);
        member = cJSON_GetObjectItemCaseSensitive(value, fields->name);
        if (member == NULL) {
            text_puts(json, fields->fallback);
        } else {
            (void)keep(member, json);
        }
    }
    text_puts(json, "}");
    return true;
}

static bool detection(const cJSON *value, const char *path, bool preview, struct text *json,
                      struct complaint *complaint)
{
    static const struct detection_field server[] = {
        {"threshold", "0.5", check_threshold, false},
        {"prefix_padding_ms", "300", check_padding, false},
        {"silence_duration_ms", "200", check_padding, false},
        {"idle_timeout_ms", "null", check_idle_timeout, true},
        {"create_response", "true", check_bool, false},
        {"interrupt_response", "true", check_bool, false},
        {NULL, NULL, NULL, false},
    };
    static const struct detection_field semantic[] = {
        {"eagerness", "\"auto\"", check_eagerness, false},
        {"create_response", "true", check_bool, false},
        {"interrupt_response", "true", check_bool, false},
        {NULL, NULL, NULL, false},
    };
    if (cJSON_IsNull(value)) return keep(value, json);
    if (!cJSON_IsObject(value)) return wrong_type(value, path, "an object", complaint);
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(value, "type");
    if (is_string(type, "server_vad"))
        return fill_detection(value, path, preview, server, json, complaint);
    if (is_string(type, "semantic_vad"))
        return fill_detection(value, path, preview, semantic, json, complaint);
    char below[160];
    (void)snprintf(below, sizeof below, "%s.type", path);
    if (type == NULL)
        return complain(complaint, "missing_required_parameter", below,
                        "Missing required parameter: '%s'.", below);
    return wrong_value(type, below, "'server_vad' and 'semantic_vad'", complaint);
}

bool check_turn_detection(const cJSON *value, const char *path, struct text *json,
                          struct complaint *complaint)
{
    return detection(value, path, false, json, complaint);
}

bool check_turn_detection_preview(const cJSON *value, const char *path, struct text *json,
                                  struct complaint *complaint)
{
    return detection(value, path, true, json, complaint);
}

bool check_conversation(const cJSON *value, const char *path, struct text *json,
                        struct complaint *complaint)
{
    if (is_string(value, "auto") || is_string(value, "none")) return keep(value, json);
    return wrong_value(value, path, "'auto' and 'none'", complaint);
}

bool check_metadata(const cJSON *value, const char *path, struct text *json,
                    struct complaint *complaint)
{
    if (cJSON_IsNull(value)) return keep(value, json);
    if (!cJSON_IsObject(value)) return wrong_type(value, path, "an object", complaint);
    if (cJSON_GetArraySize(value) > METADATA_PAIRS)
        return complain(
            complaint, "object_above_max_properties", path,
            "Invalid '%s': too many properties. Expected an object with at most %d properties.",
            path, METADATA_PAIRS);
    const cJSON *member;
    cJSON_ArrayForEach(member, value)
    {
        if (!cJSON_IsString(member))
            return wrong_type(member, path, "an object of strings", complaint);
        if (strlen(member->string) > 64 || strlen(member->valuestring) > 512)
            return complain(
                complaint, "string_above_max_length", path,
                "Invalid '%s': a key has at most 64 characters and a value at most 512.", path);
    }
    return keep(value, json);
}
