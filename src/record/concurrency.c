#include "record/concurrency.h"

#include "base/clock.h"

#include <math.h>

const char *level_name(enum level level)
{
    return level == LEVEL_OPEN ? "sessions_open" : "in_flight";
}

double concurrency_mean(const struct concurrency *concurrency, enum level level)
{
    if (!concurrency_known(concurrency)) return NAN;
    return concurrency->of[level].sum_s * (double)NS_PER_S / (double)concurrency->known_ns;
}

void concurrency_follow(struct concurrency *into, const struct concurrency *from)
{
    into->known_ns += from->known_ns;
    for (int i = 0; i < LEVEL_COUNT; i++) {
        into->of[i].sum_s += from->of[i].sum_s;
        if (from->of[i].peak > into->of[i].peak) into->of[i].peak = from->of[i].peak;
    }
}

void concurrency_beside(struct concurrency *into, const struct concurrency *from)
{
    if (!concurrency_known(into) || !concurrency_known(from)) {
        *into = (struct concurrency){0};
        return;
    }
    if (from->known_ns > into->known_ns) into->known_ns = from->known_ns;
    for (int i = 0; i < LEVEL_COUNT; i++) {
        into->of[i].sum_s += from->of[i].sum_s;
        into->of[i].peak += from->of[i].peak;
    }
}

struct concurrency concurrency_part(const struct concurrency *whole, double share)
{
    struct concurrency part = *whole;
    part.known_ns = (int64_t)round(share * (double)whole->known_ns);
    for (int i = 0; i < LEVEL_COUNT; i++) part.of[i].sum_s *= share;
    return part;
}
