/* The command line of `run`, as given, and its meaning. `plan` shares some of it. */
#ifndef RUSHHOUR_CLI_RUN_FLAGS_H
#define RUSHHOUR_CLI_RUN_FLAGS_H

#include "cli/options.h"
#include "run/notify.h"
#include "run/options.h"

#include <stdbool.h>

struct run_flags {
    const char *output, *duration, *sessions, *rate, *seed, *workers, *inconclusive, *shard,
        *start_at, *evidence_limit, *metrics, *grace, *spill, *hold, *notify;
    struct option_list regions, connect_to;
    bool simulate, share, dry_run, yes, full, json, quiet, no_color;
};

#define CONNECT_TO_MOST 64

/* The parsed flags. */
struct run_request {
    struct run_options options; /* for the run: borrows from this struct and from the flags */
    struct connect_override connect_overrides[CONNECT_TO_MOST];
    struct notify_target receiver; /* its host is NULL without --notify */
    int inconclusive; /* the exit status if samples are too few: 3, or 0 or 99 if requested */
};

/* Parses the flags into numbers; the screen is left to the caller. ERR_USAGE names the flag and
 * quotes its value. Call run_request_free in any case. */
MUST_USE enum err_code run_request_read(const struct run_flags *flags, struct run_request *out,
                                        struct error *err);
void run_request_free(struct run_request *request);

/* The value of --seed (NULL: not given), which `simulate` takes too. ERR_USAGE as above. */
MUST_USE enum err_code seed_read(const char *value, struct run_number *out, struct error *err);

/* The value of --inconclusive (NULL: not given) as the exit status for too few samples: 3, or 0 or
 * 99 if requested. ERR_USAGE as above. */
MUST_USE enum err_code inconclusive_read(const char *value, int *out, struct error *err);

#endif
