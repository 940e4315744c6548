#include "watch/openmetrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The weight of one element "type/subtype;parameter=...;q=0.5"; 1 without a q. */
static double weight_of(const char *element, size_t length)
{
    const char *end = element + length;
    for (const char *p = memchr(element, ';', length); p != NULL;
         p = memchr(p, ';', (size_t)(end - p))) {
        p++;
        while (p < end && (*p == ' ' || *p == '\t')) p++;
        if (end - p < 2 || strncasecmp(p, "q=", 2) != 0) continue;
        double weight = strtod(p + 2, NULL);
        return isfinite(weight) ? fmin(fmax(weight, 0), 1) : 0;
    }
    return 1;
}

static bool is_range(const char *element, size_t length, const char *range)
{
    size_t used = strlen(range);
    if (length < used || strncasecmp(element, range, used) != 0) return false;
    return length == used || strchr("; \t", element[used]) != NULL;
}

/* The weight that the header gives to a range such as text/plain, or -1 if it does not name it. */
static double weight_in(const char *accept, const char *range)
{
    while (*accept != '\0') {
        accept += strspn(accept, ", \t");
        size_t length = strcspn(accept, ",");
        if (is_range(accept, length, range)) return weight_of(accept, length);
        accept += length;
    }
    return -1;
}

/* The most specific range decides. */
static double liking(const char *accept, const char *type, const char *family)
{
    double weight = weight_in(accept, type);
    if (weight < 0) weight = weight_in(accept, family);
    if (weight < 0) weight = weight_in(accept, "*/*");
    return weight;
}

enum exposition openmetrics_negotiate(const char *accept)
{
    if (accept == NULL) return EXPOSITION_OPENMETRICS;
    double openmetrics = liking(accept, "application/openmetrics-text", "application/*");
    double plain = liking(accept, "text/plain", "text/*");
    return plain > openmetrics ? EXPOSITION_PLAIN : EXPOSITION_OPENMETRICS;
}

const char *openmetrics_content_type(enum exposition exposition)
{
    return exposition == EXPOSITION_OPENMETRICS
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}
