#include "profile/form.h"

#include "base/text.h"
#include "profile/faults.h"
#include "profile/suggest.h"
#include "profile/threshold.h"

#include <ctype.h>
#include <string.h>

static const char *const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
static const char *const digits = "0123456789";

/* Whether the text consists only of letters, digits and the characters of `more`. */
static bool made_of(const char *text, const char *more)
{
    for (const char *s = text; *s != '\0'; s++) {
        if (strchr(letters, *s) == NULL && strchr(digits, *s) == NULL && strchr(more, *s) == NULL)
            return false;
    }
    return true;
}

enum err_code form_profile_name(const char *text, struct error *err)
{
    if (strlen(text) <= 64 && made_of(text, "._-")) return ERR_OK;
    return error_set(
        err, ERR_USAGE,
        "\"%.80s\" cannot name a folder: use up to 64 letters, digits, '.', '_' and '-'", text);
}

enum err_code form_region_name(const char *text, struct error *err)
{
    if (strlen(text) <= 63 && made_of(text, "_-")) return ERR_OK;
    return error_set(err, ERR_USAGE,
                     "\"%.80s\" cannot name a region: use up to 63 letters, digits, '_' and '-'",
                     text);
}

/* How much of a text may be quoted: a query that was pasted along with it may hold a key. */
static int quotable(const char *text)
{
    size_t length = strcspn(text, "?#&");
    return length < 80 ? (int)length : 80;
}

enum err_code form_deployment(const char *text, struct error *err)
{
    if (strpbrk(text, " /?#&") == NULL) return ERR_OK;
    return error_set(err, ERR_USAGE,
                     "\"%.*s\" is not a name: it may hold no space and none of / ? # &",
                     quotable(text), text);
}

/* Whether text starts with the shape dddd-dd-dd. */
static bool starts_with_date(const char *text)
{
    static const char shape[] = "dddd-dd-dd";
    for (size_t i = 0; shape[i] != '\0'; i++) {
        bool fits = shape[i] == 'd' ? isdigit((unsigned char)text[i]) != 0 : text[i] == '-';
        if (!fits) return false;
    }
    return true;
}

enum err_code form_api_version(const char *text, struct error *err)
{
    if (starts_with_date(text) && (text[10] == '\0' || strcmp(text + 10, "-preview") == 0))
        return ERR_OK;
    return error_set(err, ERR_USAGE,
                     "\"%.*s\" is not an api-version: write it as 2025-04-01-preview",
                     quotable(text), text);
}

enum err_code form_date(const char *text, struct error *err)
{
    if (starts_with_date(text) && text[10] == '\0') return ERR_OK;
    return error_set(err, ERR_USAGE, "\"%.80s\" is not a date: write it as 2026-10-01", text);
}

enum err_code form_path(const char *text, struct error *err)
{
    if (text[0] == '/' && strpbrk(text, "?# ") == NULL) return ERR_OK;
    return error_set(err, ERR_USAGE,
                     "\"%.*s\" is not a path: begin with / and leave out the query (?...), which "
                     "the dialect adds",
                     quotable(text), text);
}

enum err_code form_command(const char *text, struct error *err)
{
    if (strspn(text, " \t") < strlen(text)) return ERR_OK;
    return error_set(err, ERR_USAGE,
                     "an empty command: write the shell command that prints the token");
}

/* Length of the ${NAME} or ${file:PATH} that starts the text, or 0 if it is neither. */
static size_t reference_length(const char *text)
{
    if (strncmp(text, "${", 2) != 0) return 0;
    const char *end = strchr(text, '}');
    if (end == NULL) return 0;
    const char *name = text + 2;
    size_t length = (size_t)(end - name);
    bool file = strncmp(name, "file:", 5) == 0 && length > 5;
    bool variable = length > 0 && strchr(digits, name[0]) == NULL;
    for (size_t i = 0; i < length && variable; i++) {
        variable =
            strchr(letters, name[i]) != NULL || strchr(digits, name[i]) != NULL || name[i] == '_';
    }
    return file || variable ? length + 3 : 0;
}

static enum err_code literal_secret(struct error *err)
{
    return error_set(
        err, ERR_USAGE,
        "a secret does not belong into a profile: write ${NAME} to read the environment variable "
        "NAME, or ${file:PATH} to read a file");
}

/* "$NAME", as a shell would take it. */
static bool is_shell_variable(const char *text)
{
    const size_t length = strlen(text);
    if (text[0] != '$' || length < 2 || strchr(digits, text[1]) != NULL) return false;
    for (size_t i = 1; i < length; i++) {
        if (strchr(letters, text[i]) == NULL && strchr(digits, text[i]) == NULL && text[i] != '_')
            return false;
    }
    return true;
}

enum err_code form_secret_reference(const char *text, struct error *err)
{
    size_t length = reference_length(text);
    if (length > 0 && text[length] == '\0') return ERR_OK;
    if (is_shell_variable(text))
        return error_set(err, ERR_USAGE,
                         "a variable is written with braces here: ${NAME} for $NAME");
    if (strncmp(text, "$(", 2) == 0)
        return error_set(err, ERR_USAGE,
                         "a command is none of a secret's forms here: write it as "
                         "\"token_command\", without $( )");
    return literal_secret(err);
}

enum err_code form_pem_source(const char *text, struct error *err)
{
    if (strncmp(text, "${", 2) == 0) return form_secret_reference(text, err);
    if (strstr(text, "-----BEGIN") == NULL && strpbrk(text, "\r\n") == NULL) return ERR_OK;
    return error_set(err, ERR_USAGE,
                     "a certificate or key does not belong into a profile: name its PEM file, or "
                     "refer to it as ${NAME} or ${file:PATH}");
}

/* Whether every ${ in the text begins a reference. */
static bool references_are_whole(const char *text)
{
    for (const char *s = strstr(text, "${"); s != NULL; s = strstr(s + 1, "${")) {
        if (reference_length(s) == 0) return false;
    }
    return true;
}

enum err_code form_fault(const char *text, struct error *err)
{
    enum fault_kind kind;
    if (fault_find(text, &kind)) return ERR_OK;
    struct suggestion suggestion = suggest_start(text);
    for (int i = 0; i < FAULT_COUNT; i++)
        suggest_offer(&suggestion, fault_info((enum fault_kind)i)->name);
    if (suggestion.best != NULL) {
        return error_set(err, ERR_USAGE, "no fault is called \"%.60s\": did you mean \"%s\"?", text,
                         suggestion.best);
    }
    struct text known = {0};
    for (int i = 0; i < FAULT_COUNT; i++) {
        text_printf(&known, "%s%s", i > 0 ? ", " : "", fault_info((enum fault_kind)i)->name);
    }
    enum err_code code = error_set(err, ERR_USAGE, "no fault is called \"%.60s\": there are %.400s",
                                   text, text_str(&known));
    text_free(&known);
    return code;
}

enum err_code form_threshold(const char *text, struct error *err)
{
    struct threshold threshold;
    return threshold_parse(text, &threshold, err);
}

/* A token of RFC 9110, section 5.6.2. */
enum err_code form_header_name(const char *name, struct error *err)
{
    static const char *const ours[] = {"host",           "connection",        "upgrade",
                                       "content-length", "transfer-encoding", NULL};
    if (name[0] == '\0' || !made_of(name, "!#$%&'*+-.^_`|~")) {
        /* What follows the name in a line that was pasted whole may be a key. */
        size_t length = strcspn(name, ": =");
        return error_set(err, ERR_USAGE,
                         "\"%.*s\" cannot name a header: write its name alone, then its value",
                         (int)(length < 60 ? length : 60), name);
    }
    if (strcasecmp(name, "authorization") == 0 || strcasecmp(name, "api-key") == 0) {
        return error_set(
            err, ERR_USAGE,
            "credentials go into `auth`, not into a header: write auth.api_key or auth.token");
    }
    /* A gateway may require a subprotocol; the other headers of this kind are generated for each
     * connection. */
    bool taken = strncasecmp(name, "sec-websocket-", 14) == 0 &&
                 strcasecmp(name, "sec-websocket-protocol") != 0;
    for (size_t i = 0; ours[i] != NULL; i++) taken = taken || strcasecmp(name, ours[i]) == 0;
    if (taken)
        return error_set(err, ERR_USAGE,
                         "the header \"%.60s\" belongs to the upgrade itself: leave it out", name);
    return ERR_OK;
}

/* Names under which people send secrets; a value written in full is treated as one. */
static bool sounds_secret(const char *name)
{
    static const char *const signs[] = {"key",    "token",    "secret", "auth",
                                        "cookie", "password", NULL};
    for (size_t i = 0; signs[i] != NULL; i++) {
        if (strcasestr(name, signs[i]) != NULL) return true;
    }
    return false;
}

enum err_code form_header_value(const char *name, const char *value, struct error *err)
{
    for (const unsigned char *s = (const unsigned char *)value; *s != '\0'; s++) {
        if (*s < 0x20 || *s > 0x7E)
            return error_set(err, ERR_USAGE, "a header's value is printable ASCII only");
    }
    if (!references_are_whole(value)) {
        return error_set(err, ERR_USAGE,
                         "a ${ that begins no reference: write ${NAME} or ${file:PATH}");
    }
    /* Browsers can only send a key as the name of a subprotocol. */
    bool subprotocol = strcasecmp(name, "sec-websocket-protocol") == 0;
    bool secret = sounds_secret(name) || (subprotocol && sounds_secret(value));
    if (secret && strstr(value, "${") == NULL) return literal_secret(err);
    return ERR_OK;
}
