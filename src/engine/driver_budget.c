/* What a turn takes out of the run's budget before it is sent, and when it has ended. */
#include "engine/driver.h"

#include "engine/purse.h"
#include "realtime/token_count.h"
#include "record/cost.h"

#include <string.h>

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* The input: what was heard and said in the session so far, and the prompt; in a new session also
 * what its settings took at most in another one. */
static uint64_t input_of(const struct driver *driver, const char *prompt)
{
    const struct session_plan *session = &driver->worker->plan->profile->session;
    const struct region_state *region = &driver->worker->regions[driver->region];
    struct token_context context = {.text = TOKEN_COUNT_ITEM + token_count_text(strlen(prompt))};
    if (driver->context_tokens > 0) return driver->context_tokens + context.text;
    const char *said = session->instructions;
    const struct token_input input = token_context_read(
        &context, said == NULL ? TOKEN_COUNT_DEFAULT_INSTRUCTIONS : strlen(said));
    return most(input.text, region->first_input);
}

/* The longest answer of the region so far, or the assumed one. */
static struct usage expect(const struct driver *driver, const char *prompt)
{
    const struct session_plan *session = &driver->worker->plan->profile->session;
    const struct region_state *region = &driver->worker->regions[driver->region];
    const bool audio = session->modality == MODALITY_AUDIO;
    const uint64_t speech = audio ? token_count_audio_out(TOKEN_COUNT_ASSUMED_SPEECH_MS) : 0;
    struct usage usage = {.present = true, .input = input_of(driver, prompt)};
    usage.output = region->most_output;
    usage.audio_out = region->most_audio;
    if (usage.output == 0) {
        usage.output = TOKEN_COUNT_ASSUMED_OUTPUT + speech;
        usage.audio_out = speech;
        if (session->max_output_tokens > 0)
            usage.output = least(usage.output, session->max_output_tokens);
    }
    usage.audio_in = least(driver->context_audio, usage.input);
    return usage;
}

bool driver_reserve(struct driver *driver, const char *prompt)
{
    struct purse *purse = driver->worker->plan->purse;
    const struct usage usage = expect(driver, prompt);
    const double usd = cost_of(driver->worker->regions[driver->region].price, &usage);
    const struct purse_part part = purse_part_of(usd, usage.input + usage.output);
    if (!purse_reserve(purse, part)) return false;
    driver->reserved = part;
    return true;
}

void driver_settle(struct driver *driver, const struct usage *usage, double usd)
{
    struct region_state *region = &driver->worker->regions[driver->region];
    const struct purse_part used = purse_part_of(usd, usage->input + usage->output);
    purse_settle(driver->worker->plan->purse, driver->reserved, used);
    driver->reserved = (struct purse_part){0};
    if (!usage->present) return;
    if (driver->context_tokens == 0) region->first_input = most(region->first_input, usage->input);
    driver->context_tokens = usage->input + usage->output;
    driver->context_audio = usage->audio_in + usage->audio_out;
    region->most_output = most(region->most_output, usage->output);
    region->most_audio = most(region->most_audio, usage->audio_out);
}
