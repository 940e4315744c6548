#include "engine/turn_bound.h"

#include "base/clock.h"
#include "engine/timing.h"
#include "realtime/token_count.h"
#include "record/cost.h"

#include <string.h>

#define TICKS_AHEAD 2

/* What the service may take for a part of what was said: padding before, silence after. */
#define SPEECH_AROUND_NS (2 * NS_PER_S)

/* Of a turn until one was heard. */
#define ASSUMED_NS NS_PER_S

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t greater(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static size_t length_of(const char *text)
{
    return text == NULL ? 0 : strlen(text);
}

/* What was heard, for one look at it. */
struct known {
    bool enough;
    uint64_t first_input, output, longest_ns;
};

static struct known look(const struct turn_heard *heard)
{
    if (heard == NULL) return (struct known){0};
    return (struct known){.enough = atomic_load(&heard->answers) >= TURN_HEARD_ENOUGH,
                          .first_input = atomic_load(&heard->first_input),
                          .output = atomic_load(&heard->output),
                          .longest_ns = atomic_load(&heard->longest_ns)};
}

static uint64_t input_of(const struct session_plan *session, const struct region *region,
                         const struct known *known, const struct turn_asked *asked)
{
    const uint64_t prompt =
        TOKEN_COUNT_ITEM + token_count_text_most(asked->prompt_bytes) + asked->spoken;
    if (asked->in_session) return asked->context + prompt;
    if (known->first_input > 0) return known->first_input + prompt;
    const size_t settings = length_of(session->settings) + length_of(region->settings);
    const size_t instructions = session->instructions == NULL ? TOKEN_COUNT_DEFAULT_INSTRUCTIONS
                                                              : strlen(session->instructions);
    return token_count_first_input_most(asked->prompt_bytes, instructions + settings) +
           asked->spoken;
}

/* A bound of which a guess is made: the limit, or twice the most heard; and what it is at least. */
struct guess {
    uint64_t most, least;
};

static struct guess guess_of(uint64_t limit, uint64_t assumed, uint64_t longest, bool enough)
{
    const uint64_t highest = greater(limit, longest);
    const uint64_t expected = lesser(greater(TURN_HEARD_TIMES * longest, 1), highest);
    if (enough) return (struct guess){expected, expected};
    return (struct guess){highest, greater(lesser(assumed, limit), longest)};
}

static struct guess output_of(const struct session_plan *session, const struct known *known)
{
    const uint64_t limit = session->max_output_tokens;
    if (limit > 0) return (struct guess){limit, limit};
    uint64_t assumed = TOKEN_COUNT_ASSUMED_OUTPUT;
    if (session->modality == MODALITY_AUDIO)
        assumed += token_count_audio_out(TOKEN_COUNT_ASSUMED_SPEECH_MS);
    return guess_of(TOKEN_COUNT_USUAL_OUTPUT, assumed, known->output, known->enough);
}

/* How long its session may be open for it: a new one opens first. */
static struct guess time_of(const struct timeouts *timeouts, const struct known *known,
                            bool in_session)
{
    const int64_t opening_ns = in_session ? 0 : timeouts->session_ns + timeouts->configure_ns;
    const uint64_t limit = (uint64_t)(timeouts->response_ns + opening_ns);
    return guess_of(limit, ASSUMED_NS, known->longest_ns, known->enough);
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static struct turn_bound bound_of(const struct price *price, enum modality modality, uint64_t input,
                                  uint64_t audio_in, uint64_t output, uint64_t ns)
{
    struct usage usage = {
        .present = true, .input = input, .audio_in = lesser(audio_in, input), .output = output};
    struct turn_bound bound = {.input = input, .output = output, .usd = cost_of(price, &usage)};
    usage.audio_out = output;
    if (modality == MODALITY_AUDIO) bound.usd = larger(bound.usd, cost_of(price, &usage));
    bound.usd += cost_of_time(price, (int64_t)ns);
    return bound;
}

double turn_ahead_usd(const struct price *price, double speed)
{
    const double ns = TICKS_AHEAD * (double)timing_tick_ns(speed) * speed;
    return cost_of_time(price, (int64_t)ns);
}

struct turn_bounds turn_bounds_of(const struct profile *profile, const struct region *region,
                                  const struct turn_heard *heard, const struct turn_asked *asked)
{
    const struct session_plan *session = &profile->session;
    const struct price *price = prices_find(&profile->prices, region->model);
    const struct known known = look(heard);
    const uint64_t input = input_of(session, region, &known, asked);
    const struct guess output = output_of(session, &known);
    const struct guess time = time_of(&profile->timeouts, &known, asked->in_session);
    const uint64_t audio = asked->context_audio + asked->spoken;
    return (struct turn_bounds){
        .most = bound_of(price, session->modality, input, audio, output.most, time.most),
        .least = bound_of(price, session->modality, input, audio, output.least, time.least)};
}

struct turn_asked turn_asked_for(const struct session_plan *session, const char *prompt)
{
    const int64_t speech_ns = session->audio.most_ns;
    if (speech_ns == 0) return (struct turn_asked){.prompt_bytes = strlen(prompt)};
    const int64_t heard_ns = speech_ns + SPEECH_AROUND_NS;
    return (struct turn_asked){.spoken = token_count_audio_in((uint64_t)(heard_ns / NS_PER_MS))};
}

struct turn_room turn_room_of(const struct profile *profile, const struct region *region)
{
    struct turn_asked asked = turn_asked_for(&profile->session, "");
    for (size_t i = 0; i < profile->session.prompt_count && asked.spoken == 0; i++)
        asked.prompt_bytes = greater(asked.prompt_bytes, profile->session.prompts[i].length);
    const struct turn_bounds bounds = turn_bounds_of(profile, region, NULL, &asked);
    const struct price *price = prices_find(&profile->prices, region->model);
    const double ahead = turn_ahead_usd(price, profile->simulator.clock_speed);
    return (struct turn_room){.most_tokens = bounds.most.input + bounds.most.output,
                              .least_tokens = bounds.least.input + bounds.least.output,
                              .most_usd = bounds.most.usd + ahead,
                              .least_usd = bounds.least.usd + ahead};
}

struct purse_wish turn_bounds_wish(const struct turn_bounds *bounds)
{
    const struct turn_bound *most = &bounds->most;
    const struct turn_bound *least = &bounds->least;
    return (struct purse_wish){.most = purse_part_of(most->usd, most->input + most->output),
                               .least = purse_part_of(least->usd, least->input + least->output)};
}

static void raise(atomic_ullong *known, uint64_t value)
{
    unsigned long long before = atomic_load(known);
    while (before < value && !atomic_compare_exchange_weak(known, &before, value)) {}
}

void turn_heard_add(struct turn_heard *heard, const struct usage *usage, bool complete, bool first,
                    int64_t ns)
{
    if (first) raise(&heard->first_input, usage->input);
    raise(&heard->output, usage->output);
    if (ns > 0) raise(&heard->longest_ns, (uint64_t)ns);
    if (complete) (void)atomic_fetch_add(&heard->answers, 1);
}
