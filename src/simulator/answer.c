#include "simulator/answer.h"

#include "simulator/conversation.h"

#include <stdlib.h>
#include <string.h>

enum answer_state {
    ANSWER_WAITING,  /* response.created is due */
    ANSWER_CREATED,  /* the first output is due */
    ANSWER_SPEAKING, /* the next delta is due */
    ANSWER_STRIKING, /* a timed fault is due */
    ANSWER_SILENT,   /* stalled: nothing more will come, and the conversation stays busy */
    ANSWER_OVER
};

struct answer {
    struct appointment step; /* the first member, so that its address is the answer's */
    struct answer *next;
    struct visit *visit;
    struct reply reply;
    enum answer_state state;
    struct strike strike;
    uint64_t strike_ns;     /* when a timed fault strikes; 0: it goes by deltas */
    uint64_t strike_deltas; /* after how many deltas it strikes otherwise */
    uint64_t deltas;        /* in all */
    bool cut;               /* fewer than the plan's, by max_output_tokens */
    bool struck;
    bool reset; /* the connection is to be reset after the flush */
    bool recorded;
    enum ledger_outcome outcome;
    uint64_t at_ns, due_ns;
    uint64_t created_delay_ns, first_delay_ns, done_delay_ns; /* 0: said, to be measured at the flush */
};

static void say(struct answer *answer)
{
    visit_say(answer->visit);
}

static struct text *draft(struct answer *answer)
{
    return visit_draft(answer->visit);
}

static struct identifiers *ids_of(struct answer *answer)
{
    return &answer->visit->site->service->ids;
}

static void record(struct answer *answer)
{
    if (answer->recorded) return;
    answer->recorded = true;
    const struct visit *visit = answer->visit;
    struct ledger_line line = {
        .wall_ns = service_wall(visit->site->service, answer->at_ns),
        .region = visit->site->region->name,
        .session_id = visit->session_id,
        .response_id = answer->reply.id,
        .client_request_id = visit->client_request_id,
        .fault = answer->struck ? answer->strike.info->number : NULL,
        .fault_name = answer->struck ? answer->strike.info->name : NULL,
        .outcome = answer->outcome,
        .response_created_ns = answer->created_delay_ns,
        .first_output_ns = answer->first_delay_ns,
        .response_ns = answer->done_delay_ns,
    };
    ledger_add(visit->site->service->ledger, &line);
    answer->visit->failed = answer->struck && script_fails(answer->strike.kind);
    if (answer->visit->failed) script_failed(&answer->visit->site->script);
}

static void release(struct answer *answer)
{
    struct answer **at = &answer->visit->answers;
    while (*at != NULL && *at != answer) at = &(*at)->next;
    if (*at == answer) *at = answer->next;
    agenda_cancel(answer->visit->site->service->agenda, &answer->step);
    free(answer->reply.metadata);
    free(answer);
}

static void say_created(struct answer *answer)
{
    reply_created(&answer->reply, &answer->visit->settings, ids_of(answer), draft(answer));
    say(answer);
    answer->created_delay_ns = 0;
}

/* The assistant's item appears with its first output. */
static void say_item(struct answer *answer)
{
    struct visit *visit = answer->visit;
    reply_output_item(&answer->reply, false, REPLY_COMPLETED, ids_of(answer), draft(answer));
    say(answer);
    if (reply_conversation_item(&answer->reply, false, REPLY_COMPLETED, ids_of(answer), draft(answer)))
        say(answer);
    reply_content_part(&answer->reply, false, ids_of(answer), draft(answer));
    say(answer);
    if (answer->reply.conversation_id[0] == '\0') return;
    conversation_remember(&visit->conversation, answer->reply.item_id);
    memcpy(visit->conversation.last_item_id, answer->reply.item_id, sizeof answer->reply.item_id);
}

static void say_delta(struct answer *answer)
{
    reply_text_delta(&answer->reply, ids_of(answer), draft(answer));
    say(answer);
    if (answer->reply.audio) {
        reply_audio_delta(&answer->reply, answer->visit->site->service->audio, ids_of(answer), draft(answer));
        say(answer);
    }
    answer->reply.deltas++;
}

static void count_output(struct answer *answer)
{
    struct usage_count *usage = &answer->reply.usage;
    struct context *context = &answer->visit->conversation.context;
    usage->text_out = answer->reply.deltas;
    if (answer->reply.audio)
        usage->audio_out =
            usage_audio_tokens_out(answer->reply.deltas * answer->visit->site->service->audio_ms);
    if (answer->reply.conversation_id[0] == '\0') return;
    context->text += usage->text_out;
    context->audio += usage->audio_out;
}

/* The closing events of the item (order: section 4.4; for audio section 4.6). */
static void say_item_done(struct answer *answer, enum reply_status status)
{
    struct identifiers *ids = ids_of(answer);
    if (answer->reply.audio) {
        reply_audio_done(&answer->reply, ids, draft(answer));
        say(answer);
    }
    reply_text_done(&answer->reply, ids, draft(answer));
    say(answer);
    reply_content_part(&answer->reply, true, ids, draft(answer));
    say(answer);
    if (reply_conversation_item(&answer->reply, true, status, ids, draft(answer))) say(answer);
    reply_output_item(&answer->reply, true, status, ids, draft(answer));
    say(answer);
}

static void finish(struct answer *answer, enum reply_status status, enum ledger_outcome outcome)
{
    struct visit *visit = answer->visit;
    bool has_item = answer->state == ANSWER_SPEAKING;
    if (has_item) say_item_done(answer, status);
    count_output(answer);
    reply_done(&answer->reply, status, has_item, visit->session_id, &visit->settings, ids_of(answer),
               draft(answer));
    say(answer);
    site_rate_limits(visit->site, visit->preview, clock_mono_ns(), draft(answer));
    say(answer);
    answer->done_delay_ns = 0;
    answer->outcome = outcome;
    answer->state = ANSWER_OVER;
}

static void strike(struct answer *answer)
{
    answer->struck = true;
    if (answer->strike.kind == FAULT_CONNECTION_RESET) {
        answer->outcome = OUTCOME_RESET;
        answer->reset = true;
        answer->state = ANSWER_OVER;
    } else {
        answer->outcome = OUTCOME_STALLED;
        answer->state = ANSWER_SILENT;
    }
}

/* Whether the fault that was drawn ends the stream, instead of the response's result. */
static bool strikes_stream(const struct answer *answer)
{
    return answer->strike.struck && answer->strike.kind != FAULT_SERVER_ERROR;
}

/* Plans the next step, unless a timed fault comes before it. */
static void plan(struct answer *answer, uint64_t delay_ns)
{
    uint64_t next = answer->due_ns + delay_ns;
    if (strikes_stream(answer) && answer->strike_ns != 0 && next >= answer->strike_ns) {
        answer->state = ANSWER_STRIKING;
        next = answer->strike_ns > answer->due_ns ? answer->strike_ns : answer->due_ns;
    }
    answer->due_ns = next;
}

static void speak(struct answer *answer)
{
    say_delta(answer);
    if (strikes_stream(answer) && answer->strike_ns == 0 && answer->reply.deltas >= answer->strike_deltas) {
        strike(answer);
    } else if (answer->reply.deltas < answer->deltas) {
        plan(answer, site_delay(answer->visit->site, STEP_DELTA, answer->due_ns));
    } else if (strikes_stream(
                   answer)) { /* timed, and later than the last delta: the end is held back for it */
        plan(answer, UINT64_MAX / 4);
    } else if (answer->cut) {
        finish(answer, REPLY_INCOMPLETE, OUTCOME_INCOMPLETE);
    } else {
        finish(answer, REPLY_COMPLETED, OUTCOME_COMPLETED);
    }
}

static void step(struct answer *answer)
{
    switch (answer->state) {
    case ANSWER_WAITING:
        say_created(answer);
        answer->state = ANSWER_CREATED;
        plan(answer, site_delay(answer->visit->site, STEP_FIRST_OUTPUT, answer->due_ns));
        break;
    case ANSWER_CREATED:
        if (answer->strike.struck && answer->strike.kind == FAULT_SERVER_ERROR) {
            answer->struck = true;
            finish(answer, REPLY_FAILED, OUTCOME_FAILED);
            break;
        }
        say_item(answer);
        answer->state = ANSWER_SPEAKING;
        answer->first_delay_ns = 0;
        speak(answer);
        break;
    case ANSWER_SPEAKING:
        speak(answer);
        break;
    case ANSWER_STRIKING:
        strike(answer);
        break;
    case ANSWER_SILENT:
    case ANSWER_OVER:
        break;
    }
}

/* Measures what was said, writes it out, and plans what follows. May free the answer. */
static void settle(struct answer *answer)
{
    struct visit *visit = answer->visit;
    if (visit->state == VISIT_OVER) return; /* the connection went while we spoke; its answers are recorded */
    uint64_t *delays[] = {&answer->created_delay_ns, &answer->first_delay_ns, &answer->done_delay_ns};
    uint64_t since = clock_mono_ns() - answer->at_ns;
    for (size_t i = 0; i < sizeof delays / sizeof *delays; i++) {
        if (*delays[i] == 0) *delays[i] = since;
    }
    ws_peer_flush(visit->peer);
    if (answer->state == ANSWER_SILENT || answer->state == ANSWER_OVER) record(answer);
    bool goes_on = answer->state != ANSWER_SILENT && answer->state != ANSWER_OVER;
    bool stuck = goes_on && !agenda_set(visit->site->service->agenda, &answer->step, answer->due_ns);
    if (answer->reset || stuck) {
        visit_reset(visit);
    } else if (answer->state == ANSWER_OVER) {
        release(answer);
    }
}

static void run(struct answer *answer, uint64_t now_ns)
{
    while (answer->due_ns <= now_ns && answer->state < ANSWER_SILENT && answer->visit->state != VISIT_OVER)
        step(answer);
    settle(answer);
}

static void on_due(struct appointment *appointment, uint64_t now_ns)
{
    run((struct answer *)(void *)appointment, now_ns);
}

/* What the rules of faults may ask about this response. */
static struct moment moment_of(const struct answer *answer)
{
    const struct visit *visit = answer->visit;
    const struct usage_count *usage = &answer->reply.usage;
    return (struct moment){
        .wall_ns = service_wall(visit->site->service, answer->at_ns),
        .socket_age_ns = answer->at_ns > visit->opened_ns ? answer->at_ns - visit->opened_ns : 0,
        .turn = visit->responses,
        .context_tokens = usage->text_in + usage->audio_in,
        .failed_before = visit->failed,
        .retries = visit->retries && visit->responses == 1,
    };
}

/* How many deltas this response has, and where a fault of the stream strikes among them: never after the
 * last. */
static void plan_stream(struct answer *answer, const struct overrides *overrides)
{
    struct site *site = answer->visit->site;
    answer->deltas = site->service->plan->output_deltas;
    answer->cut = overrides->max_output_tokens != 0 && overrides->max_output_tokens < answer->deltas;
    if (answer->cut) answer->deltas = overrides->max_output_tokens;
    struct moment moment = moment_of(answer);
    if (moment.failed_before) script_settle(&site->script);
    answer->strike = script_strike(&site->script, CHANCE_PER_RESPONSE, &moment);
    struct strike refused = quota_respond(
        &site->quota, moment.wall_ns, quota_estimate(moment.context_tokens, overrides->max_output_tokens));
    if (refused.struck) answer->strike = refused;
    if (!strikes_stream(answer)) return;
    if (answer->strike.after_ns > 0) answer->strike_ns = answer->at_ns + (uint64_t)answer->strike.after_ns;
    uint64_t choices = answer->deltas > 1 ? answer->deltas - 1 : 1;
    answer->strike_deltas = 1 + script_below(&site->script, choices);
}

static void fill_reply(struct answer *answer, struct overrides *overrides)
{
    struct visit *visit = answer->visit;
    struct reply *reply = &answer->reply;
    reply->preview = visit->preview;
    reply->audio = !overrides->text_only;
    reply->max_output_tokens = overrides->max_output_tokens;
    reply->metadata = overrides->metadata;
    overrides->metadata = NULL;
    identifier_make(ids_of(answer), "resp_", reply->id);
    identifier_make(ids_of(answer), "item_", reply->item_id);
    if (!overrides->out_of_band) {
        memcpy(reply->conversation_id, visit->conversation_id, sizeof reply->conversation_id);
        memcpy(reply->previous_item_id, visit->conversation.last_item_id, sizeof reply->previous_item_id);
    }
    reply->usage = usage_begin(&visit->conversation.context, visit->settings.instruction_bytes);
}

void answer_begin(struct visit *visit, struct overrides *overrides, uint64_t at_ns)
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
    fill_reply(answer, overrides);
    plan_stream(answer, overrides);
    answer->due_ns = at_ns;
    plan(answer, site_delay(visit->site, STEP_RESPONSE_CREATED, at_ns));
    run(answer, clock_mono_ns());
}

const char *answer_active_id(const struct visit *visit)
{
    for (const struct answer *answer = visit->answers; answer != NULL; answer = answer->next) {
        if (answer->reply.conversation_id[0] != '\0') return answer->reply.id;
    }
    return NULL;
}

size_t answer_count(const struct visit *visit)
{
    size_t count = 0;
    for (const struct answer *answer = visit->answers; answer != NULL; answer = answer->next) count++;
    return count;
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

bool answer_cancel(struct visit *visit, const char *response_id)
{
    struct answer *answer = find(visit, response_id);
    if (answer == NULL) return false;
    if (answer->state == ANSWER_SILENT || answer->state == ANSWER_STRIKING)
        return true; /* stuck: it hears nothing */
    if (answer->state == ANSWER_WAITING) say_created(answer);
    finish(answer, REPLY_CANCELLED, OUTCOME_CANCELLED);
    settle(answer);
    return true;
}

void answer_drop_all(struct visit *visit, enum ledger_outcome outcome)
{
    for (struct answer *answer = visit->answers; answer != NULL; answer = answer->next) {
        agenda_cancel(visit->site->service->agenda, &answer->step);
        if (!answer->recorded) answer->outcome = outcome;
        record(answer);
    }
}

void answer_free_all(struct visit *visit)
{
    while (visit->answers != NULL) {
        struct answer *answer = visit->answers;
        visit->answers = answer->next;
        free(answer->reply.metadata);
        free(answer);
    }
}
