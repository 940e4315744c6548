#include "simulator/site.h"

#include <ctype.h>
#include <string.h>

#define DRAIN_S 60.0

int64_t service_wall(const struct service *service, uint64_t mono_ns)
{
    return run_clock_wall_at(&service->clock, mono_ns);
}

uint64_t site_delay(struct site *site, enum step step, uint64_t mono_ns)
{
    return script_delay(&site->script, step, service_wall(site->service, mono_ns));
}

static void spend(struct quota *quota, double amount, uint64_t mono_ns)
{
    double seconds = (double)(mono_ns - quota->at_ns) / (double)NS_PER_S;
    quota->used -= quota->limit * seconds / DRAIN_S;
    if (quota->used < 0) quota->used = 0;
    quota->used += amount;
    quota->at_ns = mono_ns;
}

static void add_limit(const struct quota *quota, const char *name, struct text *out)
{
    double remaining = quota->limit > quota->used ? quota->limit - quota->used : 0;
    text_printf(out, "{\"name\":\"%s\",\"limit\":%.0f,\"remaining\":%.0f,\"reset_seconds\":%.3f}", name,
                quota->limit, remaining, quota->used / quota->limit * DRAIN_S);
}

void site_rate_limits(struct site *site, uint64_t tokens, bool preview, uint64_t mono_ns, struct text *out)
{
    char event_id[IDENTIFIER_SIZE];
    identifier_make(&site->service->ids, "event_", event_id);
    spend(&site->requests, 1, mono_ns);
    spend(&site->tokens, (double)tokens, mono_ns);
    text_printf(out, "{\"type\":\"rate_limits.updated\",\"event_id\":\"%s\",\"rate_limits\":[", event_id);
    if (preview) {
        add_limit(&site->requests, "requests", out);
        text_puts(out, ",");
    }
    add_limit(&site->tokens, "tokens", out);
    text_puts(out, "]}");
}

void site_headers(struct site *site, const char *client_request_id, struct text *out)
{
    if (site->region->dialect == DIALECT_OPENAI) return;
    char uuid[UUID_SIZE];
    identifier_uuid(&site->service->ids, uuid);
    text_printf(out, "apim-request-id: %s\r\nx-ms-region: %s\r\n", uuid,
                site_region_display(site->region->name));
    if (*client_request_id != '\0') text_printf(out, "x-ms-client-request-id: %s\r\n", client_request_id);
}

const char *site_region_display(const char *name)
{
    static const char *const regions[] = {
        "Australia East",       "Brazil South",     "Canada Central", "Canada East",    "Central India",
        "Central US",           "East Asia",        "East US",        "East US 2",      "France Central",
        "Germany West Central", "Italy North",      "Japan East",     "Japan West",     "Korea Central",
        "North Central US",     "North Europe",     "Norway East",    "Poland Central", "South Africa North",
        "South Central US",     "South India",      "Southeast Asia", "Spain Central",  "Sweden Central",
        "Switzerland North",    "Switzerland West", "UAE North",      "UK South",       "UK West",
        "West Central US",      "West Europe",      "West US",        "West US 2",      "West US 3",
    };
    for (size_t i = 0; i < sizeof regions / sizeof *regions; i++) {
        const char *at = name;
        const char *display = regions[i];
        for (; *display != '\0'; display++) {
            if (*display == ' ') continue;
            if (tolower((unsigned char)*at) != tolower((unsigned char)*display)) break;
            at++;
        }
        if (*display == '\0' && *at == '\0') return regions[i];
    }
    return name;
}
