#include "simulator/settings.h"

#include "realtime/token_count.h"
#include "simulator/settings_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One setting: its path below `session`, the default as served (NULL: not shown until set), and its
 * check (NULL: read-only, no update may name it). */
struct row {
    const char *path;
    const char *fallback;
    settings_check *check;
};

#define INSTRUCTIONS                                                                               \
    "\"You are a helpful assistant in a spoken conversation. Answer kindly and briefly.\""
_Static_assert(sizeof INSTRUCTIONS - sizeof "\"\"" == TOKEN_COUNT_DEFAULT_INSTRUCTIONS,
               "a plan counts them, too");
#define SERVER_VAD(idle)                                                                           \
    "{\"type\":\"server_vad\",\"threshold\":0.5,\"prefix_padding_ms\":300,\"silence_duration_"     \
    "ms\":200," idle "\"create_response\":true,\"interrupt_response\":true}"
#define PCM "{\"type\":\"audio/pcm\",\"rate\":24000}"

/* In the order of the session object; the rows of one group ("audio.input") are adjacent. */
static const struct row ga_rows[] = {
    {"type", "\"realtime\"", check_session_type},
    {"object", "\"realtime.session\"", NULL},
    {"id", NULL, NULL},
    {"model", NULL, check_string},
    {"output_modalities", "[\"audio\"]", check_output_modalities},
    {"instructions", INSTRUCTIONS, check_string},
    {"tools", "[]", check_array},
    {"tool_choice", "\"auto\"", check_string_or_object},
    {"max_output_tokens", "\"inf\"", check_output_limit},
    {"tracing", "null", check_any},
    {"truncation", "\"auto\"", check_string_or_object},
    {"prompt", "null", check_object_or_null},
    {"expires_at", NULL, NULL},
    {"audio.input.format", PCM, check_format},
    {"audio.input.transcription", "null", check_object_or_null},
    {"audio.input.noise_reduction", "null", check_object_or_null},
    {"audio.input.turn_detection", SERVER_VAD("\"idle_timeout_ms\":null,"), check_turn_detection},
    {"audio.output.format", PCM, check_format},
    {"audio.output.voice", "\"alloy\"", check_string_or_object},
    {"audio.output.speed", "1.0", check_speed},
    {"include", "null", check_any},
    {"parallel_tool_calls", NULL, check_bool},
    {"reasoning", NULL, check_object_or_null},
};

static const struct row preview_rows[] = {
    {"object", "\"realtime.session\"", NULL},
    {"id", NULL, NULL},
    {"model", NULL, check_string},
    {"expires_at", NULL, NULL},
    {"modalities", "[\"audio\",\"text\"]", check_modalities},
    {"instructions", INSTRUCTIONS, check_string},
    {"voice", "\"alloy\"", check_string_or_object},
    {"turn_detection", SERVER_VAD(""), check_turn_detection_preview},
    {"input_audio_format", "\"pcm16\"", check_format_name},
    {"output_audio_format", "\"pcm16\"", check_format_name},
    {"input_audio_transcription", "null", check_object_or_null},
    {"input_audio_noise_reduction", "null", check_object_or_null},
    {"tools", "[]", check_array},
    {"tool_choice", "\"auto\"", check_string_or_object},
    {"temperature", "0.8", check_temperature},
    {"max_response_output_tokens", "\"inf\"", check_output_limit},
    {"speed", NULL, check_speed},
    {"tracing", NULL, check_any},
};

/* What a response.create may override; overrides that do not affect our answers are checked and
 * ignored. */
static const struct row ga_response_rows[] = {
    {"output_modalities", NULL, check_output_modalities},
    {"max_output_tokens", NULL, check_output_limit},
    {"conversation", NULL, check_conversation},
    {"metadata", NULL, check_metadata},
    {"instructions", NULL, check_string},
    {"audio.output.format", NULL, check_format},
    {"audio.output.voice", NULL, check_string_or_object},
    {"tools", NULL, check_array},
    {"tool_choice", NULL, check_string_or_object},
    {"parallel_tool_calls", NULL, check_bool},
    {"reasoning", NULL, check_object_or_null},
    {"input", NULL, check_array},
    {"prompt", NULL, check_object_or_null},
};

static const struct row preview_response_rows[] = {
    {"modalities", NULL, check_modalities},
    {"max_response_output_tokens", NULL, check_output_limit},
    {"max_output_tokens", NULL, check_output_limit},
    {"conversation", NULL, check_conversation},
    {"metadata", NULL, check_metadata},
    {"instructions", NULL, check_string},
    {"voice", NULL, check_string_or_object},
    {"output_audio_format", NULL, check_format_name},
    {"temperature", NULL, check_temperature},
    {"tools", NULL, check_array},
    {"tool_choice", NULL, check_string_or_object},
    {"input", NULL, check_array},
};

struct table {
    const struct row *rows;
    size_t count;
    const char *root; /* how complaints name the object: "session" */
};

#define TABLE(name, object)                                                                        \
    {                                                                                              \
        name, sizeof(name) / sizeof *(name), object                                                \
    }

_Static_assert(sizeof ga_rows / sizeof *ga_rows <= SETTINGS_MAX, "SETTINGS_MAX holds every row");
_Static_assert(sizeof preview_rows / sizeof *preview_rows <= SETTINGS_MAX,
               "SETTINGS_MAX holds every row");

static struct table session_table(bool preview)
{
    static const struct table ga = TABLE(ga_rows, "session");
    static const struct table beta = TABLE(preview_rows, "session");
    return preview ? beta : ga;
}

static struct table response_table(bool preview)
{
    static const struct table ga = TABLE(ga_response_rows, "response");
    static const struct table beta = TABLE(preview_response_rows, "response");
    return preview ? beta : ga;
}

/* Index of the row of a path, or the count of rows. */
static size_t find_row(struct table table, const char *path)
{
    size_t i = 0;
    while (i < table.count && strcmp(table.rows[i].path, path) != 0) i++;
    return i;
}

/* Whether a path is a prefix of others ("audio", "audio.input"). */
static bool is_group(struct table table, const char *path)
{
    size_t length = strlen(path);
    for (size_t i = 0; i < table.count; i++) {
        if (strncmp(table.rows[i].path, path, length) == 0 && table.rows[i].path[length] == '.')
            return true;
    }
    return false;
}

static bool check_row(const struct row *row, const cJSON *value, const char *full, char **staged,
                      struct complaint *complaint)
{
    struct text json = {0};
    bool good = row->check(value, full, &json, complaint);
    free(*staged);
    *staged = text_take(&json);
    if (good && *staged == NULL)
        return complain(complaint, NULL, "", "The server has no memory for the session.");
    return good;
}

/* Walks the members of an object (and of its groups), checking each into its slot in staged. */
static bool walk(struct table table, const cJSON *object, const char *prefix, char **staged,
                 struct complaint *complaint)
{
    const cJSON *member;
    cJSON_ArrayForEach(member, object)
    {
        char path[96];
        char full[128];
        (void)snprintf(path, sizeof path, "%s%s%.64s", prefix, *prefix == '\0' ? "" : ".",
                       member->string);
        (void)snprintf(full, sizeof full, "%s.%s", table.root, path);
        size_t row = find_row(table, path);
        if (row < table.count && table.rows[row].check != NULL) {
            if (!check_row(&table.rows[row], member, full, &staged[row], complaint)) return false;
        } else if (is_group(table, path)) {
            if (!cJSON_IsObject(member))
                return complain(complaint, "invalid_type", full,
                                "Invalid type for '%s': expected an object.", full);
            if (!walk(table, member, path, staged, complaint)) return false;
        } else {
            return complain(complaint, "unknown_parameter", full, "Unknown parameter: '%s'.", full);
        }
    }
    return true;
}

static void free_values(char **values)
{
    for (size_t i = 0; i < SETTINGS_MAX; i++) free(values[i]);
}

static uint64_t limit_of(const char *json)
{
    return json == NULL || *json == '"' ? 0 : strtoull(json, NULL, 10);
}

static bool is_text_only(const char *json)
{
    return strstr(json, "audio") == NULL;
}

/* Of a JSON string, without its quotes and escapes. */
static size_t text_bytes(const char *json)
{
    cJSON *item = cJSON_Parse(json);
    const char *said = cJSON_GetStringValue(item);
    const size_t bytes = said == NULL ? 0 : strlen(said);
    cJSON_Delete(item);
    return bytes;
}

/* Of {"type":"retention_ratio","retention_ratio":0.8,"token_limits":{"post_instructions":N}}; the
 * other forms ("auto", "disabled") leave it to the model's window. */
static void derive_truncation(struct settings *settings)
{
    cJSON *item = cJSON_Parse(settings_value(settings, "truncation"));
    const cJSON *limits = cJSON_GetObjectItemCaseSensitive(item, "token_limits");
    const cJSON *limit = cJSON_GetObjectItemCaseSensitive(limits, "post_instructions");
    const cJSON *ratio = cJSON_GetObjectItemCaseSensitive(item, "retention_ratio");
    settings->truncate_above = 0;
    settings->truncate_retain = 1;
    if (cJSON_IsNumber(limit) && limit->valuedouble >= 1 && limit->valuedouble < 1e9)
        settings->truncate_above = (uint64_t)limit->valuedouble;
    if (cJSON_IsNumber(ratio) && ratio->valuedouble >= 0 && ratio->valuedouble <= 1)
        settings->truncate_retain = ratio->valuedouble;
    cJSON_Delete(item);
}

/* Reads the few settings that affect answers from the effective values. */
static void derive(struct settings *settings)
{
    bool preview = settings->preview;
    settings->text_only =
        is_text_only(settings_value(settings, preview ? "modalities" : "output_modalities"));
    settings->max_output_tokens = limit_of(
        settings_value(settings, preview ? "max_response_output_tokens" : "max_output_tokens"));
    settings->instruction_bytes = text_bytes(settings_value(settings, "instructions"));
    derive_truncation(settings);
}

void settings_init(struct settings *settings, bool preview)
{
    *settings = (struct settings){.preview = preview};
    derive(settings);
}

bool settings_update(struct settings *settings, const cJSON *session, struct complaint *complaint)
{
    struct table table = session_table(settings->preview);
    if (session == NULL)
        return complain(complaint, "missing_required_parameter", "session",
                        "Missing required parameter: 'session'.");
    if (!cJSON_IsObject(session))
        return complain(complaint, "invalid_type", "session",
                        "Invalid type for 'session': expected an object.");
    if (!settings->preview && cJSON_GetObjectItemCaseSensitive(session, "type") == NULL)
        return complain(complaint, "missing_required_parameter", "session.type",
                        "Missing required parameter: 'session.type'.");
    char *staged[SETTINGS_MAX] = {0};
    if (!walk(table, session, "", staged, complaint)) {
        free_values(staged);
        return false;
    }
    for (size_t i = 0; i < table.count; i++) {
        if (staged[i] == NULL) continue;
        free(settings->values[i]);
        settings->values[i] = staged[i];
    }
    derive(settings);
    return true;
}

/* The staged value of a path of the response table, or NULL. */
static char **staged_value(struct table table, char **staged, const char *path)
{
    size_t row = find_row(table, path);
    return row < table.count ? &staged[row] : NULL;
}

static void read_overrides(struct table table, bool preview, char **staged, struct overrides *out)
{
    char **value = staged_value(table, staged, preview ? "modalities" : "output_modalities");
    if (value != NULL && *value != NULL) out->text_only = is_text_only(*value);
    static const char *const limits[] = {"max_response_output_tokens", "max_output_tokens"};
    for (size_t i = 0; i < 2; i++) {
        value = staged_value(table, staged, limits[i]);
        if (value != NULL && *value != NULL) out->max_output_tokens = limit_of(*value);
    }
    value = staged_value(table, staged, "conversation");
    out->out_of_band = value != NULL && *value != NULL && strcmp(*value, "\"none\"") == 0;
    value = staged_value(table, staged, "metadata");
    if (value == NULL) return;
    out->metadata = *value;
    *value = NULL;
}

bool settings_override(const struct settings *settings, const cJSON *response,
                       struct overrides *out, struct complaint *complaint)
{
    *out = (struct overrides){.text_only = settings->text_only,
                              .max_output_tokens = settings->max_output_tokens};
    if (response == NULL || cJSON_IsNull(response)) return true;
    if (!cJSON_IsObject(response))
        return complain(complaint, "invalid_type", "response",
                        "Invalid type for 'response': expected an object.");
    struct table table = response_table(settings->preview);
    char *staged[SETTINGS_MAX] = {0};
    bool good = walk(table, response, "", staged, complaint);
    if (good) read_overrides(table, settings->preview, staged, out);
    free_values(staged);
    return good;
}

static const char *effective(const struct settings *settings, size_t row)
{
    const char *value = settings->values[row];
    return value != NULL ? value : session_table(settings->preview).rows[row].fallback;
}

const char *settings_value(const struct settings *settings, const char *path)
{
    struct table table = session_table(settings->preview);
    size_t row = find_row(table, path);
    const char *value = row < table.count ? effective(settings, row) : NULL;
    return value != NULL ? value : "null";
}

/* Length of the group part of a path: "audio.input." of "audio.input.format". */
static size_t group_length(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot == NULL ? 0 : (size_t)(dot - path) + 1;
}

/* Closes the groups that the next row is not in, and opens its own. */
static void change_group(struct text *out, const char *before, const char *next)
{
    size_t old_length = group_length(before);
    size_t new_length = group_length(next);
    size_t common = 0;
    for (size_t i = 0; i < old_length && i < new_length && before[i] == next[i]; i++) {
        if (before[i] == '.') common = i + 1;
    }
    for (size_t i = common; i < old_length; i++) {
        if (before[i] == '.') text_puts(out, "}");
    }
    for (size_t i = common; i < new_length;) {
        size_t length = strcspn(next + i, ".");
        if (out->data[out->length - 1] != '{') text_puts(out, ",");
        text_puts(out, "\"");
        text_append(out, next + i, length);
        text_puts(out, "\":{");
        i += length + 1;
    }
}

static void put_value(const struct settings *settings, size_t row,
                      const struct settings_identity *identity, struct text *out)
{
    const char *path = session_table(settings->preview).rows[row].path;
    if (strcmp(path, "id") == 0) {
        text_json(out, identity->session_id);
    } else if (strcmp(path, "model") == 0) { /* an update may name it, without changing it */
        text_json(out, identity->model);
    } else if (strcmp(path, "expires_at") == 0) {
        text_printf(out, "%" PRId64, identity->expires_at_s);
    } else {
        text_puts(out, effective(settings, row));
    }
}

void settings_object(const struct settings *settings, const struct settings_identity *identity,
                     struct text *out)
{
    struct table table = session_table(settings->preview);
    const char *before = "";
    text_puts(out, "{");
    for (size_t i = 0; i < table.count && !out->failed; i++) {
        const char *path = table.rows[i].path;
        bool own = strcmp(path, "id") == 0 || strcmp(path, "model") == 0 ||
                   strcmp(path, "expires_at") == 0;
        if (!own && effective(settings, i) == NULL) continue;
        change_group(out, before, path);
        if (out->failed) return;
        if (out->data[out->length - 1] != '{') text_puts(out, ",");
        text_puts(out, "\"");
        text_puts(out, path + group_length(path));
        text_puts(out, "\":");
        put_value(settings, i, identity, out);
        before = path;
    }
    change_group(out, before, "");
    text_puts(out, "}");
}

void settings_free(struct settings *settings)
{
    free_values(settings->values);
    *settings = (struct settings){0};
}
