/* A capacity search, as its parts share it: the plan (capacity.c), its memory (capacity_steps.c),
 * its drive (capacity_drive.c). */
#ifndef RUSHHOUR_RUN_CAPACITY_PRIVATE_H
#define RUSHHOUR_RUN_CAPACITY_PRIVATE_H

#include "run/capacity.h"

/* A level that has been driven: its run folder, and what of it counts. */
struct capacity_step {
    const char *region, *folder; /* the folder's name within that of the search */
    double level;
    int64_t settle_ns; /* left out at both ends */
    int64_t length_ns;
};

/* capacity.c: whether an objective concerns a region. */
bool capacity_asks(const struct capacity_objective *objective, const char *region);

/* capacity.c: the profile as it is driven at a level: one region, a steady load, no retries, no
 * thresholds. The caller owns *out. */
MUST_USE enum err_code capacity_profile(const struct capacity *capacity, const char *region,
                                        double level, int64_t duration_ns, struct profile **out,
                                        struct error *err);

/* capacity.c: how much of the start and of the end of a level does not count, by the run's clock:
 * there the load is not the level's for the whole of a session, or of a slice of a quota. */
int64_t capacity_settle_ns(const struct capacity *capacity, const struct capacity_region *region);

/* capacity_steps.c: what an earlier search left (--resume), or nothing. ERR_USAGE if it was asked
 * something else. */
MUST_USE enum err_code capacity_steps_open(struct capacity *capacity, struct error *err);

/* The next step of an earlier search that is not read yet; false if there is none. */
bool capacity_steps_next(struct capacity *capacity, struct capacity_step *out);

/* Keeps a step, which counts as read, and writes capacity.json. */
MUST_USE enum err_code capacity_steps_add(struct capacity *capacity,
                                          const struct capacity_step *step, struct error *err);

/* Writes capacity.json as it is now. */
MUST_USE enum err_code capacity_steps_write(const struct capacity *capacity, struct error *err);

/* capacity_target.c: appends what the target takes of each region's quota; nothing without one. */
void capacity_target_text(const struct capacity *capacity, struct text *out);
void capacity_target_json(const struct capacity *capacity, cJSON *root);

/* capacity_show.c: the result as JSON; NULL without memory. The caller owns it. */
cJSON *capacity_result(const struct capacity *capacity);

#endif
