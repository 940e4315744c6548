#include "realtime/audience.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const clouds[] = {"azure.com", "azure.us", "azure.cn"};
static const char *const services[] = {"https://cognitiveservices.", "https://ai."};

/* The application id of Cognitive Services in Entra, which may be used instead of its name. */
#define APPLICATION "7d312290-28c8-473c-a0ed-8e53749b6d6d"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), wanted = strlen(end);
    return length > wanted && text[length - wanted - 1] == '.' &&
           strcasecmp(text + length - wanted, end) == 0;
}

const char *audience_cloud(const char *host)
{
    for (size_t i = 0; i < COUNT_OF(clouds); i++) {
        if (ends_with(host, clouds[i])) return clouds[i];
    }
    return NULL;
}

bool audience_same(const char *a, const char *b)
{
    size_t length_a = strlen(a), length_b = strlen(b);
    if (length_a > 0 && a[length_a - 1] == '/') length_a--;
    if (length_b > 0 && b[length_b - 1] == '/') length_b--;
    return length_a == length_b && strncasecmp(a, b, length_a) == 0;
}

static bool is_of_cloud(const char *audience, const char *cloud)
{
    for (size_t i = 0; i < COUNT_OF(services); i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "%s%s", services[i], cloud);
        if (audience_same(audience, name)) return true;
    }
    return false;
}

bool audience_fits(const char *audience, const char *host)
{
    const char *cloud = audience_cloud(host);
    if (strcasecmp(audience, APPLICATION) == 0) return true;
    if (cloud != NULL) return is_of_cloud(audience, cloud);
    for (size_t i = 0; i < COUNT_OF(clouds); i++) {
        if (is_of_cloud(audience, clouds[i])) return true;
    }
    return false;
}

/* A project's own endpoint prefers the name of AI Foundry. */
void audience_scope(const char *host, struct text *out)
{
    const char *cloud = audience_cloud(host);
    if (cloud == NULL) cloud = clouds[0];
    char foundry[40];
    (void)snprintf(foundry, sizeof foundry, "services.ai.%s", cloud);
    const bool is_foundry = ends_with(host, foundry);
    text_printf(out, "%s%s/.default (or %s%s/.default)", services[is_foundry], cloud,
                services[!is_foundry], cloud);
}

bool audience_wanted(const char *message, char *out, size_t size)
{
    static const char phrase[] = "audience is incorrect (";
    out[0] = '\0';
    const char *at = strcasestr(message, phrase);
    if (at == NULL) return false;
    at += sizeof phrase - 1;
    const size_t length = strcspn(at, " ,)");
    if (strncmp(at, "https://", 8) != 0 || length >= size || at[length] == '\0') return false;
    (void)snprintf(out, size, "%.*s", (int)length, at);
    return true;
}
