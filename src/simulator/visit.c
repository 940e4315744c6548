#include "simulator/visit.h"

#include "simulator/answer.h"
#include "simulator/client_event.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELD_LIMIT ((size_t)32 * 1024 * 1024)
#define RETRY_AFTER_S 2

struct held {
    struct held *next;
    uint64_t at_ns;
    size_t length;
    char text[];
};

struct text *visit_draft(struct visit *visit)
{
    struct text *draft = &visit->site->service->draft;
    text_clear(draft);
    return draft;
}

void visit_say(struct visit *visit)
{
    struct text *draft = &visit->site->service->draft;
    if (draft->failed) {
        text_free(draft);
        visit_reset(visit);
        return;
    }
    ws_peer_send(visit->peer, draft->data, draft->length);
}

void visit_complain(struct visit *visit, const struct complaint *complaint, const char *event_id)
{
    complaint_event(complaint, &visit->site->service->ids, event_id, visit_draft(visit));
    visit_say(visit);
}

static void free_held(struct visit *visit)
{
    while (visit->held != NULL) {
        struct held *held = visit->held;
        visit->held = held->next;
        free(held);
    }
    visit->held_end = &visit->held;
    visit->held_bytes = 0;
}

void visit_record(struct visit *visit, enum ledger_outcome outcome)
{
    if (visit->recorded) return;
    visit->recorded = true;
    visit->state = VISIT_OVER;
    struct agenda *agenda = visit->site->service->agenda;
    agenda_cancel(agenda, &visit->gate);
    agenda_cancel(agenda, &visit->expiry);
    free_held(visit);
    answer_drop_all(visit, outcome == OUTCOME_COMPLETED ? OUTCOME_ABANDONED : outcome);
    struct ledger_line line = {
        .is_session = true,
        .wall_ns = service_wall(visit->site->service, visit->asked_ns),
        .region = visit->site->region->name,
        .session_id = visit->session_id,
        .client_request_id = visit->client_request_id,
        .fault =
            visit->strike.struck && visit->http_status != 0 ? fault_info(visit->strike.kind)->number : NULL,
        .outcome = outcome,
        .http_status = visit->http_status,
        .responses = visit->responses,
        .upgrade_ns = visit->upgrade_delay_ns,
        .session_ns = visit->session_delay_ns,
        .configure_ns = visit->configure_delay_ns,
    };
    ledger_add(visit->site->service->ledger, &line);
}

void visit_reset(struct visit *visit)
{
    visit_record(visit, OUTCOME_RESET);
    ws_peer_reset(visit->peer);
}

/* Sets the time when the state goes on; without memory for it the connection cannot be served. */
static void wait_until(struct visit *visit, struct appointment *appointment, uint64_t due_ns)
{
    if (!agenda_set(visit->site->service->agenda, appointment, due_ns)) visit_reset(visit);
}

static void take_held(struct visit *visit)
{
    while (visit->held != NULL && visit->state == VISIT_READY) {
        struct held *held = visit->held;
        visit->held = held->next;
        if (visit->held == NULL) visit->held_end = &visit->held;
        visit->held_bytes -= held->length;
        client_event_take(visit, held->text, held->length, held->at_ns);
        free(held);
    }
}

static void hold(struct visit *visit, const char *text, size_t length, uint64_t at_ns)
{
    struct held *held = visit->held_bytes + length > HELD_LIMIT ? NULL : malloc(sizeof *held + length + 1);
    if (held == NULL) {
        visit_reset(visit);
        return;
    }
    *held = (struct held){.at_ns = at_ns, .length = length};
    memcpy(held->text, text, length + 1);
    *visit->held_end = held;
    visit->held_end = &held->next;
    visit->held_bytes += length;
}

/* The session object, in session.created or session.updated. */
static void say_session(struct visit *visit, const char *type)
{
    struct site *site = visit->site;
    char event_id[IDENTIFIER_SIZE];
    identifier_make(&site->service->ids, "event_", event_id);
    struct settings_identity identity = {.session_id = visit->session_id,
                                         .model = site->region->model != NULL ? site->region->model
                                                                              : site->gate.deployment,
                                         .expires_at_s = visit->expires_at_s};
    struct text *out = visit_draft(visit);
    text_printf(out, "{\"type\":\"%s\",\"event_id\":\"%s\",\"session\":", type, event_id);
    settings_object(&visit->settings, &identity, out);
    text_puts(out, "}");
    visit_say(visit);
}

static void on_expiry(struct appointment *appointment, uint64_t now_ns)
{
    (void)now_ns;
    struct visit *visit = (struct visit *)(void *)((char *)appointment - offsetof(struct visit, expiry));
    int64_t seconds = visit->site->service->plan->max_session_age_ns / NS_PER_S;
    char reason[96];
    (void)snprintf(reason, sizeof reason, "Your session hit the maximum duration of %lld %s.",
                   (long long)(seconds % 60 == 0 ? seconds / 60 : seconds),
                   seconds % 60 == 0 ? "minutes" : "seconds");
    struct complaint complaint;
    (void)complain(&complaint, "session_expired", "", "%s", reason);
    visit_complain(visit, &complaint, NULL);
    visit_record(visit, OUTCOME_EXPIRED);
    ws_peer_close(visit->peer, 1001, reason);
    ws_peer_flush(visit->peer);
}

static void greet(struct visit *visit)
{
    struct service *service = visit->site->service;
    identifier_make(&service->ids, "sess_", visit->session_id);
    identifier_make(&service->ids, "conv_", visit->conversation_id);
    settings_init(&visit->settings, visit->preview);
    uint64_t now = clock_mono_ns();
    uint64_t expiry_ns = now + (uint64_t)service->plan->max_session_age_ns;
    visit->expires_at_s = service_wall(service, expiry_ns) / NS_PER_S;
    visit->state = VISIT_READY;
    say_session(visit, "session.created");
    if (visit->state == VISIT_OVER) return;
    visit->session_delay_ns = clock_mono_ns() - visit->opened_ns;
    ws_peer_flush(visit->peer);
    wait_until(visit, &visit->expiry, expiry_ns);
    take_held(visit);
}

/* OpenAI lets everybody in, says what is wrong, and closes. */
static void turn_away(struct visit *visit)
{
    const struct verdict *verdict = &visit->verdict;
    struct complaint complaint;
    char reason[96];
    (void)complain(&complaint, verdict->code, "", "%s", verdict->message);
    (void)snprintf(reason, sizeof reason, "invalid_request_error%s%s", verdict->code == NULL ? "" : ".",
                   verdict->code == NULL ? "" : verdict->code);
    visit_complain(visit, &complaint, NULL);
    ws_peer_close(visit->peer, verdict->close_code, reason);
    ws_peer_flush(visit->peer);
    visit_record(visit, OUTCOME_REFUSED);
}

static void open_session(struct visit *visit)
{
    struct text *headers = visit_draft(visit);
    site_headers(visit->site, visit->client_request_id, headers);
    ws_peer_accept(visit->peer, text_str(headers));
    visit->http_status = 101;
    visit->opened_ns = clock_mono_ns();
    visit->upgrade_delay_ns = visit->opened_ns - visit->asked_ns;
    if (visit->verdict.kind == VERDICT_CLOSE) {
        turn_away(visit);
        return;
    }
    visit->state = VISIT_GREETING;
    uint64_t delay = site_delay(visit->site, STEP_SESSION, visit->opened_ns);
    if (delay == 0) { /* in one segment with the 101, as the real one may be */
        greet(visit);
        return;
    }
    ws_peer_flush(visit->peer);
    wait_until(visit, &visit->gate, visit->opened_ns + delay);
}

/* What a fault of the upgrade makes of the verdict. */
static void apply_strike(struct visit *visit, struct text *headers)
{
    enum dialect dialect = visit->verdict.dialect;
    if (visit->strike.kind == FAULT_UPGRADE_503) {
        visit->verdict = (struct verdict){
            .kind = VERDICT_REFUSE,
            .dialect = dialect,
            .status = 503,
            .code = "ServiceUnavailable",
            .message = "The server is temporarily unable to process your request. Please try "
                       "again later."};
    } else {
        visit->verdict = (struct verdict){
            .kind = VERDICT_REFUSE,
            .dialect = dialect,
            .status = 429,
            .code = "429",
            .message = "Requests to the Realtime API of this deployment have exceeded call rate "
                       "limit of your current pricing tier. Please retry after 2 seconds."};
        text_printf(headers,
                    "x-ratelimit-limit-requests: %.0f\r\nx-ratelimit-remaining-requests: 0\r\n"
                    "x-ratelimit-reset-requests: %d\r\nx-ratelimit-limit-tokens: %.0f\r\n",
                    visit->site->requests.limit, RETRY_AFTER_S, visit->site->tokens.limit);
    }
    text_printf(headers, "retry-after-ms: %d\r\nretry-after: %d\r\n", RETRY_AFTER_S * 1000, RETRY_AFTER_S);
}

static void refuse(struct visit *visit)
{
    struct text *headers = visit_draft(visit);
    struct text body = {0};
    site_headers(visit->site, visit->client_request_id, headers);
    if (visit->strike.struck) apply_strike(visit, headers);
    if (visit->verdict.status == 426)
        text_puts(headers, "upgrade: websocket\r\nsec-websocket-version: 13\r\n");
    request_refusal_body(&visit->verdict, visit->target, &body);
    ws_peer_refuse(visit->peer, visit->verdict.status, text_str(headers), "application/json",
                   text_str(&body));
    text_free(&body);
    visit->http_status = visit->verdict.status;
    visit->upgrade_delay_ns = clock_mono_ns() - visit->asked_ns;
    ws_peer_flush(visit->peer);
    visit_record(visit, OUTCOME_REFUSED);
}

static void answer_upgrade(struct visit *visit)
{
    if (visit->strike.struck || visit->verdict.kind == VERDICT_REFUSE) {
        refuse(visit);
    } else {
        open_session(visit);
    }
}

static void say_updated(struct visit *visit)
{
    visit->state = VISIT_READY;
    say_session(visit, "session.updated");
    if (visit->state == VISIT_OVER) return;
    if (visit->configure_delay_ns == PHASE_UNSEEN)
        visit->configure_delay_ns = clock_mono_ns() - visit->update_ns;
    ws_peer_flush(visit->peer);
    take_held(visit);
}

void visit_configure(struct visit *visit, uint64_t at_ns)
{
    visit->update_ns = at_ns;
    visit->state = VISIT_CONFIGURING;
    uint64_t delay = site_delay(visit->site, STEP_CONFIGURE, at_ns);
    if (delay == 0) {
        say_updated(visit);
    } else {
        wait_until(visit, &visit->gate, at_ns + delay);
    }
}

static void on_gate(struct appointment *appointment, uint64_t now_ns)
{
    (void)now_ns;
    struct visit *visit = (struct visit *)(void *)((char *)appointment - offsetof(struct visit, gate));
    switch (visit->state) {
    case VISIT_ASKED:
        answer_upgrade(visit);
        break;
    case VISIT_GREETING:
        greet(visit);
        break;
    case VISIT_CONFIGURING:
        say_updated(visit);
        break;
    case VISIT_READY:
    case VISIT_OVER:
        break;
    }
}

/* Takes what the verdict needs of the request, whose strings go when on_request returns. */
static void judge(struct visit *visit, const struct ws_request *told)
{
    struct ws_peer *peer = visit->peer;
    struct request request = {
        .target = told->target,
        .is_websocket = told->is_websocket,
        .api_key = ws_request_header(peer, "api-key"),
        .authorization = ws_request_header(peer, "authorization"),
        .beta = ws_request_header(peer, "openai-beta"),
        .protocols = ws_request_header(peer, "sec-websocket-protocol"),
        .upgrade = ws_request_header(peer, "upgrade"),
        .client_request_id = ws_request_header(peer, "x-ms-client-request-id"),
    };
    request_client_id(&request, visit->client_request_id);
    visit->verdict = request_judge(&request, &visit->site->gate);
    visit->preview = visit->verdict.dialect == DIALECT_PREVIEW;
    size_t length = strcspn(told->target, "?"); /* the query may hold a key */
    if (length > sizeof visit->target - 1) length = sizeof visit->target - 1;
    memcpy(visit->target, told->target, length);
}

void visit_begin(struct site *site, struct ws_peer *peer, const struct ws_request *request)
{
    struct service *service = site->service;
    struct visit *visit = calloc(1, sizeof *visit);
    if (visit == NULL) {
        ws_peer_reset(peer);
        return;
    }
    visit->asked_ns = clock_mono_ns();
    visit->site = site;
    visit->peer = peer;
    visit->gate.fire = on_gate;
    visit->expiry.fire = on_expiry;
    visit->held_end = &visit->held;
    visit->upgrade_delay_ns = visit->session_delay_ns = visit->configure_delay_ns = PHASE_UNSEEN;
    visit->next = service->visits;
    if (visit->next != NULL) visit->next->previous = visit;
    service->visits = visit;
    ws_peer_set_user(peer, visit);
    judge(visit, request);
    if (visit->verdict.kind == VERDICT_ACCEPT)
        visit->strike =
            script_strike(&site->script, CHANCE_PER_UPGRADE, service_wall(service, visit->asked_ns));
    uint64_t delay = request->is_websocket ? site_delay(site, STEP_UPGRADE, visit->asked_ns) : 0;
    if (delay == 0) {
        answer_upgrade(visit);
    } else {
        wait_until(visit, &visit->gate, visit->asked_ns + delay);
    }
}

void visit_take_message(struct ws_peer *peer, const char *text, size_t length, uint64_t at_ns)
{
    struct visit *visit = ws_peer_user(peer);
    if (visit == NULL || visit->state == VISIT_OVER) return;
    if (visit->state == VISIT_READY) {
        client_event_take(visit, text, length, at_ns);
    } else {
        hold(visit, text, length, at_ns);
    }
}

void visit_take_binary(struct ws_peer *peer, size_t length, uint64_t at_ns)
{
    (void)length;
    (void)at_ns;
    struct visit *visit = ws_peer_user(peer);
    if (visit == NULL || visit->state == VISIT_OVER) return;
    struct complaint complaint;
    (void)complain(&complaint, "invalid_event", "",
                   "Binary messages are not supported: send events as JSON text.");
    visit_complain(visit, &complaint, NULL);
}

void visit_gone(struct ws_peer *peer, int close_code)
{
    struct visit *visit = ws_peer_user(peer);
    if (visit == NULL) return;
    visit_record(visit, close_code != 0 ? OUTCOME_COMPLETED : OUTCOME_ABANDONED);
    answer_free_all(visit);
    settings_free(&visit->settings);
    free(visit->conversation.items);
    if (visit->previous != NULL) visit->previous->next = visit->next;
    if (visit->next != NULL) visit->next->previous = visit->previous;
    struct service *service = visit->site->service;
    if (service->visits == visit) service->visits = visit->next;
    free(visit);
}
