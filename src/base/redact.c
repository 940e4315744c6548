#include "base/redact.h"

#include "base/redact_index.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LONG_BEGINNING 16 /* for longer secrets, a prefix of this length is hidden as well */
#define MARK "[redacted]"
/* Azure keys of 2024 and later have 84 letters and digits; ids and hashes are shorter than this. */
#define LONG_RUN 80

struct scan {
    const char *at, *end;
    const char *start;
};

static bool is_alphanumeric(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* A character of a key or token in any of the usual alphabets. */
static bool is_token(char c)
{
    return is_alphanumeric(c) || c == '-' || c == '_' || c == '.' || c == '~' || c == '+' ||
           c == '/' || c == '*';
}

static bool is_base64(char c)
{
    return is_alphanumeric(c) || c == '+' || c == '/' || c == '-' || c == '_';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* How much of a secret matches at a position: bytes of the secret, and bytes of text that they take
 * up. */
struct match {
    size_t secret, text;
};

/* Decodes a character escaped by JSON, C or a URL into UTF-8; returns the length of the escape, 0
 * if there is none. */
static size_t unescape(const char *s, const char *end, char out[4])
{
    static const char plain[] = "\"\\/'nrtbf";
    static const char meant[] = "\"\\/'\n\r\t\b\f";
    const bool percent = end - s >= 3 && *s == '%';
    const bool unit = end - s >= 6 && s[0] == '\\' && s[1] == 'u';
    memset(out, 0, 4);
    if (percent || unit) {
        unsigned value = 0;
        const size_t start = percent ? 1 : 2;
        const size_t digits = percent ? 2 : 4;
        for (size_t i = start; i < start + digits; i++) {
            if (hex_digit(s[i]) < 0) return 0;
            value = value * 16 + (unsigned)hex_digit(s[i]);
        }
        if (percent || value < 0x80) {
            out[0] = (char)value;
        } else if (value < 0x800) {
            out[0] = (char)(0xC0 | value >> 6);
            out[1] = (char)(0x80 | (value & 0x3F));
        } else {
            out[0] = (char)(0xE0 | value >> 12);
            out[1] = (char)(0x80 | (value >> 6 & 0x3F));
            out[2] = (char)(0x80 | (value & 0x3F));
        }
        return start + digits;
    }
    const char *known = end - s >= 2 && *s == '\\' && s[1] != '\0' ? strchr(plain, s[1]) : NULL;
    if (known == NULL) return 0;
    out[0] = meant[known - plain];
    return 2;
}

/* What is escaped again has more backslashes before each character: the last one of a run. */
static const char *last_backslash(const char *s, const char *end)
{
    while (end - s >= 2 && s[0] == '\\' && s[1] == '\\') s++;
    return s;
}

/* The secret itself, any of its characters possibly escaped, once or more often. What may be itself
 * or an escape (a backslash or percent sign of the secret) is taken for an escape first with
 * `encoded`. */
static struct match match_plain(const char *s, const char *end, const char *secret, bool encoded)
{
    const char *first = s;
    const char *start = secret;
    while (*secret != '\0' && s < end) {
        char bytes[4];
        const char *escape = last_backslash(s, end);
        const size_t length = unescape(escape, end, bytes);
        const bool same = *s == *secret;
        const bool escaped =
            length > 0 && bytes[0] != '\0' && strncmp(secret, bytes, strlen(bytes)) == 0;
        if (escaped && (encoded || !same)) {
            s = escape + length;
            secret += strlen(bytes);
        } else if (same) { /* backslashes stand for as many as there are in the secret */
            s = escape + 1;
            secret += *secret == '\\' ? strspn(secret, "\\") : 1;
        } else {
            break;
        }
    }
    return (struct match){.secret = (size_t)(secret - start), .text = (size_t)(s - first)};
}

/* In hexadecimal digits, upper or lower case. */
static struct match match_hex(const char *s, const char *end, const char *secret)
{
    struct match match = {0};
    while (*secret != '\0' && end - s >= 2) {
        int high = hex_digit(s[0]);
        int low = hex_digit(s[1]);
        if (high < 0 || low < 0 || high * 16 + low != (unsigned char)*secret) break;
        s += 2;
        secret++;
        match.secret++;
        match.text += 2;
    }
    return match;
}

static char base64_digit(unsigned value)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return alphabet[value & 63u];
}

/* One character of the base64 form of a secret, at a bit offset into it. */
static char base64_at(const unsigned char *secret, size_t bit)
{
    unsigned pair = (unsigned)secret[bit / 8] << 8;
    if (bit % 8 > 2) pair |= secret[bit / 8 + 1];
    return base64_digit(pair >> (10 - bit % 8));
}

static bool base64_same(char a, char b)
{
    if (a == '-') a = '+';
    if (a == '_') a = '/';
    return a == b;
}

/* Matches the inner characters of the secret's base64 form at s. Bytes encoded before the secret
 * shift it by 0, 1 or 2 bytes; characters that it shares with its neighbours are left out. */
static struct match match_base64(const char *s, const char *end, const char *secret, size_t shift)
{
    const unsigned char *bytes = (const unsigned char *)secret;
    const char *first = s;
    size_t length = strlen(secret);
    size_t bits = length * 8;
    size_t bit = shift == 0 ? 0 : shift == 1 ? 4 : 2;
    for (; bit + 6 <= bits; bit += 6, s++) {
        if (s >= end || !base64_same(*s, base64_at(bytes, bit))) break;
    }
    bool whole = bit + 6 > bits; /* the last bits share a character with what follows */
    return (struct match){.secret = whole ? length : bit / 8, .text = (size_t)(s - first)};
}

/* Length of the run of token characters at s. */
static size_t token_length(const char *s, const char *end)
{
    const char *first = s;
    while (s < end && is_token(*s)) s++;
    while (s < end && *s == '=') s++;
    return (size_t)(s - first);
}

/* Length of the name at s if it is `name` in any case, with '-', '_' or nothing where the name has
 * '-'. */
static size_t match_name(const char *s, const char *end, const char *name)
{
    const char *first = s;
    for (; *name != '\0'; name++) {
        bool separator = *name == '-';
        bool same = s < end && (separator ? *s == '-' || *s == '_' : (*s | 0x20) == *name);
        if (same) s++;
        if (!same && !separator) return 0;
    }
    return (size_t)(s - first);
}

static const char *skip_spaces(const char *s, const char *end)
{
    while (s < end && (*s == ' ' || *s == '\t')) s++;
    return s;
}

/* Skips a quote, which may itself be escaped. */
static const char *skip_quote(const char *s, const char *end)
{
    if (s + 1 < end && s[0] == '\\' && (s[1] == '"' || s[1] == '\'')) return s + 2;
    if (s < end && (*s == '"' || *s == '\'')) return s + 1;
    return s;
}

/* The end of a value. Only the value of an Authorization header contains spaces ("Bearer abc"). */
static const char *value_end(const char *s, const char *end, bool spaces)
{
    while (s < end && strchr("\"'\\\r\n,;&<>{}", *s) == NULL &&
           (spaces || (*s != ' ' && *s != '\t')))
        s++;
    return s;
}

/* Whether what stands behind a name is the beginning of a sentence about it ("api_key: the
 * environment variable ..."), and not its value. */
static bool is_word(const char *value, const char *after)
{
    static const char *const words[] = {
        "a",    "an",  "cannot",  "empty", "expired", "has",  "holds", "invalid", "is",
        "it",   "may", "missing", "must",  "needs",   "no",   "not",   "one",     "required",
        "that", "the", "this",    "two",   "unknown", "what", "write", "wrong"};
    const size_t length = (size_t)(after - value);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strlen(words[i]) == length && memcmp(words[i], value, length) == 0) return true;
    }
    return false;
}

/* Finds a named credential at s ("api-key=", "Authorization: "); sets where its value begins and
 * ends. */
static bool match_named(const char *s, const char *end, const char **value, const char **after)
{
    static const struct {
        const char *name;
        bool spaces, maybe_word;
    } names[] = {
        {"authorization", true, false},    {"api-key", false, true},
        {"subscription-key", false, true}, {"access-token", false, true},
        {"password", false, false},        {"client-secret", false, true},
        {"refresh-token", false, true},    {"id-token", false, true},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t length = match_name(s, end, names[i].name);
        if (length == 0) continue;
        const char *p = skip_spaces(skip_quote(s + length, end), end);
        if (p == end || (*p != '=' && *p != ':')) continue;
        const bool told = *p == ':' && p + 1 < end && p[1] == ' ';
        p = skip_spaces(p + 1, end);
        const bool quoted = skip_quote(p, end) > p;
        p = skip_quote(p, end);
        *value = p;
        *after = value_end(p, end, names[i].spaces);
        if (told && !quoted && names[i].maybe_word && is_word(p, *after)) return false;
        return *after > p;
    }
    return false;
}

static bool match_bearer(const char *s, const char *end, const char **value, const char **after)
{
    if (end - s < 8 || strncasecmp(s, "bearer", 6) != 0 || (s[6] != ' ' && s[6] != '\t'))
        return false;
    *value = skip_spaces(s + 6, end);
    *after = *value + token_length(*value, end);
    return *after > *value;
}

/* Length of the text at s that is shaped like a key or token (s is at the start of a word); 0 if
 * none is. */
static size_t match_shape(const char *s, const char *end)
{
    static const char *const prefixes[] = {"sk-", "ek_", "eyJ"};
    for (size_t i = 0; end - s > 3 && i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (strncmp(s, prefixes[i], 3) != 0) continue;
        size_t length = token_length(s, end);
        while (s[length - 1] == '.') length--; /* a full stop ends the sentence, not the key */
        if (length >= 3 + REDACT_SHORTEST) return length;
    }
    size_t run = 0;
    while (s + run < end && is_alphanumeric(s[run])) run++;
    return run >= LONG_RUN ? run : 0;
}

/* All of a secret, or enough of its beginning to reveal it: a message may have been cut off. */
static bool reveals(struct match match, const char *secret)
{
    return match.secret >= LONG_BEGINNING || (match.secret > 0 && secret[match.secret] == '\0');
}

/* Length of the secret at the current position, in any form; takes back the part of its base64 form
 * that was already appended. */
static size_t match_secret(struct text *out, size_t floor, const struct scan *scan,
                           const char *const *secrets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (secrets[i] == NULL || strlen(secrets[i]) < REDACT_SHORTEST) continue;
        struct match match = match_plain(scan->at, scan->end, secrets[i], false);
        if (reveals(match, secrets[i])) return match.text;
        match = match_plain(scan->at, scan->end, secrets[i], true);
        if (reveals(match, secrets[i])) return match.text;
        match = match_hex(scan->at, scan->end, secrets[i]);
        if (reveals(match, secrets[i])) return match.text;
        for (size_t shift = 0; shift < 3; shift++) {
            if (!reveals(match_base64(scan->at, scan->end, secrets[i], shift), secrets[i]))
                continue;
            while (out->length > floor && is_base64(out->data[out->length - 1])) out->length--;
            return token_length(scan->at, scan->end);
        }
    }
    return 0;
}

/* ---- many secrets ---- */

/* The first bytes at s with what is escaped decoded, as match_plain reads them. */
static size_t plain_bytes(const char *s, const char *end, char out[REDACT_INDEX_BYTES + 4])
{
    size_t count = 0;
    while (count < REDACT_INDEX_BYTES && s < end) {
        char bytes[4];
        const char *escape = last_backslash(s, end);
        const size_t length = unescape(escape, end, bytes);
        if (length > 0 && bytes[0] == '\0') break;
        const size_t decoded = length == 0 ? 1 : strlen(bytes);
        memcpy(out + count, length == 0 ? s : bytes, decoded);
        count += decoded;
        s = escape + (length == 0 ? 1 : length);
    }
    return count < REDACT_INDEX_BYTES ? count : REDACT_INDEX_BYTES;
}

static size_t hex_bytes(const char *s, const char *end, char out[REDACT_INDEX_BYTES])
{
    size_t count = 0;
    for (; count < REDACT_INDEX_BYTES && end - s >= 2; s += 2) {
        if (hex_digit(s[0]) < 0 || hex_digit(s[1]) < 0) break;
        out[count++] = (char)(hex_digit(s[0]) * 16 + hex_digit(s[1]));
    }
    return count;
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+' || c == '-') return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

/* The first whole bytes of base64 at s, after so many bits. */
static size_t base64_bytes(const char *s, const char *end, unsigned skip, size_t most,
                           char out[REDACT_INDEX_BYTES])
{
    unsigned bits = 0;
    unsigned held = 0;
    size_t count = 0;
    for (; count < most && s < end && base64_value(*s) >= 0; s++) {
        bits = bits << 6 | (unsigned)base64_value(*s);
        held += 6;
        if (skip > 0 && held >= skip) {
            held -= skip;
            skip = 0;
        }
        if (skip > 0 || held < 8) continue;
        held -= 8;
        out[count++] = (char)(bits >> held & 0xFF);
    }
    return count;
}

static size_t match_range(struct text *out, size_t floor, const struct scan *scan,
                          struct redact_range range)
{
    return match_secret(out, floor, scan, range.secrets, range.count);
}

static size_t match_index(struct text *out, size_t floor, const struct scan *scan,
                          const struct redact_index *index)
{
    /* what base64 has of the first byte is only a part, where bytes stand before the secret */
    static const unsigned skipped[] = {0, 4, 6};
    char bytes[REDACT_INDEX_BYTES + 4];
    size_t hidden = match_secret(out, floor, scan, index->odd, index->odd_count);
    if (hidden == 0 && plain_bytes(scan->at, scan->end, bytes) == REDACT_INDEX_BYTES)
        hidden = match_range(out, floor, scan,
                             redact_index_find(index, bytes, REDACT_INDEX_BYTES, false));
    if (hidden == 0 && hex_bytes(scan->at, scan->end, bytes) == REDACT_INDEX_BYTES)
        hidden = match_range(out, floor, scan,
                             redact_index_find(index, bytes, REDACT_INDEX_BYTES, false));
    for (size_t i = 0; hidden == 0 && i < sizeof skipped / sizeof *skipped; i++) {
        const size_t most = i == 0 ? REDACT_INDEX_BYTES : REDACT_INDEX_BYTES - 1;
        if (base64_bytes(scan->at, scan->end, skipped[i], most, bytes) < most) break;
        hidden = match_range(out, floor, scan, redact_index_find(index, bytes, most, i > 0));
    }
    return hidden;
}

void redact(struct text *out, const char *string, size_t length, const char *const *secrets,
            size_t count)
{
    redact_many(out, string, length, secrets, count, NULL);
}

void redact_many(struct text *out, const char *string, size_t length, const char *const *secrets,
                 size_t count, const struct redact_index *index)
{
    struct scan scan = {string, string + length, string};
    size_t floor = out->length;
    while (scan.at < scan.end) {
        const char *value;
        const char *after;
        bool word = scan.at == scan.start || !is_alphanumeric(scan.at[-1]);
        size_t hidden = match_secret(out, floor, &scan, secrets, count);
        if (hidden == 0 && index != NULL) hidden = match_index(out, floor, &scan, index);
        size_t shaped = word ? match_shape(scan.at, scan.end) : 0;
        if (shaped > hidden) hidden = shaped;
        if (hidden > 0) {
            text_puts(out, MARK);
            scan.at += hidden;
            floor = out->length;
        } else if (match_named(scan.at, scan.end, &value, &after) ||
                   match_bearer(scan.at, scan.end, &value, &after)) {
            text_append(out, scan.at, (size_t)(value - scan.at));
            text_puts(out, MARK);
            scan.at = after;
            floor = out->length;
        } else {
            text_append(out, scan.at, 1);
            scan.at++;
        }
    }
}
