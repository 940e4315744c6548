#include "engine/driver.h"

#include "base/clock.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void feed(struct driver *driver, const struct session_input *input, uint64_t now_ns);

bool driver_unread(const struct driver *driver)
{
    const struct conversation *conversation = driver->conversation;
    return conversation != NULL && conversation->transport->unread(conversation);
}

/* ---- sending ---- */

/* Anything that could not be sent costs an attempt through a deadline or the end of the connection;
 * only when out of memory nothing else would report it. */
static void check_sent(struct driver *driver, enum err_code code)
{
    if (code == ERR_NOMEM) driver->worker->recorder.failed = true;
}

static void send_configure(struct driver *driver)
{
    const struct session_plan *wanted = &driver->worker->plan->profile->session;
    const struct region *region = driver->worker->plan->targets[driver->region].region;
    struct session_settings settings = {
        .modality = wanted->modality,
        .instructions = wanted->instructions,
        .max_output_tokens = wanted->max_output_tokens,
        .truncate_above = wanted->history == HISTORY_TRUNCATE ? wanted->history_tokens : 0,
        .truncate_retain = wanted->history_retain,
        .extra = {wanted->settings, region->settings},
    };
    const struct speech_settings speech = voice_settings(&wanted->audio);
    if (audio_speaks(&wanted->audio)) settings.speech = &speech;
    struct conversation *conversation = driver->conversation;
    if (conversation == NULL) return;
    check_sent(driver, conversation->transport->configure(conversation, &settings, driver->sent));
}

static void send_turn(struct driver *driver, const struct question *question)
{
    struct conversation *conversation = driver->conversation;
    if (conversation == NULL) return;
    check_sent(driver, conversation->transport->ask(conversation, question, driver->sent));
}

/* ---- the deadline: one timer, moved only if it would fire too late ---- */

static void keep_deadline(struct driver *driver)
{
    struct timers *timers = driver->worker->timers;
    uint64_t due = session_deadline_ns(&driver->session);
    if (due == 0) {
        timers_cancel(timers, &driver->deadline);
    } else if (driver->deadline.place == 0 || due < driver->deadline.due_ns) {
        if (!timers_set(timers, &driver->deadline, due)) driver->worker->recorder.failed = true;
    }
}

/*
 * The session is ready at once when its settings are confirmed, and asks. What lies in the socket
 * by then cannot be an answer, but would be taken for one. So the loop has a turn before, in which
 * it is read.
 */
static void settle(struct driver *driver, uint64_t now_ns)
{
    const struct event_facts updated = {.kind = EVENT_SESSION_UPDATED};
    if (!overdue_may_judge(&driver->settling, driver->settles_ns, driver->conversation, now_ns)) {
        if (!timers_set(driver->worker->timers, &driver->deadline, now_ns + 1))
            driver->worker->recorder.failed = true;
        return;
    }
    driver->settles_ns = 0;
    feed(driver, &(struct session_input){.kind = INPUT_EVENT, .event = &updated}, now_ns);
}

/* Whether an event is the one that makes the session ready. */
static bool settles(const struct driver *driver, const struct heard *heard)
{
    const struct transport_stage *stage = life_stage(&driver->session.life);
    return stage != NULL && !heard->garbage && stage->until == EVENT_SESSION_UPDATED &&
           heard->event.kind == EVENT_SESSION_UPDATED && driver->settles_ns == 0;
}

static void on_deadline(struct timer *timer, uint64_t now_ns)
{
    struct driver *driver = (struct driver *)((char *)timer - offsetof(struct driver, deadline));
    worker_awake(driver->worker, now_ns);
    if (driver->settles_ns != 0 && session_in_dial(&driver->session)) {
        settle(driver, now_ns);
        return;
    }
    const uint64_t due_ns = session_deadline_ns(&driver->session);
    if (due_ns == 0) return;
    if (now_ns < due_ns) {
        keep_deadline(driver);
        return;
    }
    if (!overdue_may_judge(&driver->overdue, due_ns, driver->conversation, now_ns)) {
        if (!timers_set(driver->worker->timers, &driver->deadline, now_ns + 1))
            driver->worker->recorder.failed = true;
        return;
    }
    feed(driver, &(struct session_input){.kind = INPUT_DEADLINE}, now_ns);
}

/* ---- actions ---- */

static void end_conversation(struct driver *driver, enum session_end end)
{
    struct conversation *conversation = driver->conversation;
    if (conversation == NULL) return;
    if (end == END_CLOSE) conversation->transport->close(conversation);
    if (end == END_ABORT) conversation->transport->abort(conversation);
}

static void feed(struct driver *driver, const struct session_input *input, uint64_t now_ns)
{
    bool outermost = !driver->busy;
    driver->busy = true;
    struct session_action action = session_step(&driver->session, input, now_ns);
    if (action.send == SEND_CONFIGURE) send_configure(driver);
    end_conversation(driver, action.end);
    driver_record(driver, &action, now_ns);
    if (!outermost) return;
    driver->busy = false;
    if (driver->user == NULL && session_usable(&driver->session)) {
        feed(driver, &(struct session_input){.kind = INPUT_FINISH}, now_ns);
    }
    keep_deadline(driver);
}

/* ---- callbacks of the transport ---- */

static void on_stage(void *context, unsigned stage, const char *address, uint64_t at_ns)
{
    struct driver *driver = context;
    worker_awake(driver->worker, at_ns);
    (void)snprintf(driver->address, sizeof driver->address, "%s", address);
    feed(driver, &(struct session_input){.kind = INPUT_STAGE, .stage = stage}, at_ns);
}

static void on_answer(void *context, const struct answer *answer, uint64_t at_ns)
{
    struct driver *driver = context;
    worker_awake(driver->worker, at_ns);
    const struct failure_facts facts = driver_take_answer(driver, answer, at_ns);
    feed(driver, &(struct session_input){.kind = INPUT_ANSWER, .failure = &facts}, at_ns);
    if (answer->raw.accepted)
        return; /* the end of this stage has already been reported to the
                                         session */
    const struct failure_facts refusal = answer_refusal(answer);
    feed(driver, &(struct session_input){.kind = INPUT_REFUSED, .failure = &refusal}, at_ns);
}

int64_t driver_run_time(const struct driver *driver, int64_t real_ns)
{
    return run_clock_of_real(&driver->worker->plan->clock, real_ns);
}

static void remember_event(struct driver *driver, const char *type, uint64_t at_ns)
{
    const int64_t since_ns = (int64_t)(at_ns - driver->session.life.dial_ns);
    driver->events[driver->event_count++ % EVIDENCE_EVENTS] = (struct evidence_event){
        .offset_ms = (double)driver_run_time(driver, since_ns) / (double)NS_PER_MS,
        .type = type_names_keep(&driver->worker->event_types, type),
    };
}

static struct cell *cell_at(struct driver *driver, uint64_t at_ns)
{
    (void)recorder_at(&driver->worker->recorder, at_ns);
    return recorder_cell(&driver->worker->recorder, driver->region);
}

static void count_event(struct driver *driver, const struct event_facts *event, uint64_t at_ns)
{
    if (event->kind == EVENT_UNKNOWN) cell_at(driver, at_ns)->counters.unknown_events++;
    if (event->kind != EVENT_RATE_LIMITS) return;
    struct told_limits *limits = &cell_at(driver, at_ns)->limits;
    told_limit_add(&limits->requests, event->limit_requests);
    told_limit_add(&limits->tokens, event->limit_tokens);
}

/* Most sessions never need it. Without memory the classes of what follows know less. */
static struct event_facts *room_for(struct driver *driver, const struct event_facts *event)
{
    if (driver->error == NULL && event->kind == EVENT_ERROR)
        driver->error = malloc(sizeof *driver->error);
    return driver->error;
}

static void on_event(void *context, const struct heard *heard, uint64_t at_ns)
{
    struct driver *driver = context;
    const uint64_t now_ns = clock_mono_ns(); /* it may have arrived long before */
    worker_awake(driver->worker, now_ns);
    const struct event_facts *event = &heard->event;
    if (driver->session.turn.state == TURN_WAITING)
        driver->doubt_ns = worker_doubt(driver->worker, driver->conversation, at_ns, now_ns);
    struct session_input input = {.kind = heard->garbage ? INPUT_GARBAGE : INPUT_EVENT,
                                  .event = event,
                                  .room = room_for(driver, event)};
    remember_event(driver, heard->type, at_ns);
    count_event(driver, event, at_ns);
    driver_count_taking(driver, event, at_ns);
    driver_hear(driver, heard->audio_bytes, at_ns);
    if (settles(driver, heard)) {
        driver->settles_ns = at_ns;
        settle(driver, at_ns);
        return;
    }
    if (event->kind == EVENT_SESSION_CREATED)
        input.has_expiry = skew_expiry(&driver->skew, &driver->worker->recorder.clock, event, at_ns,
                                       &input.expires_in_ns);
    feed(driver, &input, at_ns);
    if (driver->user != NULL && driver->session.turn.state == TURN_STREAMING)
        virtual_user_on_output(driver->user, driver, now_ns);
}

static void driver_free(struct driver *driver)
{
    struct worker *worker = driver->worker;
    timers_cancel(worker->timers, &driver->deadline);
    timers_cancel(worker->timers, &driver->chunk);
    timers_cancel(worker->timers, &driver->interruption);
    driver_end_trial(driver, TRIAL_WITHDRAWN);
    driver_release(driver);
    worker_leave_chain(worker, &driver->chain);
    if (driver->previous != NULL) {
        driver->previous->next = driver->next;
    } else {
        worker->drivers = driver->next;
    }
    if (driver->next != NULL) driver->next->previous = driver->previous;
    free(driver->error);
    free(driver->headers);
    free(driver->words);
    free(driver);
    worker_check_over(worker);
}

static void on_end(void *context, const struct ending *ending, uint64_t at_ns)
{
    struct driver *driver = context;
    worker_awake(driver->worker, at_ns);
    const struct failure_facts *facts = &ending->facts;
    driver->conversation = NULL;
    driver->close_code = facts->close_code;
    if (driver->http_status == 0) driver->http_status = facts->http_status;
    struct last_words *words = driver_last_words(driver);
    if (words != NULL) {
        (void)snprintf(words->close_reason, sizeof words->close_reason, "%s", facts->close_reason);
        (void)snprintf(words->detail, sizeof words->detail, "%s", ending->detail);
    }
    feed(driver, &(struct session_input){.kind = INPUT_END, .failure = facts}, at_ns);
    driver_free(driver);
}

const struct transport_handlers driver_handlers = {
    .on_stage = on_stage,
    .on_answer = on_answer,
    .on_event = on_event,
    .on_end = on_end,
};

/* ---- requests of the virtual user ---- */

static enum err_code dial(struct driver *driver)
{
    const struct worker *worker = driver->worker;
    const struct target *target = &worker->plan->targets[driver->region];
    const struct credential *held = &worker->credentials.held[driver->region];
    struct carrier *carrier = carriers_for(&worker->carriers, target);
    struct error err = {0};
    const struct opening opening = {
        .target = target,
        .credential = held->value,
        .credential_expires_s = held->expires_s,
        .client_request_id = driver->client_request_id,
    };
    driver->credential = (struct credential){.expires_s = held->expires_s, .serial = held->serial};
    enum err_code code =
        carrier->transport->open(carrier, &opening, driver, &driver->conversation, &err);
    struct last_words *words = code == ERR_OK ? NULL : driver_last_words(driver);
    if (words != NULL) (void)snprintf(words->detail, sizeof words->detail, "%.159s", err.text);
    return code;
}

/* The session joins the chain of the interaction for which it is dialled, or begins one. */
static struct chain *chain_for(const struct virtual_user *user, size_t region,
                               uint64_t session_number)
{
    const bool goes_on = user->chain != NULL && user->chain->region == region;
    return goes_on ? chain_hold(user->chain) : chain_new(session_number, region);
}

static struct driver *driver_new(struct virtual_user *user, size_t region)
{
    struct worker *worker = user->worker;
    struct driver *driver = calloc(1, sizeof *driver);
    if (driver == NULL) return NULL;
    driver->worker = worker;
    driver->user = user;
    driver->region = region;
    driver->made = driver_try_of(user);
    driver->number =
        lane_first(&worker->lane) + worker->sessions_numbered++ * lane_stride(&worker->lane) + 1;
    driver->deadline.fire = on_deadline;
    driver->chain = chain_for(user, region, driver->number);
    if (driver->chain != NULL) return driver;
    free(driver);
    return NULL;
}

/* A new session begins. */
static void begin(struct driver *driver, struct virtual_user *user, uint64_t now_ns)
{
    struct worker *worker = user->worker;
    const struct target *target = &worker->plan->targets[driver->region];
    const struct session_terms terms = {
        .stages = transport_of(target->region)->stages,
        .timeouts = &worker->plan->timing.timeouts,
        .speed = worker->plan->clock.speed,
        .modality = worker->plan->profile->session.modality,
        .wanted = worker->plan->profile->session.answer,
        .output_limit = worker->plan->profile->session.max_output_tokens,
        .hears = worker->plan->voice != NULL && !worker->plan->voice->commits,
        .missed_fails = worker->plan->profile->session.audio.missed_fails,
    };
    session_init(&driver->session, &terms);
    request_id_write(user->id, user->interaction, ++user->dials, driver->client_request_id);
    driver->next = worker->drivers;
    if (worker->drivers != NULL) worker->drivers->previous = driver;
    worker->drivers = driver;
    driver_pay_ahead(driver);
    driver_begin_trial(driver);
    driver->late_before_ns = worker->lateness.total_ns;
    (void)recorder_at(&worker->recorder, now_ns);
    recorder_cell(&worker->recorder, driver->region)->counters.sessions_started++;
    const bool resolves = target->where.address == NULL;
    feed(driver, &(struct session_input){.kind = INPUT_DIAL, .resolves = resolves}, now_ns);
    if (dial(driver) != ERR_OK) {
        /* memory is the first thing that a dial needs */
        const struct failure_facts facts = {.local_error = ENOMEM};
        feed(driver, &(struct session_input){.kind = INPUT_END, .failure = &facts}, now_ns);
        driver_free(driver);
    }
}

bool driver_dial(struct virtual_user *user, uint64_t now_ns)
{
    struct driver *driver = driver_new(user, user->region);
    if (driver == NULL) return false;
    user->driver = driver;
    driver_take_over(driver, user);
    virtual_user_keep_chain(user);
    begin(driver, user, now_ns);
    return true;
}

bool driver_hedge(struct virtual_user *user, size_t region, const struct turn_bound *bound,
                  struct purse_part reserved, uint64_t now_ns)
{
    struct driver *driver = driver_new(user, region);
    if (driver == NULL) return false;
    user->second = driver;
    driver->made.due_ns = now_ns;
    driver->made.hedge = true;
    driver->made.again = driver->made.probe = false;
    driver->paid = true;
    driver->bound = *bound;
    driver->reserved = reserved;
    begin(driver, user, now_ns);
    return true;
}

void driver_turn(struct driver *driver, uint64_t due_ns, const char *prompt, uint64_t now_ns)
{
    const bool speaks = driver->worker->plan->voice != NULL;
    const struct question question = {.prompt = prompt,
                                      .interaction = driver->user->interaction,
                                      .number = ++driver->user->turns};
    uint64_t sent_ns = clock_mono_ns();
    if (sent_ns < now_ns) sent_ns = now_ns;
    driver_make_try(driver);
    driver_take_over(driver, driver->user);
    driver->in_flight = true;
    driver->asked_context = driver->context_tokens;
    driver->sent_late_ns = (int64_t)(sent_ns - due_ns);
    struct recorder *recorder = &driver->worker->recorder;
    recorder_change(recorder, driver->region, LEVEL_FLIGHT, 1, recorder_at(recorder, sent_ns));
    if (speaks) due_ns = driver_speak(driver, sent_ns);
    const struct session_input turn = {.kind = INPUT_TURN, .due_ns = due_ns, .speaks = speaks};
    feed(driver, &turn, sent_ns);
    if (speaks) return;
    driver->sent[0] = '\0';
    send_turn(driver, &question);
}

void driver_spoken(struct driver *driver, uint64_t now_ns)
{
    const uint64_t due_ns = driver->session.turn.due_ns;
    struct virtual_user *user = driver->user;
    driver->sent_late_ns = (int64_t)(now_ns - due_ns);
    /* what the user felt begins with the silence after what was said first */
    if (user != NULL && user->attempt == 1) user->interaction_due_ns = due_ns;
    feed(driver, &(struct session_input){.kind = INPUT_SPOKEN}, now_ns);
}

void driver_commit(struct driver *driver, uint64_t now_ns)
{
    if (driver->user == NULL || !session_in_turn(&driver->session)) return;
    const struct question question = {.interaction = driver->user->interaction,
                                      .number = driver->user->turns};
    send_turn(driver, &question);
    feed(driver, &(struct session_input){.kind = INPUT_COMMITTED}, now_ns);
}

void driver_interrupted(struct driver *driver, uint64_t now_ns)
{
    feed(driver, &(struct session_input){.kind = INPUT_INTERRUPT}, now_ns);
}

void driver_pause(struct driver *driver, uint64_t paused_ns, uint64_t now_ns)
{
    feed(driver, &(struct session_input){.kind = INPUT_PAUSE, .paused_ns = paused_ns}, now_ns);
}

void driver_finish(struct driver *driver, uint64_t now_ns)
{
    if (driver->busy) return; /* feed() sees that the virtual user has gone */
    feed(driver, &(struct session_input){.kind = INPUT_FINISH}, now_ns);
}

void driver_abandon(struct driver *driver, uint64_t now_ns)
{
    driver->abandoned = true;
    feed(driver, &(struct session_input){.kind = INPUT_ABANDON}, now_ns);
}
