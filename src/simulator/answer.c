#include "simulator/answer.h"

#include "simulator/answer_private.h"
#include "simulator/input_audio.h"
#include "simulator/speech.h"

#include <stdlib.h>
#include <string.h>

#define SLOW_DELTA_NS (250 * NS_PER_MS)
#define HEAVY_TOKENS 14000 /* F65 was observed with this many */

/* Whether the fault replaced the response, so that its id was never sent. */
static bool replaced(const struct answer *answer)
{
    return answer->struck && answer->fault->time == STRIKE_START;
}

/* From the arrival of the last sound of what it answers to a time, by the run's clock. */
static uint64_t since_sound(const struct answer *answer, uint64_t at_ns)
{
    if (answer->sound_ns == 0 || at_ns < answer->sound_ns) return PHASE_UNSEEN;
    return service_run(answer->visit->site->service, at_ns - answer->sound_ns);
}

static void record(struct answer *answer)
{
    if (answer->recorded) return;
    answer->recorded = true;
    const struct visit *visit = answer->visit;
    const struct service *service = visit->site->service;
    struct ledger_line line = {
        .wall_ns = service_wall(visit->site->service, answer->at_ns),
        .region = visit->site->region->name,
        .session_id = visit->session_id,
        .response_id = replaced(answer) ? "" : answer->reply.id,
        .client_request_id = visit->client_request_id,
        .fault = answer->struck ? answer->strike.info->number : NULL,
        .fault_name = answer->struck ? answer->strike.info->name : NULL,
        .outcome = answer->outcome,
        .counted_tokens = answer->reserved_tokens,
        .response_created_ns = service_run(service, answer->created_delay_ns),
        .first_output_ns = service_run(service, answer->first_delay_ns),
        .response_ns = service_run(service, answer->done_delay_ns),
        .endpoint_ns = since_sound(answer, answer->stopped_ns),
        .voice_ns = answer->first_delay_ns == PHASE_UNSEEN
                        ? PHASE_UNSEEN
                        : since_sound(answer, answer->at_ns + answer->first_delay_ns),
        .spoken_ms = answer->spoken_ms,
        .ended_ns = service_run(service, clock_mono_ns() - answer->at_ns),
    };
    ledger_add(visit->site->service->ledger, &line);
    answer->visit->failed = answer->struck && script_fails(answer->strike.kind);
    if (answer->visit->failed) script_failed(&answer->visit->site->script);
}

static void free_answer(struct answer *answer)
{
    free(answer->reply.metadata);
    free(answer->event_id);
    free(answer);
}

static void release(struct answer *answer)
{
    struct answer **at = &answer->visit->answers;
    while (*at != NULL && *at != answer) at = &(*at)->next;
    if (*at == answer) *at = answer->next;
    timers_cancel(answer->visit->site->service->timers, &answer->step);
    free_answer(answer);
}

void answer_finish(struct answer *answer, const struct reply_end *end, enum strike_usage told,
                   enum ledger_outcome outcome)
{
    struct visit *visit = answer->visit;
    bool has_item = answer->state == ANSWER_SPEAKING;
    speech_count(visit, &answer->reply);
    if (told == USAGE_ZERO) answer->reply.usage = (struct usage_count){0};
    if (told == USAGE_HEAVY) answer->reply.usage = (struct usage_count){.text_in = HEAVY_TOKENS};
    speech_done(visit, &answer->reply, end, has_item);
    site_rate_limits(visit->site, visit->preview, clock_mono_ns(), visit_draft(visit));
    visit_say(visit);
    answer->done_delay_ns = 0;
    answer->outcome = outcome;
    answer->state = ANSWER_OVER;
    if (answer->reply.conversation_id[0] != '\0')
        input_audio_answered(
            visit, answer->reply.audio ? answer->reply.deltas * visit->site->service->audio_ms : 0);
}

static void say_created(struct answer *answer)
{
    speech_created(answer->visit, &answer->reply);
    answer->created_delay_ns = 0;
}

static bool strikes_at(const struct answer *answer, enum strike_time time)
{
    return answer->fault != NULL && answer->fault->time == time;
}

/* Schedules the next step, unless a timed fault comes first. */
static void plan(struct answer *answer, uint64_t delay_ns)
{
    uint64_t next = answer->due_ns + delay_ns;
    if (answer->strike_ns != 0 && next >= answer->strike_ns) {
        answer->state = ANSWER_STRIKING;
        next = answer->strike_ns > answer->due_ns ? answer->strike_ns : answer->due_ns;
    }
    answer->due_ns = next;
}

static void plan_step(struct answer *answer, enum step step, uint64_t draw)
{
    plan(answer, site_delay(answer->visit->site, step, answer->lot, draw, answer->due_ns));
}

static void end_as_usual(struct answer *answer)
{
    const struct reply_end completed = {.status = REPLY_COMPLETED};
    const struct reply_end incomplete = {.status = REPLY_INCOMPLETE, .reason = "max_output_tokens"};
    if (answer->cut) {
        answer_finish(answer, &incomplete, USAGE_AS_IS, OUTCOME_INCOMPLETE);
    } else {
        answer_finish(answer, &completed, USAGE_AS_IS, OUTCOME_COMPLETED);
    }
}

/* Continues after a delta, possibly the last. */
static void go_on_speaking(struct answer *answer)
{
    if (answer->reply.deltas < answer->deltas) {
        plan_step(answer, STEP_DELTA, LOT_DELTA + answer->reply.deltas);
    } else if (answer->strike_ns != 0) { /* later than the last delta: the end waits for it */
        plan(answer, UINT64_MAX / 4);
    } else {
        end_as_usual(answer);
    }
}

static void speak(struct answer *answer)
{
    bool slow = answer_has(answer, EFFECT_SLOW);
    answer->struck |= answer_has(answer, EFFECT_MODALITY) || (slow && answer->reply.deltas > 0);
    speech_delta(answer->visit, &answer->reply);
    if (slow) {
        const int64_t wait_ns =
            answer->strike.after_ns > 0 ? answer->strike.after_ns : SLOW_DELTA_NS;
        plan(answer, service_real(answer->visit->site->service, wait_ns));
        return;
    }
    if (strikes_at(answer, STRIKE_STREAM) && answer->reply.deltas == answer->strike_deltas)
        answer_strike(answer);
    if (answer->state == ANSWER_SPEAKING) go_on_speaking(answer);
}

static void start_output(struct answer *answer)
{
    if (strikes_at(answer, STRIKE_OUTPUT)) {
        answer_strike(answer);
        return;
    }
    if (answer->thought_away) { /* all that it may say went into thinking */
        end_as_usual(answer);
        return;
    }
    if (answer->first_delay_ns == PHASE_UNSEEN) answer->first_delay_ns = 0;
    if (answer->preamble) {
        answer->preamble = false;
        speech_preamble(answer->visit, &answer->reply);
        plan_step(answer, STEP_ANSWER, LOT_ANSWER);
        return;
    }
    speech_item(answer->visit, &answer->reply);
    answer->state = ANSWER_SPEAKING;
    speak(answer);
}

static void start(struct answer *answer)
{
    if (strikes_at(answer, STRIKE_START)) {
        answer_strike(answer);
        return;
    }
    say_created(answer);
    if (strikes_at(answer, STRIKE_CREATED)) answer_strike(answer);
    answer->state = ANSWER_CREATED;
    plan_step(answer, STEP_FIRST_OUTPUT, LOT_FIRST_OUTPUT);
}

static void step(struct answer *answer)
{
    switch (answer->state) {
    case ANSWER_WAITING:
        start(answer);
        break;
    case ANSWER_CREATED:
        start_output(answer);
        break;
    case ANSWER_SPEAKING:
        speak(answer);
        break;
    case ANSWER_STRIKING:
        answer_strike(answer);
        break;
    case ANSWER_SILENT:
    case ANSWER_OVER:
        break;
    }
}

/* Measures what was sent, writes it out, and schedules the next step. May free the answer. */
static void settle(struct answer *answer)
{
    struct visit *visit = answer->visit;
    if (visit->state == VISIT_OVER)
        return; /* the connection ended during the flush; its answers are recorded */
    uint64_t *delays[] = {&answer->created_delay_ns, &answer->first_delay_ns,
                          &answer->done_delay_ns};
    uint64_t since = clock_mono_ns() - answer->at_ns;
    for (size_t i = 0; i < sizeof delays / sizeof *delays; i++) {
        if (*delays[i] == 0) *delays[i] = since;
    }
    ws_peer_flush(visit->peer);
    if (answer->state == ANSWER_SILENT || answer->state == ANSWER_OVER) record(answer);
    bool goes_on = answer->state != ANSWER_SILENT && answer->state != ANSWER_OVER;
    bool stuck =
        goes_on && !timers_set(visit->site->service->timers, &answer->step, answer->due_ns);
    if (stuck) {
        visit_reset(visit);
    } else if (answer->ends_visit) {
        answer_end_visit(answer);
    } else if (answer->state == ANSWER_OVER) {
        release(answer);
    }
}

static void run(struct answer *answer, uint64_t now_ns)
{
    while (answer->due_ns <= now_ns && answer->state < ANSWER_SILENT &&
           answer->visit->state != VISIT_OVER)
        step(answer);
    settle(answer);
}

static void on_due(struct timer *timer, uint64_t now_ns)
{
    run((struct answer *)(void *)timer, now_ns);
}

/* What was said since the last response. */
static void take_spoken(struct answer *answer)
{
    struct conversation *conversation = &answer->visit->conversation;
    if (conversation->stopped_ns == 0) return;
    answer->sound_ns = conversation->sound_ns;
    answer->stopped_ns = conversation->stopped_ns;
    answer->spoken_ms = conversation->spoken_ms;
    conversation->stopped_ns = 0;
}

static void begin(struct visit *visit, struct overrides *overrides, const char *event_id,
                  uint64_t at_ns)
{
    struct answer *answer = calloc(1, sizeof *answer);
    if (answer == NULL) {
        free(overrides->metadata);
        overrides->metadata = NULL;
        visit_reset(visit);
        return;
    }
    answer->step.fire = on_due;
    answer->visit = visit;
    answer->at_ns = at_ns;
    answer->created_delay_ns = answer->first_delay_ns = answer->done_delay_ns = PHASE_UNSEEN;
    answer->next = visit->answers;
    visit->answers = answer;
    visit->responses++;
    take_spoken(answer);
    answer->lot = visit_response_lot(visit, event_id);
    answer_plan(answer, overrides, event_id);
    answer->due_ns = at_ns;
    plan_step(answer, STEP_RESPONSE_CREATED, LOT_CREATED);
    run(answer, clock_mono_ns());
}

const char *answer_active_id(const struct visit *visit)
{
    for (const struct answer *answer = visit->answers; answer != NULL; answer = answer->next) {
        if (answer->reply.conversation_id[0] != '\0') return answer->reply.id;
    }
    return NULL;
}

static size_t count_of(const struct visit *visit)
{
    size_t count = 0;
    for (const struct answer *answer = visit->answers; answer != NULL; answer = answer->next)
        count++;
    return count;
}

bool answer_ask(struct visit *visit, struct overrides *overrides, const char *event_id,
                uint64_t at_ns, struct complaint *complaint)
{
    const char *active = overrides->out_of_band ? NULL : answer_active_id(visit);
    if (active == NULL && count_of(visit) < ANSWERS_MAX) {
        begin(visit, overrides, event_id, at_ns);
        return true;
    }
    free(overrides->metadata);
    return complain(complaint, "conversation_already_has_active_response", "",
                    "Conversation already has an active response in progress: %s. Wait until the "
                    "response is finished "
                    "before creating a new one.",
                    active != NULL ? active : "too many out of band");
}

static struct answer *find(const struct visit *visit, const char *response_id)
{
    struct answer *answer = visit->answers;
    while (answer != NULL) {
        bool found = response_id != NULL ? strcmp(answer->reply.id, response_id) == 0
                                         : answer->reply.conversation_id[0] != '\0';
        if (found) break;
        answer = answer->next;
    }
    return answer;
}

static bool is_stuck(const struct answer *answer)
{
    return answer->state == ANSWER_SILENT || answer->state == ANSWER_STRIKING;
}

/* Ends it early. May free the answer. */
static void end_early(struct answer *answer, const struct reply_end *end,
                      enum ledger_outcome outcome)
{
    if (answer->state == ANSWER_WAITING) say_created(answer);
    answer_finish(answer, end, USAGE_AS_IS, outcome);
    settle(answer);
}

/* A stuck one ignores it. */
static void cancel(struct answer *answer, const char *reason)
{
    const struct reply_end end = {.status = REPLY_CANCELLED, .reason = reason};
    if (!is_stuck(answer)) end_early(answer, &end, OUTCOME_CANCELLED);
}

bool answer_cancel(struct visit *visit, const char *response_id)
{
    struct answer *answer = find(visit, response_id);
    if (answer == NULL) return false;
    cancel(answer, "client_cancelled");
    return true;
}

void answer_interrupt(struct visit *visit)
{
    struct answer *answer = find(visit, NULL);
    if (answer != NULL) cancel(answer, "turn_detected");
}

bool answer_fail_all(struct visit *visit, const struct complaint *error)
{
    const struct reply_end end = {.status = REPLY_FAILED, .error = error};
    bool any = false;
    struct answer *next = visit->answers;
    while (next != NULL && visit->state != VISIT_OVER) {
        struct answer *answer = next;
        next = answer->next;
        if (is_stuck(answer)) continue;
        end_early(answer, &end, OUTCOME_FAILED);
        any = true;
    }
    return any;
}

void answer_drop_all(struct visit *visit, enum ledger_outcome outcome)
{
    for (struct answer *answer = visit->answers; answer != NULL; answer = answer->next) {
        timers_cancel(visit->site->service->timers, &answer->step);
        if (!answer->recorded) answer->outcome = outcome;
        record(answer);
    }
}

void answer_free_all(struct visit *visit)
{
    while (visit->answers != NULL) {
        struct answer *answer = visit->answers;
        visit->answers = answer->next;
        free_answer(answer);
    }
}
