#include "simulator/site.h"

#include "base/calendar.h"
#include "base/clock.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

int64_t service_wall(const struct service *service, uint64_t mono_ns)
{
    return run_clock_wall_at(&service->clock, mono_ns);
}

uint64_t service_real(const struct service *service, int64_t run_ns)
{
    return (uint64_t)run_clock_to_real(&service->clock, run_ns);
}

uint64_t service_run(const struct service *service, uint64_t real_ns)
{
    if (real_ns == PHASE_UNSEEN) return real_ns;
    return (uint64_t)run_clock_of_real(&service->clock, (int64_t)real_ns);
}

const char *site_model(const struct site *site)
{
    return site->region->model != NULL ? site->region->model : site->gate.deployment;
}

struct lot site_next(struct site *site, enum comer comer)
{
    const struct lot lot = lot_part(lot_part(site->script.lot, comer), site->service->shard);
    return lot_part(lot, site->came[comer]++);
}

uint64_t site_delay(struct site *site, enum step step, struct lot lot, uint64_t draw,
                    uint64_t mono_ns)
{
    const struct service *service = site->service;
    uint64_t delay_ns =
        script_delay(&site->script, step, lot, draw, service_wall(service, mono_ns));
    return service_real(service, (int64_t)delay_ns);
}

static void add_limit(const char *name, struct quota_state state, struct text *out)
{
    text_printf(out,
                "{\"name\":\"%s\",\"limit\":%" PRIu64 ",\"remaining\":%" PRIu64
                ",\"reset_seconds\":%.3f}",
                name, state.limit, state.remaining, (double)state.reset_ns / (double)NS_PER_S);
}

void site_rate_limits(struct site *site, bool preview, uint64_t mono_ns, struct text *out)
{
    char event_id[IDENTIFIER_SIZE];
    int64_t wall_ns = service_wall(site->service, mono_ns);
    identifier_make(&site->service->ids, "event_", event_id);
    text_printf(out, "{\"type\":\"rate_limits.updated\",\"event_id\":\"%s\",\"rate_limits\":[",
                event_id);
    if (preview) {
        add_limit("requests", quota_of_requests(&site->quota, wall_ns), out);
        text_puts(out, ",");
    }
    add_limit("tokens", quota_of_tokens(&site->quota, wall_ns), out);
    text_puts(out, "]}");
}

/* The service's own time as IMF-fixdate (RFC 9110, 5.6.7); in a replay, the replay's time. */
static void put_date(const struct service *service, struct text *out)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct civil now;
    zone_civil(NULL, service_wall(service, clock_mono_ns()), &now);
    text_printf(out, "date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", days[now.weekday], now.day,
                months[now.month - 1], now.year, now.hour, now.minute, now.second);
}

void site_headers(struct site *site, const char *client_request_id, struct text *out)
{
    put_date(site->service, out);
    if (site->region->dialect == DIALECT_OPENAI) return;
    char uuid[UUID_SIZE];
    identifier_uuid(&site->service->ids, uuid);
    text_printf(out, "apim-request-id: %s\r\nx-ms-region: %s\r\n", uuid,
                site_region_display(site->region->name));
    if (*client_request_id != '\0')
        text_printf(out, "x-ms-client-request-id: %s\r\n", client_request_id);
}

const char *site_region_display(const char *name)
{
    static const char *const regions[] = {
        "Australia East",
        "Brazil South",
        "Canada Central",
        "Canada East",
        "Central India",
        "Central US",
        "East Asia",
        "East US",
        "East US 2",
        "France Central",
        "Germany West Central",
        "Italy North",
        "Japan East",
        "Japan West",
        "Korea Central",
        "North Central US",
        "North Europe",
        "Norway East",
        "Poland Central",
        "South Africa North",
        "South Central US",
        "South India",
        "Southeast Asia",
        "Spain Central",
        "Sweden Central",
        "Switzerland North",
        "Switzerland West",
        "UAE North",
        "UK South",
        "UK West",
        "West Central US",
        "West Europe",
        "West US",
        "West US 2",
        "West US 3",
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
