#include "package/verify.h"

#include "base/text.h"
#include "record/lines.h"
#include "stats/histogram_log.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINE_LIMIT ((size_t)64 << 20)
#define HEX_KEY 32 /* an Azure key in the older format */
#define LONG_KEY                                                                                   \
    80                /* an Azure key in the newer format has 84 letters and digits; no id is that
                       long */
#define BASE64_RUN 64 /* longer than any id: encoded bytes */
#define SHORTEST 8    /* of a named credential's value */

struct scan {
    const char *at, *start, *end;
    const char *run_end; /* end of the run of base64 characters that was measured last */
    struct known_ids *known;
};

void known_ids_free(struct known_ids *known)
{
    free(known->ids);
    *known = (struct known_ids){0};
}

static size_t hex_run(const char *s, const char *end)
{
    const char *first = s;
    while (s < end && isxdigit((unsigned char)*s)) s++;
    return (size_t)(s - first);
}

void known_ids_add(struct known_ids *known, const char *id)
{
    size_t length = strlen(id);
    if (length != HEX_KEY || hex_run(id, id + length) != HEX_KEY) return;
    if (known->count == known->capacity) {
        size_t capacity = known->capacity < 64 ? 64 : known->capacity * 2;
        char(*ids)[33] = realloc(known->ids, capacity * sizeof *ids);
        if (ids == NULL) {
            known->failed = true;
            return;
        }
        known->ids = ids;
        known->capacity = capacity;
    }
    memcpy(known->ids[known->count++], id, 33);
    known->sorted = false;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool is_known(struct known_ids *known, const char *hex)
{
    char id[33];
    if (known == NULL || known->count == 0) return false;
    if (!known->sorted) qsort(known->ids, known->count, sizeof *known->ids, by_text);
    known->sorted = true;
    memcpy(id, hex, HEX_KEY);
    id[HEX_KEY] = '\0';
    return bsearch(id, known->ids, known->count, sizeof *known->ids, by_text) != NULL;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static bool is_base64(char c)
{
    return isalnum((unsigned char)c) || c == '+' || c == '/' || c == '-' || c == '_';
}

/* Whether a word begins here, possibly after a percent-encoded character. */
static bool at_word(const struct scan *scan)
{
    const char *s = scan->at;
    if (s == scan->start || !is_word(s[-1])) return true;
    return s - scan->start >= 3 && s[-3] == '%' && isxdigit((unsigned char)s[-2]) &&
           isxdigit((unsigned char)s[-1]);
}

static size_t token_run(const char *s, const char *end)
{
    const char *first = s;
    while (s < end && (is_base64(*s) || *s == '.' || *s == '~' || *s == '*' || *s == '=')) s++;
    return (size_t)(s - first);
}

static bool starts(const char *s, const char *end, const char *prefix)
{
    size_t length = strlen(prefix);
    return (size_t)(end - s) >= length && strncmp(s, prefix, length) == 0;
}

/* sk-..., ek_..., eyJ...: OpenAI keys, client secrets, JSON web tokens. */
static const char *prefixed(const struct scan *scan)
{
    static const struct {
        const char *prefix, *shape;
    } shapes[] = {
        {"sk-", "an OpenAI key (sk-...)"},
        {"ek_", "a client secret (ek_...)"},
        {"eyJ", "a JSON web token (eyJ...)"},
    };
    if (!at_word(scan)) return NULL;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        if (starts(scan->at, scan->end, shapes[i].prefix) &&
            token_run(scan->at + 3, scan->end) >= SHORTEST)
            return shapes[i].shape;
    }
    return NULL;
}

static const char *bearer(const struct scan *scan)
{
    const char *s = scan->at;
    if ((*s | 0x20) != 'b' || scan->end - s < 7 || strncasecmp(s, "bearer", 6) != 0) return NULL;
    s += 6;
    if (starts(s, scan->end, "%20")) {
        s += 3;
    } else if (*s == ' ' || *s == '\t' || *s == '+') {
        s++;
    } else {
        return NULL;
    }
    size_t length = token_run(s, scan->end);
    bool digit = false;
    for (size_t i = 0; i < length; i++) digit = digit || isdigit((unsigned char)s[i]);
    /* "Bearer authentication" contains a word, not a token. */
    return length >= 20 || (length >= SHORTEST && digit) ? "a bearer token" : NULL;
}

/* Matches a name in any case, with '-', '_' or nothing where it has '-'. */
static const char *match_name(const char *s, const char *end, const char *name)
{
    for (; *name != '\0'; name++) {
        bool same = s < end &&
                    (*name == '-' ? *s == '-' || *s == '_' : tolower((unsigned char)*s) == *name);
        if (same) s++;
        if (!same && *name != '-') return NULL;
    }
    return s;
}

static const char *skip(const char *s, const char *end, const char *characters)
{
    while (s < end && strchr(characters, *s) != NULL) s++;
    return s;
}

/* The value after `name": "`, `name=` and the like; NULL if no value follows. */
static const char *value_behind(const char *s, const char *end)
{
    s = skip(s, end, "\\\"'");
    s = skip(s, end, " \t");
    if (starts(s, end, "%3D") || starts(s, end, "%3d")) {
        s += 3;
    } else if (s < end && (*s == '=' || *s == ':')) {
        s++;
    } else {
        return NULL;
    }
    s = skip(s, end, " \t");
    s = skip(s, end, "\\\"'");
    return s < end ? s : NULL;
}

static const char *named(const struct scan *scan)
{
    static const char *const names[] = {"api-key",       "authorization", "subscription-key",
                                        "access-token",  "refresh-token", "id-token",
                                        "client-secret", "password",      "ephemeral-key"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if ((*scan->at | 0x20) != names[i][0]) continue;
        const char *s = match_name(scan->at, scan->end, names[i]);
        const char *value = s == NULL ? NULL : value_behind(s, scan->end);
        if (value == NULL) continue;
        /* "[redacted]" and "${NAME}" begin with a character that no token has. */
        if (token_run(value, scan->end) >= SHORTEST)
            return "the value of a credential (api-key=... or the like)";
    }
    return NULL;
}

/* Whether a "type" comes shortly before: {"type":"input_text","text":...}. Many a "text" is not
 * part of a conversation. */
static bool typed(const struct scan *scan)
{
    size_t back = (size_t)(scan->at - scan->start);
    if (back > 64) back = 64;
    return memmem(scan->at - back, back, "type", 4) != NULL;
}

/* Whether a non-empty member `name": "...` is here, however its quotes are escaped. */
static bool member(const struct scan *scan, const char *name)
{
    if (!starts(scan->at, scan->end, name)) return false;
    const char *s = scan->at + strlen(name);
    const char *quoted = skip(s, scan->end, "\\\"'");
    const char *colon = skip(quoted, scan->end, " \t");
    if (quoted == s || colon == scan->end || *colon != ':') return false;
    const char *open = skip(colon + 1, scan->end, " \t");
    const char *value = skip(open, scan->end, "\\\"'");
    if (value == open || value == scan->end || strchr(",}]", *value) != NULL ||
        starts(value, scan->end, "null"))
        return false;
    return !starts(value, scan->end, "[redacted]");
}

/* "instructions": "..." and the other protocol members that carry content. */
static const char *content(const struct scan *scan)
{
    static const char *const names[] = {"instructions", "transcript", "audio", "delta", "prompt"};
    if (scan->at == scan->start || (scan->at[-1] != '"' && scan->at[-1] != '\'')) return NULL;
    bool found = (member(scan, "text") || member(scan, "content")) && typed(scan);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        found = found || member(scan, names[i]);
    return found ? "content of a conversation (a JSON member)" : NULL;
}

static const char *data_uri(const struct scan *scan)
{
    static const char *const starts_of[] = {"data:audio/", "data:image/", "data:application/",
                                            ";base64,"};
    for (size_t i = 0; i < sizeof starts_of / sizeof *starts_of; i++) {
        if (starts(scan->at, scan->end, starts_of[i])) return "a data URI";
    }
    return NULL;
}

static const char *hex_key(const struct scan *scan)
{
    if (scan->at > scan->start && is_word(scan->at[-1])) return NULL;
    size_t length = hex_run(scan->at, scan->end);
    if (length != HEX_KEY || (scan->at + length < scan->end && is_word(scan->at[length])))
        return NULL;
    bool letter = false;
    bool digit = false;
    for (size_t i = 0; i < length; i++) {
        letter = letter || isalpha((unsigned char)scan->at[i]);
        digit = digit || isdigit((unsigned char)scan->at[i]);
    }
    if (!letter || !digit || is_known(scan->known, scan->at)) return NULL;
    return "an Azure key (32 hexadecimal digits)";
}

/* Encoded bytes: long, and without the separators of a path or a name. */
static const char *encoded(struct scan *scan)
{
    if (scan->at < scan->run_end || !is_base64(*scan->at)) return NULL;
    const char *s = scan->at;
    size_t separators = 0;
    size_t plain = 0; /* letters and digits in a row */
    size_t longest = 0;
    bool upper = false;
    bool lower = false;
    bool digit = false;
    for (; s < scan->end && is_base64(*s); s++) {
        upper = upper || isupper((unsigned char)*s);
        lower = lower || islower((unsigned char)*s);
        digit = digit || isdigit((unsigned char)*s);
        bool alphanumeric = isalnum((unsigned char)*s);
        separators += !alphanumeric;
        plain = alphanumeric ? plain + 1 : 0;
        if (plain > longest) longest = plain;
    }
    scan->run_end = s;
    size_t length = (size_t)(s - scan->at);
    if (longest >= LONG_KEY) return "a long key or encoded bytes";
    bool dense = length >= 12 * (separators + 1);
    bool mixed = upper && lower && digit;
    return dense && length >= (mixed ? BASE64_RUN : BASE64_RUN * 3 / 2) ? "base64, as of audio"
                                                                        : NULL;
}

const char *verify_line(const char *line, size_t length, struct known_ids *known)
{
    struct scan scan = {line, line, line + length, line, known};
    for (; scan.at < scan.end; scan.at++) {
        const char *shape = encoded(&scan);
        if (shape == NULL) shape = prefixed(&scan);
        if (shape == NULL) shape = hex_key(&scan);
        if (shape == NULL && strchr("dD;", *scan.at) != NULL) shape = data_uri(&scan);
        if (shape == NULL) shape = content(&scan);
        if (shape == NULL && isalpha((unsigned char)*scan.at)) shape = bearer(&scan);
        if (shape == NULL && isalpha((unsigned char)*scan.at)) shape = named(&scan);
        if (shape != NULL) return shape;
    }
    return NULL;
}

/* A line of a histogram log: its payload is naturally base64, and must be a histogram and nothing
 * else. */
static const char *verify_log_line(char *line, size_t length, struct known_ids *known,
                                   struct histogram_decoder *decoder, int64_t *base_ns)
{
    struct histogram_log_entry entry = {0};
    if (histogram_log_read(decoder, line, length, base_ns, &entry, NULL) != ERR_OK)
        return "a line that is not a histogram";
    const char *payload = entry.histogram == NULL ? NULL : memrchr(line, ',', length);
    return verify_line(line, payload == NULL ? length : (size_t)(payload - line), known);
}

static enum err_code verify_lines(const char *name, struct lines *lines, struct known_ids *known,
                                  struct histogram_decoder *decoder, struct error *err)
{
    int64_t base_ns = 0;
    for (;;) {
        char *line = NULL;
        size_t length = 0;
        const char *shape = NULL;
        switch (lines_next(lines, &line, &length)) {
        case LINE_WHOLE:
        case LINE_TORN: /* a last line without a newline */
            shape = decoder == NULL ? verify_line(line, length, known)
                                    : verify_log_line(line, length, known, decoder, &base_ns);
            break;
        case LINE_TOO_LONG:
            shape = "a line that is too long to be looked through";
            break;
        case LINE_ERROR:
            return error_set(err, ERR_IO, "%s: cannot read it again: %s", name,
                             strerror(lines->os_error));
        case LINE_END:
            return ERR_OK;
        }
        if (shape == NULL) continue;
        return error_set(
            err, ERR_FORMAT,
            "no package was made: line %llu of its %s would hold what has the shape of %s; find "
            "where it comes from (most often a `message` in failures.jsonl, or the file given "
            "with --check or --fill), replace it in a copy, and pack that",
            (unsigned long long)lines->number, name, shape);
    }
}

static enum err_code verify_file(const char *folder, const char *name, struct known_ids *known,
                                 struct error *err)
{
    const char *dot = strrchr(name, '.');
    bool log = dot != NULL && strcmp(dot, ".hlog") == 0;
    struct text path = {0};
    struct lines lines;
    text_printf(&path, "%s/%s", folder, name);
    struct histogram_decoder *decoder = log ? histogram_decoder_new() : NULL;
    enum err_code code = ERR_OK;
    if (log && decoder == NULL) {
        code = error_set(err, ERR_NOMEM, "%s: no memory to look through it", name);
    } else {
        code = lines_open(&lines, text_str(&path), LINE_LIMIT, err);
        if (code == ERR_OK) code = verify_lines(name, &lines, known, decoder, err);
        lines_close(&lines);
    }
    histogram_decoder_free(decoder);
    text_free(&path);
    return code;
}

enum err_code verify_files(const char *folder, const char *const *files, struct known_ids *known,
                           struct error *err)
{
    if (known != NULL && known->failed)
        return error_set(err, ERR_NOMEM, "no memory to look through the package");
    enum err_code code = ERR_OK;
    for (; code == ERR_OK && *files != NULL; files++)
        code = verify_file(folder, *files, known, err);
    return code;
}
