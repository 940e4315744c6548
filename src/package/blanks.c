#include "package/blanks.h"

#include "base/files.h"
#include "package/parts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FILL_LIMIT ((size_t)256 << 10)
#define BLANKS "\t \r"

const char *blank_name(enum blank blank)
{
    static const char *const names[BLANK_COUNT] = {
        [BLANK_SUBSCRIPTION] = "subscription id",
        [BLANK_IMPACT] = "impact on our users",
        [BLANK_RESOURCE] = "resource name",
        [BLANK_MODEL_VERSION] = "model version",
        [BLANK_DEPLOYMENT_TYPE] = "deployment type",
        [BLANK_TIER] = "quota tier",
        [BLANK_CHANGES] = "our recent changes",
        [BLANK_HEALTH] = "Azure's health and metrics at that time",
        [BLANK_HOSTS] = "number of hosts",
        [BLANK_RPM_NOW] = "RPM now",
        [BLANK_RPM_REQUESTED] = "RPM requested",
        [BLANK_TPM_NOW] = "TPM now",
        [BLANK_TPM_REQUESTED] = "TPM requested",
        [BLANK_USE_CASE] = "use case, and why this model",
        [BLANK_GROWTH] = "growth: sessions per hour and tokens per session expected",
        [BLANK_OPTIMISED] = "what was optimised already",
        [BLANK_HISTORY] = "history of 30 days from Azure Monitor",
    };
    return names[blank];
}

void blanks_free(struct blanks *blanks)
{
    for (int i = 0; i < BLANK_COUNT; i++) free(blanks->values[i]);
    *blanks = (struct blanks){0};
}

static enum blank find(const char *name, size_t length)
{
    int i = 0;
    while (i < BLANK_COUNT && (strlen(blank_name((enum blank)i)) != length ||
                               strncasecmp(blank_name((enum blank)i), name, length) != 0))
        i++;
    return (enum blank)i;
}

static enum err_code no_such_blank(const char *path, size_t number, struct error *err)
{
    struct text names = {0};
    for (int i = 0; i < BLANK_COUNT; i++)
        text_printf(&names, "%s\"%s\"", i > 0 ? ", " : "", blank_name((enum blank)i));
    enum err_code code = error_set(
        err, ERR_FORMAT, "%s:%zu: begins with no blank: write NAME: VALUE, NAME one of %s", path,
        number, text_str(&names));
    text_free(&names);
    return code;
}

/* The name may hold a colon itself: the longest one that fits is meant. */
static enum blank begins_with(const char *line, size_t length, size_t *value)
{
    for (size_t colon = length; colon-- > 0;) {
        if (line[colon] != ':') continue;
        size_t end = colon;
        while (end > 0 && strchr(BLANKS, line[end - 1]) != NULL) end--;
        enum blank blank = find(line, end);
        *value = colon + 1;
        if (blank < BLANK_COUNT) return blank;
    }
    return BLANK_COUNT;
}

static enum err_code read_line(const char *path, size_t number, const char *line, size_t length,
                               struct blanks *out, struct error *err)
{
    size_t from = 0;
    while (length > 0 && strchr(BLANKS, line[length - 1]) != NULL) length--;
    while (length > 0 && strchr(BLANKS, *line) != NULL) line++, length--;
    if (length == 0 || *line == '#') return ERR_OK;
    enum blank blank = begins_with(line, length, &from);
    if (blank == BLANK_COUNT) return no_such_blank(path, number, err);
    while (from < length && strchr(BLANKS, line[from]) != NULL) from++;
    if (from == length)
        return error_set(err, ERR_FORMAT, "%s:%zu: \"%s\" has no value: leave the line out", path,
                         number, blank_name(blank));
    if (out->values[blank] != NULL)
        return error_set(err, ERR_FORMAT, "%s:%zu: \"%s\" is there a second time", path, number,
                         blank_name(blank));
    out->values[blank] = strndup(line + from, length - from);
    return out->values[blank] != NULL ? ERR_OK
                                      : error_set(err, ERR_NOMEM, "%s: no memory to read it", path);
}

enum err_code blanks_read(const char *path, struct blanks *out, struct error *err)
{
    struct text content = {0};
    enum err_code code = file_read_given(path, FILL_LIMIT, &content, err);
    const char *line = text_str(&content);
    if (code == ERR_OK && strlen(line) != content.length)
        code = error_set(err, ERR_FORMAT, "%s: is no text: it holds a NUL", path);
    for (size_t number = 1; code == ERR_OK && *line != '\0'; number++) {
        size_t length = strcspn(line, "\n");
        code = read_line(path, number, line, length, out, err);
        line += length + (line[length] == '\n');
    }
    text_free(&content);
    return code;
}

static bool quota_knows(const struct package *package, const char *key)
{
    return package_told_limit(package, key)->high > 0 ||
           results_region_quota(package->results, package->focus, key) > 0;
}

bool blank_is_asked(const struct package *package, enum blank blank)
{
    const bool quota = package->quota == QUOTA_EVIDENCE;
    switch (blank) {
    case BLANK_DEPLOYMENT_TYPE:
        return results_deployment_type(package->results, package->focus)[0] == '\0';
    case BLANK_HEALTH:
        return package->azure == NULL;
    case BLANK_HOSTS:
        return package->hosts.runs > package->hosts.different;
    case BLANK_RPM_NOW:
        return quota && !quota_knows(package, "rpm");
    case BLANK_TPM_NOW:
        return quota && !quota_knows(package, "tpm");
    case BLANK_RPM_REQUESTED:
    case BLANK_TPM_REQUESTED:
    case BLANK_USE_CASE:
    case BLANK_GROWTH:
    case BLANK_OPTIMISED:
    case BLANK_HISTORY:
        return quota;
    case BLANK_SUBSCRIPTION:
    case BLANK_IMPACT:
    case BLANK_RESOURCE:
    case BLANK_MODEL_VERSION:
    case BLANK_TIER:
    case BLANK_CHANGES:
    case BLANK_COUNT:
        break;
    }
    return true;
}

void blank_put(const struct package *package, enum blank blank, struct text *out)
{
    const char *value = package->blanks.values[blank];
    text_puts(out, value != NULL ? value : FILL_IN);
}

size_t blanks_left(const struct package *package, const char *between, struct text *names)
{
    size_t left = 0;
    for (int i = 0; i < BLANK_COUNT; i++) {
        const enum blank blank = (enum blank)i;
        if (package->blanks.values[blank] != NULL || !blank_is_asked(package, blank)) continue;
        text_printf(names, "%s%s", left++ > 0 ? between : "", blank_name(blank));
    }
    return left;
}
