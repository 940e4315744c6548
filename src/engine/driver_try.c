/* Which attempt a session makes, what it is for the abort rule, and its end when another region was
 * faster. */
#include "engine/driver.h"

struct driver_try driver_try_of(const struct virtual_user *user)
{
    const bool open = user->worker->plan->profile->load.model == LOAD_ARRIVALS;
    return (struct driver_try){.interaction = user->interaction,
                               .attempt = user->attempt,
                               .arrival = open ? user->plan.number + 1 : 0,
                               .due_ns = user->try_due_ns,
                               .demand = user->demand,
                               .again = user->again,
                               .probe = user->probe};
}

void driver_make_try(struct driver *driver)
{
    const struct driver_try dialled = driver->made;
    const struct virtual_user *user = driver->user;
    const bool hedge =
        dialled.hedge && driver->session.attempts == 0 && dialled.interaction == user->interaction;
    if (!hedge) driver->made = driver_try_of(user);
}

struct evidence_of driver_evidence_of(const struct driver *driver)
{
    return (struct evidence_of){.interaction = driver->made.interaction,
                                .attempt = driver->made.attempt};
}

void driver_cancel(struct driver *driver, uint64_t now_ns)
{
    struct conversation *conversation = driver->conversation;
    driver->lost = true;
    if (!session_in_turn(&driver->session) || conversation == NULL ||
        conversation->transport->interrupt == NULL) {
        driver_abandon(driver, now_ns);
        return;
    }
    /* what cannot be sent is told by the end of the connection, or a deadline */
    if (conversation->transport->interrupt(conversation, true, "", 0) == ERR_NOMEM)
        driver->worker->recorder.failed = true;
}

void driver_begin_trial(struct driver *driver)
{
    struct worker *worker = driver->worker;
    if (!worker->plan->profile->abort_on_fail.acceptable.set) return;
    if (driver->on_trial || driver->chain->failed > 0) return;
    driver->on_trial = trials_begin(&worker->regions[driver->region].trials, &driver->trial_group);
    if (!driver->on_trial) worker->recorder.failed = true;
}

void driver_end_trial(struct driver *driver, enum trial_end end)
{
    if (!driver->on_trial) return;
    driver->on_trial = false;
    trials_end(&driver->worker->regions[driver->region].trials, driver->trial_group, end);
}

bool driver_usable(const struct driver *driver)
{
    return session_usable(&driver->session);
}
