/* What a response will be, decided when it is asked for. */
#include "realtime/model_facts.h"
#include "simulator/answer_private.h"

#include <string.h>

/* What fault rules may ask about this response. */
static struct moment moment_of(const struct answer *answer)
{
    const struct visit *visit = answer->visit;
    const struct usage_count *usage = &answer->reply.usage;
    const uint64_t age_ns = answer->at_ns > visit->opened_ns ? answer->at_ns - visit->opened_ns : 0;
    return (struct moment){
        .wall_ns = service_wall(visit->site->service, answer->at_ns),
        .socket_age_ns = service_run(visit->site->service, age_ns),
        .turn = visit->responses,
        .context_tokens = usage->text_in + usage->audio_in,
        .failed_before = visit->failed,
        .retries = visit->retries && visit->responses == 1,
    };
}

/* How many tokens the response may say after its thoughts, a preamble among them. */
static void plan_output(struct answer *answer)
{
    struct site *site = answer->visit->site;
    const struct simulator_plan *plan = site->service->plan;
    struct usage_count *usage = &answer->reply.usage;
    const uint64_t limit = answer->reply.max_output_tokens;
    uint64_t left = limit == 0 ? UINT64_MAX : limit;
    const struct model_facts *facts = model_facts_find(site_model(site));
    answer->deltas = plan->output_deltas;
    if (facts != NULL && facts->reasons && !answer->reply.preview) {
        usage->reasons = true;
        usage->reasoning = plan->reasoning_tokens < left ? plan->reasoning_tokens : left;
        left -= usage->reasoning;
        answer->reply.phase = "final_answer";
        answer->preamble = left > PREAMBLE_DELTAS && plan->preambles > 0 &&
                           lot_unit(answer->lot, LOT_PREAMBLE) < plan->preambles;
        if (answer->preamble) left -= PREAMBLE_DELTAS;
    }
    answer->thought_away = left == 0;
    answer->cut = left < answer->deltas;
    if (answer->cut) answer->deltas = left;
}

/* Where among the deltas a stream fault strikes: never after the last. */
static void plan_stream(struct answer *answer, const struct overrides *overrides)
{
    struct site *site = answer->visit->site;
    struct moment moment = moment_of(answer);
    if (moment.failed_before) script_settle(&site->script);
    answer->strike = script_strike(&site->script, CHANCE_PER_RESPONSE, answer->lot, &moment);
    answer->reserved_tokens =
        token_count_reserved(moment.context_tokens, overrides->max_output_tokens);
    struct strike refused = quota_respond(&site->quota, moment.wall_ns, answer->reserved_tokens);
    if (refused.struck) answer->strike = refused;
    if (!answer->strike.struck) return;
    answer->fault = answer_fault(answer->strike.kind);
    if (answer->strike.after_ns > 0 && answer_fault_is_timed(answer->fault))
        answer->strike_ns = answer->at_ns + service_real(site->service, answer->strike.after_ns);
    uint64_t choices = answer->deltas > 1 ? answer->deltas - 1 : 1;
    struct random random = lot_stream(answer->lot, LOT_STRIKE_DELTA);
    if (answer->fault->time == STRIKE_STREAM && answer->strike_ns == 0)
        answer->strike_deltas = 1 + random_below(&random, choices);
}

static void fill_reply(struct answer *answer, struct overrides *overrides)
{
    struct visit *visit = answer->visit;
    struct reply *reply = &answer->reply;
    reply->preview = visit->preview;
    reply->audio = reply->audio_asked = !overrides->text_only;
    reply->max_output_tokens = overrides->max_output_tokens;
    reply->metadata = overrides->metadata;
    overrides->metadata = NULL;
    identifier_make(&answer->visit->site->service->ids, "resp_", reply->id);
    identifier_make(&answer->visit->site->service->ids, "item_", reply->item_id);
    if (!overrides->out_of_band) {
        memcpy(reply->conversation_id, visit->conversation_id, sizeof reply->conversation_id);
        memcpy(reply->previous_item_id, visit->conversation.last_item_id,
               sizeof reply->previous_item_id);
    }
    struct token_context *context = &visit->conversation.context;
    context->limit = visit->settings.truncate_above;
    context->retain = visit->settings.truncate_retain;
    const struct token_input input = token_context_read(context, visit->settings.instruction_bytes);
    reply->usage = (struct usage_count){.text_in = input.text,
                                        .audio_in = input.audio,
                                        .text_cached = input.text_cached,
                                        .audio_cached = input.audio_cached};
}

/* What a fault changes from the start. */
static void prepare_fault(struct answer *answer, const char *event_id)
{
    struct reply *reply = &answer->reply;
    if (answer->fault != NULL && answer->fault->kind == FAULT_REASONING_LIMIT) {
        reply->usage.reasons = true;
        reply->usage.reasoning =
            reply->max_output_tokens > 0 ? reply->max_output_tokens : TOKEN_COUNT_USUAL_OUTPUT;
    }
    if (answer_has(answer, EFFECT_MODALITY)) reply->audio = !reply->audio_asked;
    if (answer_has(answer, EFFECT_ERROR) && event_id != NULL) answer->event_id = strdup(event_id);
}

void answer_plan(struct answer *answer, struct overrides *overrides, const char *event_id)
{
    fill_reply(answer, overrides);
    plan_output(answer);
    plan_stream(answer, overrides);
    prepare_fault(answer, event_id);
}
