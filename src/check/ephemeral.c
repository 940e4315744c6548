#include "check/ephemeral.h"

#include "check/observed.h"
#include "check/step.h"

static void fail(struct probe *probe, const struct client_secret_result *result)
{
    struct check_region *told = probe->told;
    struct text cause = {0};
    if (result->end == CLIENT_SECRET_NO_ANSWER) {
        step_failed(told, CHECK_CREDENTIALS, result->took_ns, "no_answer", "",
                    "check again; when a plain GET is answered, give the time to support",
                    "no client secret: %s",
                    result->timed_out ? "no answer in time" : result->detail);
    } else if (result->end == CLIENT_SECRET_MISSING) {
        step_failed(told, CHECK_CREDENTIALS, result->took_ns, "no_client_secret", "",
                    "check `path` and dialect: something else answers there",
                    "HTTP %d without a client secret in it", result->status);
    } else {
        observed_refusal(&result->refusal, &cause);
        step_classified(told, CHECK_CREDENTIALS, result->took_ns, &result->refusal,
                        "no client secret: %s", text_str(&cause));
    }
    text_free(&cause);
}

static void on_done(void *user, const struct client_secret_result *result)
{
    struct probe *probe = user;
    probe->secret_request = NULL;
    if (result->end == CLIENT_SECRET_GIVEN) {
        step_ok(probe->told, CHECK_CREDENTIALS, result->took_ns, "client secret (ephemeral)");
        probe_changed(probe);
        probe_take_secret(probe, result->value);
    } else {
        fail(probe, result);
        probe_changed(probe);
        probe_go_on(probe);
    }
}

void ephemeral_start(struct probe *probe)
{
    const struct client_secret_question question = {
        .target = &probe->target,
        .client_request_id = probe->told->client_request_id,
        .timeouts = &probe->profile->timeouts,
    };
    struct error err = {0};
    if (client_secret_request(probe->loop, &question, on_done, probe, &probe->secret_request,
                              &err) == ERR_OK)
        return;
    step_failed(probe->told, CHECK_CREDENTIALS, NOT_TIMED, "not_started", "", "check again", "%s",
                err.text);
    probe_go_on(probe);
}
