#include "simulator/below.h"

#include "base/clock.h"
#include "simulator/site.h"

#include <stddef.h>

/* How often the rules are checked, in the run's own time and in real time: bursts begin at any
 * moment. */
#define LOOK_EVERY_NS (NS_PER_S / 10)
#define LOOK_LEAST_NS (10 * NS_PER_MS)

/* What each fault of a connection does. */
static const struct form {
    enum fault_kind fault;
    enum ws_welcome_kind kind;
    enum leaf_flaw flaw;
} forms[] = {
    {FAULT_CONNECT_RESET, WS_RESET, LEAF_SOUND},
    {FAULT_TLS_CLOSED, WS_END, LEAF_SOUND},
    {FAULT_TLS_FAILED, WS_REFUSE_HANDSHAKE, LEAF_SOUND},
    {FAULT_TLS_UNTRUSTED, WS_SERVE, LEAF_UNTRUSTED},
    {FAULT_TLS_WRONG_NAME, WS_SERVE, LEAF_WRONG_NAME},
    {FAULT_TLS_EXPIRED, WS_SERVE, LEAF_EXPIRED},
    {FAULT_TLS_NOT_YET_VALID, WS_SERVE, LEAF_NOT_YET_VALID},
    {FAULT_CLIENT_CERTIFICATE_REQUIRED, WS_SERVE, LEAF_MUTUAL},
};

static const struct form *find_form(enum fault_kind fault)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (forms[i].fault == fault) return &forms[i];
    }
    return NULL;
}

static bool has_rule(const struct script *script, enum fault_kind fault)
{
    for (size_t i = 0; i < script->fault_count; i++) {
        if (script->fault_kinds[i] == fault) return true;
    }
    return false;
}

void below_record(const struct site *site, enum ledger_kind kind, enum fault_kind fault,
                  uint64_t mono_ns)
{
    const struct ledger_line line = {
        .kind = kind,
        .wall_ns = service_wall(site->service, mono_ns),
        .region = site->region->name,
        .fault = fault_info(fault)->number,
        .fault_name = fault_info(fault)->name,
    };
    ledger_add(site->service->ledger, &line);
}

struct ws_welcome below_welcome(struct site *site)
{
    struct ws_welcome welcome = {.kind = WS_SERVE};
    uint64_t now_ns = clock_mono_ns();
    struct moment moment = {.wall_ns = service_wall(site->service, now_ns)};
    struct strike strike = script_strike(&site->script, CHANCE_PER_CONNECTION,
                                         site_next(site, COMER_CONNECTION), &moment);
    const struct form *form = strike.struck ? find_form(strike.kind) : NULL;
    if (form == NULL || (site->identity == NULL && form->kind != WS_RESET)) return welcome;
    below_record(site, LEDGER_CONNECTION, strike.kind, now_ns);
    welcome.kind = form->kind;
    welcome.identity = site->below.flawed[form->flaw];
    return welcome;
}

/* ---- the region as a whole ---- */

static enum err_code set_port(struct site *site, struct error *err)
{
    uint64_t now_ns = clock_mono_ns();
    int64_t wall_ns = service_wall(site->service, now_ns);
    enum ws_listening listening = WS_LISTENING;
    enum fault_kind fault = FAULT_CONNECT_REFUSED;
    if (script_region_fault(&site->script, wall_ns, FAULT_CONNECT_REFUSED)) {
        listening = WS_REFUSING;
    } else if (script_region_fault(&site->script, wall_ns, FAULT_CONNECT_TIMEOUT)) {
        listening = WS_IGNORING;
        fault = FAULT_CONNECT_TIMEOUT;
    }
    if (listening == ws_server_listening(site->server)) return ERR_OK;
    enum err_code code = ws_server_set_listening(site->server, listening, err);
    if (code == ERR_OK && listening != WS_LISTENING)
        below_record(site, LEDGER_REGION, fault, now_ns);
    return code;
}

void below_look(struct site *site)
{
    struct below *below = &site->below;
    if (below->watch.fire == NULL) return; /* no rule needs it */
    /* What the kernel refuses now, such as memory, it may allow at the next check. */
    enum err_code ignored = set_port(site, NULL);
    (void)ignored;
    double speed = site->service->clock.speed;
    uint64_t wait_ns =
        speed > 1 ? (uint64_t)((double)LOOK_EVERY_NS / speed) : (uint64_t)LOOK_EVERY_NS;
    if (wait_ns < (uint64_t)LOOK_LEAST_NS) wait_ns = LOOK_LEAST_NS;
    (void)timers_set(site->service->timers, &below->watch, clock_mono_ns() + wait_ns);
}

static void on_watch(struct timer *timer, uint64_t now_ns)
{
    (void)now_ns;
    below_look(((struct below *)(void *)((char *)timer - offsetof(struct below, watch)))->site);
}

enum err_code below_start(struct site *site, const struct authority *authority, struct error *err)
{
    struct below *below = &site->below;
    below->site = site;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        enum leaf_flaw flaw = forms[i].flaw;
        if (flaw == LEAF_SOUND || site->identity == NULL ||
            !has_rule(&site->script, forms[i].fault))
            continue;
        enum err_code code =
            authority_issue_flawed(authority, site->region->host, flaw, &below->flawed[flaw], err);
        if (code != ERR_OK) return code;
    }
    uint64_t now_ns = clock_mono_ns();
    below->nameless = script_region_fault(&site->script, service_wall(site->service, now_ns),
                                          FAULT_RESOLVE_FAILED);
    if (below->nameless) below_record(site, LEDGER_REGION, FAULT_RESOLVE_FAILED, now_ns);
    if (!has_rule(&site->script, FAULT_CONNECT_REFUSED) &&
        !has_rule(&site->script, FAULT_CONNECT_TIMEOUT))
        return ERR_OK;
    enum err_code code = set_port(site, err); /* before anyone learns the port */
    if (code != ERR_OK) return code;
    below->watch.fire = on_watch;
    below_look(site);
    return ERR_OK;
}

void below_free(struct below *below)
{
    for (size_t i = 0; i < BELOW_FLAWS; i++) tls_identity_free(below->flawed[i]);
}
