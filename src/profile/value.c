#include "profile/value.h"

#include "base/units.h"
#include "profile/release.h"
#include "profile/suggest.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A number of any type; ranges compare `number`. */
struct scalar {
    double number;
    uint64_t whole;       /* COUNT, SIZE */
    int64_t signed_whole; /* DURATION, TIME */
};

static enum err_code parse_number(const char *text, double *out, struct error *err)
{
    char *end = NULL;
    errno = 0;
    double number = strtod(text, &end);
    if (end == text || *end != '\0' || errno != 0 || !isfinite(number)) {
        return error_set(err, ERR_USAGE, "\"%.80s\" is not a number: write it as 4 or 0.4", text);
    }
    *out = number;
    return ERR_OK;
}

static enum err_code parse_start(const char *text, int64_t *out, struct error *err)
{
    if (strcmp(text, "now") == 0) {
        *out = INT64_MIN;
        return ERR_OK;
    }
    return parse_time(text, out, err);
}

static enum err_code scalar_parse(enum key_type type, const char *text, struct scalar *out,
                                  struct error *err)
{
    enum err_code code = ERR_INTERNAL;
    *out = (struct scalar){0};
    switch (type) {
    case KEY_COUNT:
        code = parse_count(text, &out->whole, err);
        out->number = (double)out->whole;
        break;
    case KEY_SIZE:
        code = parse_size(text, &out->whole, err);
        out->number = (double)out->whole;
        break;
    case KEY_DURATION:
    case KEY_LATENCY:
        code = parse_duration(text, &out->signed_whole, err);
        out->number = (double)out->signed_whole;
        break;
    case KEY_TIME:
        code = parse_start(text, &out->signed_whole, err);
        break;
    case KEY_NUMBER:
        code = parse_number(text, &out->number, err);
        break;
    case KEY_RATE:
        code = parse_rate(text, &out->number, err);
        break;
    case KEY_FRACTION:
    case KEY_SHARE:
        code = parse_fraction(text, &out->number, err);
        break;
    default:
        break;
    }
    return code;
}

/* The bounds are in profile notation in the table, and read by the same parser. */
static enum err_code scalar_in_range(const struct key *key, const char *text, struct scalar *out,
                                     const struct place *place)
{
    struct error inner = {0};
    struct scalar bound;
    enum err_code code = scalar_parse(key->type, text, out, &inner);
    if (code != ERR_OK) return place_fail_with(place, code, &inner);
    if (key->least != NULL) {
        code = scalar_parse(key->type, key->least, &bound, &inner);
        if (code != ERR_OK) return place_fail_with(place, code, &inner);
        if (out->number < bound.number) {
            return place_fail(place, "%.80s is too little: the least is %s", text, key->least);
        }
    }
    if (key->most != NULL) {
        code = scalar_parse(key->type, key->most, &bound, &inner);
        if (code != ERR_OK) return place_fail_with(place, code, &inner);
        if (out->number > bound.number) {
            return place_fail(place, "%.80s is too much: the most is %s", text, key->most);
        }
    }
    return ERR_OK;
}

bool value_is_composite(enum key_type type)
{
    return type >= KEY_STRINGS;
}

/* Line breaks and tabs are allowed in prompts only; other control characters nowhere. */
static bool has_control(const char *text, bool lines_allowed)
{
    for (const unsigned char *s = (const unsigned char *)text; *s != '\0'; s++) {
        bool line = *s == '\n' || *s == '\r' || *s == '\t';
        if ((*s < 0x20 && !(line && lines_allowed)) || *s == 0x7F) return true;
    }
    return false;
}

enum err_code value_string(const struct key *key, const char *text, const struct place *place,
                           char **out)
{
    bool content = key->type == KEY_HIDDEN || key->type == KEY_PROMPTS;
    if (has_control(text, content))
        return place_fail(place, "holds a control character: remove it");
    if (text[0] == '\0') return place_fail(place, "is empty: write a value, or leave the key out");
    struct error inner = {0};
    enum err_code code = key->accept == NULL ? ERR_OK : key->accept(text, &inner);
    if (code != ERR_OK) return place_fail_with(place, code, &inner);
    *out = strdup(text);
    return *out == NULL ? place_no_memory(place) : ERR_OK;
}

enum err_code value_duration(const struct key *key, const char *text, const struct place *place,
                             int64_t *out_ns)
{
    struct scalar scalar;
    enum err_code code = scalar_in_range(key, text, &scalar, place);
    if (code == ERR_OK) *out_ns = scalar.signed_whole;
    return code;
}

enum err_code value_fraction(const char *text, const struct place *place, double *out)
{
    struct error inner = {0};
    enum err_code code = parse_fraction(text, out, &inner);
    return code == ERR_OK ? ERR_OK : place_fail_with(place, code, &inner);
}

enum err_code value_window(const char *text, const struct place *place, struct window *out)
{
    struct error inner = {0};
    enum err_code code = window_parse(text, out, &inner);
    return code == ERR_OK ? ERR_OK : place_fail_with(place, code, &inner);
}

static enum err_code set_during(const char *text, const struct place *place, struct window **out)
{
    struct error inner = {0};
    struct window *window = calloc(1, sizeof *window);
    if (window == NULL) return place_no_memory(place);
    enum err_code code = window_parse_during(text, window, &inner);
    if (code != ERR_OK) {
        free(window);
        return place_fail_with(place, code, &inner);
    }
    *out = window;
    return ERR_OK;
}

static enum err_code find_word(const struct key *key, const char *text, const struct place *place,
                               unsigned *out)
{
    struct suggestion suggestion = suggest_start(text);
    struct text known = {0};
    for (unsigned i = 0; key->words[i] != NULL; i++) {
        if (strcmp(key->words[i], text) == 0) {
            text_free(&known);
            *out = i;
            return ERR_OK;
        }
        suggest_offer(&suggestion, key->words[i]);
        text_printf(&known, "%s%s", i > 0 ? ", " : "", key->words[i]);
    }
    enum err_code code =
        suggestion.best != NULL
            ? place_fail(place, "\"%.60s\" is not known here: did you mean \"%s\"? (%s)", text,
                         suggestion.best, text_str(&known))
            : place_fail(place, "\"%.60s\" is not known here: write one of %s", text,
                         text_str(&known));
    text_free(&known);
    return code;
}

static enum err_code set_target(const char *text, const struct place *place, struct stage *stage)
{
    struct error inner = {0};
    uint64_t count = 0;
    stage->is_rate = strchr(text, '/') != NULL;
    enum err_code code = stage->is_rate ? parse_rate(text, &stage->target, &inner)
                                        : parse_count(text, &count, &inner);
    if (code != ERR_OK) return place_fail_with(place, code, &inner);
    if (!stage->is_rate) stage->target = (double)count;
    if (stage->target > 100000) {
        return place_fail(place, "%.80s is too much: the most is 100000 sessions, or 100000/s",
                          text);
    }
    return ERR_OK;
}

static enum err_code set_credential(const struct key *key, const char *text,
                                    const struct place *place, struct auth *auth)
{
    if (auth->kind != AUTH_NONE) {
        return place_fail(
            place, "a region has one of api_key, token and token_command: remove the others");
    }
    enum err_code code = value_string(key, text, place, &auth->source);
    if (code == ERR_OK) auth->kind = (enum auth_kind)key->variant;
    return code;
}

static enum err_code set_bool(const char *text, const struct place *place, bool *out)
{
    bool yes = strcmp(text, "true") == 0;
    if (!yes && strcmp(text, "false") != 0) return place_fail(place, "must be true or false");
    *out = yes;
    return ERR_OK;
}

static enum err_code set_scalar(const struct key *key, const char *text, const struct place *place,
                                void *value)
{
    struct scalar scalar;
    enum err_code code = scalar_in_range(key, text, &scalar, place);
    if (code != ERR_OK) return code;
    switch (key->type) {
    case KEY_COUNT:
    case KEY_SIZE:
        *(uint64_t *)value = scalar.whole;
        break;
    case KEY_DURATION:
    case KEY_TIME:
        *(int64_t *)value = scalar.signed_whole;
        break;
    case KEY_LATENCY:
        *(struct latency *)value = (struct latency){true, scalar.signed_whole, scalar.signed_whole};
        break;
    case KEY_SHARE:
        *(struct optional_rate *)value = (struct optional_rate){true, scalar.number};
        break;
    default:
        *(double *)value = scalar.number;
        break;
    }
    return ERR_OK;
}

enum err_code value_from_text(const struct key *key, const char *text, const struct place *place,
                              void *object)
{
    void *value = (char *)object + key->offset;
    unsigned word = 0;
    char *string = NULL;
    struct window *window = NULL;
    enum err_code code = ERR_OK;
    switch (key->type) {
    case KEY_IGNORED:
        return ERR_OK;
    case KEY_STRING:
    case KEY_HIDDEN:
    case KEY_REFERENCES:
        code = value_string(key, text, place, &string);
        if (code != ERR_OK) return code;
        release_value(key, object);
        *(char **)value = string;
        return ERR_OK;
    case KEY_DURING:
        code = set_during(text, place, &window);
        if (code != ERR_OK) return code;
        release_value(key, object);
        *(struct window **)value = window;
        return ERR_OK;
    case KEY_WORD:
    case KEY_EITHER:
        code = find_word(key, text, place, &word);
        if (code != ERR_OK) return code;
        if (key->type == KEY_EITHER) *(bool *)value = word == 1;
        if (key->type == KEY_WORD) *(unsigned *)value = word;
        return ERR_OK;
    case KEY_CREDENTIAL:
        return set_credential(key, text, place, value);
    case KEY_BOOL:
        return set_bool(text, place, value);
    case KEY_TARGET:
        return set_target(text, place, object);
    default:
        return set_scalar(key, text, place, value);
    }
}
