#include "engine/fruitless.h"

#include "profile/environment.h"
#include "realtime/failure.h"

#include <inttypes.h>

/* Attempts that ended by themselves: ok, failed, or failed on our own side. */
static uint64_t ended(const struct cell *totals)
{
    const struct counters *c = &totals->counters;
    return c->attempts_ok + c->attempts_failed + c->own_failures;
}

bool fruitless_region(const struct cell *totals)
{
    return totals->counters.attempts_ok == 0 && ended(totals) > 0;
}

bool fruitless_by_config(const struct cell *totals)
{
    if (!fruitless_region(totals)) return false;
    for (size_t i = 0; i < totals->tally_count; i++) {
        enum domain domain = totals->tallies[i].domain;
        if (domain != DOMAIN_CONFIG && domain != DOMAIN_AUTH && domain != DOMAIN_NONE) return false;
    }
    return true;
}

bool fruitless_over(const struct cell *totals)
{
    const bool enough =
        ended(totals) >= FRUITLESS_ATTEMPTS || totals->counters.hold_probes >= FRUITLESS_PROBES;
    return enough && fruitless_by_config(totals);
}

bool fruitless_run(const struct cell *totals, size_t region_count)
{
    for (size_t i = 0; i < region_count; i++) {
        if (!fruitless_over(&totals[i])) return false;
    }
    return region_count > 0;
}

/* The most frequent failure code; NULL if none was recorded. */
static const struct tally *commonest(const struct cell *totals)
{
    const struct tally *most = NULL;
    for (size_t i = 0; i < totals->tally_count; i++) {
        const struct tally *tally = &totals->tallies[i];
        if (tally->domain == DOMAIN_NONE) continue;
        if (most == NULL || tally->count > most->count) most = tally;
    }
    return most;
}

const char *fruitless_code(const struct cell *totals)
{
    const struct tally *most = commonest(totals);
    const struct failure_class *class = most == NULL ? NULL : failure_class_of(most->code);
    return class == NULL ? "" : class->code;
}

/* Where nothing was reached, a proxy that most clients would have taken may be the way. */
static void add_unused_proxy(const struct region *region, const struct tally *most,
                             struct text *out)
{
    const struct failure_class *failure = most == NULL ? NULL : failure_class_of(most->code);
    const char *name = environment_unused_proxy(region);
    if (failure == NULL || failure->phase > PHASE_CONNECT || name == NULL) return;
    text_puts(out, "; ");
    environment_unused_words(name, out);
}

void fruitless_words(const struct region *region, const struct cell *totals,
                     const char *profile_file, enum fruitless_way way, enum fruitless_moment moment,
                     struct text *out)
{
    const struct tally *most = commonest(totals);
    const uint64_t failed = totals->counters.attempts_failed;
    const uint64_t own = totals->counters.own_failures;
    text_printf(out, "region %s: ", region->name);
    if (failed > 0 || own == 0)
        text_printf(out, "none of %s%" PRIu64 " attempts was answered",
                    moment == FRUITLESS_SO_FAR ? "the first " : "", failed);
    if (own > 0)
        text_printf(out, "%s%" PRIu64 "%s failed on our own side", failed > 0 ? ", and " : "", own,
                    failed > 0 ? " more" : " attempts");
    if (most != NULL) text_printf(out, " (%s %" PRIu64 ")", most->code, most->count);
    text_printf(out, "; `rushhour check %s%s` finds the cause", profile_file,
                way == FRUITLESS_SIMULATED ? " --simulate" : "");
    if (way == FRUITLESS_DIRECT) add_unused_proxy(region, most, out);
}
