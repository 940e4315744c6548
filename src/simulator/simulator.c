#include "simulator/simulator.h"

#include "base/crypto.h"

#include "base/files.h"
#include "record/health.h"
#include "simulator/client_secret.h"
#include "simulator/proxy.h"
#include "simulator/visit.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AUDIO_BYTES_PER_MS 48 /* PCM16 at 24 kHz, mono */
#define DEFAULT_LISTEN "127.0.0.1"

struct simulator {
    struct service service;
    struct authority *authority;
    struct site *sites;
    size_t site_count;
    struct sim_proxy *proxy;
    char *listen;
    char *ca_file;
    struct loop_gauge gauge;
    struct loop_turns turns;
    int ca_fd; /* of a file of our own, to be removed at the end; -1: it was named */
    bool stopped;
};

static enum err_code no_memory(struct error *err)
{
    return error_set(err, ERR_NOMEM, "no memory for the simulator");
}

/* A fresh file in $TMPDIR for the root certificate; those that killed simulators left go. */
static enum err_code write_own_ca(struct simulator *simulator, const struct text *pem,
                                  struct error *err)
{
    const char *folder = getenv("TMPDIR");
    struct text path = {0};
    if (folder == NULL || *folder == '\0') folder = "/tmp";
    files_remove_stale(folder, "rushhour-ca-", ".pem");
    text_printf(&path, "%s/rushhour-ca-XXXXXX.pem", folder);
    simulator->ca_file = text_take(&path);
    if (simulator->ca_file == NULL) return no_memory(err);
    simulator->ca_fd = file_temporary(simulator->ca_file, ".pem");
    if (simulator->ca_fd < 0)
        return error_set(
            err, ERR_IO,
            "cannot make a file for the simulator's root certificate (%s): %s; set TMPDIR to a "
            "folder that can be written",
            simulator->ca_file, strerror(errno));
    size_t done;
    if (file_put(simulator->ca_fd, pem->data, pem->length, &done)) return ERR_OK;
    return error_set(err, ERR_IO, "cannot write the simulator's root certificate to %s: %s",
                     simulator->ca_file, strerror(errno));
}

/* Clients may run in another folder, so the full path is reported. */
static enum err_code write_given_ca(struct simulator *simulator, const char *path,
                                    const struct text *pem, struct error *err)
{
    enum err_code code = file_write(path, pem->data, pem->length, err);
    if (code != ERR_OK) return code;
    simulator->ca_file = realpath(path, NULL);
    if (simulator->ca_file == NULL) simulator->ca_file = strdup(path);
    return simulator->ca_file == NULL ? no_memory(err) : ERR_OK;
}

static enum err_code make_authority(struct simulator *simulator, const char *ca_file,
                                    struct error *err)
{
    enum err_code code = authority_new(&simulator->authority, err);
    if (code != ERR_OK) return code;
    struct text pem = {0};
    code = authority_pem(simulator->authority, &pem, err);
    if (code == ERR_OK && ca_file != NULL) code = write_given_ca(simulator, ca_file, &pem, err);
    if (code == ERR_OK && ca_file == NULL) code = write_own_ca(simulator, &pem, err);
    text_free(&pem);
    return code;
}

/* Base64 of a delta of silence in each coding: as long in time, of one sixth of the bytes in
 * G.711. */
static bool make_silence(struct service *service, uint64_t pcm_bytes)
{
    static const int zeros[] = {[AUDIO_PCM16] = 0, [AUDIO_MULAW] = 0xFF, [AUDIO_ALAW] = 0xD5};
    unsigned char *bytes = malloc((size_t)pcm_bytes);
    bool good = bytes != NULL;
    for (size_t i = 0; i < sizeof zeros / sizeof *zeros && good; i++) {
        const size_t length = (size_t)(i == AUDIO_PCM16 ? pcm_bytes : pcm_bytes / 6);
        struct text base64 = {0};
        memset(bytes, zeros[i], length);
        base64_encode(&base64, bytes, length);
        good = !base64.failed;
        service->audio[i] = text_take(&base64);
    }
    free(bytes);
    return good;
}

static enum err_code make_service(struct simulator *simulator, uv_loop_t *loop,
                                  const struct simulator_options *options, struct error *err)
{
    struct service *service = &simulator->service;
    service->plan = &options->profile->simulator;
    service->clock = options->clock;
    service->by_user = options->by_user;
    service->shard = options->shard;
    if (service->clock.speed <= 0) /* none was given: use the wall clock */
        service->clock = (struct run_clock){clock_mono_ns(), clock_wall_ns(), 1.0};
    identifiers_init(&service->ids, &service->clock);
    service->audio_ms = service->plan->audio_delta_bytes / AUDIO_BYTES_PER_MS;
    simulator->listen = strdup(options->listen != NULL ? options->listen : DEFAULT_LISTEN);
    if (!make_silence(service, service->plan->audio_delta_bytes) || simulator->listen == NULL)
        return no_memory(err);
    enum err_code code = timers_new(loop, &service->timers, err);
    if (code != ERR_OK) return code;
    return ledger_open(loop, options->ledger_file, &service->ledger, err);
}

static struct ws_welcome on_accept(void *user)
{
    return below_welcome(user);
}

static void on_request(void *user, struct ws_peer *peer, const struct ws_request *request)
{
    if (!client_secret_serve(user, peer, request)) visit_begin(user, peer, request);
}

static enum err_code open_site(struct simulator *simulator, struct site *site, uv_loop_t *loop,
                               struct error *err)
{
    static const struct ws_server_handlers handlers = {.on_accept = on_accept,
                                                       .on_request = on_request,
                                                       .on_message = visit_take_message,
                                                       .on_binary = visit_take_binary,
                                                       .on_gone = visit_gone};
    if (site->region->tls) {
        enum err_code code =
            authority_issue(simulator->authority, site->region->host, &site->identity, err);
        if (code != ERR_OK) return code;
    }
    enum err_code code = ws_server_listen(loop, simulator->listen, 0, site->identity, &handlers,
                                          site, &site->server, err);
    return code != ERR_OK ? code : below_start(site, simulator->authority, err);
}

static enum err_code make_site(struct simulator *simulator, size_t index, uv_loop_t *loop,
                               const struct simulator_options *options, struct error *err)
{
    const struct region *region = &options->profile->regions[index];
    struct site *site = &simulator->sites[index];
    site->service = &simulator->service;
    site->region = region;
    if (!identifier_key(site->key))
        return error_set(err, ERR_IO, "the system gives no random bytes for a key");
    const char *name = region->deployment != NULL ? region->deployment : region->model;
    site->gate = (struct request_site){.dialect = region->dialect,
                                       .deployment = name != NULL ? name : "gpt-realtime",
                                       .api_version = region->api_version,
                                       .path = region->path,
                                       .key = site->key,
                                       .secrets = &site->secrets,
                                       .open = region->auth.kind == AUTH_NONE};
    enum err_code code =
        script_init(&site->script, simulator->service.plan, region, options->seed, index, err);
    script_set_origin(&site->script, simulator->service.clock.wall_origin_ns);
    if (code == ERR_OK) code = quota_init(&site->quota, simulator->service.plan, region, err);
    return code != ERR_OK ? code : open_site(simulator, site, loop, err);
}

static enum err_code make_sites(struct simulator *simulator, uv_loop_t *loop,
                                const struct simulator_options *options, struct error *err)
{
    size_t count = options->profile->region_count;
    simulator->sites = calloc(count + 1, sizeof *simulator->sites);
    if (simulator->sites == NULL) return no_memory(err);
    for (; simulator->site_count < count; simulator->site_count++) {
        enum err_code code = make_site(simulator, simulator->site_count, loop, options, err);
        if (code != ERR_OK) {
            simulator->site_count++; /* even if half built, it must be undone */
            (void)error_prefix(err, "simulator, region %s",
                               options->profile->regions[simulator->site_count - 1].name);
            return code;
        }
    }
    return ERR_OK;
}

enum err_code simulator_start(uv_loop_t *loop, const struct simulator_options *options,
                              struct simulator **out, struct error *err)
{
    struct simulator *simulator = calloc(1, sizeof *simulator);
    if (simulator == NULL) return no_memory(err);
    simulator->ca_fd = -1;
    enum err_code code = make_authority(simulator, options->ca_file, err);
    if (code == ERR_OK) code = make_service(simulator, loop, options, err);
    if (code == ERR_OK) code = make_sites(simulator, loop, options, err);
    if (code == ERR_OK)
        code = sim_proxy_new(loop, simulator->listen, simulator->sites, simulator->site_count,
                             &simulator->proxy, err);
    if (code == ERR_OK) {
        *out = simulator;
        return ERR_OK;
    }
    /* the first error is the one to report */
    enum err_code ignored = simulator_stop(simulator, NULL);
    (void)ignored;
    simulator_free(simulator);
    return code;
}

static void add_region(const struct simulator *simulator, const struct site *site, struct text *out)
{
    bool is_v6 = strchr(simulator->listen, ':') != NULL && !site->below.nameless;
    text_puts(out, "{\"name\":");
    text_json(out, site->region->name);
    text_printf(out, ",\"dialect\":\"%s\",\"host\":", dialect_name(site->region->dialect));
    text_json(out, site->region->host);
    const char *address = site->below.nameless ? BELOW_NO_NAME : simulator->listen;
    text_printf(out, is_v6 ? ",\"address\":\"[%s]:%u\"" : ",\"address\":\"%s:%u\"", address,
                (unsigned)ws_server_port(site->server));
    text_puts(out, ",\"deployment\":");
    text_json(out, site->gate.deployment);
    text_puts(out, ",\"api_key\":");
    text_json(out, site->key);
    text_puts(out, "}");
}

void simulator_ready(const struct simulator *simulator, struct text *out)
{
    text_puts(out, "{\"ready\":true,\"ca_file\":");
    text_json(out, simulator->ca_file);
    text_printf(out,
                strchr(simulator->listen, ':') != NULL ? ",\"proxy\":\"http://[%s]:%u\""
                                                       : ",\"proxy\":\"http://%s:%u\"",
                simulator->listen, (unsigned)sim_proxy_port(simulator->proxy));
    text_puts(out, ",\"regions\":[");
    for (size_t i = 0; i < simulator->site_count; i++) {
        if (i > 0) text_puts(out, ",");
        add_region(simulator, &simulator->sites[i], out);
    }
    text_puts(out, "]}\n");
}

static void on_turn(struct loop_gauge *gauge, uint64_t now_ns, int64_t late_ns)
{
    (void)now_ns;
    struct simulator *simulator =
        (struct simulator *)((char *)gauge - offsetof(struct simulator, gauge));
    simulator->turns.all++;
    if (late_ns > HEALTH_LATE_NS) simulator->turns.late++;
}

void simulator_turns(const struct simulator *simulator, struct loop_turns *out)
{
    *out = simulator->turns;
}

void simulator_set_clock(struct simulator *simulator, const struct run_clock *clock)
{
    simulator->gauge.turn = on_turn;
    (void)loop_gauge_start(&simulator->gauge, simulator->service.timers, clock->mono_origin_ns);
    simulator->service.clock = *clock;
    simulator->service.ids.clock = *clock;
    for (size_t i = 0; i < simulator->site_count; i++) {
        script_set_origin(&simulator->sites[i].script, clock->wall_origin_ns);
        below_look(&simulator->sites[i]);
    }
}

enum err_code simulator_stop(struct simulator *simulator, struct error *err)
{
    enum err_code code = ERR_OK;
    if (simulator->stopped) return code;
    simulator->stopped = true;
    struct service *service = &simulator->service;
    for (struct visit *visit = service->visits; visit != NULL; visit = visit->next)
        visit_record(visit, OUTCOME_STOPPED);
    for (size_t i = 0; i < simulator->site_count; i++) ws_server_close(simulator->sites[i].server);
    sim_proxy_close(simulator->proxy);
    if (service->timers != NULL) timers_close(service->timers);
    if (service->ledger != NULL) code = ledger_close(service->ledger, err);
    if (simulator->ca_fd >= 0) {
        (void)unlink(simulator->ca_file);
        (void)close(simulator->ca_fd);
    }
    return code;
}

void simulator_free(struct simulator *simulator)
{
    if (simulator == NULL) return;
    for (size_t i = 0; i < simulator->site_count; i++) {
        tls_identity_free(simulator->sites[i].identity);
        below_free(&simulator->sites[i].below);
        script_free(&simulator->sites[i].script);
        quota_free(&simulator->sites[i].quota);
    }
    sim_proxy_free(simulator->proxy);
    authority_free(simulator->authority);
    text_free(&simulator->service.draft);
    for (size_t i = 0; i < AUDIO_CODINGS; i++) free(simulator->service.audio[i]);
    free(simulator->sites);
    free(simulator->listen);
    free(simulator->ca_file);
    free(simulator);
}
