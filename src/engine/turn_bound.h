/*
 * What one turn can cost at most: what it takes out of the budget before it is sent. Pure, but for
 * what the workers have heard of a region's answers, which they share as maxima.
 *
 * Input: the conversation so far as the service told it, and the prompt, of which each byte may be
 * a token. Output: session.max_output_tokens. Without that nobody can know: until so many answers
 * of the region have been heard it is the models' own limit, then twice the longest. The time for
 * which a session is charged by the minute is bounded by its timeouts, and likewise by what was
 * heard.
 */
#ifndef RUSHHOUR_ENGINE_TURN_BOUND_H
#define RUSHHOUR_ENGINE_TURN_BOUND_H

#include "engine/purse.h"
#include "profile/profile.h"
#include "realtime/event.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* So many answers are enough to go by; and so many times the longest are reserved. */
#define TURN_HEARD_ENOUGH 10
#define TURN_HEARD_TIMES 2

/* What was heard of one region's answers so far, by all workers. Zero-initialise. */
struct turn_heard {
    atomic_ullong answers;     /* complete ones */
    atomic_ullong first_input; /* the most that the first turn of a session took in */
    atomic_ullong output;      /* of the longest answer */
    atomic_ullong longest_ns;  /* by the run's own clock */
};

/* A turn about to be sent. */
struct turn_asked {
    size_t prompt_bytes;
    uint64_t spoken;                 /* tokens of audio instead of a prompt */
    bool in_session;                 /* of which one turn at least was told */
    uint64_t context, context_audio; /* tokens of its conversation so far, and the part in audio */
};

/* A turn of a new session with this prompt, or with the longest utterance where users speak. */
struct turn_asked turn_asked_for(const struct session_plan *session, const char *prompt);

struct turn_bound {
    uint64_t input, output;
    double usd; /* by the profile's prices; 0 without them */
};

/* USD for the time that an open session is paid for ahead, by a price (NULL: none): until the
 * end of the budget is seen, and until it is closed. speed: of the run's clock. */
double turn_ahead_usd(const struct price *price, double speed);

/* `most` is what is reserved; `least` is lower where `most` is only a guess (engine/purse.h). */
struct turn_bounds {
    struct turn_bound most, least;
};

/* heard: NULL for nothing yet. */
struct turn_bounds turn_bounds_of(const struct profile *profile, const struct region *region,
                                  const struct turn_heard *heard, const struct turn_asked *asked);

/* What a budget needs to have for the first turn of a run, with the longest of the prompts and the
 * time that its session is paid for ahead; `least` as in turn_bounds. */
struct turn_room {
    uint64_t most_tokens, least_tokens;
    double most_usd, least_usd; /* by the profile's prices; 0 without them */
};
struct turn_room turn_room_of(const struct profile *profile, const struct region *region);

struct purse_wish turn_bounds_wish(const struct turn_bounds *bounds);

/* A turn has ended after so long. complete: its answer was; first: it was its session's first. */
void turn_heard_add(struct turn_heard *heard, const struct usage *usage, bool complete, bool first,
                    int64_t ns);

#endif
