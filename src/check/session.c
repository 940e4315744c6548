#include "base/clock.h"
#include "check/observed.h"
#include "check/probe.h"
#include "check/step.h"
#include "realtime/audience.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The turn contains nobody's data and costs next to nothing. */
#define PROMPT "Say OK."
#define OUTPUT_TOKENS 1024 /* a reasoning model thinks before it says anything */

/* Our Close frame is answered at once or never; nobody should wait for it. */
#define CLOSE_MOST_NS NS_PER_S

/* Feeds the session an input, with any message that came with it ("" if none). */
static void feed(struct probe *probe, const struct session_input *input, const char *said,
                 uint64_t now_ns);

/* ---- steps ---- */

/* The preflight step that a stage of the transport belongs to. */
static enum check_step step_of(const struct transport_stage *stage)
{
    if (stage->until == EVENT_INVALID) return CHECK_UPGRADE;
    return stage->flags & STAGE_CONFIGURES ? CHECK_CONFIGURE : CHECK_SESSION;
}

/* The current step. */
static enum check_step step_at(const struct probe *probe)
{
    const struct transport_stage *stage = life_stage(&probe->session.life);
    return stage == NULL ? CHECK_TURN : step_of(stage);
}

static void begin(struct probe *probe, uint64_t at_ns)
{
    probe->since_ns = at_ns;
    probe_changed(probe);
}

/* Reports a step that succeeded, with what was found. */
static void tell_ok(struct probe *probe, enum check_step step, uint64_t now_ns)
{
    struct check_region *told = probe->told;
    const int64_t ns = (int64_t)(now_ns - probe->since_ns);
    if (step == CHECK_UPGRADE) {
        step_ok(told, step, ns, "%s", ""); /* the answer follows */
    } else if (step == CHECK_SESSION) {
        step_ok(told, step, ns, "%s%s%s", told->session_id,
                told->model[0] != '\0' ? ", model " : "", told->model);
    } else if (step == CHECK_CONFIGURE) {
        step_ok(told, step, ns, "text, at most %d tokens", OUTPUT_TOKENS);
    } else {
        step_ok(told, step, ns, "%llu tokens in, %llu out", (unsigned long long)told->usage.input,
                (unsigned long long)told->usage.output);
    }
}

/* Notes a name that resolved to a public address although the service wants a private one. */
static void note_address(struct probe *probe)
{
    struct check_region *told = probe->told;
    const char *code = told->steps[CHECK_UPGRADE].code;
    bool refused = strcmp(code, "upgrade_403") == 0 || strcmp(code, "public_access_disabled") == 0;
    if (!refused || told->by_proxy || told->steps[CHECK_RESOLVE].status != CHECK_OK) return;
    step_note(told, CHECK_RESOLVE,
              "the name came to %s: if the resource has a private endpoint, its DNS zone is not in "
              "effect on this host (F03)",
              told->address);
}

/* The message about every refused token names the audience that is wanted, from which ours may
 * differ. */
static void note_audience(struct probe *probe, const struct failure_facts *observed)
{
    struct check_region *told = probe->told;
    char wanted[128];
    if (observed->http_status != 401 || told->token_audience[0] == '\0' ||
        observed->body_message == NULL ||
        !audience_wanted(observed->body_message, wanted, sizeof wanted))
        return;
    if (strstr(observed->body_message, told->token_audience) != NULL) return;
    const size_t length = strlen(wanted);
    step_note(told, CHECK_UPGRADE,
              "the token is for %s, and the service wants one for %s: ask for it with --scope "
              "%s%s.default",
              told->token_audience, wanted, wanted, wanted[length - 1] == '/' ? "" : "/");
}

static void put_cause(const struct probe *probe, const struct session_input *input,
                      const struct failure_facts *observed, const char *said, struct text *out)
{
    if (input->kind == INPUT_DEADLINE) {
        observed_deadline(observed->deadline, &probe->profile->timeouts, out);
    } else if (input->kind == INPUT_REFUSED) {
        observed_refusal(observed, out);
    } else if (input->kind == INPUT_EVENT) {
        observed_event(input->event, observed->empty_output, out);
    } else if (input->kind == INPUT_END) {
        observed_end(input->failure, probe->session.life.connected_ns != 0, said, out);
    } else {
        text_puts(out, said);
    }
}

static void tell_failed(struct probe *probe, enum check_step step,
                        const struct session_input *input, const struct session_action *action,
                        const char *said, uint64_t now_ns)
{
    struct check_region *told = probe->told;
    struct text cause = {0};
    char why[48];
    put_cause(probe, input, &action->observed, said, &cause);
    step_classified(told, step, (int64_t)(now_ns - probe->since_ns), &action->observed, "%s",
                    text_str(&cause));
    (void)snprintf(why, sizeof why, "the step %s failed", check_step_name(step));
    steps_skipped(told, step, CHECK_TURN, why);
    note_address(probe);
    note_audience(probe, &action->observed);
    text_free(&cause);
}

/* ---- the deadline ---- */

static void on_timer(uv_timer_t *timer);

static void keep_timer(struct probe *probe)
{
    const uint64_t due_ns = session_deadline_ns(&probe->session);
    const uint64_t now_ns = clock_mono_ns();
    if (due_ns == 0) {
        (void)uv_timer_stop(&probe->timer);
        return;
    }
    /* not 0, even if it has passed: what is in the sockets is read first */
    uint64_t left_ms = due_ns > now_ns ? (due_ns - now_ns) / (uint64_t)NS_PER_MS + 1 : 1;
    uv_update_time(probe->timer.loop);
    (void)uv_timer_start(&probe->timer, on_timer, left_ms, 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct probe *probe = timer->data;
    const uint64_t now_ns = clock_mono_ns();
    const uint64_t due_ns = session_deadline_ns(&probe->session);
    if (due_ns != 0 && now_ns >= due_ns &&
        overdue_may_judge(&probe->overdue, due_ns, probe->conversation, now_ns))
        feed(probe, &(struct session_input){.kind = INPUT_DEADLINE}, "", now_ns);
    keep_timer(probe);
}

/* ---- actions ---- */

/* If it cannot be sent, the connection is going down: its end or the deadline says why. */
static void carry_out(struct probe *probe, const struct session_action *action)
{
    const struct check_region *told = probe->told;
    const struct session_settings settings = {
        .modality = MODALITY_TEXT,
        .max_output_tokens = OUTPUT_TOKENS,
        .extra = {told->said == NULL ? NULL : told->said->settings, told->region->settings},
    };
    static const struct question question = {.prompt = PROMPT, .interaction = 1, .number = 1};
    struct conversation *conversation = probe->conversation;
    char shape[SHAPE_SIZE] = "";
    if (conversation == NULL) return;
    const struct transport *transport = conversation->transport;
    if (action->send == SEND_CONFIGURE) (void)transport->configure(conversation, &settings, shape);
    if (action->send == SEND_TURN) (void)transport->ask(conversation, &question, shape);
    if (action->end == END_CLOSE) transport->close(conversation);
    if (action->end == END_ABORT) transport->abort(conversation);
}

/* Skips the steps between the two that this transport does not have. */
static void skip_between(struct probe *probe, enum check_step done, enum check_step next)
{
    for (enum check_step step = done + 1; step < next; step++)
        step_skipped(probe->told, step, "the transport %s has no such step",
                     transport_of(probe->told->region)->name);
}

static void go_on(struct probe *probe, enum check_step before, uint64_t now_ns)
{
    const enum check_step next = step_at(probe);
    if (next != before) {
        tell_ok(probe, before, now_ns);
        skip_between(probe, before, next);
        begin(probe, now_ns);
    }
    if (session_usable(&probe->session) && next != before)
        feed(probe, &(struct session_input){.kind = INPUT_TURN, .due_ns = now_ns}, "", now_ns);
}

/* The last step is done, or one has failed: only the end is left. */
static void finish(struct probe *probe, uint64_t now_ns)
{
    probe->talking = false;
    probe_changed(probe);
    feed(probe, &(struct session_input){.kind = INPUT_FINISH}, "", now_ns);
}

static bool has_failed(const struct session_action *action)
{
    if (action->news & NEWS_ATTEMPT_OK) return false;
    return (action->news & (NEWS_ATTEMPT_FAILED | NEWS_ATTEMPT_CANCELLED | NEWS_SESSION_FAILED |
                            NEWS_LIFECYCLE)) != 0;
}

/* The region answers; if our limit left no room for an answer, that is our own doing. */
static bool is_limited(const struct session_action *action)
{
    return (action->news & NEWS_ATTEMPT_CANCELLED) != 0 && action->observed.output_limited;
}

/* What the service said about itself, for display. */
static void keep_ids(struct probe *probe, const struct session_input *input)
{
    struct check_region *told = probe->told;
    const struct session *session = &probe->session;
    memcpy(told->session_id, session->life.session_id, sizeof told->session_id);
    memcpy(told->response_id, session->turn.response_id, sizeof told->response_id);
    told->usage = session->turn.usage;
    if (input->kind == INPUT_EVENT && input->event->kind == EVENT_SESSION_CREATED)
        (void)snprintf(told->model, sizeof told->model, "%s", input->event->model);
}

static void feed(struct probe *probe, const struct session_input *input, const char *said,
                 uint64_t now_ns)
{
    const enum check_step before = step_at(probe);
    const struct session_action action = session_step(&probe->session, input, now_ns);
    carry_out(probe, &action);
    if (!probe->talking) return;
    keep_ids(probe, input);
    if (is_limited(&action)) {
        tell_ok(probe, CHECK_TURN, now_ns);
        step_note(probe->told, CHECK_TURN,
                  "the %d tokens that this check allows were used up before any answer, as "
                  "reasoning does: allow a run more (session.max_output_tokens), or less reasoning "
                  "(session.settings.reasoning.effort)",
                  OUTPUT_TOKENS);
        finish(probe, now_ns);
    } else if (has_failed(&action)) {
        tell_failed(probe, before, input, &action, said, now_ns);
        finish(probe, now_ns);
    } else if (action.news & NEWS_ATTEMPT_OK) {
        tell_ok(probe, CHECK_TURN, now_ns);
        finish(probe, now_ns);
    } else {
        go_on(probe, before, now_ns);
    }
}

/* ---- callbacks of the transport ---- */

static void on_stage(void *user, unsigned stage, const char *address, uint64_t at_ns)
{
    struct probe *probe = user;
    (void)address; /* known from the layers below */
    feed(probe, &(struct session_input){.kind = INPUT_STAGE, .stage = stage}, "", at_ns);
    probe->since_ns = at_ns;
    keep_timer(probe);
}

/* Keeps the ids for the service's support, and the skew of its clock. */
static void keep_answer(struct probe *probe, const struct answer *answer, uint64_t at_ns)
{
    struct check_region *told = probe->told;
    const struct response_headers *headers = &answer->headers;
    told->upgrade_status = answer->raw.status;
    (void)snprintf(told->request_id, sizeof told->request_id, "%s", response_headers_id(headers));
    if (headers->region[0] != '\0')
        memcpy(told->service_region, headers->region, sizeof told->service_region);
    if (headers->date_s >= 0)
        probe->skew = skew_by_date(&probe->clock, headers->date_s,
                                   life_asked_ns(&probe->session.life), at_ns);
}

static void on_answer(void *user, const struct answer *answer, uint64_t at_ns)
{
    struct probe *probe = user;
    struct check_result *upgrade = &probe->told->steps[CHECK_UPGRADE];
    const struct failure_facts refusal = answer_refusal(answer);
    if (!probe->talking) return;
    keep_answer(probe, answer, at_ns);
    feed(probe, &(struct session_input){.kind = INPUT_ANSWER, .failure = &answer->facts}, "",
         at_ns);
    if (answer->raw.accepted) {
        step_ok(probe->told, CHECK_UPGRADE, upgrade->ns, "%d", answer->raw.status);
    } else {
        feed(probe, &(struct session_input){.kind = INPUT_REFUSED, .failure = &refusal}, "", at_ns);
    }
    keep_timer(probe);
}

static void on_event(void *user, const struct heard *heard, uint64_t at_ns)
{
    struct probe *probe = user;
    struct session_input input = {.kind = heard->garbage ? INPUT_GARBAGE : INPUT_EVENT,
                                  .event = &heard->event,
                                  .room = &probe->error};
    if (heard->event.kind == EVENT_SESSION_CREATED)
        input.has_expiry =
            skew_expiry(&probe->skew, &probe->clock, &heard->event, at_ns, &input.expires_in_ns);
    feed(probe, &input, heard->binary ? "a binary message" : "a message that is not an event",
         at_ns);
    keep_timer(probe);
}

static void on_end(void *user, const struct ending *ending, uint64_t at_ns)
{
    struct probe *probe = user;
    probe->conversation = NULL;
    feed(probe, &(struct session_input){.kind = INPUT_END, .failure = &ending->facts},
         ending->detail, at_ns);
    (void)uv_timer_stop(&probe->timer);
    probe_over(probe);
}

const struct transport_handlers session_handlers = {
    .on_stage = on_stage,
    .on_answer = on_answer,
    .on_event = on_event,
    .on_end = on_end,
};

/* ---- start ---- */

static void prepare(struct probe *probe, uint64_t now_ns)
{
    probe->clock = (struct run_clock){
        .mono_origin_ns = now_ns,
        .wall_origin_ns = clock_wall_ns(),
        .speed = 1,
    };
    probe->timeouts = probe->profile->timeouts;
    if (probe->timeouts.close_ns > CLOSE_MOST_NS) probe->timeouts.close_ns = CLOSE_MOST_NS;
    const struct session_terms terms = {
        .stages = transport_of(probe->told->region)->stages,
        .timeouts = &probe->timeouts,
        .modality = MODALITY_TEXT,
        .output_limit = OUTPUT_TOKENS,
    };
    session_init(&probe->session, &terms);
}

void session_start(struct probe *probe)
{
    const struct target *target = &probe->target;
    const struct opening opening = {
        .target = target,
        .credential_expires_s = probe->told->token_expires_s,
        .client_request_id = probe->told->client_request_id,
    };
    struct carrier *carrier = carriers_for(probe->carriers, target);
    const uint64_t now_ns = clock_mono_ns();
    const bool resolves = target->where.address == NULL;
    struct error err = {0};
    prepare(probe, now_ns);
    feed(probe, &(struct session_input){.kind = INPUT_DIAL, .resolves = resolves}, "", now_ns);
    probe->talking = true;
    begin(probe, now_ns);
    if (carrier->transport->open(carrier, &opening, probe, &probe->conversation, &err) == ERR_OK) {
        keep_timer(probe);
        return;
    }
    const struct failure_facts facts = {.local_error = ENOMEM};
    feed(probe, &(struct session_input){.kind = INPUT_END, .failure = &facts}, err.text, now_ns);
    probe_over(probe);
}

void session_abort(struct probe *probe)
{
    probe->talking = false;
    (void)uv_timer_stop(&probe->timer);
    if (probe->conversation != NULL) probe->conversation->transport->abort(probe->conversation);
}
