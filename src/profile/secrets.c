#include "base/clock.h"
#include "base/files.h"
#include "base/secret.h"
#include "profile/command.h"
#include "profile/form.h"
#include "profile/place.h"
#include "profile/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECRET_LIMIT ((size_t)64 * 1024)

/* Time limit for a command, the first time and again. */
#define COMMAND_LIMIT_NS (30 * NS_PER_S)

/* The text of resolved references, in separate memory that never moves and so leaves no copies
 * behind. */
struct value {
    char *text; /* SECRET_LIMIT bytes and a NUL */
    size_t length;
};

static enum err_code value_append(struct value *value, const char *bytes, size_t length,
                                  const struct place *place)
{
    if (length > SECRET_LIMIT - value->length)
        return place_fail(place,
                          "what it refers to is larger than 64 KiB: that is not a key or token");
    memcpy(value->text + value->length, bytes, length);
    value->length += length;
    return ERR_OK;
}

static enum err_code read_variable(const char *name, const struct place *place, struct value *out)
{
    const char *value = getenv(name);
    if (value == NULL) {
        return place_fail(
            place,
            "the environment variable %s is not set: export %s=..., or rehearse with --simulate",
            name, name);
    }
    if (value[0] == '\0')
        return place_fail(place, "the environment variable %s is empty: give it the secret", name);
    return value_append(out, value, strlen(value), place);
}

/* Reads without stdio, whose buffers nobody wipes. *got: bytes in out, at most `size`. */
static enum err_code read_bytes(const char *path, const struct place *place, char *out, size_t size,
                                size_t *got)
{
    int file;
    struct error inner = {0};
    *got = 0;
    if (file_open(path, FILE_REGULAR, &file, &inner) != ERR_OK)
        return place_fail(place, "%.300s: correct the path", inner.text);
    enum err_code code = ERR_OK;
    size_t more = 1;
    while (code == ERR_OK && more > 0 && *got < size) {
        code = file_get(file, path, out + *got, size - *got, &more, &inner);
        *got += more;
    }
    (void)close(file);
    return code == ERR_OK ? ERR_OK : place_fail(place, "%.300s", inner.text);
}

static enum err_code read_secret_file(const char *path, const struct place *place,
                                      struct value *out)
{
    char *start = out->text + out->length;
    size_t room = SECRET_LIMIT - out->length;
    size_t got;
    enum err_code code = read_bytes(path, place, start, room, &got);
    if (code != ERR_OK) return code;
    if (got == room)
        return place_fail(place, "%.200s: larger than 64 KiB: that is not a key or token", path);
    if (memchr(start, '\0', got) != NULL)
        return place_fail(place, "the file %.200s holds a NUL byte: a secret is text", path);
    while (got > 0 && strchr("\r\n", start[got - 1]) != NULL) got--;
    start[got] = '\0';
    if (got == 0)
        return place_fail(place, "the file %.200s is empty: put the secret into it", path);
    out->length += got;
    return ERR_OK;
}

/* Appends the value of the reference ("NAME" or "file:PATH", `length` bytes). */
static enum err_code resolve(const char *reference, size_t length, const struct place *place,
                             struct value *out)
{
    char *name = strndup(reference, length);
    if (name == NULL) return place_no_memory(place);
    enum err_code code = strncmp(name, "file:", 5) == 0 ? read_secret_file(name + 5, place, out)
                                                        : read_variable(name, place, out);
    free(name);
    return code;
}

/* Resolves each ${...} in the text. The caller owns *out. */
static enum err_code expand(const char *source, const struct place *place, char **out)
{
    struct value value = {.text = secret_new(SECRET_LIMIT)};
    if (value.text == NULL) return place_no_memory(place);
    enum err_code code = ERR_OK;
    const char *s = source;
    while (*s != '\0' && code == ERR_OK) {
        const char *end = strncmp(s, "${", 2) == 0 ? strchr(s, '}') : NULL;
        if (end != NULL) {
            code = resolve(s + 2, (size_t)(end - s - 2), place, &value);
            s = end + 1;
        } else {
            code = value_append(&value, s, 1, place);
            s++;
        }
    }
    if (code == ERR_OK) {
        *out = secret_copy_part(value.text, value.length);
        if (*out == NULL) code = place_no_memory(place);
    }
    secret_free(value.text);
    return code;
}

/* The output of the command, stripped of surrounding white space. */
static enum err_code run_command(const char *command, const atomic_bool *stop,
                                 const struct place *place, char **out)
{
    struct error inner = {0};
    char *printed = secret_new(SECRET_LIMIT);
    if (printed == NULL) return place_no_memory(place);
    (void)fflush(NULL); /* our earlier output must come before the command's */
    enum err_code code =
        command_read(command, COMMAND_LIMIT_NS, stop, printed, SECRET_LIMIT, &inner);
    if (code != ERR_OK) {
        code = place_fail_with(place, code, &inner);
    } else {
        const char *start = printed + strspn(printed, " \t\r\n");
        size_t length = strlen(start);
        while (length > 0 && strchr(" \t\r\n", start[length - 1]) != NULL) length--;
        *out = secret_copy_part(start, length);
        if (*out == NULL) code = place_no_memory(place);
    }
    secret_free(printed);
    return code;
}

/* A secret goes unescaped into a header or URL; a character not allowed there means that its source
 * is wrong. */
static enum err_code check_secret(const char *secret, const struct place *place)
{
    if (secret == NULL) return place_no_memory(place);
    if (secret[0] == '\0') return place_fail(place, "the secret is empty");
    if (secret[0] == '{')
        return place_fail(place, "the secret is a whole JSON object, of which the service takes "
                                 "the token alone: add --query accessToken -o tsv to az "
                                 "account get-access-token, or let jq -r take it out");
    for (const unsigned char *s = (const unsigned char *)secret; *s != '\0'; s++) {
        if (*s <= 0x20 || *s > 0x7E) {
            return place_fail(
                place,
                "the secret holds a space, line break or other character that no key or token has: "
                "it must be the bare value, without a name, quotes or \"Bearer\"");
        }
    }
    return ERR_OK;
}

/* The secret of an earlier region that comes from the same command, which need not run twice. */
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

static enum err_code load_command(const struct profile *profile, size_t index,
                                  const struct place *place, char **out)
{
    const char *known = same_command(profile, index);
    if (known == NULL) return run_command(profile->regions[index].auth.source, NULL, place, out);
    *out = secret_copy(known);
    return *out != NULL ? ERR_OK : place_no_memory(place);
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

/* The place of a region's key; the message names the region, because people know it by name, not by
 * index. */
static struct place secret_place(const struct profile *profile, size_t index, const char *key,
                                 struct error *err)
{
    char path[160];
    (void)snprintf(path, sizeof path, "regions[%zu].%.120s", index, key);
    struct place place = place_find(profile, path, err);
    (void)snprintf(place.path, sizeof place.path, "region %.60s: %.120s",
                   profile->regions[index].name, key);
    return place;
}

bool profile_is_hosted(const char *host)
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
        if (!profile_is_hosted(region->host))
            return ERR_OK; /* a gateway may require no credential */
        return place_fail(
            &place,
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
        secret_free(secret);
        return code;
    }
    secret_free(region->auth.secret);
    region->auth.secret = secret;
    region->auth.loaded = true;
    return ERR_OK;
}

bool profile_secret_changes(const struct region *region)
{
    const struct auth *auth = &region->auth;
    if (!auth->loaded) return false;
    return auth->kind == AUTH_TOKEN_COMMAND ||
           (auth->kind == AUTH_TOKEN && strstr(auth->source, "${file:") != NULL);
}

enum err_code profile_secret_again(const struct profile *profile, size_t index,
                                   const atomic_bool *stop, char **out, struct error *err)
{
    const struct auth *auth = &profile->regions[index].auth;
    struct place place = secret_place(profile, index, auth_key(auth->kind), err);
    char *secret = NULL;
    enum err_code code = auth->kind == AUTH_TOKEN_COMMAND
                             ? run_command(auth->source, stop, &place, &secret)
                             : expand(auth->source, &place, &secret);
    if (code == ERR_OK) code = check_secret(secret, &place);
    if (code == ERR_OK) {
        *out = secret;
    } else {
        secret_free(secret);
    }
    return code;
}

static enum err_code check_header(const char *value, const struct place *place)
{
    if (value == NULL) return place_no_memory(place);
    for (const unsigned char *s = (const unsigned char *)value; *s != '\0'; s++) {
        if (*s < 0x20 || *s > 0x7E) {
            return place_fail(
                place,
                "what it refers to holds a line break or other character that no header can hold");
        }
    }
    return ERR_OK;
}

/* Headers and the proxy: text that may contain references. */
static enum err_code load_text(const char *source, const struct place *place, char **value)
{
    char *expanded = NULL;
    enum err_code code = expand(source, place, &expanded);
    if (code == ERR_OK) code = check_header(expanded, place);
    if (code != ERR_OK) {
        secret_free(expanded);
        return code;
    }
    secret_free(*value);
    *value = expanded;
    return ERR_OK;
}

/* ---- the client's certificate ---- */

/* Reads the file. A path that came by reference is not shown: it may be a key in another form. */
static enum err_code read_pem_file(const char *source, const char *path, const struct place *place,
                                   struct value *out)
{
    if (strncmp(source, "${", 2) != 0) return read_secret_file(path, place, out);
    struct error hidden = {0};
    const struct place silent = {.err = &hidden};
    if (read_secret_file(path, &silent, out) == ERR_OK) return ERR_OK;
    return place_fail(
        place,
        "what %.200s refers to is neither PEM text (-----BEGIN ...) nor the path of a "
        "file that can be read: correct it",
        source);
}

/* A PEM text: the value of a reference, or the file that it or the profile names. */
static enum err_code load_pem(const char *source, const struct place *place, char **out)
{
    char *text = NULL;
    enum err_code code = expand(source, place, &text);
    if (code == ERR_OK && (text == NULL || strstr(text, "-----BEGIN") != NULL)) {
        *out = text;
        return text != NULL ? ERR_OK : place_no_memory(place);
    }
    struct value value = {.text = secret_new(SECRET_LIMIT)};
    if (value.text == NULL) code = place_no_memory(place);
    if (code == ERR_OK) code = read_pem_file(source, text, place, &value);
    if (code == ERR_OK) *out = secret_copy_part(value.text, value.length);
    if (code == ERR_OK && *out == NULL) code = place_no_memory(place);
    secret_free(value.text);
    secret_free(text);
    return code;
}

/* Mistakes that show in the text itself; the rest show when the key is read (net). */
static enum err_code check_pem(const char *text, const char *source, const char *what, bool opens,
                               const struct place *place)
{
    if (text == NULL) return place_no_memory(place);
    if (strstr(text, what) == NULL)
        return place_fail(place, "%.200s holds no PEM text with \"%s\": name the right file",
                          source, what);
    if (opens || strstr(text, "ENCRYPTED") == NULL) return ERR_OK;
    return place_fail(place,
                      "the key in %.200s is encrypted: name its passphrase in "
                      "client_key_passphrase, as ${NAME} or ${file:PATH}",
                      source);
}

static enum err_code load_passphrase(struct profile *profile, size_t index, struct error *err)
{
    struct client_identity *client = &profile->regions[index].client;
    if (client->passphrase_source == NULL) return ERR_OK;
    struct place place = secret_place(profile, index, "client_key_passphrase", err);
    return load_text(client->passphrase_source, &place, &client->passphrase);
}

/* Both or neither: a certificate without its key is useless. */
static enum err_code load_client(struct profile *profile, size_t index, struct error *err)
{
    struct client_identity *client = &profile->regions[index].client;
    if (client->certificate_source == NULL) return ERR_OK;
    const bool own_file = client->key_source != NULL;
    const char *key_source = own_file ? client->key_source : client->certificate_source;
    struct place cert_place = secret_place(profile, index, "client_cert", err);
    struct place key_place =
        secret_place(profile, index, own_file ? "client_key" : "client_cert", err);
    char *certificate = NULL, *key = NULL;
    enum err_code code = load_passphrase(profile, index, err);
    if (code == ERR_OK) code = load_pem(client->certificate_source, &cert_place, &certificate);
    if (code == ERR_OK)
        code = check_pem(certificate, client->certificate_source, "CERTIFICATE-----", true,
                         &cert_place);
    if (code == ERR_OK) code = load_pem(key_source, &key_place, &key);
    if (code == ERR_OK)
        code = check_pem(key, key_source, "PRIVATE KEY-----", client->passphrase_source != NULL,
                         &key_place);
    if (code != ERR_OK) {
        secret_free(certificate);
        secret_free(key);
        return code;
    }
    secret_free(client->certificate);
    secret_free(client->key);
    client->certificate = certificate;
    client->key = key;
    return ERR_OK;
}

enum err_code profile_secrets_load_region(struct profile *profile, size_t index, struct error *err)
{
    struct region *region = &profile->regions[index];
    secret_protect_process();
    enum err_code code = load_client(profile, index, err);
    if (code == ERR_OK) code = load_auth(profile, index, err);
    for (size_t i = 0; i < region->header_count && code == ERR_OK; i++) {
        char key[128];
        (void)snprintf(key, sizeof key, "headers.%.100s", region->headers[i].name);
        struct place place = secret_place(profile, index, key, err);
        code = load_text(region->headers[i].source, &place, &region->headers[i].value);
    }
    if (code == ERR_OK && region->proxy_source != NULL) {
        struct place place = secret_place(profile, index, "proxy", err);
        struct error form = {0};
        code = load_text(region->proxy_source, &place, &region->proxy);
        if (code == ERR_OK && form_proxy_address(region->proxy, &form) != ERR_OK)
            code = place_fail(&place, "what it refers to is %s", form.text);
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
