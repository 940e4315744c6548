/* The options of a run besides its profile, parsed into numbers. */
#ifndef RUSHHOUR_RUN_OPTIONS_H
#define RUSHHOUR_RUN_OPTIONS_H

#include "base/clock.h"
#include "engine/shard.h"
#include "net/connect_override.h"
#include "profile/profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A steady load per region instead of the profile's stages. */
struct steady_load {
    bool asked;
    enum load_model model;
    double target; /* sessions to keep busy, or arrivals per second */
};

/* An integer that may be left to the profile. */
struct run_number {
    bool given;
    uint64_t value;
};

/* Where the figures of a run in progress are served. */
struct metrics_address {
    bool asked;
    char address[64]; /* numeric, without brackets */
    uint16_t port;    /* 0: any free one */
};

/* Where a run reports to people. */
struct run_screen {
    FILE *out; /* usually stderr */
    bool colour, quiet;
};

/* All zero: the whole profile unchanged, against the real service. Everything is borrowed until
 * run_free. */
struct run_options {
    const char *const *regions; /* only these of the profile; region_count 0: all */
    size_t region_count;
    struct steady_load load;
    int64_t duration_ns;    /* cuts the load, or holds its last stage until then; 0: as in the
                               profile */
    struct run_number seed; /* 0: chosen at random */
    unsigned workers;       /* 1 to RUN_WORKERS_MOST; 0: one per core, or one less if there are
                               more than two */
    struct run_number evidence_limit;
    struct shard shard;         /* all zero: the whole */
    struct run_number drain_ns; /* instead of the profile's load.drain */
    int64_t start_at_ns;        /* real time, since 1970 UTC; 0: as soon as everything is ready */
    const struct connect_override *connect_overrides;
    size_t connect_override_count;
    const char *folder; /* the run folder to create; NULL: results/<time>-<profile> */
    const char *spill;  /* where to go on when that folder cannot be written; NULL: nowhere */
    uint64_t hold_most; /* bytes kept in memory meanwhile; 0: HELD_MOST_DEFAULT */
    struct metrics_address metrics;
    bool share;               /* others may read the folder */
    bool simulate;            /* the built-in simulator replaces every region */
    bool dry_run;             /* nothing will be sent */
    bool may_spend;           /* spend money although nothing limits it */
    struct run_screen screen; /* may be omitted with dry_run */
};

#define RUN_WORKERS_MOST 256

/* The largest seed: up to here, every JSON reader keeps integers exactly. */
#define RUN_SEED_MOST UINT64_C(0x1FFFFFFFFFFFFF)

/* Reads "9464", ":9464", "ADDR:9464" or "[V6]:9464"; loopback if there is no address. ERR_USAGE
 * says what to write. */
MUST_USE enum err_code metrics_address_read(const char *string, struct metrics_address *out,
                                            struct error *err);

#endif
