#include "simulator/session.h"

#include "simulator/session_fault.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The session object, in session.created or session.updated. */
static void say_session(struct visit *visit, const char *type)
{
    struct site *site = visit->site;
    char event_id[IDENTIFIER_SIZE];
    identifier_make(&site->service->ids, "event_", event_id);
    struct settings_identity identity = {.session_id = visit->session_id,
                                         .model = site_model(site),
                                         .expires_at_s = visit->expires_at_s};
    struct text *out = visit_draft(visit);
    text_printf(out, "{\"type\":\"%s\",\"event_id\":\"%s\",\"session\":", type, event_id);
    settings_object(&visit->settings, &identity, out);
    text_puts(out, "}");
    visit_say(visit);
}

/* The age as the service writes it: whole minutes as such. */
static void write_reason(int64_t age_ns, char *out, size_t size)
{
    double seconds = (double)age_ns / (double)NS_PER_S;
    bool minutes = age_ns % (60 * NS_PER_S) == 0;
    (void)snprintf(out, size, "Your session hit the maximum duration of %g %s.",
                   minutes ? seconds / 60 : seconds, minutes ? "minutes" : "seconds");
}

void session_expire(struct timer *timer, uint64_t now_ns)
{
    (void)now_ns;
    struct visit *visit = (struct visit *)(void *)((char *)timer - offsetof(struct visit, expiry));
    int64_t age_ns = visit->site->service->plan->max_session_age_ns;
    char reason[96];
    if (session_fault_cap(visit) <= age_ns) {
        session_fault_expire(visit);
        return;
    }
    write_reason(age_ns, reason, sizeof reason);
    struct complaint complaint;
    (void)complain(&complaint, "session_expired", "", "%s", reason);
    visit_complain(visit, &complaint, NULL);
    visit_close(visit, OUTCOME_EXPIRED, 1001, reason);
}

static void greet(struct visit *visit)
{
    struct service *service = visit->site->service;
    if (session_fault_greets(visit)) return;
    int64_t cap_ns = session_fault_cap(visit);
    if (cap_ns > service->plan->max_session_age_ns) cap_ns = service->plan->max_session_age_ns;
    identifier_make(&service->ids, "sess_", visit->session_id);
    identifier_make(&service->ids, "conv_", visit->conversation_id);
    settings_init(&visit->settings, visit->preview);
    uint64_t expiry_ns = clock_mono_ns() + service_real(service, cap_ns);
    visit->expires_at_s = service_wall(service, expiry_ns) / NS_PER_S;
    visit->state = VISIT_READY;
    say_session(visit, "session.created");
    if (visit->state == VISIT_OVER) return;
    visit->session_delay_ns = clock_mono_ns() - visit->opened_ns;
    ws_peer_flush(visit->peer);
    visit_wait(visit, &visit->expiry, expiry_ns);
    session_fault_start(visit);
    visit_take_held(visit);
}

void session_open(struct visit *visit)
{
    visit->state = VISIT_GREETING;
    session_fault_draw(visit);
    uint64_t delay =
        site_delay(visit->site, STEP_SESSION, visit->lot, LOT_SESSION, visit->opened_ns);
    if (delay == 0) { /* in one segment with the 101, as the real service may do */
        greet(visit);
        return;
    }
    ws_peer_flush(visit->peer);
    visit_wait(visit, &visit->gate, visit->opened_ns + delay);
}

static void say_updated(struct visit *visit)
{
    visit->state = VISIT_READY;
    if (session_fault_refuses_update(visit)) {
        session_fault_answer_update(visit);
    } else {
        say_session(visit, "session.updated");
    }
    if (visit->state == VISIT_OVER) return;
    if (visit->configure_delay_ns == PHASE_UNSEEN)
        visit->configure_delay_ns = clock_mono_ns() - visit->update_ns;
    ws_peer_flush(visit->peer);
    visit_take_held(visit);
}

void session_configure(struct visit *visit, const char *event_id, uint64_t at_ns)
{
    if (session_fault_refuses_update(visit)) {
        free(visit->update_id);
        visit->update_id = event_id == NULL ? NULL : strdup(event_id);
    }
    visit->update_ns = at_ns;
    visit->state = VISIT_CONFIGURING;
    uint64_t delay = site_delay(visit->site, STEP_CONFIGURE, visit->lot,
                                LOT_CONFIGURE + visit->updates++, at_ns);
    if (delay == 0) {
        say_updated(visit);
    } else {
        visit_wait(visit, &visit->gate, at_ns + delay);
    }
}

void session_go_on(struct visit *visit)
{
    if (visit->state == VISIT_GREETING) {
        greet(visit);
    } else {
        say_updated(visit);
    }
}
