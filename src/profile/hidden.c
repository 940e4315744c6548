#include "profile/hidden.h"

#include "base/redact.h"
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

static char *proxy_user_of(const char *proxy)
{
    const char *start = proxy == NULL ? NULL : strstr(proxy, "://");
    if (start == NULL) return NULL;
    start += 3;
    size_t authority = strcspn(start, "/?#");
    const char *at = memrchr(start, '@', authority);
    return at == NULL ? NULL : secret_copy_part(start, (size_t)(at - start));
}

static void add(struct hidden *hidden, const char *value)
{
    if (value != NULL && *value != '\0') hidden->values[hidden->count++] = value;
}

/* Shorter strings are words of the protocol ("auto", "marin"), which messages are likely to
 * contain. */
#define CONTENT_BYTES 16

static bool is_content(const struct json_node *node)
{
    return node->kind == JSON_STRING && strlen(node->text) >= CONTENT_BYTES;
}

static size_t count_content(const struct json_node *node)
{
    size_t count = is_content(node) ? 1 : 0;
    for (const struct json_node *child = node->first; child != NULL; child = child->next)
        count += count_content(child);
    return count;
}

static void add_content(struct hidden *hidden, const struct json_node *node)
{
    if (is_content(node)) add(hidden, node->text);
    for (const struct json_node *child = node->first; child != NULL; child = child->next)
        add_content(hidden, child);
}

static bool read_settings(const char *json, struct json_node **out)
{
    struct error ignored;
    return json == NULL || jsonc_parse(NULL, json, strlen(json), out, &ignored) == ERR_OK;
}

bool hidden_of(const struct region *region, const struct session_plan *said, const char *credential,
               struct hidden *out)
{
    const size_t listed = said == NULL || said->said != NULL ? 0 : said->prompt_count;
    size_t room = region->header_count + listed + 7;
    *out = (struct hidden){.said = said == NULL ? NULL : said->said};
    bool read = read_settings(region->settings, &out->settings[0]) &&
                (said == NULL || read_settings(said->settings, &out->settings[1]));
    for (size_t i = 0; i < 2; i++)
        room += out->settings[i] == NULL ? 0 : count_content(out->settings[i]);
    if (read) out->values = calloc(room, sizeof *out->values);
    if (out->values == NULL) {
        hidden_free(out);
        return false;
    }
    out->proxy_user = proxy_user_of(region->proxy);
    add(out, region->auth.secret);
    if (credential != NULL && strncmp(credential, "Bearer ", 7) == 0) credential += 7;
    add(out, credential);
    add(out, out->proxy_user);
    const char *colon = out->proxy_user == NULL ? NULL : strchr(out->proxy_user, ':');
    add(out, colon == NULL ? NULL : colon + 1);
    add(out, region->client.key);
    add(out, region->client.passphrase);
    for (size_t i = 0; i < region->header_count; i++) add(out, region->headers[i].value);
    for (size_t i = 0; i < listed; i++) add(out, said->prompts[i].text);
    if (said != NULL) add(out, said->instructions);
    for (size_t i = 0; i < 2; i++) {
        if (out->settings[i] != NULL) add_content(out, out->settings[i]);
    }
    return true;
}

void hidden_free(struct hidden *hidden)
{
    for (size_t i = 0; i < 2; i++) json_free(hidden->settings[i]);
    secret_free(hidden->proxy_user);
    free(hidden->values);
    *hidden = (struct hidden){0};
}

void hidden_redact(const struct hidden *hidden, struct text *out, const char *string)
{
    redact_many(out, string, strlen(string), hidden->values, hidden->count, hidden->said);
}
