#include "profile/hidden.h"

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

bool hidden_of(const struct region *region, const struct session_plan *said, const char *credential,
               struct hidden *out)
{
    const size_t prompts = said == NULL ? 0 : said->prompt_count;
    *out =
        (struct hidden){.values = calloc(region->header_count + prompts + 5, sizeof *out->values)};
    if (out->values == NULL) return false;
    out->proxy_user = proxy_user_of(region->proxy);
    add(out, region->auth.secret);
    if (credential != NULL && strncmp(credential, "Bearer ", 7) == 0) credential += 7;
    add(out, credential);
    add(out, out->proxy_user);
    const char *colon = out->proxy_user == NULL ? NULL : strchr(out->proxy_user, ':');
    add(out, colon == NULL ? NULL : colon + 1);
    for (size_t i = 0; i < region->header_count; i++) add(out, region->headers[i].value);
    for (size_t i = 0; i < prompts; i++) add(out, said->prompts[i]);
    if (said != NULL) add(out, said->instructions);
    return true;
}

void hidden_free(struct hidden *hidden)
{
    secret_free(hidden->proxy_user);
    free(hidden->values);
    *hidden = (struct hidden){0};
}
