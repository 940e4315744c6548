/* What a quota request asks for: what a load that the user named takes, by a capacity search. */
#ifndef RUSHHOUR_PACKAGE_TARGET_H
#define RUSHHOUR_PACKAGE_TARGET_H

#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>

struct package;

enum target_measured { TARGET_NOT_MEASURED, TARGET_MEETS, TARGET_DOES_NOT };

/* Of one region; free with quota_target_free. Levels are sessions kept busy, or arrivals a
 * minute. */
struct quota_target {
    bool known; /* otherwise no search was given */
    bool sessions;
    double level, rpm, tpm;        /* what the load takes, as the service counts them */
    enum target_measured measured; /* whether the level itself was proven to be carried, or not */
    double low, high, confidence;  /* the bracket that was proven; 0: no such end */
    char *objectives, *limited_by; /* "a and b"; "none" */
};
void quota_target_free(struct quota_target *target);

/*
 * Reads the target of the package's focus from the file of --capacity, and fills RPM and TPM
 * requested with it unless they are filled already. ERR_FORMAT: it is no result of `rushhour
 * capacity`; ERR_USAGE: it has no target, not this region, or it was simulated and the run was not
 * (or the other way round).
 */
MUST_USE enum err_code quota_target_read(struct package *package, struct error *err);

/* Appends the paragraph on what is asked for; nothing without a target. */
void quota_target_letter(const struct package *package, struct text *out);

#endif
