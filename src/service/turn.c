#include "service/turn.h"

#include "realtime/usage.h"
#include "service/stage.h"

#include <stdio.h>
#include <string.h>

void turn_init(struct turn *turn)
{
    *turn = (struct turn){.ttft_ns = -1, .answer_ns = -1};
}

void turn_begin(struct turn *turn, enum modality modality, const struct response_seen *asked,
                uint64_t due_ns, uint64_t now_ns)
{
    turn_init(turn);
    turn->seen = *asked;
    turn->state = TURN_WAITING;
    turn->modality = modality;
    turn->due_ns = due_ns;
    turn->sent_ns = now_ns;
}

void turn_speak(struct turn *turn, enum modality modality, const struct response_seen *asked,
                uint64_t due_ns, uint64_t now_ns)
{
    turn_begin(turn, modality, asked, due_ns, now_ns);
    turn->state = TURN_SPEAKING;
    turn->spoken = true;
}

void turn_spoken(struct turn *turn, uint64_t now_ns)
{
    if (turn->state != TURN_SPEAKING) return;
    turn->early = turn_has_begun(turn);
    turn->state = TURN_WAITING;
    turn->sent_ns = now_ns;
    turn->paused_ns = 0;
}

void turn_committed(struct turn *turn, uint64_t now_ns)
{
    if (turn->spoken && turn->stopped_ns == 0) turn->stopped_ns = now_ns;
}

void turn_interrupt(struct turn *turn, uint64_t now_ns)
{
    if (turn_is_on(turn) && turn->interrupted_ns == 0) turn->interrupted_ns = now_ns;
}

enum turn_taking turn_taking_of(const struct turn *turn, const struct event_facts *event)
{
    if (event->kind == EVENT_SPEECH_STOPPED)
        return turn->state == TURN_SPEAKING ? TAKING_SPLIT : TAKING_RIGHT;
    if (event->kind != EVENT_SPEECH_STARTED) return TAKING_RIGHT;
    /* what was said may be noticed after it has been said */
    const bool may_begin = turn->state == TURN_SPEAKING || turn->stopped_ns == 0;
    return turn_is_on(turn) && turn->spoken && may_begin ? TAKING_RIGHT : TAKING_FALSE;
}

bool turn_is_missed(const struct turn *turn)
{
    return turn->spoken && turn->state == TURN_WAITING && turn->stopped_ns == 0 &&
           !turn_has_begun(turn);
}

bool turn_is_on(const struct turn *turn)
{
    return turn->state != TURN_NONE;
}

bool turn_has_begun(const struct turn *turn)
{
    return turn->first_event_ns != 0;
}

/* ---- events ---- */

static void on_created(struct turn *turn, const struct event_facts *event, uint64_t now)
{
    if (turn_has_begun(turn)) return;
    turn->first_event_ns = now;
    (void)snprintf(turn->response_id, sizeof turn->response_id, "%s", event->response_id);
}

/* Records that the actual answer has begun, unless it had already. */
static void note_answer(struct turn *turn, uint64_t now)
{
    if (turn->answer_ns < 0) turn->answer_ns = (int64_t)(now - turn->due_ns);
}

static void on_item(struct turn *turn, const struct event_facts *item, uint64_t now)
{
    if (item->item == ITEM_MESSAGE) {
        turn->in_preamble = item->preamble;
        memcpy(turn->item_id, item->item_id, sizeof turn->item_id);
    }
    if (item->item != ITEM_TOOL_CALL) return;
    turn->seen.tool_call = true;
    note_answer(turn, now);
}

static void on_tool_delta(struct turn *turn, uint64_t now)
{
    turn->seen.tool_call = true;
    note_answer(turn, now);
}

static void on_delta(struct turn *turn, enum event_kind kind, struct measures *measures,
                     uint64_t now)
{
    const enum event_kind wanted =
        turn->modality == MODALITY_AUDIO ? EVENT_AUDIO_DELTA : EVENT_TEXT_DELTA;
    if (kind == wanted && !turn->in_preamble) {
        turn->seen.answer = true;
        note_answer(turn, now);
    }
    if (turn->state == TURN_WAITING) {
        turn->ttft_ns = (int64_t)(now - turn->due_ns);
        turn->state = TURN_STREAMING;
    } else {
        measures_add(measures, METRIC_GAP, (int64_t)(now - turn->last_delta_ns));
    }
    turn->last_delta_ns = now;
    turn->deltas++;
}

/* Ignores other responses: a cancelled one may still end. Where the service answers of its own
 * accord, one that is not known may be an answer to what was no turn. */
static bool is_ours(const struct turn *turn, const struct event_facts *done)
{
    if (turn->spoken && !turn_has_begun(turn) && done->status == STATUS_CANCELLED) return false;
    return turn->response_id[0] == '\0' || done->response_id[0] == '\0' ||
           strcmp(turn->response_id, done->response_id) == 0;
}

static enum turn_outcome on_done(struct turn *turn, const struct event_facts *event,
                                 struct measures *measures, uint64_t now)
{
    if (turn->spoken || is_ours(turn, event)) usage_add(&turn->usage, &event->usage);
    if (!is_ours(turn, event)) return TURN_GOES_ON;
    if (turn->response_id[0] == '\0')
        (void)snprintf(turn->response_id, sizeof turn->response_id, "%s", event->response_id);
    if (turn->interrupted_ns != 0 && event->status == STATUS_CANCELLED) {
        measures_add(measures, METRIC_YIELD, (int64_t)(now - turn->interrupted_ns));
        return TURN_INTERRUPTED;
    }
    switch (response_outcome(event, &turn->seen)) {
    case RESPONSE_ANSWERED:
    case RESPONSE_CUT:
        return TURN_COMPLETE;
    case RESPONSE_LIMITED:
        return TURN_LIMITED;
    case RESPONSE_EMPTY:
        return TURN_EMPTY;
    case RESPONSE_BROKEN:
        break;
    }
    return TURN_BROKEN;
}

/* While the user speaks, the service may take a pause for the end, begin to answer, and be
 * interrupted. */
static enum turn_outcome while_speaking(struct turn *turn, const struct event_facts *event,
                                        uint64_t now_ns)
{
    if (event->kind == EVENT_RESPONSE_CREATED) on_created(turn, event, now_ns);
    if (event->kind == EVENT_TRANSCRIPTION_FAILED) {
        turn->transcription_failed = true;
        return TURN_SIDE_FAILED;
    }
    if (event->kind != EVENT_RESPONSE_DONE) return TURN_GOES_ON;
    usage_add(&turn->usage, &event->usage);
    if (!is_ours(turn, event)) return TURN_GOES_ON;
    turn->first_event_ns = 0;
    turn->response_id[0] = '\0';
    return TURN_GOES_ON;
}

enum turn_outcome turn_event(struct turn *turn, const struct event_facts *event,
                             struct measures *measures, uint64_t now_ns)
{
    turn_heard(turn, now_ns);
    if (turn->state == TURN_SPEAKING) return while_speaking(turn, event, now_ns);
    switch (event->kind) {
    case EVENT_RESPONSE_CREATED:
        on_created(turn, event, now_ns);
        return TURN_GOES_ON;
    case EVENT_ITEM_ADDED:
        on_item(turn, event, now_ns);
        return TURN_GOES_ON;
    case EVENT_TOOL_DELTA:
        on_tool_delta(turn, now_ns);
        return TURN_GOES_ON;
    case EVENT_TEXT_DELTA:
    case EVENT_AUDIO_DELTA:
        on_delta(turn, event->kind, measures, now_ns);
        return TURN_GOES_ON;
    case EVENT_TRANSCRIPTION_FAILED:
        turn->transcription_failed = true;
        return TURN_SIDE_FAILED;
    case EVENT_SPEECH_STOPPED:
        turn_committed(turn, now_ns);
        return TURN_GOES_ON;
    case EVENT_RESPONSE_DONE:
        return on_done(turn, event, measures, now_ns);
    default:
        return TURN_GOES_ON;
    }
}

void turn_heard(struct turn *turn, uint64_t now_ns)
{
    /* Of what arrived in a pause of this machine, only the end can say that nothing followed. */
    turn->last_event_ns = now_ns > turn->awake_ns ? now_ns : turn->awake_ns;
    turn->silence_paused_ns = 0;
}

void turn_pause(struct turn *turn, uint64_t paused_ns, uint64_t now_ns)
{
    if (!turn_is_on(turn)) return;
    turn->paused_ns += paused_ns;
    turn->silence_paused_ns += paused_ns;
    turn->awake_ns = now_ns;
}

/* ---- the end ---- */

void turn_lose(struct turn *turn, uint64_t now_ns)
{
    if (turn->state == TURN_SPEAKING && turn->due_ns > now_ns) turn->due_ns = now_ns;
    turn->end_ns = now_ns;
    turn->state = TURN_NONE;
}

/* What the silence after the user's last sound consists of. */
static void measure_silence(const struct turn *turn, struct measures *measures)
{
    if (!turn->spoken || turn->ttft_ns < 0) return;
    measures_add(measures, METRIC_VOICE, turn->ttft_ns);
    const int64_t endpoint_ns = (int64_t)(turn->stopped_ns - turn->due_ns);
    if (turn->stopped_ns == 0 || turn->stopped_ns < turn->due_ns || endpoint_ns > turn->ttft_ns)
        return;
    measures_add(measures, METRIC_ENDPOINT, endpoint_ns);
    measures_add(measures, METRIC_THINK, turn->ttft_ns - endpoint_ns);
}

/* Those that count from when the turn was due. */
static void measure_beginnings(const struct turn *turn, struct measures *measures)
{
    if (turn_has_begun(turn))
        measures_add(measures, METRIC_FIRST_EVENT, (int64_t)(turn->first_event_ns - turn->due_ns));
    if (turn->ttft_ns >= 0) measures_add(measures, METRIC_TTFT, turn->ttft_ns);
    if (turn->answer_ns >= 0) measures_add(measures, METRIC_FIRST_ANSWER, turn->answer_ns);
    measure_silence(turn, measures);
}

void turn_win(struct turn *turn, struct measures *measures, uint64_t now_ns)
{
    /* Only now are these known to belong to a success. */
    if (!turn->early) measure_beginnings(turn, measures);
    measures_add(measures, METRIC_RESPONSE, (int64_t)(now_ns - turn->due_ns));
    turn_lose(turn, now_ns);
}

/* ---- deadlines ---- */

/* When a deadline of the turn starts counting, later by what this machine was paused since; 0: it
 * does not apply. */
static uint64_t counts_from_ns(const struct turn *turn, enum deadline deadline)
{
    if (turn->state == TURN_SPEAKING) return 0;
    switch (deadline) {
    case DEADLINE_RESPONSE:
        return turn->sent_ns + turn->paused_ns;
    case DEADLINE_FIRST_OUTPUT:
        return turn->state == TURN_WAITING ? turn->sent_ns + turn->paused_ns : 0;
    case DEADLINE_STALL:
        return turn_has_begun(turn) ? turn->last_event_ns + turn->silence_paused_ns : 0;
    default:
        return 0;
    }
}

/* In the order in which they explain a silence: the whole before its parts. */
static const enum deadline deadlines[] = {DEADLINE_RESPONSE, DEADLINE_STALL, DEADLINE_FIRST_OUTPUT};

#define DEADLINES (sizeof deadlines / sizeof *deadlines)

uint64_t turn_deadline_ns(const struct turn *turn, const struct timeouts *timeouts)
{
    uint64_t first_ns = 0;
    for (size_t i = 0; i < DEADLINES && turn_is_on(turn); i++) {
        const uint64_t from_ns = counts_from_ns(turn, deadlines[i]);
        const uint64_t due_ns = from_ns + (uint64_t)deadline_limit_ns(deadlines[i], timeouts);
        if (from_ns != 0 && (first_ns == 0 || due_ns < first_ns)) first_ns = due_ns;
    }
    return first_ns;
}

enum deadline turn_deadline(const struct turn *turn, const struct timeouts *timeouts,
                            uint64_t now_ns)
{
    for (size_t i = 0; i < DEADLINES; i++) {
        const uint64_t from_ns = counts_from_ns(turn, deadlines[i]);
        if (from_ns == 0) continue;
        if (now_ns >= from_ns + (uint64_t)deadline_limit_ns(deadlines[i], timeouts))
            return deadlines[i];
    }
    return DEADLINE_FIRST_OUTPUT;
}

void turn_add_facts(const struct turn *turn, const struct timeouts *timeouts,
                    struct failure_facts *facts, uint64_t now_ns)
{
    if (!turn_is_on(turn)) return;
    if (facts->phase == PHASE_NONE)
        facts->phase = turn->state == TURN_STREAMING ? PHASE_STREAM : PHASE_RESPONSE;
    facts->in_turn = true;
    facts->turn_missed = turn_is_missed(turn);
    facts->transcription_failed = turn->transcription_failed;
    facts->output_flows =
        turn->last_delta_ns != 0 && now_ns < turn->last_delta_ns + (uint64_t)timeouts->stall_ns;
}
