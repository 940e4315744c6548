/* What a session's turn takes out of the run's budget before it is sent, and when it has ended. */
#include "engine/driver.h"

#include "engine/purse.h"
#include "engine/turn_bound.h"

#include <string.h>

struct turn_bounds driver_bounds(const struct virtual_user *user, const char *prompt)
{
    return driver_bounds_in(user->worker, user->region, user->driver, prompt);
}

struct turn_bounds driver_bounds_in(const struct worker *worker, size_t region,
                                    const struct driver *driver, const char *prompt)
{
    const struct engine_plan *plan = worker->plan;
    struct turn_asked asked = turn_asked_for(&plan->profile->session, prompt);
    if (driver != NULL && driver->context_tokens > 0) {
        asked.in_session = true;
        asked.context = driver->context_tokens;
        asked.context_audio = driver->context_audio;
    }
    return turn_bounds_of(plan->profile, &plan->profile->regions[region], &plan->heard[region],
                          &asked);
}

void driver_take_over(struct driver *driver, struct virtual_user *user)
{
    if (!user->paid) return;
    user->paid = false;
    driver->paid = true;
    driver->bound = user->bound;
    driver->reserved = user->reserved;
}

void driver_give_back(struct driver *driver)
{
    if (!driver->paid) return;
    driver->paid = false;
    purse_settle(driver->worker->plan->purse, driver->reserved, (struct purse_part){0});
}

void driver_pay_ahead(struct driver *driver)
{
    const struct worker *worker = driver->worker;
    const struct price *price = worker->regions[driver->region].price;
    driver->standing = purse_part_of(turn_ahead_usd(price, worker->plan->clock.speed), 0);
    purse_charge(worker->plan->purse, driver->standing);
}

void driver_release(struct driver *driver)
{
    driver_give_back(driver);
    const struct purse_part back = {.nano_usd = -driver->standing.nano_usd};
    driver->standing = (struct purse_part){0};
    if (back.nano_usd != 0) purse_charge(driver->worker->plan->purse, back);
}

/* What a turn has left in the conversation of which nothing was told: its prompt, and an answer if
 * one had begun. */
static void remember_untold(struct driver *driver)
{
    const bool answered = driver->session.turn.ttft_ns >= 0;
    driver->context_tokens = driver->bound.input + (answered ? driver->bound.output : 0);
}

static void remember(struct driver *driver, const struct usage *usage, bool failed)
{
    const struct turn *turn = &driver->session.turn;
    const int64_t ns = driver_run_time(driver, (int64_t)(turn->end_ns - turn->due_ns));
    turn_heard_add(&driver->worker->plan->heard[driver->region], usage, !failed,
                   driver->context_tokens == 0, ns);
    driver->context_tokens = usage->input + usage->output;
    driver->context_audio = usage->audio_in + usage->audio_out;
}

void driver_settle(struct driver *driver, const struct usage *usage, double usd, bool failed)
{
    const bool asked = !driver_in_dial(driver);
    if (usage->present)
        remember(driver, usage, failed);
    else if (asked && driver->paid)
        remember_untold(driver);
    if (!driver->paid) return;
    driver->paid = false;
    purse_settle(driver->worker->plan->purse, driver->reserved,
                 purse_part_of(usd, usage->input + usage->output));
}
