#include "simulator/answer_private.h"
#include "simulator/aside.h"

static void make_complaint(const struct answer *answer, struct complaint *out)
{
    const struct strike *drawn = &answer->strike;
    const struct fault_facts facts = {.session_id = answer->visit->session_id,
                                      .model = site_model(answer->visit->site),
                                      .wait_ns = drawn->retry_after_ns > 0 ? drawn->retry_after_ns
                                                                           : drawn->after_ns,
                                      .limit = drawn->limit};
    answer_fault_complaint(answer->fault, &answer->reply, &facts, out);
}

/* response.done in the form required by the fault. */
static void strike_done(struct answer *answer)
{
    const struct answer_fault *fault = answer->fault;
    struct complaint error;
    struct reply_end end = {.status = fault->status, .reason = fault->reason};
    if (fault->message != NULL) {
        make_complaint(answer, &error);
        end.error = &error;
    }
    if (fault->kind == FAULT_TURN_DETECTED) aside_speech_started(answer->visit);
    answer_finish(answer, &end, fault->usage, fault->outcome);
}

/* An `error` event that names the client's response.create, instead of a response. */
static void strike_error(struct answer *answer)
{
    struct complaint complaint;
    make_complaint(answer, &complaint);
    visit_complain(answer->visit, &complaint, answer->event_id);
    answer->outcome = answer->fault->outcome;
    answer->state = ANSWER_OVER;
}

void answer_strike(struct answer *answer)
{
    answer->struck = true;
    switch (answer->fault->effect) {
    case EFFECT_ERROR:
        strike_error(answer);
        break;
    case EFFECT_SILENCE:
        answer->outcome = answer->fault->outcome;
        answer->state = ANSWER_SILENT;
        break;
    case EFFECT_ASIDE:
        aside_say(answer->visit, &answer->reply, answer->fault->kind);
        break;
    case EFFECT_DONE:
        strike_done(answer);
        break;
    case EFFECT_CLOSE:
    case EFFECT_RESET:
    case EFFECT_CUT:
        answer->outcome = answer->fault->outcome;
        answer->ends_visit = true;
        answer->state = ANSWER_OVER;
        break;
    case EFFECT_SLOW:
    case EFFECT_MODALITY:
        break;
    }
}

void answer_end_visit(struct answer *answer)
{
    struct visit *visit = answer->visit;
    switch (answer->fault->effect) {
    case EFFECT_CLOSE:
        visit_close(visit, answer->outcome, answer->fault->close_code, "");
        break;
    case EFFECT_CUT:
        visit_cut(visit, answer->outcome);
        break;
    default:
        visit_reset(visit);
        break;
    }
}
