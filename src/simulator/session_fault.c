#include "simulator/session_fault.h"

#include "simulator/answer.h"
#include "simulator/answer_fault.h"
#include "simulator/client_event.h"

#include <stddef.h>
#include <string.h>

#define IDLE_NS (20 * NS_PER_S)
#define PROXY_IDLE_NS (60 * NS_PER_S)
#define OLDER_CAP_NS (INT64_C(1800) * NS_PER_S)
#define EXPIRED_TEXT "Your session hit the maximum duration of 60 minutes."

static bool is(const struct visit *visit, enum fault_kind kind)
{
    return visit->life.struck && visit->life.kind == kind;
}

static void claim(struct visit *visit)
{
    visit->fault = visit->life.info;
}

void session_fault_draw(struct visit *visit)
{
    struct site *site = visit->site;
    struct moment moment = {.wall_ns = service_wall(site->service, visit->opened_ns)};
    visit->life = script_strike(&site->script, CHANCE_PER_SESSION, visit->lot, &moment);
    if (is(visit, FAULT_NO_CLOSE_ANSWER)) ws_peer_mute(visit->peer);
}

/* The error of a gateway that first let the client in (F43). */
static void say_gateway_error(struct visit *visit)
{
    struct complaint complaint;
    (void)complain(&complaint, "upstream_unavailable", "",
                   "The gateway cannot reach the realtime service.");
    complaint.type = "gateway_error";
    visit_complain(visit, &complaint, NULL);
    ws_peer_flush(visit->peer);
}

static void refuse_key(struct visit *visit)
{
    struct complaint complaint;
    (void)complain(&complaint, "invalid_api_key", "", "Incorrect API key provided.");
    visit_complain(visit, &complaint, NULL);
    visit_close(visit, OUTCOME_REFUSED, 3000, "invalid_request_error.invalid_api_key");
}

bool session_fault_greets(struct visit *visit)
{
    if (!visit->life.struck) return false;
    const struct fault_info *before = visit->fault;
    claim(visit);
    switch (visit->life.kind) {
    case FAULT_NO_SESSION_CREATED:
        visit_record(visit, OUTCOME_STALLED);
        return true;
    case FAULT_CLOSED_BEFORE_CREATED:
        visit_close(visit, OUTCOME_CLOSED, 1000, "");
        return true;
    case FAULT_FIRST_EVENT_ERROR:
        say_gateway_error(visit);
        visit_record(visit, OUTCOME_REFUSED);
        return true;
    case FAULT_INVALID_API_KEY:
        refuse_key(visit);
        return true;
    default:
        visit->fault = before; /* it strikes later, if at all */
        return false;
    }
}

bool session_fault_refuses_update(const struct visit *visit)
{
    return is(visit, FAULT_UNKNOWN_PARAMETER) || is(visit, FAULT_MISSING_REQUIRED_PARAMETER) ||
           is(visit, FAULT_INVALID_VALUE) || is(visit, FAULT_CANNOT_UPDATE_VOICE) ||
           is(visit, FAULT_NO_SESSION_UPDATED);
}

/* The error for each, as the service phrases it for a body of the other dialect, or of no
 * dialect. */
static void make_update_error(const struct visit *visit, struct complaint *out)
{
    const char *key = visit->preview ? "session.type" : "session.modalities";
    switch (visit->life.kind) {
    case FAULT_UNKNOWN_PARAMETER:
        (void)complain(out, "unknown_parameter", key, "Unknown parameter: '%s'.", key);
        break;
    case FAULT_MISSING_REQUIRED_PARAMETER:
        (void)complain(out, "missing_required_parameter", "session.type",
                       "Missing required parameter: 'session.type'.");
        break;
    case FAULT_CANNOT_UPDATE_VOICE:
        (void)complain(out, "cannot_update_voice", "",
                       "The voice cannot be changed once the session has produced audio.");
        break;
    default:
        client_event_unknown("session.update", out);
        break;
    }
}

void session_fault_answer_update(struct visit *visit)
{
    claim(visit);
    if (is(visit, FAULT_NO_SESSION_UPDATED)) {
        visit_record(visit, OUTCOME_STALLED);
        return;
    }
    struct complaint complaint;
    make_update_error(visit, &complaint);
    visit_complain(visit, &complaint, visit->update_id);
}

int64_t session_fault_cap(const struct visit *visit)
{
    int64_t after = visit->life.after_ns;
    if (is(visit, FAULT_SESSION_CAP_30)) return after > 0 ? after : OLDER_CAP_NS;
    if (is(visit, FAULT_SESSION_EXPIRED) || is(visit, FAULT_DISGUISED_EXPIRY))
        return after > 0 ? after : visit->site->service->plan->max_session_age_ns;
    return INT64_MAX;
}

/* The cap, disguised as a backend fault: of the response in progress, or of none. */
static void say_disguise(struct visit *visit)
{
    const struct answer_fault *fault = answer_fault(FAULT_ERROR_EVENT);
    struct reply nobody = {0};
    struct complaint complaint;
    const struct fault_facts facts = {.session_id = visit->session_id,
                                      .model = site_model(visit->site)};
    answer_fault_complaint(fault, &nobody, &facts, &complaint);
    if (!answer_fail_all(visit, &complaint)) visit_complain(visit, &complaint, NULL);
}

void session_fault_expire(struct visit *visit)
{
    struct complaint complaint;
    claim(visit);
    if (is(visit, FAULT_SESSION_EXPIRED)) {
        (void)complain(&complaint, "session_expired", "", "%s", EXPIRED_TEXT);
        visit_complain(visit, &complaint, NULL);
        visit_close(visit, OUTCOME_EXPIRED, 1001, EXPIRED_TEXT);
        return;
    }
    if (is(visit, FAULT_DISGUISED_EXPIRY)) say_disguise(visit);
    visit_close(visit, OUTCOME_EXPIRED, 1001, "");
}

/* For how long nothing may be said either way, in this machine's time; 0: for ever. */
static uint64_t idle_limit(const struct visit *visit)
{
    const struct service *service = visit->site->service;
    int64_t after = visit->life.after_ns;
    if (is(visit, FAULT_IDLE_CLOSE)) return service_real(service, after > 0 ? after : IDLE_NS);
    if (is(visit, FAULT_PROXY_IDLE_CLOSE))
        return service_real(service, after > 0 ? after : PROXY_IDLE_NS);
    return 0;
}

void session_fault_start(struct visit *visit)
{
    if (idle_limit(visit) > 0)
        visit_wait(visit, &visit->idle, visit->spoken_ns + idle_limit(visit));
}

void session_fault_on_idle(struct timer *timer, uint64_t now_ns)
{
    struct visit *visit = (struct visit *)(void *)((char *)timer - offsetof(struct visit, idle));
    uint64_t due_ns = visit->spoken_ns + idle_limit(visit);
    if (now_ns < due_ns) {
        visit_wait(visit, &visit->idle, due_ns);
        return;
    }
    claim(visit);
    if (is(visit, FAULT_IDLE_CLOSE)) {
        visit_close(visit, OUTCOME_CLOSED, 1000, "");
    } else {
        visit_cut(visit, OUTCOME_CUT);
    }
}

void session_fault_closed(struct visit *visit)
{
    if (is(visit, FAULT_NO_CLOSE_ANSWER)) claim(visit);
}
