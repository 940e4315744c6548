#include "run/expected_user.h"

#include "base/clock.h"
#include "realtime/model_facts.h"
#include "realtime/token_count.h"
#include "record/cost.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sessions end at this age whatever the profile says (Azure and OpenAI: 60 minutes). */
#define SESSION_MOST_S 3600.0

/* One of the three courses that a conversation may take. */
struct course {
    struct token_context context;
    uint64_t text_out, audio_out, reasoning; /* of each answer; thoughts are not kept */
    bool cached;
};

struct making {
    const struct profile *profile;
    const struct price *price;
    struct course courses[COST_CASES];
    uint64_t prompt; /* tokens that a turn adds to the conversation */
    double retries;  /* attempts for each first one, at most */
};

static double seconds(int64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

static uint64_t most_output(const struct session_plan *session, uint64_t usual)
{
    return session->max_output_tokens > 0 ? session->max_output_tokens : ASSUMED_MOST_TIMES * usual;
}

/* An answer of `times` the assumed length, cut to what it may be. */
static struct course course_of(const struct session_plan *session, double times, uint64_t reasoning)
{
    const bool audio = session->modality == MODALITY_AUDIO;
    const uint64_t speech = audio ? token_count_audio_out(ASSUMED_SPEECH_MS) : 0;
    const double wanted = times * (double)(ASSUMED_OUTPUT_TOKENS + speech);
    const double limit = session->max_output_tokens > 0 ? (double)session->max_output_tokens
                                                        : (double)TOKEN_COUNT_USUAL_OUTPUT;
    struct course course = {.cached = true, .reasoning = (uint64_t)fmin((double)reasoning, limit)};
    const double said = fmin(wanted, limit - (double)course.reasoning);
    course.audio_out = (uint64_t)(said * (double)speech / (double)(ASSUMED_OUTPUT_TOKENS + speech));
    course.text_out = (uint64_t)said - course.audio_out;
    return course;
}

static void make_courses(struct making *making, bool reasons)
{
    const struct session_plan *session = &making->profile->session;
    const bool audio = session->modality == MODALITY_AUDIO;
    const uint64_t usual =
        ASSUMED_OUTPUT_TOKENS + (audio ? token_count_audio_out(ASSUMED_SPEECH_MS) : 0);
    const double most = (double)most_output(session, usual) / (double)usual;
    making->courses[COST_LOW] = course_of(session, 0.5, 0);
    making->courses[COST_LIKELY] = course_of(session, 1, reasons ? ASSUMED_REASONING_TOKENS : 0);
    making->courses[COST_HIGH] =
        course_of(session, fmax(1, most), reasons ? ASSUMED_REASONING_TOKENS : 0);
    making->courses[COST_HIGH].cached = false;
}

struct expected_prompt expected_prompt_of(const struct session_plan *session)
{
    struct expected_prompt prompt = {.least = UINT64_MAX};
    double sum = 0;
    double weights = 0;
    for (size_t i = 0; i < session->prompt_count; i++) {
        const struct prompt *one = &session->prompts[i];
        const uint64_t tokens = token_count_text(one->length);
        sum += one->weight * (double)tokens;
        weights += one->weight;
        if (tokens < prompt.least) prompt.least = tokens;
        if (tokens > prompt.most) prompt.most = tokens;
    }
    prompt.mean = sum / weights;
    return prompt;
}

/* Asks and answers once; spoken: tokens of audio, besides. */
static struct usage take_turn(struct course *course, uint64_t prompt, uint64_t spoken,
                              size_t instructions)
{
    course->context.text += prompt;
    course->context.audio += spoken;
    const struct token_input input = token_context_read(&course->context, instructions);
    course->context.text += course->text_out;
    course->context.audio += course->audio_out;
    struct usage usage = {
        .present = true,
        .input = input.text + input.audio,
        .text_in = input.text,
        .audio_in = input.audio,
        .text_out = course->text_out + course->reasoning,
        .audio_out = course->audio_out,
        .reasoning = course->reasoning,
        .output = course->text_out + course->audio_out + course->reasoning,
    };
    if (course->cached) {
        usage.text_cached = input.text_cached;
        usage.audio_cached = input.audio_cached;
        usage.cached = input.text_cached + input.audio_cached;
    }
    return usage;
}

static void fill_turn(struct making *making, struct expected_turn *turn)
{
    const struct session_plan *session = &making->profile->session;
    const size_t instructions = session->instructions == NULL ? TOKEN_COUNT_DEFAULT_INSTRUCTIONS
                                                              : strlen(session->instructions);
    const int64_t speech_ns = session->audio.mean_ns;
    const uint64_t spoken = token_count_audio_in((uint64_t)(speech_ns / NS_PER_MS));
    const uint64_t prompt = speech_ns > 0 ? TOKEN_COUNT_ITEM : making->prompt;
    for (int i = 0; i < COST_CASES; i++) {
        const struct usage usage = take_turn(&making->courses[i], prompt, spoken, instructions);
        turn->usd[i] = cost_of(making->price, &usage);
        if (i != COST_LIKELY) continue;
        turn->tokens = (double)(usage.input + usage.output);
        turn->counted = (double)token_count_reserved(usage.input, session->max_output_tokens);
    }
    turn->usd[COST_HIGH] *= making->retries;
}

/* How long a session may get before it is replaced after its turn. */
static double most_age_s(const struct session_plan *session)
{
    const double wanted = seconds(session->max_age_ns);
    const double unused = fmin(seconds(session->before_expiry_ns), SESSION_MOST_S / 10);
    const double most = SESSION_MOST_S - unused;
    return wanted > 0 && wanted < most ? wanted : most;
}

/* Of a turn: who speaks says it first, and listens to the answer. */
static double attempt_s(const struct session_plan *session)
{
    const bool listens = session->audio.mean_ns > 0 && session->modality == MODALITY_AUDIO;
    return ASSUMED_ATTEMPT_SECONDS + seconds(session->audio.mean_ns) +
           (listens ? (double)ASSUMED_SPEECH_MS / 1000 : 0);
}

/* A new session. */
static void forget(struct making *making)
{
    const struct session_plan *session = &making->profile->session;
    const struct token_context empty = {
        .limit = session->history == HISTORY_TRUNCATE ? session->history_tokens : 0,
        .retain = session->history_retain};
    for (int i = 0; i < COST_CASES; i++) making->courses[i].context = empty;
}

/* Whether the session is replaced after this turn, by the size of its conversation. */
static bool has_grown(const struct session_plan *session, const struct expected_turn *turn)
{
    return session->history == HISTORY_ROTATE && turn->tokens >= (double)session->history_tokens;
}

/* Time of an open session is charged to its turns, each with the thinking before it. */
static void charge_time(struct expected_user *user, const struct price *price, double think_s,
                        double attempt_seconds)
{
    for (size_t i = 0; i < user->count; i++) {
        struct expected_turn *turn = &user->turns[i];
        const bool fresh = turn->connections > 0;
        const double open_s = attempt_seconds + (fresh ? 0 : think_s);
        const double usd = cost_of_time(price, (int64_t)(open_s * (double)NS_PER_S));
        for (int c = 0; c < COST_CASES; c++) turn->usd[c] += usd;
    }
}

static void walk(struct making *making, struct expected_user *user, double until_s)
{
    const struct session_plan *session = &making->profile->session;
    const double think_s = seconds(session->think_time_ns);
    double at_s = 0;
    double opened_s = 0;
    uint64_t turns = 0; /* of the session */
    while (user->count < session->interactions && (user->count == 0 || at_s < until_s)) {
        struct expected_turn *turn = &user->turns[user->count];
        const bool worn = (session->rotate_after > 0 && turns >= session->rotate_after) ||
                          at_s - opened_s >= most_age_s(session) ||
                          (turns > 0 && has_grown(session, turn - 1));
        *turn = (struct expected_turn){0};
        if (user->count == 0 || worn) {
            forget(making);
            turns = 0;
            opened_s = at_s;
            at_s += ASSUMED_DIAL_SECONDS;
            turn->connections = 1;
        }
        turn->at_s = at_s;
        fill_turn(making, turn);
        turns++;
        user->count++;
        user->stay_s = at_s + attempt_s(session);
        at_s = user->stay_s + think_s;
    }
    if (user->count < session->interactions) user->stay_s = at_s; /* and longer */
    charge_time(user, making->price, think_s, attempt_s(session));
}

bool expected_user_init(struct expected_user *user, const struct profile *profile,
                        const struct region *region, const struct terms *terms, double until_s)
{
    const struct session_plan *session = &profile->session;
    const double step_s = attempt_s(session) + seconds(session->think_time_ns);
    const double most = fmin((double)session->interactions, until_s / step_s + 2);
    const struct model_facts *facts = model_facts_find(region->model);
    const double cap = (double)profile->retry.attempts;
    struct making making = {
        .profile = profile,
        .price = terms->price_source == TERMS_UNKNOWN ? NULL : &terms->price,
        .prompt = TOKEN_COUNT_ITEM + (uint64_t)(expected_prompt_of(session).mean + 0.5),
        .retries = profile->retry.budget < 1 ? fmin(cap, 1 + profile->retry.budget) : cap,
    };
    *user = (struct expected_user){.turns = calloc((size_t)most + 1, sizeof *user->turns)};
    if (user->turns == NULL) return false;
    make_courses(&making, facts != NULL && facts->reasons && region->dialect != DIALECT_PREVIEW);
    walk(&making, user, until_s);
    return true;
}

void expected_user_free(struct expected_user *user)
{
    free(user->turns);
    *user = (struct expected_user){0};
}
