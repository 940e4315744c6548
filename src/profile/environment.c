#include "profile/environment.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *first_set(const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0') return names[i];
    }
    return NULL;
}

/* Whether one entry, without blanks and leading dot, matches the host. */
static bool entry_fits(const char *entry, size_t length, const char *host)
{
    const size_t whole = strlen(host);
    while (length > 0 && *entry == '.') {
        entry++;
        length--;
    }
    const char *colon = memchr(entry, ':', length);
    /* an IPv6 address has more than one */
    if (colon != NULL && memchr(colon + 1, ':', length - (size_t)(colon + 1 - entry)) == NULL)
        length = (size_t)(colon - entry);
    if (length == 0 || length > whole) return false;
    if (length == 1 && *entry == '*') return true;
    const char *end = host + whole - length;
    return strncasecmp(end, entry, length) == 0 && (end == host || end[-1] == '.');
}

bool environment_leaves_out(const char *no_proxy, const char *host)
{
    for (const char *at = no_proxy; *at != '\0';) {
        at += strspn(at, ", \t");
        const size_t length = strcspn(at, ", \t");
        if (entry_fits(at, length, host)) return true;
        at += length;
    }
    return false;
}

const char *environment_proxy(const char *host)
{
    static const char *const proxies[] = {"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"};
    static const char *const exceptions[] = {"no_proxy", "NO_PROXY"};
    const char *name = first_set(proxies, sizeof proxies / sizeof *proxies);
    const char *without = first_set(exceptions, sizeof exceptions / sizeof *exceptions);
    if (name == NULL) return NULL;
    const char *left_out = without == NULL ? NULL : getenv(without);
    return left_out != NULL && environment_leaves_out(left_out, host) ? NULL : name;
}

const char *environment_unused_proxy(const struct region *region)
{
    return region->tls && region->proxy_source == NULL ? environment_proxy(region->host) : NULL;
}

void environment_unused_words(const char *name, struct text *out)
{
    text_printf(out,
                "%s is set and not used, rushhour goes directly: write \"proxy\": \"${%s}\" into "
                "the region to go through it",
                name, name);
}
