#include "check/ephemeral.h"

#include "base/units.h"
#include "check/observed.h"
#include "check/step.h"
#include "realtime/client_secret.h"
#include "realtime/response_headers.h"

#include <string.h>

static int64_t time_taken(const struct https_result *result)
{
    int64_t ns = 0;
    for (size_t i = 0; i < HTTPS_DONE; i++) ns += result->step_ns[i];
    return ns;
}

static void fail(struct probe *probe, const struct https_result *result)
{
    char code[64];
    char message[512];
    struct text cause = {0};
    text_puts(&cause, "no client secret: ");
    if (result->reached != HTTPS_DONE) {
        text_puts(&cause, result->timed_out ? "no answer in time" : result->detail);
        step_failed(probe->told, CHECK_CREDENTIALS, time_taken(result), "no_answer", "",
                    "check again; when a plain GET is answered, give the time to support", "%s",
                    text_str(&cause));
    } else if (result->status >= 200 && result->status < 300) {
        step_failed(probe->told, CHECK_CREDENTIALS, time_taken(result), "no_client_secret", "",
                    "check `path` and dialect: something else answers there",
                    "HTTP %d without a client secret in it", result->status);
    } else {
        (void)failure_body_parse(result->body, result->body_length, code, message);
        bool html = response_body_is_html(result->body, result->body_length);
        const struct failure_facts facts = {.phase = PHASE_UPGRADE,
                                            .http_status = result->status,
                                            .html = html,
                                            .body_code = code,
                                            .body_message = message};
        observed_refusal(result->status, code, message, html, &cause);
        step_classified(probe->told, CHECK_CREDENTIALS, time_taken(result), &facts, "%s",
                        text_str(&cause));
    }
    text_free(&cause);
}

static void on_done(void *user, const struct https_result *result)
{
    struct probe *probe = user;
    char value[CLIENT_SECRET_SIZE] = "";
    int64_t expires_s;
    probe->exchange = NULL;
    bool answered = result->reached == HTTPS_DONE && result->status >= 200 && result->status < 300;
    if (answered && client_secret_read(result->body, result->body_length, value, &expires_s)) {
        step_ok(probe->told, CHECK_CREDENTIALS, time_taken(result), "client secret (ephemeral)");
        probe_changed(probe);
        probe_take_secret(probe, value);
    } else {
        fail(probe, result);
        probe_changed(probe);
        probe_go_on(probe);
    }
    explicit_bzero(value, sizeof value);
}

/* The headers of the upgrade carry the key or token, and ours. */
void ephemeral_start(struct probe *probe)
{
    const struct timeouts *timeouts = &probe->profile->timeouts;
    const struct endpoint endpoint = request_endpoint(probe->told->region, NULL);
    struct ws_target where = probe->request.where;
    struct text target = {0};
    struct text body = {0};
    struct error err = {0};
    client_secret_target(&endpoint, &target);
    client_secret_body(&endpoint, &body);
    where.target = text_str(&target);
    const struct https_request question = {
        .where = &where,
        .method = "POST",
        .content_type = "application/json",
        .body = text_str(&body),
        .resolve_ns = timeouts->resolve_ns,
        .connect_ns = timeouts->connect_ns,
        .tls_ns = timeouts->tls_ns,
        .answer_ns = timeouts->upgrade_ns,
    };
    if (https_start(probe->loop, &question, on_done, probe, &probe->exchange, &err) != ERR_OK) {
        step_failed(probe->told, CHECK_CREDENTIALS, NOT_TIMED, "not_started", "", "check again",
                    "%s", err.text);
        probe_go_on(probe);
    }
    text_free(&target);
    text_free(&body);
}
