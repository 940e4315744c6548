#include "base/files.h"
#include "profile/place.h"
#include "profile/profile.h"
#include "profile/release.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define SECRET_LIMIT ((size_t)64 * 1024)

static void wipe(struct text *text)
{
    if (text->data != NULL) explicit_bzero(text->data, text->capacity);
    text_free(text);
}

/* Takes white space off the end, and off the beginning too. */
static char *trimmed_copy(const char *text)
{
    text += strspn(text, " \t\r\n");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL) length--;
    return strndup(text, length);
}

static enum err_code read_variable(const char *name, const struct place *place, struct text *out)
{
    const char *value = getenv(name);
    if (value == NULL) {
        return place_fail(
            place, "the environment variable %s is not set: export %s=..., or rehearse with --simulate", name,
            name);
    }
    if (value[0] == '\0')
        return place_fail(place, "the environment variable %s is empty: give it the secret", name);
    text_puts(out, value);
    return ERR_OK;
}

static enum err_code read_secret_file(const char *path, const struct place *place, struct text *out)
{
    struct error inner = {0};
    size_t before = out->length;
    enum err_code code = file_read(path, SECRET_LIMIT, out, &inner);
    if (code != ERR_OK) return place_fail_with(place, code, &inner);
    if (memchr(text_str(out) + before, '\0', out->length - before) != NULL) {
        return place_fail(place, "the file %.200s holds a NUL byte: a secret is text", path);
    }
    while (out->length > before && strchr("\r\n", out->data[out->length - 1]) != NULL) out->length--;
    if (out->data != NULL) out->data[out->length] = '\0';
    if (out->length == before)
        return place_fail(place, "the file %.200s is empty: put the secret into it", path);
    return ERR_OK;
}

/* Appends what the reference ("NAME" or "file:PATH", `length` bytes) stands for. */
static enum err_code resolve(const char *reference, size_t length, const struct place *place,
                             struct text *out)
{
    char *name = strndup(reference, length);
    if (name == NULL) return place_no_memory(place);
    enum err_code code = strncmp(name, "file:", 5) == 0 ? read_secret_file(name + 5, place, out)
                                                        : read_variable(name, place, out);
    free(name);
    return code;
}

/* Puts in what each ${...} of the text refers to. *out is the caller's. */
static enum err_code expand(const char *source, const struct place *place, char **out)
{
    struct text text = {0};
    enum err_code code = ERR_OK;
    const char *s = source;
    while (*s != '\0' && code == ERR_OK) {
        const char *end = strncmp(s, "${", 2) == 0 ? strchr(s, '}') : NULL;
        if (end != NULL) {
            code = resolve(s + 2, (size_t)(end - s - 2), place, &text);
            s = end + 1;
        } else {
            text_append(&text, s, 1);
            s++;
        }
    }
    if (code == ERR_OK) *out = strdup(text_str(&text));
    if (code == ERR_OK && (text.failed || *out == NULL)) code = place_no_memory(place);
    wipe(&text);
    return code;
}

static enum err_code judge_status(int status, const struct place *place)
{
    if (status == 0) return ERR_OK;
    if (status < 0) return place_fail(place, "the command's end could not be awaited: %s", strerror(errno));
    if (WIFSIGNALED(status)) return place_fail(place, "the command was ended by signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status) == 127) {
        return place_fail(place,
                          "the command was not found (status 127): install it, or write its whole path");
    }
    return place_fail(place, "the command failed with status %d: run it by hand and see what it says",
                      WEXITSTATUS(status));
}

/* What the command prints; its own complaints go to our stderr as they are. */
static enum err_code run_command(const char *command, const struct place *place, struct text *out)
{
    char chunk[4096];
    size_t got = 0;
    (void)fflush(NULL);
    FILE *pipe = popen(command, "re");
    if (pipe == NULL) return place_fail(place, "the command could not be started: %s", strerror(errno));
    while ((got = fread(chunk, 1, sizeof chunk, pipe)) > 0) {
        if (out->length < SECRET_LIMIT) text_append(out, chunk, got);
    }
    explicit_bzero(chunk, sizeof chunk);
    enum err_code code = judge_status(pclose(pipe), place);
    if (code == ERR_OK && out->length >= SECRET_LIMIT) {
        return place_fail(place, "the command prints more than 64 KiB: it should print the token alone");
    }
    if (code == ERR_OK && memchr(text_str(out), '\0', out->length) != NULL) {
        return place_fail(place, "the command prints a NUL byte: it should print the token alone");
    }
    return code;
}

/* A secret goes into a header or URL as it is; what cannot stand there is a mistake in where it came from. */
static enum err_code check_secret(const char *secret, const struct place *place)
{
    if (secret[0] == '\0') return place_fail(place, "the secret is empty");
    for (const unsigned char *s = (const unsigned char *)secret; *s != '\0'; s++) {
        if (*s <= 0x20 || *s > 0x7E) {
            return place_fail(
                place, "the secret holds a space, line break or other character that no key or token has: "
                       "it must be the bare value, without a name, quotes or \"Bearer\"");
        }
    }
    return ERR_OK;
}

/* The secret of an earlier region that is got by the same command: asking once is enough. */
static const char *same_command(const struct profile *profile, size_t index)
{
    const struct auth *auth = &profile->regions[index].auth;
    for (size_t i = 0; i < index; i++) {
        const struct auth *other = &profile->regions[i].auth;
        if (other->kind == AUTH_TOKEN_COMMAND && strcmp(other->source, auth->source) == 0)
            return other->secret;
    }
    return NULL;
}

static enum err_code load_command(const struct profile *profile, size_t index, const struct place *place,
                                  char **out)
{
    const char *known = same_command(profile, index);
    struct text text = {0};
    enum err_code code = ERR_OK;
    if (known != NULL)
        text_puts(&text, known);
    else
        code = run_command(profile->regions[index].auth.source, place, &text);
    if (code == ERR_OK) *out = trimmed_copy(text_str(&text));
    if (code == ERR_OK && (text.failed || *out == NULL)) code = place_no_memory(place);
    wipe(&text);
    return code;
}

static const char *auth_key(enum auth_kind kind)
{
    switch (kind) {
    case AUTH_NONE:
        return "auth";
    case AUTH_API_KEY:
        return "auth.api_key";
    case AUTH_TOKEN:
        return "auth.token";
    case AUTH_TOKEN_COMMAND:
        return "auth.token_command";
    }
    return "auth";
}

/* The place of a region's key; the message names the region, which people know better than its index. */
static struct place secret_place(const struct profile *profile, size_t index, const char *key,
                                 struct error *err)
{
    char path[160];
    (void)snprintf(path, sizeof path, "regions[%zu].%.120s", index, key);
    struct place place = place_find(profile, path, err);
    (void)snprintf(place.path, sizeof place.path, "region %.60s: %.120s", profile->regions[index].name, key);
    return place;
}

static bool is_hosted(const char *host)
{
    static const char *const domains[] = {".azure.com", ".azure.us", ".azure.cn", ".openai.com"};
    size_t length = strlen(host);
    for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++) {
        size_t tail = strlen(domains[i]);
        if (length > tail && strcmp(host + length - tail, domains[i]) == 0) return true;
    }
    return false;
}

static enum err_code load_auth(struct profile *profile, size_t index, struct error *err)
{
    struct region *region = &profile->regions[index];
    struct place place = secret_place(profile, index, auth_key(region->auth.kind), err);
    char *secret = NULL;
    enum err_code code = ERR_OK;
    if (region->auth.kind == AUTH_NONE) {
        if (!is_hosted(region->host)) return ERR_OK; /* a gateway may ask for nothing */
        return place_fail(&place,
                          "this service asks for credentials: write \"auth\": {\"api_key\": \"${NAME}\"}, or "
                          "rehearse with --simulate");
    }
    if (region->auth.kind == AUTH_TOKEN_COMMAND) {
        code = load_command(profile, index, &place, &secret);
    } else {
        code = expand(region->auth.source, &place, &secret);
    }
    if (code == ERR_OK) code = check_secret(secret, &place);
    if (code != ERR_OK) {
        release_secret(secret);
        return code;
    }
    release_secret(region->auth.secret);
    region->auth.secret = secret;
    return ERR_OK;
}

static enum err_code check_header(const char *value, const struct place *place)
{
    for (const unsigned char *s = (const unsigned char *)value; *s != '\0'; s++) {
        if (*s < 0x20 || *s > 0x7E) {
            return place_fail(
                place, "what it refers to holds a line break or other character that no header can hold");
        }
    }
    return ERR_OK;
}

/* Headers and the proxy: text in which references may stand. */
static enum err_code load_text(const char *source, const struct place *place, char **value)
{
    char *expanded = NULL;
    enum err_code code = expand(source, place, &expanded);
    if (code == ERR_OK) code = check_header(expanded, place);
    if (code != ERR_OK) {
        release_secret(expanded);
        return code;
    }
    release_secret(*value);
    *value = expanded;
    return ERR_OK;
}

enum err_code profile_secrets_load_region(struct profile *profile, size_t index, struct error *err)
{
    struct region *region = &profile->regions[index];
    enum err_code code = load_auth(profile, index, err);
    for (size_t i = 0; i < region->header_count && code == ERR_OK; i++) {
        char key[128];
        (void)snprintf(key, sizeof key, "headers.%.100s", region->headers[i].name);
        struct place place = secret_place(profile, index, key, err);
        code = load_text(region->headers[i].source, &place, &region->headers[i].value);
    }
    if (code == ERR_OK && region->proxy_source != NULL) {
        struct place place = secret_place(profile, index, "proxy", err);
        code = load_text(region->proxy_source, &place, &region->proxy);
    }
    return code;
}

enum err_code profile_secrets_load(struct profile *profile, struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < profile->region_count && code == ERR_OK; i++)
        code = profile_secrets_load_region(profile, i, err);
    return code;
}
