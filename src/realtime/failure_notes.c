/* What is reported besides the class: numbers of secondary evidence, and the signature of failures
 * without a number. */
#include "realtime/failure_rules.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define NOTES 4

struct notes {
    const char **numbers;
    size_t count;
    const char *primary;
};

static void add(struct notes *notes, const char *number)
{
    if (notes->count == NOTES || strcmp(number, "unknown") == 0 ||
        strcmp(number, notes->primary) == 0)
        return;
    for (size_t i = 0; i < notes->count; i++) {
        if (strcmp(notes->numbers[i], number) == 0) return;
    }
    notes->numbers[notes->count++] = number;
}

/* Whether a failed response was processed, according to its usage: not at all, or input without
 * output. */
static void add_usage(struct notes *notes, const struct event_facts *event)
{
    if (event == NULL || event->kind != EVENT_RESPONSE_DONE || event->status != STATUS_FAILED)
        return;
    const struct usage *usage = &event->usage;
    if (!usage->present || usage->output != 0) return;
    add(notes, usage->input == 0 ? "F67" : "F68");
}

static void add_error(struct notes *notes, const struct event_facts *event)
{
    if (event == NULL || event->kind != EVENT_ERROR) return;
    const struct failure_facts alone = {.event = event};
    add(notes, failure_number(failure_by_error(event), &alone));
}

size_t failure_also(const struct failure_facts *facts, const char *numbers[4])
{
    enum failure_id id = failure_decide(facts);
    struct notes notes = {.numbers = numbers, .primary = failure_number(id, facts)};
    const struct event_facts *speaker = failure_speaker(facts);
    bool opened = facts->phase >= PHASE_SESSION;

    add_usage(&notes, facts->event);
    if (id == FAILURE_EXPIRY_SUSPECTED) add(&notes, failure_number(FAILURE_SERVER_ERROR, facts));
    if (speaker != facts->event) add_error(&notes, facts->event);
    add_error(&notes, facts->error_before);
    if (opened && facts->local_error == 0) { /* or the end was ours */
        bool first =
            speaker != NULL && speaker->kind == EVENT_ERROR && facts->phase == PHASE_SESSION;
        enum failure_id end = failure_by_end(facts);
        if (first && !facts->session_created) add(&notes, "F43");
        bool same = id == FAILURE_SESSION_EXPIRED && end == FAILURE_SESSION_CAP;
        if (end != FAILURE_NONE && !same) add(&notes, failure_number(end, facts));
    }
    if (id == FAILURE_CONNECT_RESET && facts->phase == PHASE_TLS) add(&notes, "F11");
    if (facts->transcription_failed) add(&notes, "F74");
    if (facts->deadline != DEADLINE_NONE && id != failure_by_deadline(facts)) add(&notes, "F90");
    return notes.count;
}

/* ---- signatures ---- */

/* Codes are short names; anything else must not get out. */
static void clean(const char *text, char *out, size_t size)
{
    size_t length = 0;
    for (; text != NULL && text[length] != '\0' && length + 1 < size; length++) {
        unsigned char c = (unsigned char)text[length];
        out[length] = isalnum(c) || c == '_' || c == '-' || c == '.' ? (char)c : '_';
    }
    out[length] = '\0';
}

static void sign_event(const struct event_facts *event, char out[96])
{
    static const char *const statuses[] = {"unknown", "completed", "cancelled", "failed",
                                           "incomplete"};
    char first[40], second[40];
    bool error = event->kind == EVENT_ERROR || event->has_error;
    clean(error ? event->error_type : statuses[event->status], first, sizeof first);
    clean(error ? event->error_code : event->reason, second, sizeof second);
    (void)snprintf(out, 96, "event:%s/%s", first, second);
}

void failure_signature(const struct failure_facts *facts, char out[96])
{
    char code[64];
    const struct event_facts *event = failure_speaker(facts);
    out[0] = '\0';
    if (strcmp(failure_number(failure_decide(facts), facts), "unknown") != 0) return;
    if (facts->phase <= PHASE_UPGRADE && facts->os_error != 0 && facts->http_status == 0) {
        (void)snprintf(out, 96, "errno:%d", facts->os_error);
    } else if (facts->http_status != 0) {
        clean(facts->body_code, code, sizeof code);
        (void)snprintf(out, 96, "http:%d%s%s", facts->http_status, code[0] == '\0' ? "" : "/",
                       code);
    } else if (event != NULL) {
        sign_event(event, out);
    } else if (facts->close_code != 0) {
        (void)snprintf(out, 96, "close:%d", facts->close_code);
    } else {
        (void)snprintf(out, 96, "nothing");
    }
}
