/*
 * Recovery: what a service does since a time against what it did before its incident
 * (stats/recovery.h), region by region, from one run folder or several; and beside it the same
 * minutes of another path, which worked.
 */
#ifndef RUSHHOUR_COMPARE_RECOVER_H
#define RUSHHOUR_COMPARE_RECOVER_H

#include "base/error.h"
#include "base/text.h"
#include "base/window.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recovered; /* opaque to callers outside compare/ */

struct recover_request {
    const char *const *folders; /* of the runs, in any order; they may not overlap in time */
    size_t folder_count;
    const char *baseline;                /* folder of a run before the incident, or NULL */
    const struct window *baseline_hours; /* instead: these hours of the runs before `since`, or
                                            NULL */
    const char *beside;                  /* folder of a run on a path that worked, or NULL */
    const char *const *regions;          /* only these; none: all */
    size_t region_count;
    int64_t since_ns; /* UTC */
    bool has_began;
    int64_t began_ns; /* when the incident began, UTC; else it is looked for */
    double margin;    /* so much more than the baseline counts as the same: 0.005 is half a point */
    double confidence; /* 0.95 */
};

enum recover_verdict {
    RECOVER_RECOVERED,
    RECOVER_NOT_YET,
    RECOVER_RELAPSED,
    RECOVER_TOO_EARLY,
    RECOVER_INVALID /* most of the time since does not count: the load generator was not healthy */
};
const char *recover_verdict_name(enum recover_verdict verdict);

/*
 * Reads the folders and judges them; free *out with recover_free. ERR_USAGE: an unknown region,
 * runs that overlap, nothing before `since`, or no incident before it. ERR_IO and ERR_FORMAT name
 * the folder's file.
 */
MUST_USE enum err_code recover_make(const struct recover_request *request, struct recovered **out,
                                    struct error *err);
void recover_free(struct recovered *recovered);

/* Of the regions that were struck: relapsed if any has, else not yet, too early, recovered. */
enum recover_verdict recover_verdict_of(const struct recovered *recovered);

/* Each appends one form; the note for a change ticket is part of all. */
void recover_text(const struct recovered *recovered, bool colour, struct text *out);
void recover_markdown(const struct recovered *recovered, struct text *out);
void recover_json(const struct recovered *recovered, struct text *out);

#endif
