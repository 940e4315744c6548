#include "check/check.h"

#include "base/clock.h"
#include "base/secret.h"
#include "check/credentials.h"
#include "check/ephemeral.h"
#include "check/layers.h"
#include "check/lint.h"
#include "check/probe.h"
#include "check/step.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BAD_CA_FILE "bad_ca_file"
#define BAD_CLIENT_CERT "bad_client_certificate"

struct check {
    uv_loop_t *loop;
    struct check_options options;
    struct carriers carriers;
    struct check_region *regions;
    struct probe *probes;
    size_t count, open; /* open: probes in progress */
    size_t timers;      /* handles that are not closed yet */
};

void probe_changed(const struct probe *probe)
{
    const struct check_options *options = &probe->check->options;
    if (options->on_change != NULL) options->on_change(options->user);
}

/* Where the WebSocket works, that a plain request is not answered stops nobody: proxies and
 * gateways differ in what they swallow. */
static void forgive_plain_request(struct check_region *told)
{
    struct check_result *https = &told->steps[CHECK_HTTPS];
    if (told->steps[CHECK_TURN].status != CHECK_OK || https->status != CHECK_FAILED ||
        strcmp(https->code, "no_answer") != 0)
        return;
    step_note(told, CHECK_HTTPS, "%s; the WebSocket works all the same", https->cause);
    https->code[0] = https->catalogue[0] = https->cause[0] = https->fix[0] = '\0';
    step_ok(told, CHECK_HTTPS, https->ns, "no answer to a plain GET");
}

void probe_over(struct probe *probe)
{
    struct check_region *told = probe->told;
    if (told->done) return;
    forgive_plain_request(told);
    told->done = told->ok = true;
    step_clean_id(told, told->service_region, sizeof told->service_region);
    step_clean_id(told, told->request_id, sizeof told->request_id);
    step_clean_id(told, told->session_id, sizeof told->session_id);
    step_clean_id(told, told->response_id, sizeof told->response_id);
    step_clean_id(told, told->model, sizeof told->model);
    for (size_t i = 0; i < CHECK_STEPS; i++)
        told->ok = told->ok && told->steps[i].status != CHECK_FAILED;
    probe->check->open--;
    probe_changed(probe);
}

/* ---- the layers below the WebSocket ---- */

static const char *failed_step(const struct check_region *told, enum check_step step,
                               const char *otherwise)
{
    return told->steps[step].status == CHECK_FAILED ? check_step_name(step) : otherwise;
}

/* Returns the step that a WebSocket needs and that failed; NULL if none. */
static const char *missing_step(const struct check_region *told)
{
    const char *missing = NULL;
    missing = failed_step(told, CHECK_UPGRADE, missing);
    missing = failed_step(told, CHECK_CREDENTIALS, missing);
    missing = failed_step(told, CHECK_PROFILE, missing);
    missing = failed_step(told, CHECK_TLS, missing);
    missing = failed_step(told, CHECK_TCP, missing);
    return failed_step(told, CHECK_RESOLVE, missing);
}

/* Uses a client secret instead of the region's own key or token unless it is NULL. */
static enum err_code make_target(struct probe *probe, const char *client_secret, struct error *err)
{
    const struct check_options *options = &probe->check->options;
    const struct target_options wanted = {
        .connect_overrides = options->connect_overrides,
        .connect_override_count = options->connect_override_count,
        .ca_file = options->ca_file,
        .client_secret = client_secret,
    };
    target_free(&probe->target);
    return target_init(&probe->target, probe->told->region, &wanted, err);
}

void probe_take_secret(struct probe *probe, const char *client_secret)
{
    struct error err = {0};
    secret_free(probe->told->client_secret);
    probe->told->client_secret = secret_copy(client_secret);
    if (probe->told->client_secret != NULL && make_target(probe, client_secret, &err) == ERR_OK) {
        session_start(probe);
        return;
    }
    step_failed(probe->told, CHECK_UPGRADE, NOT_TIMED, "local_limit", "F07", "check again", "%s",
                err.text);
    probe_go_on(probe);
}

void probe_go_on(struct probe *probe)
{
    const char *missing = missing_step(probe->told);
    if (missing == NULL) {
        session_start(probe);
        return;
    }
    char why[48];
    (void)snprintf(why, sizeof why, "the step %s failed", missing);
    steps_skipped(probe->told, CHECK_UPGRADE, CHECK_TURN, why);
    probe_over(probe);
}

static void on_answered(void *user, const struct http_result *result)
{
    struct probe *probe = user;
    const struct check_options *options = &probe->check->options;
    const struct http_target *where = &probe->target.where;
    const struct layers_view view = {
        .timeouts = &probe->profile->timeouts,
        .wall_ns = clock_wall_ns(),
        .port = where->address != NULL ? where->address_port : where->port,
        .connect_override = where->address != NULL,
        .clock_of_its_own = options->simulated && profile_simulate_only(probe->profile),
        .simulated = options->simulated,
    };
    probe->exchange = NULL;
    layers_read(probe->told, result, &view);
    probe_changed(probe);
    if (probe->told->region->auth.ephemeral && missing_step(probe->told) == NULL) {
        ephemeral_start(probe);
    } else {
        probe_go_on(probe);
    }
}

/* A plain request for the origin, or for the path of a gateway, without the credential. */
static void ask(struct probe *probe)
{
    const struct timeouts *timeouts = &probe->profile->timeouts;
    const struct region *region = probe->told->region;
    const struct http_header headers[] = {
        {TARGET_REQUEST_ID_HEADER, probe->told->client_request_id}};
    struct http_target where = probe->target.where;
    where.target = region->path != NULL ? region->path : "/";
    where.headers = headers;
    where.header_count = 1;
    const struct http_request request = {
        .where = &where,
        .method = "GET",
        .resolve_ns = timeouts->resolve_ns,
        .connect_ns = timeouts->connect_ns,
        .tls_ns = timeouts->tls_ns,
        .answer_ns = timeouts->upgrade_ns,
    };
    struct error err = {0};
    if (http_start_alone(probe->check->loop, &request, on_answered, probe, &probe->exchange,
                         &err) == ERR_OK)
        return;
    step_failed(probe->told, CHECK_TCP, NOT_TIMED, "not_started", "",
                "correct the proxy or ca_file of the region", "%s", err.text);
    steps_skipped(probe->told, CHECK_RESOLVE, CHECK_HTTPS, "the request could not be made");
    probe_go_on(probe);
}

/* ---- start ---- */

/* A version 4 UUID (RFC 9562). */
static void make_request_id(char out[40])
{
    uint64_t bits[2];
    if (getrandom(bits, sizeof bits, 0) != (ssize_t)sizeof bits)
        bits[0] = bits[1] = clock_mono_ns();
    (void)snprintf(out, 40, "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-%04" PRIx64 "-%012" PRIx64,
                   bits[0] >> 32, (bits[0] >> 16) & 0xFFFF, bits[0] & 0xFFF,
                   0x8000 | ((bits[1] >> 48) & 0x3FFF), bits[1] & UINT64_C(0xFFFFFFFFFFFF));
}

static enum err_code open_carriers(const struct check *check, const struct target *const *targets,
                                   size_t count, struct carriers *out, struct error *err)
{
    const struct carriers_plan plan = {
        .loop = check->loop,
        .targets = targets,
        .target_count = count,
        .handlers = &session_handlers,
    };
    return carriers_open(out, &plan, err);
}

/* Whether the region's roots and its own certificate can be used: with one that cannot there would
 * be no carrier for anybody. */
static bool terms_are_good(const struct check *check, const struct probe *probe)
{
    const struct target *target = &probe->target;
    struct check_region *told = probe->told;
    struct carriers carriers = {0};
    struct error err = {0};
    if (target->where.terms.ca_file == NULL && target->where.terms.certificate == NULL) return true;
    if (open_carriers(check, &target, 1, &carriers, &err) == ERR_OK) {
        carriers_close(&carriers);
        return true;
    }
    const bool own = strncmp(err.text, "client_", strlen("client_")) == 0;
    step_failed(told, CHECK_PROFILE, 0, own ? BAD_CLIENT_CERT : BAD_CA_FILE, "",
                own ? "correct client_cert, client_key or client_key_passphrase of the region"
                    : "name a PEM file that holds the root certificates",
                "%s", err.text);
    steps_skipped(told, CHECK_RESOLVE, CHECK_HTTPS, "the step profile failed");
    return false;
}

/* Whether there is anything to ask: roots and certificate that can be used, and a proxy that is
 * known. */
static bool prepare(struct check *check, size_t index, struct error *err, enum err_code *code)
{
    struct probe *probe = &check->probes[index];
    struct check_region *told = probe->told;
    const struct region *region = told->region;
    make_request_id(told->client_request_id);
    lint_region(check->options.profile, check->options.simulated ? INT64_MIN : clock_wall_ns(),
                told);
    credentials_read(check->options.profile, index, check->options.simulated, told);
    told->by_proxy = region->proxy != NULL;
    *code = make_target(probe, NULL, err);
    if (*code != ERR_OK) return false;
    told->goes_directly = probe->target.where.address == NULL;
    bool needs_secret = region->proxy_source != NULL && strstr(region->proxy_source, "${") != NULL;
    if (needs_secret && told->steps[CHECK_CREDENTIALS].status == CHECK_FAILED) {
        steps_skipped(told, CHECK_RESOLVE, CHECK_HTTPS,
                      "the proxy is not known: see the step credentials");
        return false;
    }
    if (region->client.certificate_source != NULL &&
        probe->target.where.terms.certificate == NULL && !check->options.simulated) {
        steps_skipped(told, CHECK_RESOLVE, CHECK_HTTPS,
                      "the client certificate is not known: see the step credentials");
        return false;
    }
    return terms_are_good(check, probe);
}

/* The carriers of all regions but those whose roots or certificate cannot be used. */
static enum err_code make_carriers(struct check *check, struct error *err)
{
    const struct target **targets = calloc(check->count + 1, sizeof *targets);
    size_t count = 0;
    if (targets == NULL) return error_set(err, ERR_NOMEM, "no memory for the check");
    for (size_t i = 0; i < check->count; i++) {
        const struct check_result *profile = &check->regions[i].steps[CHECK_PROFILE];
        if (strcmp(profile->code, BAD_CA_FILE) != 0 && strcmp(profile->code, BAD_CLIENT_CERT) != 0)
            targets[count++] = &check->probes[i].target;
    }
    enum err_code code = open_carriers(check, targets, count, &check->carriers, err);
    free(targets);
    return code;
}

static enum err_code start_all(struct check *check, struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < check->count; i++) {
        struct probe *probe = &check->probes[i];
        *probe = (struct probe){.check = check,
                                .loop = check->loop,
                                .simulated = check->options.simulated,
                                .profile = check->options.profile,
                                .told = &check->regions[i]};
        probe->told->region = &check->options.profile->regions[i];
        probe->told->said = &check->options.profile->session;
        for (size_t k = 0; k < CHECK_STEPS; k++) probe->told->steps[k].ns = NOT_TIMED;
        (void)uv_timer_init(check->loop, &probe->timer);
        probe->timer.data = probe;
        check->timers++;
    }
    for (size_t i = 0; i < check->count && code == ERR_OK; i++) (void)prepare(check, i, err, &code);
    if (code == ERR_OK) code = make_carriers(check, err);
    for (size_t i = 0; i < check->count && code == ERR_OK; i++) {
        struct probe *probe = &check->probes[i];
        probe->carriers = &check->carriers;
        if (probe->told->steps[CHECK_TCP].status == CHECK_PENDING) {
            ask(probe);
        } else {
            probe_go_on(probe);
        }
    }
    return code;
}

enum err_code check_start(uv_loop_t *loop, const struct check_options *options, struct check **out,
                          struct error *err)
{
    struct check *check = calloc(1, sizeof *check);
    size_t count = options->profile->region_count;
    if (check != NULL) {
        check->loop = loop;
        check->options = *options;
        check->regions = calloc(count, sizeof *check->regions);
        check->probes = calloc(count, sizeof *check->probes);
    }
    if (check == NULL || check->regions == NULL || check->probes == NULL) {
        if (check != NULL) free(check->regions);
        if (check != NULL) free(check->probes);
        free(check);
        return error_set(err, ERR_NOMEM, "no memory for the check");
    }
    check->count = check->open = count;
    enum err_code code = start_all(check, err);
    if (code == ERR_OK) {
        *out = check;
    } else {
        check_free(check);
    }
    return code;
}

/* ---- end ---- */

void check_stop(struct check *check)
{
    for (size_t i = 0; i < check->count; i++) {
        struct probe *probe = &check->probes[i];
        if (probe->told->done) continue;
        if (probe->exchange != NULL) http_abort(probe->exchange);
        probe->exchange = NULL;
        if (probe->secret_request != NULL) client_secret_request_abort(probe->secret_request);
        probe->secret_request = NULL;
        session_abort(probe);
        steps_skipped(probe->told, CHECK_PROFILE, CHECK_TURN, "interrupted");
        probe_over(probe);
    }
}

bool check_done(const struct check *check)
{
    return check->open == 0;
}

const struct check_region *check_told(const struct check *check, size_t *count)
{
    *count = check->count;
    return check->regions;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct probe *probe = handle->data;
    probe->check->timers--;
}

void check_free(struct check *check)
{
    if (check == NULL) return;
    check->options.on_change = NULL;
    check_stop(check);
    carriers_close(&check->carriers);
    for (size_t i = 0; i < check->timers; i++)
        uv_close((uv_handle_t *)&check->probes[i].timer, on_timer_closed);
    while (check->timers > 0) (void)uv_run(check->loop, UV_RUN_NOWAIT);
    for (size_t i = 0; i < check->count; i++) {
        target_free(&check->probes[i].target);
        secret_free(check->regions[i].client_secret);
    }
    free(check->regions);
    free(check->probes);
    free(check);
}
