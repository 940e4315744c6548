#include "simulator/visit.h"

#include "net/budget.h"
#include "simulator/answer.h"
#include "simulator/client_event.h"
#include "simulator/input_audio.h"
#include "simulator/session.h"
#include "simulator/session_fault.h"
#include "simulator/upgrade.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELD_LIMIT ((size_t)32 * 1024 * 1024)

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

struct text *visit_begin_event(struct visit *visit, const char *type)
{
    char event_id[IDENTIFIER_SIZE];
    struct text *draft = visit_draft(visit);
    identifier_make(&visit->site->service->ids, "event_", event_id);
    text_printf(draft, "{\"type\":\"%s\",\"event_id\":\"%s\"", type, event_id);
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
    if (visit->life.struck) visit->spoken_ns = clock_mono_ns();
}

void visit_complain(struct visit *visit, const struct complaint *complaint, const char *event_id)
{
    complaint_event(complaint, &visit->site->service->ids, event_id, visit_draft(visit));
    visit_say(visit);
}

static void free_one(struct held *held)
{
    budget_return_message(held->length);
    free(held);
}

static void free_held(struct visit *visit)
{
    while (visit->held != NULL) {
        struct held *held = visit->held;
        visit->held = held->next;
        free_one(held);
    }
    visit->held_end = &visit->held;
    visit->held_bytes = 0;
}

void visit_record(struct visit *visit, enum ledger_outcome outcome)
{
    if (visit->recorded) return;
    visit->recorded = true;
    visit->state = VISIT_OVER;
    struct timers *timers = visit->site->service->timers;
    timers_cancel(timers, &visit->gate);
    timers_cancel(timers, &visit->expiry);
    timers_cancel(timers, &visit->pause);
    timers_cancel(timers, &visit->idle);
    free_held(visit);
    answer_drop_all(visit, outcome == OUTCOME_COMPLETED ? OUTCOME_ABANDONED : outcome);
    struct ledger_line line = {
        .kind = LEDGER_SESSION,
        .wall_ns = service_wall(visit->site->service, visit->asked_ns),
        .region = visit->site->region->name,
        .session_id = visit->session_id,
        .client_request_id = visit->client_request_id,
        .fault = visit->fault == NULL ? NULL : visit->fault->number,
        .fault_name = visit->fault == NULL ? NULL : visit->fault->name,
        .outcome = outcome,
        .http_status = visit->http_status,
        .responses = visit->responses,
        .upgrade_ns = service_run(visit->site->service, visit->upgrade_delay_ns),
        .session_ns = service_run(visit->site->service, visit->session_delay_ns),
        .configure_ns = service_run(visit->site->service, visit->configure_delay_ns),
        .ended_ns = service_run(visit->site->service, clock_mono_ns() - visit->asked_ns),
    };
    ledger_add(visit->site->service->ledger, &line);
}

void visit_reset(struct visit *visit)
{
    visit_record(visit, OUTCOME_RESET);
    ws_peer_reset(visit->peer);
}

void visit_cut(struct visit *visit, enum ledger_outcome outcome)
{
    visit_record(visit, outcome);
    ws_peer_cut(visit->peer, false);
    ws_peer_flush(visit->peer);
}

void visit_close(struct visit *visit, enum ledger_outcome outcome, int code, const char *reason)
{
    visit_record(visit, outcome);
    ws_peer_close(visit->peer, code, reason);
    ws_peer_flush(visit->peer);
}

void visit_wait(struct visit *visit, struct timer *timer, uint64_t due_ns)
{
    if (!timers_set(visit->site->service->timers, timer, due_ns)) visit_reset(visit);
}

void visit_take_held(struct visit *visit)
{
    while (visit->held != NULL && visit->state == VISIT_READY) {
        struct held *held = visit->held;
        visit->held = held->next;
        if (visit->held == NULL) visit->held_end = &visit->held;
        visit->held_bytes -= held->length;
        client_event_take(visit, held->text, held->length, held->at_ns);
        free_one(held);
    }
}

static void hold(struct visit *visit, const char *text, size_t length, uint64_t at_ns)
{
    const bool fits = visit->held_bytes + length <= HELD_LIMIT && budget_take_message(length);
    struct held *held = fits ? malloc(sizeof *held + length + 1) : NULL;
    if (held == NULL) {
        if (fits) budget_return_message(length);
        visit_reset(visit);
        return;
    }
    *held = (struct held){.at_ns = at_ns, .length = length};
    memcpy(held->text, text, length + 1);
    *visit->held_end = held;
    visit->held_end = &held->next;
    visit->held_bytes += length;
}

static void on_gate(struct timer *timer, uint64_t now_ns)
{
    (void)now_ns;
    struct visit *visit = (struct visit *)(void *)((char *)timer - offsetof(struct visit, gate));
    switch (visit->state) {
    case VISIT_ASKED:
        upgrade_answer(visit);
        break;
    case VISIT_GREETING:
    case VISIT_CONFIGURING:
        session_go_on(visit);
        break;
    case VISIT_READY:
    case VISIT_OVER:
        break;
    }
}

/* The request id of a run has the form of a UUID, whose first half is the same for all dials of one
 * user. */
#define USER_LENGTH 18

static bool names_user(const struct visit *visit)
{
    return visit->site->service->by_user && strlen(visit->client_request_id) > USER_LENGTH;
}

void visit_find_lot(struct visit *visit)
{
    if (!names_user(visit)) {
        visit->lot = site_next(visit->site, COMER_VISIT);
        return;
    }
    char user[USER_LENGTH + 1];
    memcpy(user, visit->client_request_id, USER_LENGTH);
    user[USER_LENGTH] = '\0';
    visit->user = lot_named(visit->site->script.lot, user);
    visit->lot = lot_named(visit->user, visit->client_request_id + USER_LENGTH);
}

/* A run's event tells which try of which interaction it is, in whichever session. */
struct lot visit_response_lot(const struct visit *visit, const char *event_id)
{
    if (names_user(visit) && event_id != NULL) return lot_named(visit->user, event_id);
    return lot_part(visit->lot, visit->responses);
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
    visit->expiry.fire = session_expire;
    visit->pause.fire = input_audio_on_pause;
    visit->idle.fire = session_fault_on_idle;
    visit->held_end = &visit->held;
    visit->upgrade_delay_ns = visit->session_delay_ns = visit->configure_delay_ns = PHASE_UNSEEN;
    visit->next = service->visits;
    if (visit->next != NULL) visit->next->previous = visit;
    service->visits = visit;
    ws_peer_set_user(peer, visit);
    upgrade_judge(visit, request);
    uint64_t delay = request->is_websocket
                         ? site_delay(site, STEP_UPGRADE, visit->lot, LOT_UPGRADE, visit->asked_ns)
                         : 0;
    if (delay == 0) {
        upgrade_answer(visit);
    } else {
        visit_wait(visit, &visit->gate, visit->asked_ns + delay);
    }
}

void visit_take_message(struct ws_peer *peer, const char *text, size_t length, uint64_t at_ns)
{
    struct visit *visit = ws_peer_user(peer);
    if (visit == NULL || visit->state == VISIT_OVER) return;
    visit->spoken_ns = at_ns;
    if (visit->state == VISIT_READY) {
        client_event_take(visit, text, length, at_ns);
    } else {
        hold(visit, text, length, at_ns);
    }
}

void visit_take_binary(struct ws_peer *peer, size_t length, uint64_t at_ns)
{
    (void)length;
    struct visit *visit = ws_peer_user(peer);
    if (visit == NULL || visit->state == VISIT_OVER) return;
    visit->spoken_ns = at_ns;
    struct complaint complaint;
    (void)complain(&complaint, "invalid_event", "",
                   "Binary messages are not supported: send events as JSON text.");
    visit_complain(visit, &complaint, NULL);
}

void visit_gone(struct ws_peer *peer, int close_code)
{
    struct visit *visit = ws_peer_user(peer);
    if (visit == NULL) return;
    if (close_code != 0) session_fault_closed(visit);
    visit_record(visit, close_code != 0 ? OUTCOME_COMPLETED : OUTCOME_ABANDONED);
    answer_free_all(visit);
    settings_free(&visit->settings);
    free(visit->update_id);
    free(visit->conversation.items);
    if (visit->previous != NULL) visit->previous->next = visit->next;
    if (visit->next != NULL) visit->next->previous = visit->previous;
    struct service *service = visit->site->service;
    if (service->visits == visit) service->visits = visit->next;
    free(visit);
}
