#include "check/differ.h"

#include "base/clock.h"
#include "base/units.h"
#include "check/certificate.h"
#include "check/layers.h"
#include "check/lint.h"
#include "check/step.h"

#include <stdlib.h>
#include <string.h>

/* ---- facts ---- */

/* Facts that say where a region is differ naturally: they are shown, but are not a difference. */
static const struct {
    const char *name;
    bool compared;
} facts[CHECK_FACTS] = {
    [FACT_ADDRESS] = {"address", false},
    [FACT_FAMILY] = {"address family", true},
    [FACT_TLS] = {"TLS version", true},
    [FACT_ISSUER] = {"TLS issuer", true},
    [FACT_EXPIRES] = {"certificate until", false},
    [FACT_HTTPS_STATUS] = {"plain GET", true},
    [FACT_AZURE_HEADERS] = {"Azure's headers", true},
    [FACT_SERVICE_REGION] = {"x-ms-region", false},
    [FACT_CLOCK] = {"service's clock", false},
    [FACT_DIALECT] = {"dialect", true},
    [FACT_MODEL] = {"model", true},
};

const char *fact_name(enum check_fact fact)
{
    return facts[fact].name;
}

/* OpenAI's own host is not one of Azure's, and nothing in its responses says so. */
static bool is_openai(const struct check_region *region)
{
    return profile_is_hosted(region->region->host) && !lint_is_azure(region->region->host);
}

static void put_family(const struct check_region *region, struct text *out)
{
    const bool v6 = strchr(region->address, ':') != NULL;
    const bool here =
        strncmp(region->address, "127.", 4) == 0 || strcmp(region->address, "::1") == 0;
    const char *reach = here ? "loopback " : layers_is_private(region->address) ? "private " : "";
    text_printf(out, "%s%s%s", region->by_proxy ? "proxy, " : "", reach, v6 ? "IPv6" : "IPv4");
}

static void put_expiry(const struct check_region *region, struct text *out)
{
    const struct http_certificate *certificate = &region->certificate;
    certificate_date(out, certificate->not_after_s);
    int64_t days = certificate_days(clock_wall_ns() / NS_PER_S, certificate->not_after_s);
    text_printf(out, " (%lld days)", (long long)days);
}

static void put_clock(const struct check_region *region, struct text *out)
{
    int64_t seconds = (region->skew_ms + (region->skew_ms < 0 ? -500 : 500)) / 1000;
    if (seconds == 0) {
        text_puts(out, "as ours");
        return;
    }
    text_puts(out, seconds > 0 ? "+" : "-");
    text_duration(out, llabs(seconds) * NS_PER_S);
}

void fact_text(const struct check_region *region, enum check_fact fact, struct text *out)
{
    bool tls = region->certificate.seen;
    switch (fact) {
    case FACT_ADDRESS:
        text_puts(out, region->address);
        if (region->address_count > 1) text_printf(out, " (1 of %zu)", region->address_count);
        break;
    case FACT_FAMILY:
        if (region->address[0] != '\0') put_family(region, out);
        break;
    case FACT_TLS:
        text_puts(out, region->tls_version);
        break;
    case FACT_ISSUER:
        if (tls) text_puts(out, certificate_issuer(&region->certificate));
        break;
    case FACT_EXPIRES:
        if (tls) put_expiry(region, out);
        break;
    case FACT_HTTPS_STATUS:
        if (region->https_status != 0) text_printf(out, "HTTP %d", region->https_status);
        break;
    case FACT_AZURE_HEADERS:
        if (region->https_status != 0 && !is_openai(region))
            text_puts(out, region->from_azure ? "yes" : "none");
        break;
    case FACT_SERVICE_REGION:
        text_puts(out, region->service_region);
        break;
    case FACT_CLOCK:
        if (region->has_skew) put_clock(region, out);
        break;
    case FACT_DIALECT:
        text_puts(out, dialect_name(region->region->dialect));
        if (region->region->api_version != NULL)
            text_printf(out, " %s", region->region->api_version);
        break;
    case FACT_MODEL:
        text_puts(out, region->model);
        break;
    case CHECK_FACTS:
        break;
    }
}

static bool same_fact(const struct check_region *a, const struct check_region *b,
                      enum check_fact fact)
{
    struct text of_a = {0};
    struct text of_b = {0};
    fact_text(a, fact, &of_a);
    fact_text(b, fact, &of_b);
    bool same = strcmp(text_str(&of_a), text_str(&of_b)) == 0;
    text_free(&of_a);
    text_free(&of_b);
    return same;
}

static bool knows(const struct check_region *region, enum check_fact fact)
{
    struct text text = {0};
    fact_text(region, fact, &text);
    bool known = text.length > 0;
    text_free(&text);
    return known;
}

/* How many regions share a region's value, including itself. */
static size_t sharing(const struct check_region *regions, size_t count, size_t index,
                      enum check_fact fact)
{
    size_t same = 0;
    for (size_t i = 0; i < count; i++) {
        if (same_fact(&regions[index], &regions[i], fact)) same++;
    }
    return same;
}

bool fact_stands_out(const struct check_region *regions, size_t count, size_t index,
                     enum check_fact fact)
{
    if (!facts[fact].compared || !knows(&regions[index], fact)) return false;
    size_t mine = sharing(regions, count, index, fact);
    for (size_t i = 0; i < count; i++) {
        if (!knows(&regions[i], fact) || same_fact(&regions[index], &regions[i], fact)) continue;
        if (sharing(regions, count, i, fact) >= mine) return true;
    }
    return false;
}

bool fact_is_common(const struct check_region *regions, size_t count, enum check_fact fact)
{
    bool common = count > 1 && knows(&regions[0], fact);
    for (size_t i = 1; i < count && common; i++) common = same_fact(&regions[0], &regions[i], fact);
    return common;
}

static bool facts_differ(const struct check_region *regions, size_t count, enum check_fact fact)
{
    bool differ = false;
    for (size_t i = 0; i < count; i++) differ = differ || fact_stands_out(regions, count, i, fact);
    return differ;
}

/* "TLS issuer: Microsoft Corporation (eastus2, westus3); Zscaler Inc. (swedencentral)" */
static void put_fact(const struct check_region *regions, size_t count, enum check_fact fact,
                     struct text *out)
{
    size_t values = 0;
    text_printf(out, "%s: ", facts[fact].name);
    for (size_t i = 0; i < count; i++) {
        bool told = !knows(&regions[i], fact);
        for (size_t k = 0; k < i && !told; k++) told = same_fact(&regions[i], &regions[k], fact);
        if (told) continue;
        if (values++ > 0) text_puts(out, "; ");
        fact_text(&regions[i], fact, out);
        size_t names = 0;
        for (size_t k = i; k < count; k++) {
            if (!same_fact(&regions[i], &regions[k], fact)) continue;
            text_printf(out, "%s%s", names++ == 0 ? " (" : ", ", regions[k].region->name);
        }
        text_puts(out, ")");
    }
}

/* ---- steps ---- */

static int by_size(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* The median duration of a step in the other regions that passed it; negative if there are none. */
static int64_t others_median(const struct check_region *regions, size_t count, size_t index,
                             enum check_step step)
{
    int64_t *times = calloc(count, sizeof *times);
    size_t known = 0;
    int64_t median = NOT_TIMED;
    for (size_t i = 0; times != NULL && i < count; i++) {
        const struct check_result *result = &regions[i].steps[step];
        if (i != index && result->status == CHECK_OK && result->ns >= 0)
            times[known++] = result->ns;
    }
    if (known > 0) {
        qsort(times, known, sizeof *times, by_size);
        median = (times[(known - 1) / 2] + times[known / 2]) / 2;
    }
    free(times);
    return median;
}

static bool is_slow(const struct check_region *regions, size_t count, size_t index,
                    enum check_step step)
{
    const struct check_result *result = &regions[index].steps[step];
    int64_t median = others_median(regions, count, index, step);
    return result->status == CHECK_OK && median >= 0 && result->ns > DIFFER_TIMES * median &&
           result->ns - median >= DIFFER_LEAST_NS;
}

static bool only_fails(const struct check_region *regions, size_t count, size_t index,
                       enum check_step step)
{
    bool others_good = false;
    for (size_t i = 0; i < count; i++)
        others_good = others_good || regions[i].steps[step].status == CHECK_OK;
    return regions[index].steps[step].status == CHECK_FAILED && others_good;
}

bool step_stands_out(const struct check_region *regions, size_t count, size_t index,
                     enum check_step step)
{
    return is_slow(regions, count, index, step) || only_fails(regions, count, index, step);
}

static void put_ms(struct text *out, int64_t ns)
{
    double ms = (double)ns / (double)NS_PER_MS;
    text_printf(out, "%.*f ms", ms < 99.95 ? 1 : 0, ms);
}

static void put_step(const struct check_region *regions, size_t count, size_t index,
                     enum check_step step, struct text *out)
{
    const struct check_result *result = &regions[index].steps[step];
    const char *name = regions[index].region->name;
    if (result->status == CHECK_FAILED) {
        text_printf(out, "%s: fails in %s alone, with %s", check_step_name(step), name,
                    result->code);
        return;
    }
    int64_t median = others_median(regions, count, index, step);
    text_printf(out, "%s: ", check_step_name(step));
    put_ms(out, result->ns);
    text_printf(out, " in %s, %.1f times %s ", name,
                (double)result->ns / (double)(median > 0 ? median : 1),
                count > 2 ? "the median of the others," : "the other's");
    put_ms(out, median);
}

/* ---- all of it ---- */

static bool fails_alone(const struct check_region *regions, size_t count, size_t index,
                        enum check_step step)
{
    if (!only_fails(regions, count, index, step)) return false;
    for (size_t i = 0; i < count; i++) {
        if (i != index && regions[i].steps[step].status == CHECK_FAILED) return false;
    }
    return true;
}

bool differ_line(const struct check_region *regions, size_t count, size_t at, struct text *out)
{
    size_t seen = 0;
    for (enum check_fact fact = 0; fact < CHECK_FACTS; fact++) {
        if (!facts_differ(regions, count, fact) || seen++ != at) continue;
        put_fact(regions, count, fact, out);
        return true;
    }
    for (enum check_step step = 0; step < CHECK_STEPS; step++) {
        for (size_t i = 0; i < count; i++) {
            bool differs = is_slow(regions, count, i, step) || fails_alone(regions, count, i, step);
            if (!differs || seen++ != at) continue;
            put_step(regions, count, i, step, out);
            return true;
        }
    }
    return false;
}
