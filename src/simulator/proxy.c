#include "simulator/proxy.h"

#include "base/clock.h"
#include "net/tunnel_server.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct sim_proxy {
    struct tunnel_server *server;
    const char *listen;
    struct site *sites;
    size_t count;
};

/* By the region's own name and port, or by the address in the ready line, which also distinguishes
 * regions of one host. */
static struct site *find_site(const struct sim_proxy *proxy, const char *host, uint16_t port)
{
    for (size_t i = 0; i < proxy->count; i++) {
        struct site *site = &proxy->sites[i];
        const struct region *region = site->region;
        if (region->port == port && strcasecmp(region->host, host) == 0) return site;
        const char *told = site->below.nameless ? BELOW_NO_NAME : proxy->listen;
        if (ws_server_port(site->server) == port && strcmp(told, host) == 0) return site;
    }
    return NULL;
}

static int status_of(enum fault_kind fault)
{
    switch (fault) {
    case FAULT_PROXY_AUTH:
        return 407;
    case FAULT_PROXY_403:
        return 403;
    case FAULT_PROXY_502:
        return 502;
    case FAULT_PROXY_504:
        return 504;
    default:
        return 200;
    }
}

static struct tunnel_answer decide(void *user, const char *host, uint16_t port)
{
    struct sim_proxy *proxy = user;
    struct site *site = find_site(proxy, host, port);
    if (site == NULL) return (struct tunnel_answer){.status = 403};
    if (site->below.nameless) return (struct tunnel_answer){.status = 502};
    uint64_t now_ns = clock_mono_ns();
    struct moment moment = {.wall_ns = service_wall(site->service, now_ns)};
    struct strike strike =
        script_strike(&site->script, CHANCE_PER_CONNECT, site_next(site, COMER_CONNECT), &moment);
    if (strike.struck) {
        below_record(site, LEDGER_CONNECTION, strike.kind, now_ns);
        return (struct tunnel_answer){.status = status_of(strike.kind)};
    }
    return (struct tunnel_answer){
        .status = 200, .address = proxy->listen, .port = ws_server_port(site->server)};
}

enum err_code sim_proxy_new(uv_loop_t *loop, const char *listen, struct site *sites, size_t count,
                            struct sim_proxy **out, struct error *err)
{
    struct sim_proxy *proxy = calloc(1, sizeof *proxy);
    if (proxy == NULL) return error_set(err, ERR_NOMEM, "no memory for the simulator's proxy");
    *proxy = (struct sim_proxy){.listen = listen, .sites = sites, .count = count};
    enum err_code code = tunnel_server_listen(loop, listen, 0, decide, proxy, &proxy->server, err);
    if (code != ERR_OK) {
        free(proxy);
        return error_prefix(err, "the simulator's proxy");
    }
    *out = proxy;
    return ERR_OK;
}

uint16_t sim_proxy_port(const struct sim_proxy *proxy)
{
    return tunnel_server_port(proxy->server);
}

void sim_proxy_close(struct sim_proxy *proxy)
{
    if (proxy == NULL) return;
    tunnel_server_close(proxy->server);
    proxy->server = NULL;
}

void sim_proxy_free(struct sim_proxy *proxy)
{
    free(proxy);
}
