/* The live view of a run: redrawn in place on a terminal, one plain line every ten seconds
 * elsewhere. */
#ifndef RUSHHOUR_WATCH_LIVE_H
#define RUSHHOUR_WATCH_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct live_region {
    const char *name;
    uint64_t sessions_open, attempts_ended, attempts_failed, attempts_in_flight;
    double attempts_per_s;            /* over the last seconds */
    int64_t ttft_p50_us, ttft_p99_us; /* of the run so far; -1: none yet */
    double cost_usd;
    const char *top_failure; /* the most frequent code so far, "" for none */
};

struct live_state {
    const char *profile;
    const char *phase;            /* "running", "draining", "stopping" */
    int64_t elapsed_ns, total_ns; /* of the run's own clock */
    double clock_speed;
    int64_t eta_ns; /* real time to the end of the load */
    const struct live_region *regions;
    size_t region_count;
    bool trustworthy;
    const char *why;  /* when not trustworthy */
    const char *rule; /* how the profile's abort rule stands, in words; NULL or "": there is none */
};

struct live_view; /* remembers what was drawn */

/* out is usually stderr. Redraws in place only when it is a terminal (and not TERM=dumb); colour
 * only when asked for too. */
struct live_view *live_new(FILE *out, bool colour, bool quiet);
void live_draw(struct live_view *view, const struct live_state *state);
/* A line of its own, for good: on a terminal it stands where the last picture stood, and the next
 * one below it. */
void live_note(struct live_view *view, const char *line);
/* Leaves the last picture standing and frees the view. */
void live_free(struct live_view *view);

#endif
