#include "record/holds.h"

#include <stdlib.h>

const char *hold_cause_words(enum hold_cause cause)
{
    static const char *const words[HOLD_CAUSE_COUNT] = {
        [HOLD_HINT] = "the service asked to wait",
        [HOLD_REPEATED] = "it failed again and again in a way that no retry mends",
        [HOLD_BREAKER] = "its breaker was open: too many attempts failed or were slow",
        [HOLD_HOPELESS] = "nothing but config and auth failures came: its load was ended",
        [HOLD_PACE] = "more was due than load.pace_to_quota lets be asked of its quota",
        [HOLD_BUDGET] = "the budget had room for fewer turns at once than were due",
    };
    return words[cause];
}

static bool touches(const struct hold_span *a, const struct hold_span *b)
{
    return a->region == b->region && a->from_utc_ns <= b->until_utc_ns &&
           b->from_utc_ns <= a->until_utc_ns;
}

/* The earlier hold names the cause, unless the load was ended. */
static void join(struct hold_span *into, const struct hold_span *from)
{
    const bool earlier = from->from_utc_ns < into->from_utc_ns;
    if (earlier) into->code = from->code;
    if (into->cause != HOLD_HOPELESS && (earlier || from->cause == HOLD_HOPELESS))
        into->cause = from->cause;
    if (earlier) into->from_utc_ns = from->from_utc_ns;
    if (from->until_utc_ns > into->until_utc_ns) into->until_utc_ns = from->until_utc_ns;
}

static bool reserve(struct holds *holds)
{
    if (holds->count < holds->capacity) return true;
    size_t capacity = holds->capacity == 0 ? 16 : holds->capacity * 2;
    struct hold_span *spans = realloc(holds->spans, capacity * sizeof *spans);
    if (spans == NULL) return false;
    holds->spans = spans;
    holds->capacity = capacity;
    return true;
}

bool holds_add(struct holds *holds, const struct hold_span *span)
{
    struct hold_span whole = *span;
    size_t kept = 0;
    for (size_t i = 0; i < holds->count; i++) {
        if (touches(&holds->spans[i], &whole)) {
            join(&whole, &holds->spans[i]);
        } else {
            holds->spans[kept++] = holds->spans[i];
        }
    }
    holds->count = kept;
    if (holds->count == HOLDS_LISTED) {
        holds->left_out++;
        return true;
    }
    if (!reserve(holds)) return false;
    holds->spans[holds->count++] = whole;
    return true;
}

void holds_free(struct holds *holds)
{
    free(holds->spans);
    *holds = (struct holds){0};
}
