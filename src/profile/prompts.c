#include "profile/prompts.h"

#include "base/files.h"
#include "base/random.h"
#include "base/redact.h"
#include "profile/value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WEIGHT_MOST 1e9
#define CHUNK_BYTES ((size_t)64 << 10)

/* A list of at most so many is looked through one by one when a message is scrubbed. */
#define LISTED_MOST 32

/* Keeps the draw of prompts apart from all others of a seed. */
#define PROMPT_STREAM UINT64_C(0x50524F4D50545300)

static const struct key *prompts_key(void)
{
    return key_find(&key_profile, "session.prompts");
}

/* ---- one prompt ---- */

static enum err_code read_weight(const struct json_node *node, const struct place *place,
                                 double *out)
{
    char *end = NULL;
    if (node->kind == JSON_NUMBER) *out = strtod(node->text, &end);
    if (end != NULL && *end == '\0' && *out > 0 && *out <= WEIGHT_MOST) return ERR_OK;
    return place_fail(place, "must be a number above 0 and at most %.0f, without quotes",
                      WEIGHT_MOST);
}

static enum err_code read_members(const struct json_node *object, const struct place *place,
                                  const struct json_node **text, double *weight)
{
    for (const struct json_node *member = object->first; member != NULL; member = member->next) {
        struct place at = place_of_member(place, member);
        if (strcmp(member->key, "text") == 0) {
            *text = member;
        } else if (strcmp(member->key, "weight") == 0) {
            enum err_code code = read_weight(member, &at, weight);
            if (code != ERR_OK) return code;
        } else { /* its name may be content */
            at = *place;
            at.line = member->key_line;
            at.column = member->key_column;
            return place_fail(&at, "has an unknown key: a prompt has text and weight");
        }
    }
    return ERR_OK;
}

enum err_code prompt_read(const struct key *key, const struct json_node *node,
                          const struct place *place, struct prompt *out)
{
    const struct json_node *text = node;
    struct prompt prompt = {.weight = 1};
    if (node->kind == JSON_OBJECT) {
        text = NULL;
        enum err_code code = read_members(node, place, &text, &prompt.weight);
        if (code != ERR_OK) return code;
        if (text == NULL) return place_fail(place, "has no text: write what the user says");
    }
    if (text->kind != JSON_STRING)
        return place_fail(place,
                          "must be text in double quotes, or an object of text and weight, "
                          "not %s",
                          json_kind_name(text->kind));
    enum err_code code = value_string(key, text->text, place, &prompt.text);
    if (code != ERR_OK) return code;
    prompt.length = strlen(prompt.text);
    *out = prompt;
    return ERR_OK;
}

/* ---- all of them ---- */

static enum err_code list_many(struct session_plan *session, struct error *err)
{
    redact_index_free(session->said);
    session->said = NULL;
    if (session->prompt_count <= LISTED_MOST) return ERR_OK;
    const char **texts = calloc(session->prompt_count, sizeof *texts);
    for (size_t i = 0; texts != NULL && i < session->prompt_count; i++)
        texts[i] = session->prompts[i].text;
    if (texts != NULL) session->said = redact_index_new(texts, session->prompt_count);
    free(texts);
    if (session->said != NULL) return ERR_OK;
    return error_set(err, ERR_NOMEM, "no memory for the profile");
}

enum err_code prompts_settle(struct session_plan *session, struct error *err)
{
    double sum = 0;
    for (size_t i = 0; i < session->prompt_count; i++) {
        sum += session->prompts[i].weight;
        session->prompts[i].until = sum;
    }
    return list_many(session, err);
}

const struct prompt *prompts_draw(const struct session_plan *session, uint64_t seed,
                                  uint64_t number, uint64_t round, uint64_t interaction)
{
    struct random random;
    size_t low = 0;
    size_t high = session->prompt_count - 1;
    const uint64_t turn =
        random_mix(random_mix(number + 1) ^ random_mix(round << 32 ^ round >> 32));
    random_seed(&random, seed, PROMPT_STREAM ^ turn ^ random_mix(interaction));
    const double drawn = random_unit(&random) * session->prompts[high].until;
    while (low < high) { /* the first that reaches beyond it */
        const size_t middle = low + (high - low) / 2;
        if (session->prompts[middle].until > drawn)
            high = middle;
        else
            low = middle + 1;
    }
    return &session->prompts[low];
}

/* ---- a file of them ---- */

struct reading {
    struct prompt *prompts;
    size_t count, room;
    struct text line; /* as far as it was read */
    struct place place;
};

static void drop(struct reading *reading)
{
    for (size_t i = 0; i < reading->count; i++) free(reading->prompts[i].text);
    free(reading->prompts);
    text_free(&reading->line);
}

static bool is_blank(const struct text *line)
{
    return strspn(text_str(line), " \t\r") == line->length;
}

/* The parser counted from the line's own beginning. */
static void move_down(struct json_node *node, int lines)
{
    for (struct json_node *member = node->first; member != NULL; member = member->next) {
        member->line += lines;
        member->key_line += lines;
    }
}

static enum err_code take_node(struct reading *reading, const struct json_node *node)
{
    struct place at = reading->place;
    if (reading->count == reading->room) {
        const size_t room = reading->room == 0 ? 64 : 2 * reading->room;
        struct prompt *grown = reallocarray(reading->prompts, room, sizeof *grown);
        if (grown == NULL) return place_no_memory(&at);
        reading->prompts = grown;
        reading->room = room;
    }
    enum err_code code = prompt_read(prompts_key(), node, &at, &reading->prompts[reading->count]);
    if (code == ERR_OK) reading->count++;
    return code;
}

static enum err_code take_line(struct reading *reading)
{
    struct error inner = {0};
    struct json_node *node = NULL;
    reading->place.line++;
    if (reading->line.failed) return place_no_memory(&reading->place);
    if (is_blank(&reading->line)) {
        text_clear(&reading->line);
        return ERR_OK;
    }
    enum err_code code =
        jsonc_parse(NULL, text_str(&reading->line), reading->line.length, &node, &inner);
    if (code == ERR_OK) {
        move_down(node, reading->place.line - 1);
        code = take_node(reading, node);
    } else {
        code = place_fail_with(&reading->place, code, &inner);
    }
    json_free(node);
    text_clear(&reading->line);
    return code;
}

/* Takes the lines that end in these bytes, and keeps the beginning of the next. */
static enum err_code take_bytes(struct reading *reading, const char *bytes, size_t length)
{
    const char *end = bytes + length;
    enum err_code code = ERR_OK;
    while (code == ERR_OK && bytes < end) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
        const size_t part = (size_t)((newline == NULL ? end : newline) - bytes);
        if (reading->line.length + part > JSONC_SIZE_LIMIT) {
            reading->place.line++;
            return place_fail(&reading->place, "the line is longer than %zu bytes: shorten it",
                              JSONC_SIZE_LIMIT);
        }
        text_append(&reading->line, bytes, part);
        bytes += part;
        if (newline == NULL) break;
        bytes++;
        code = take_line(reading);
    }
    return code;
}

static enum err_code read_file(struct reading *reading, const char *path, struct error *err)
{
    int fd;
    size_t got = 1;
    enum err_code code = file_open(path, FILE_REGULAR, &fd, err);
    if (code != ERR_OK) return code;
    char *chunk = malloc(CHUNK_BYTES);
    if (chunk == NULL) code = place_no_memory(&reading->place);
    while (code == ERR_OK && got > 0) {
        code = file_get(fd, path, chunk, CHUNK_BYTES, &got, err);
        if (code == ERR_OK) code = take_bytes(reading, chunk, got);
    }
    free(chunk);
    (void)close(fd);
    if (code == ERR_OK && reading->line.length > 0) code = take_line(reading);
    if (code == ERR_OK && reading->count == 0) {
        reading->place.line = 0;
        code = place_fail(&reading->place, "has no prompt: write one on each line");
    }
    return code;
}

enum err_code prompts_load(struct profile *profile, struct error *err)
{
    struct session_plan *session = &profile->session;
    if (session->prompts_file == NULL) return ERR_OK;
    struct reading reading = {.place = {.file = session->prompts_file, .column = 1, .err = err}};
    enum err_code code = read_file(&reading, session->prompts_file, err);
    if (code != ERR_OK) {
        if (code == ERR_IO) (void)error_prefix(err, "%s: session.prompts_file", profile->file);
        drop(&reading);
        return code;
    }
    for (size_t i = 0; i < session->prompt_count; i++) free(session->prompts[i].text);
    free(session->prompts);
    session->prompts = reading.prompts;
    session->prompt_count = reading.count;
    text_free(&reading.line);
    return prompts_settle(session, err);
}
