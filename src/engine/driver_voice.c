/* A session whose user speaks: its microphone, and what of the answers is heard. */
#include "engine/driver.h"

#include "base/clock.h"
#include "base/random.h"
#include "realtime/sound.h"
#include "record/cost.h"

#include <stddef.h>

static const struct voice *voice_of(const struct driver *driver)
{
    return driver->worker->plan->voice;
}

/* By the plan alone: a user says the same, and interrupts as soon, in every region and in every run
 * of a seed. */
static const struct utterance *pick(struct driver *driver)
{
    const struct audio_plan *audio = &driver->worker->plan->profile->session.audio;
    const struct virtual_user *user = driver->user;
    const uint64_t who = user->plan.number + (user->plan.round << 32);
    struct random random;
    random_seed(&random, driver->worker->plan->seed, random_mix(who + 1) + user->interaction);
    const struct utterance *utterance = voice_pick(voice_of(driver), random_unit(&random));
    const bool interrupts = random_unit(&random) < audio->interrupt_share;
    const double after_ns = (0.5 + random_unit(&random)) * (double)audio->interrupt_after_ns;
    driver->interrupt_after_ns =
        interrupts ? run_clock_to_real(&driver->worker->plan->clock, (int64_t)after_ns) : 0;
    return utterance;
}

static void keep_time(struct driver *driver)
{
    struct timers *timers = driver->worker->timers;
    const uint64_t due_ns = microphone_due_ns(&driver->microphone);
    if (due_ns == 0) {
        timers_cancel(timers, &driver->chunk);
    } else if (!timers_set(timers, &driver->chunk, due_ns)) {
        driver->worker->recorder.failed = true;
    }
}

/* What came of a message that has just been sent. */
static void follow(struct driver *driver, unsigned news)
{
    if (news & MICROPHONE_SPOKEN) driver_spoken(driver, clock_mono_ns());
    if ((news & MICROPHONE_SAID) == 0) return;
    shape_add(driver->sent, "input_audio_buffer.append", driver->spoken_bytes);
    if (voice_of(driver)->commits) driver_commit(driver, clock_mono_ns());
}

static void on_chunk(struct timer *timer, uint64_t now_ns)
{
    struct driver *driver = (struct driver *)((char *)timer - offsetof(struct driver, chunk));
    struct microphone *microphone = &driver->microphone;
    worker_awake(driver->worker, now_ns);
    if (!session_in_turn(&driver->session)) microphone_hush(microphone, now_ns);
    for (;;) {
        const uint64_t due_ns = microphone_due_ns(microphone);
        struct conversation *conversation = driver->conversation;
        if (conversation == NULL || driver->session.life.state != LIFE_READY) return;
        if (due_ns == 0 || due_ns > now_ns) break;
        size_t length;
        unsigned news;
        const bool speech = microphone->said != NULL;
        const char *message = microphone_take(microphone, &length, &news, now_ns);
        if (!conversation->transport->speak(conversation, message, length)) return;
        if (speech) driver->spoken_bytes += length;
        follow(driver, news);
    }
    keep_time(driver);
}

/* ---- the answer ---- */

static int64_t since_answer_ns(const struct driver *driver, uint64_t at_ns)
{
    return driver_run_time(driver, (int64_t)(at_ns - driver->answer_ns));
}

/* What the audio that nobody heard cost: its share of the answer's. */
static uint64_t unheard_micro_usd(const struct driver *driver, int64_t unheard_ns)
{
    const struct price *price = driver->worker->regions[driver->region].price;
    struct usage usage = driver->session.turn.usage;
    if (price == NULL || driver->playout.audio_ns == 0 || usage.audio_out == 0) return 0;
    usage =
        (struct usage){.present = true, .output = usage.audio_out, .audio_out = usage.audio_out};
    const double share = (double)unheard_ns / (double)driver->playout.audio_ns;
    return (uint64_t)(cost_of(price, &usage) * share * 1e6 + 0.5);
}

static void count_unheard(struct driver *driver, struct counters *counters)
{
    const int64_t unheard_ns = driver->playout.audio_ns - driver->heard_ns;
    counters->interruptions++;
    counters->unheard_ms += (uint64_t)(unheard_ns / NS_PER_MS);
    counters->unheard_micro_usd += unheard_micro_usd(driver, unheard_ns);
}

static struct counters *counters_at(struct driver *driver, uint64_t at_ns)
{
    (void)recorder_at(&driver->worker->recorder, at_ns);
    return &recorder_cell(&driver->worker->recorder, driver->region)->counters;
}

/* An answer under way is cancelled; of one that has come whole, and is still being played, the rest
 * is left. Either way the service learns how much was heard. */
static void on_interruption(struct timer *timer, uint64_t now_ns)
{
    struct driver *driver =
        (struct driver *)((char *)timer - offsetof(struct driver, interruption));
    struct conversation *conversation = driver->conversation;
    const struct turn *turn = &driver->session.turn;
    worker_awake(driver->worker, now_ns);
    const int64_t since_ns = since_answer_ns(driver, now_ns);
    if (conversation == NULL || driver->user == NULL || driver->session.life.state != LIFE_READY)
        return;
    const bool under_way = session_in_turn(&driver->session);
    const bool listens = driver->listens && playout_left_ns(&driver->playout, since_ns) > 0;
    if (!under_way && !listens) return;
    driver->heard_ns = playout_heard_ns(&driver->playout, since_ns);
    const uint64_t asked_ns = clock_mono_ns(); /* before it is sent: the answer may come at once */
    const enum err_code code = conversation->transport->interrupt(
        conversation, under_way, turn->item_id, (uint64_t)(driver->heard_ns / NS_PER_MS));
    if (code == ERR_NOMEM) driver->worker->recorder.failed = true;
    if (under_way) {
        driver_interrupted(driver, asked_ns);
    } else {
        count_unheard(driver, counters_at(driver, now_ns));
        virtual_user_stop_listening(driver->user, now_ns);
    }
}

void driver_count_voice(struct driver *driver, bool ok)
{
    const struct turn *turn = &driver->session.turn;
    const struct playout *playout = &driver->playout;
    if (!turn->spoken) return;
    driver->listens = ok && turn->interrupted_ns == 0;
    struct counters *counters = &recorder_cell(&driver->worker->recorder, driver->region)->counters;
    uint64_t *const underruns[] = {&counters->underruns_0, &counters->underruns_100,
                                   &counters->underruns_200};
    uint64_t *const gaps_ms[] = {&counters->underrun_ms_0, &counters->underrun_ms_100,
                                 &counters->underrun_ms_200};
    counters->speech_ms += (uint64_t)(driver->speech_ns / NS_PER_MS);
    counters->audio_ms += (uint64_t)(playout->audio_ns / NS_PER_MS);
    counters->audio_wall_ms += (uint64_t)(playout->last_ns / NS_PER_MS);
    counters->early_answers += ok && turn->early;
    counters->slow_answers += ok && playout->last_ns > playout->audio_ns;
    for (int i = 0; i < PLAYOUT_COUNT; i++) {
        *underruns[i] += playout->underruns[i];
        *gaps_ms[i] += (uint64_t)(playout->gap_ns[i] / NS_PER_MS);
    }
    if (turn->interrupted_ns != 0) count_unheard(driver, counters);
}

uint64_t driver_speak(struct driver *driver, uint64_t now_ns)
{
    struct microphone *microphone = &driver->microphone;
    timers_cancel(driver->worker->timers, &driver->interruption);
    driver->interruption.fire = on_interruption;
    driver->chunk.fire = on_chunk;
    driver->sent[0] = '\0';
    driver->spoken_bytes = 0;
    driver->listens = false;
    driver->playout = (struct playout){0};
    driver->answer_ns = 0;
    microphone->voice = voice_of(driver);
    microphone->speed = driver->worker->plan->clock.speed;
    const struct utterance *utterance = pick(driver);
    driver->speech_ns = utterance->length_ns;
    const uint64_t due_ns = microphone_say(microphone, utterance, now_ns);
    keep_time(driver);
    return due_ns;
}

static void begin_answer(struct driver *driver, uint64_t at_ns)
{
    driver->answer_ns = at_ns;
    if (driver->interrupt_after_ns == 0) return;
    const uint64_t due_ns = at_ns + (uint64_t)driver->interrupt_after_ns;
    if (!timers_set(driver->worker->timers, &driver->interruption, due_ns))
        driver->worker->recorder.failed = true;
}

void driver_hear(struct driver *driver, uint64_t bytes, uint64_t at_ns)
{
    const struct turn *turn = &driver->session.turn;
    if (voice_of(driver) == NULL || bytes == 0 || !turn_has_begun(turn)) return;
    if (turn->state != TURN_WAITING && turn->state != TURN_STREAMING) return;
    const enum audio_format format = driver->worker->plan->profile->session.audio.format;
    const int64_t audio_ns = sound_ns(format, bytes);
    if (driver->answer_ns == 0) begin_answer(driver, at_ns);
    playout_add(&driver->playout, since_answer_ns(driver, at_ns), audio_ns);
    if (turn->interrupted_ns != 0)
        counters_at(driver, at_ns)->late_audio_ms += (uint64_t)(audio_ns / NS_PER_MS);
}

int64_t driver_left_to_hear(const struct driver *driver, uint64_t now_ns)
{
    if (driver->answer_ns == 0 || !driver->listens) return 0;
    const int64_t left_ns = playout_left_ns(&driver->playout, since_answer_ns(driver, now_ns));
    return run_clock_to_real(&driver->worker->plan->clock, left_ns);
}

/* ---- counting ---- */

void driver_count_taking(struct driver *driver, const struct event_facts *event, uint64_t at_ns)
{
    if (!driver->session.hears) return;
    const enum turn_taking taking = turn_taking_of(&driver->session.turn, event);
    const bool unasked = event->kind == EVENT_RESPONSE_DONE && !session_in_turn(&driver->session);
    if (taking == TAKING_RIGHT && !unasked) return;
    struct counters *counters = counters_at(driver, at_ns);
    counters->false_turns += taking == TAKING_FALSE;
    counters->split_turns += taking == TAKING_SPLIT;
    if (!unasked) return;
    counters->input_tokens += event->usage.input;
    counters->cached_tokens += event->usage.cached;
    counters->output_tokens += event->usage.output;
    counters->cost_usd += cost_of(driver->worker->regions[driver->region].price, &event->usage);
}
