#include "check/observed.h"

#include "base/units.h"
#include "service/stage.h"

#include <netdb.h>
#include <string.h>

void observed_deadline(enum deadline deadline, const struct timeouts *timeouts, struct text *out)
{
    static const struct {
        const char *words, *of;
    } lines[] = {
        [DEADLINE_NONE] = {"", ""},
        [DEADLINE_RESOLVE] = {"the name was not resolved", ""},
        [DEADLINE_CONNECT] = {"no connection", ""},
        [DEADLINE_TLS] = {"the TLS handshake was not done", ""},
        [DEADLINE_UPGRADE] = {"the upgrade was not answered", ""},
        [DEADLINE_SESSION] = {"no session.created", " of the 101"},
        [DEADLINE_CONFIGURE] = {"no session.updated", " of session.update"},
        [DEADLINE_FIRST_OUTPUT] = {"no output", " of response.create"},
        [DEADLINE_STALL] = {"no event", " of the last one"},
        [DEADLINE_RESPONSE] = {"no response.done", " of response.create"},
    };
    text_printf(out, "%s within ", lines[deadline].words);
    text_duration(out, deadline_limit_ns(deadline, timeouts));
    text_puts(out, lines[deadline].of);
}

void observed_refusal(const struct failure_facts *refusal, struct text *out)
{
    const char *speaker = speaker_words(refusal->speaker);
    text_printf(out, "HTTP %d", refusal->http_status);
    if (speaker_is_gateway(refusal->speaker)) text_printf(out, " from %s", speaker);
    if (refusal->body_code[0] != '\0') text_printf(out, ", %s", refusal->body_code);
    if (refusal->body_message[0] != '\0') {
        text_printf(out, ": %s", refusal->body_message);
    } else if (refusal->html) {
        text_puts(out, " with an HTML page, as proxies and gateways send it");
    }
}

static void put_error(const struct event_facts *event, struct text *out)
{
    text_puts(out, event->error_type[0] != '\0' ? event->error_type : "no type");
    if (event->error_code[0] != '\0') text_printf(out, "/%s", event->error_code);
    if (event->error_param[0] != '\0') text_printf(out, " (%s)", event->error_param);
    if (event->error_message[0] != '\0') text_printf(out, ": %s", event->error_message);
}

void observed_event(const struct event_facts *event, bool empty, struct text *out)
{
    static const char *const statuses[] = {"without a status", "completed", "cancelled", "failed",
                                           "incomplete"};
    if (event->kind == EVENT_ERROR) {
        text_puts(out, "event error, ");
        put_error(event, out);
        return;
    }
    text_printf(out, "response.done %s", statuses[event->status]);
    if (event->reason[0] != '\0') text_printf(out, ", %s", event->reason);
    if (event->has_error) {
        text_puts(out, ", ");
        put_error(event, out);
    } else if (empty) {
        text_puts(out, " without any output");
    }
}

void observed_end(const struct failure_facts *end, bool opened, const char *detail,
                  struct text *out)
{
    if (end->local_error != 0) {
        text_puts(out, strerror(end->local_error));
    } else if (end->resolve_error != 0) {
        text_puts(out, gai_strerror(end->resolve_error));
    } else if (end->proxy_status != 0) {
        text_printf(out, "the proxy answered CONNECT with %d", end->proxy_status);
    } else if (!opened && end->http_status != 0) {
        text_printf(out, "HTTP %d, but no WebSocket handshake", end->http_status);
    } else if (end->objection != NULL) {
        text_puts(out, end->objection);
    } else if (end->close_code != 0) {
        text_printf(out, "the service closed with %d", end->close_code);
        if (end->close_reason[0] != '\0') text_printf(out, " (%s)", end->close_reason);
    } else if (end->tls_alert != 0 || end->head_too_long) {
        text_puts(out, detail);
        return;
    } else if (end->os_error != 0) {
        text_puts(out, strerror(end->os_error));
    } else {
        text_puts(out, opened ? "the connection ended without a Close frame"
                              : "the connection ended before the upgrade was answered");
    }
    if (detail[0] != '\0' && end->close_code == 0) text_printf(out, " (%s)", detail);
}
