/* The evidence record of a failure, or of an end that is not one, from everything that the driver
 * has kept. */
#include "engine/driver.h"

bool driver_in_dial(const struct driver *driver)
{
    return driver->session.life.ready_ns == 0;
}

static size_t events_in_order(const struct driver *driver,
                              struct evidence_event out[EVIDENCE_EVENTS])
{
    size_t count =
        driver->event_count < EVIDENCE_EVENTS ? (size_t)driver->event_count : EVIDENCE_EVENTS;
    for (size_t i = 0; i < count; i++) {
        out[i] = driver->events[(driver->event_count - count + i) % EVIDENCE_EVENTS];
    }
    return count;
}

static const struct last_words *words_of(const struct driver *driver)
{
    static const struct last_words none;
    return driver->words != NULL ? driver->words : &none;
}

const char *driver_message(const struct driver *driver, const struct session_action *action)
{
    const struct event_facts *event = action->observed.event;
    if (action->observed.objection != NULL) return action->observed.objection;
    if (event != NULL && event->error_message[0] != '\0') return event->error_message;
    const struct last_words *words = words_of(driver);
    return words->body_message[0] != '\0' ? words->body_message : words->detail;
}

/* The service's own figures decide; a response that began but never reported them may still be
 * billed. */
static bool possibly_billed(const struct turn *turn)
{
    return turn->usage.present ? turn->usage.input + turn->usage.output > 0
                               : turn->first_event_ns != 0;
}

/* An id from the first source that has it: what was kept, the event's own field, the sentences. */
static const char *id_of(const char *kept, const char *of_event, const struct driver *driver,
                         const char *prefix, char out[ID_SIZE])
{
    if (kept[0] != '\0') return kept;
    if (of_event != NULL && of_event[0] != '\0') return of_event;
    const struct last_words *words = words_of(driver);
    out[0] = '\0';
    if (!event_id_in_text(words->body_message, prefix, out) &&
        !event_id_in_text(words->close_reason, prefix, out)) {
        (void)event_id_in_text(words->detail, prefix, out);
    }
    return out;
}

/* The service's own description of the error. */
static void add_error(const struct driver *driver, const struct event_facts *event,
                      struct evidence *evidence)
{
    evidence->error_code = words_of(driver)->body_code;
    if (event == NULL) return;
    evidence->event_id = event->event_id;
    evidence->error_type = event->error_type;
    evidence->error_param = event->error_param;
    if (event->has_error) evidence->error_code = event->error_code;
}

/* Where the connection went, how, and what was observed of it. */
static void add_connection(const struct driver *driver, struct evidence *evidence)
{
    const struct worker *worker = driver->worker;
    const struct credential *held = worker->credentials.held;
    evidence->region = worker->plan->targets[driver->region].region;
    evidence->credential = held == NULL ? NULL : held[driver->region].value;
    evidence->transport = transport_of(evidence->region)->name;
    evidence->address = driver->address;
    evidence->has_skew = driver->skew.known;
    evidence->skew_ns = driver->skew.ns;
    evidence->http_status = driver->http_status;
    evidence->headers = driver->headers;
    evidence->header_count = driver->header_count;
    evidence->client_request_id = driver->client_request_id;
    evidence->close_code = driver->close_code;
    evidence->close_reason = words_of(driver)->close_reason;
    evidence->sent = driver->sent;
}

static void add_attempt(const struct driver *driver, uint64_t at_ns, struct evidence *evidence)
{
    const struct session *session = &driver->session;
    uint64_t since_ns = driver_in_dial(driver) ? session->life.dial_ns : session->turn.due_ns;
    evidence->elapsed_ns = driver_run_time(driver, (int64_t)(at_ns - since_ns));
    evidence->usage = session->turn.usage;
    evidence->possibly_billed = possibly_billed(&session->turn);
}

void driver_write_evidence(struct driver *driver, const struct session_action *action,
                           const struct evidence_of *of, enum decision decision, uint64_t at_ns)
{
    struct worker *worker = driver->worker;
    const struct session *session = &driver->session;
    const struct event_facts *event = action->observed.event;
    const bool dialled = driver_in_dial(driver);
    const int64_t age_ns = life_age_ns(&session->life, at_ns);
    const bool of_attempt = (action->news & NEWS_OF_ATTEMPT) != 0;
    struct evidence_event events[EVIDENCE_EVENTS];
    const char *also[4];
    char signature[96];
    char session_id[ID_SIZE];
    char response_id[ID_SIZE];
    const char *kept_response = of_attempt && !dialled ? session->turn.response_id : "";
    struct evidence evidence = {
        .utc_ns = recorder_wall(&worker->recorder, at_ns),
        .said = &worker->plan->profile->session,
        .session_scope = dialled || !of_attempt,
        .failure = action->failure,
        .message = driver_message(driver, action),
        .session_id = id_of(session->life.session_id, event == NULL ? NULL : event->session_id,
                            driver, "sess_", session_id),
        .response_id = id_of(kept_response, event == NULL ? NULL : event->response_id, driver,
                             "resp_", response_id),
        .events = events,
        .event_count = events_in_order(driver, events),
        .os_error = action->observed.local_error != 0 ? action->observed.local_error
                                                      : action->observed.os_error,
        .tls_error = action->observed.tls_verify_error,
        .tls_alert = action->observed.tls_alert,
        .paused_ns = action->observed.paused_ns,
        .interaction = of->interaction,
        .attempt = of->attempt,
        .decision = decision_name(decision),
        .socket_age_ns = age_ns < 0 ? -1 : driver_run_time(driver, age_ns),
        .turn = dialled ? 0 : session->attempts,
        .elapsed_ns = -1,
        .also = also,
        .also_count = failure_also(&action->observed, also),
        .signature = signature,
        .brief =
            evidence_limit_count(&worker->evidence_limit, driver->region, action->failure.code),
    };
    failure_signature(&action->observed, signature);
    add_connection(driver, &evidence);
    add_error(driver, event, &evidence);
    if (of_attempt) add_attempt(driver, at_ns, &evidence);
    evidence_write(&worker->recorder.handover->failures, &evidence, worker->plan->zone);
}
