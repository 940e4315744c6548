#include "service/life.h"

#include "service/answer.h"

#include <stdio.h>
#include <string.h>

void life_init(struct life *life, const struct transport_stages *stages,
               const struct timeouts *timeouts)
{
    *life = (struct life){.stages = stages, .timeouts = timeouts, .speed = 1};
}

bool life_in_dial(const struct life *life)
{
    return life->state == LIFE_DIALLING;
}

bool life_is_over(const struct life *life)
{
    return life->state == LIFE_CLOSING || life->state == LIFE_OVER;
}

const struct transport_stage *life_stage(const struct life *life)
{
    return life_in_dial(life) ? &life->stages->rows[life->stage] : NULL;
}

int64_t life_age_ns(const struct life *life, uint64_t now_ns)
{
    return life->connected_ns == 0 ? -1 : (int64_t)(now_ns - life->connected_ns);
}

/* ---- the stages ---- */

/* When the last stage before this one ended. */
static uint64_t begun_ns(const struct life *life, unsigned stage)
{
    while (stage > 0) {
        if (life->stage_ns[--stage] != 0) return life->stage_ns[stage];
    }
    return life->dial_ns;
}

uint64_t life_asked_ns(const struct life *life)
{
    unsigned stage = 0;
    while (stage + 1 < life->stages->count && !(life->stages->rows[stage].flags & STAGE_CONNECTS))
        stage++;
    return begun_ns(life, stage);
}

/* Enters a stage, or READY if there is none left. */
static unsigned enter(struct life *life, unsigned stage, uint64_t now)
{
    life->stage = stage;
    if (stage == life->stages->count) {
        life->state = LIFE_READY;
        life->ready_ns = now;
        life->deadline_ns = 0;
        return LIFE_BECAME_READY;
    }
    const struct transport_stage *row = &life->stages->rows[stage];
    life->state = LIFE_DIALLING;
    life->deadline_ns = now + (uint64_t)deadline_limit_ns(row->deadline, life->timeouts);
    return row->flags & STAGE_CONFIGURES ? LIFE_CONFIGURE : 0;
}

static unsigned leave(struct life *life, unsigned stage, struct measures *measures, uint64_t now)
{
    const struct transport_stage *row = &life->stages->rows[stage];
    const uint64_t from = begun_ns(life, stage);
    unsigned news = 0;
    life->stage_ns[stage] = now;
    /* The transport reports a stage that it skips (TLS, of a plain connection) as one of zero
     * length. */
    const bool had = row->until != EVENT_INVALID || now != from;
    if (row->metric != STAGE_UNTIMED && had)
        measures_add(measures, row->metric, (int64_t)(now - from));
    if (row->flags & STAGE_CONNECTS) {
        life->connected_ns = life->active_ns = now;
        measures_add(measures, METRIC_DIAL, (int64_t)(now - life->dial_ns));
    }
    if (row->flags & STAGE_OPENS) {
        life->opened_ns = now;
        news = LIFE_OPENED;
    }
    return news | enter(life, stage + 1, now);
}

void life_dial(struct life *life, bool resolves, uint64_t now_ns)
{
    unsigned first = 0;
    if (!resolves && life->stages->rows[0].phase == PHASE_RESOLVE) first = 1;
    life->dial_ns = now_ns;
    (void)enter(life, first, now_ns);
}

unsigned life_stage_done(struct life *life, unsigned stage, struct measures *measures,
                         uint64_t now_ns)
{
    if (!life_in_dial(life) || stage < life->stage || stage >= life->stages->count) return 0;
    if (life->stages->rows[stage].until != EVENT_INVALID) return 0;
    return leave(life, stage, measures, now_ns);
}

unsigned life_event(struct life *life, const struct event_facts *event, struct measures *measures,
                    uint64_t now_ns)
{
    const struct transport_stage *row = life_stage(life);
    if (row == NULL || row->until == EVENT_INVALID || event->kind != row->until) return 0;
    if (event->kind == EVENT_SESSION_CREATED)
        (void)snprintf(life->session_id, sizeof life->session_id, "%s", event->session_id);
    return leave(life, life->stage, measures, now_ns);
}

void life_expires_in(struct life *life, int64_t ns, uint64_t now_ns)
{
    life->has_expiry = true;
    life->expires_ns = (uint64_t)((int64_t)now_ns + ns);
}

/* ---- the end ---- */

void life_pause(struct life *life, uint64_t paused_ns)
{
    if (life->deadline_ns != 0) life->deadline_ns += paused_ns;
}

void life_touch(struct life *life, uint64_t now_ns)
{
    if (life->connected_ns != 0) life->active_ns = now_ns;
}

void life_close(struct life *life, uint64_t now_ns)
{
    life->state = LIFE_CLOSING;
    life->deadline_ns = now_ns + (uint64_t)life->timeouts->close_ns;
}

void life_end(struct life *life)
{
    life->state = LIFE_OVER;
    life->deadline_ns = 0;
}

/* ---- its part of a failure's facts ---- */

static enum phase phase_of(const struct life *life)
{
    if (life->state == LIFE_NEW) return life->stages->rows[0].phase;
    return life_in_dial(life) ? life_stage(life)->phase : PHASE_CLOSE;
}

/* A session that is said to last an hour is an hour old in the time of a replay. */
static int64_t told(const struct life *life, int64_t ns)
{
    return life->speed == 1 ? ns : (int64_t)((double)ns * life->speed);
}

void life_add_facts(const struct life *life, struct failure_facts *facts, uint64_t now_ns)
{
    if (facts->phase == PHASE_NONE) facts->phase = phase_of(life);
    answer_add_facts(&life->answer, facts);
    if (life->connected_ns == 0) return;
    facts->session_created = life->opened_ns != 0;
    facts->socket_age_ns = told(life, life_age_ns(life, now_ns));
    facts->idle_ns = told(life, (int64_t)(now_ns - life->active_ns));
    facts->has_expiry = life->has_expiry;
    if (life->has_expiry) facts->expires_in_ns = told(life, (int64_t)(life->expires_ns - now_ns));
}
