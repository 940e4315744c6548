/* A session whose user speaks: its microphone, and what of the answers is heard. */
#include "engine/driver.h"

#include "base/clock.h"
#include "base/random.h"
#include "realtime/sound.h"

#include <stddef.h>

static const struct voice *voice_of(const struct driver *driver)
{
    return driver->worker->plan->voice;
}

/* By the plan alone: a user says the same in every region and in every run of a seed. */
static const struct utterance *pick(const struct driver *driver)
{
    const struct virtual_user *user = driver->user;
    const uint64_t who = user->plan.number + (user->plan.round << 32);
    struct random random;
    random_seed(&random, driver->worker->plan->seed, random_mix(who + 1) + user->interaction);
    return voice_pick(voice_of(driver), random_unit(&random));
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

uint64_t driver_speak(struct driver *driver, uint64_t now_ns)
{
    struct microphone *microphone = &driver->microphone;
    driver->chunk.fire = on_chunk;
    driver->sent[0] = '\0';
    driver->spoken_bytes = 0;
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

void driver_hear(struct driver *driver, uint64_t bytes, uint64_t at_ns)
{
    const struct turn *turn = &driver->session.turn;
    if (voice_of(driver) == NULL || bytes == 0 || !turn_has_begun(turn)) return;
    if (turn->state != TURN_WAITING && turn->state != TURN_STREAMING) return;
    const enum audio_format format = driver->worker->plan->profile->session.audio.format;
    if (driver->answer_ns == 0) driver->answer_ns = at_ns;
    playout_add(&driver->playout, driver_run_time(driver, (int64_t)(at_ns - driver->answer_ns)),
                sound_ns(format, bytes));
}

int64_t driver_left_to_hear(const struct driver *driver, uint64_t now_ns)
{
    if (driver->answer_ns == 0) return 0;
    const int64_t since_ns = driver_run_time(driver, (int64_t)(now_ns - driver->answer_ns));
    const int64_t left_ns = playout_left_ns(&driver->playout, since_ns);
    return run_clock_to_real(&driver->worker->plan->clock, left_ns);
}
