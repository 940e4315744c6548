/* What only whoever sends a package can know: marked in its letters, or filled in from a file. */
#ifndef RUSHHOUR_PACKAGE_BLANKS_H
#define RUSHHOUR_PACKAGE_BLANKS_H

#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>

#define FILL_IN "to fill in: ____________"

enum blank {
    BLANK_SUBSCRIPTION,
    BLANK_IMPACT,
    BLANK_RESOURCE,
    BLANK_MODEL_VERSION,
    BLANK_DEPLOYMENT_TYPE,
    BLANK_TIER,
    BLANK_CHANGES,
    BLANK_HEALTH,
    BLANK_HOSTS,
    BLANK_RPM_NOW,
    BLANK_RPM_REQUESTED,
    BLANK_TPM_NOW,
    BLANK_TPM_REQUESTED,
    BLANK_USE_CASE,
    BLANK_GROWTH,
    BLANK_OPTIMISED,
    BLANK_HISTORY,
    BLANK_COUNT
};

struct package;

/* By what a blank is called in the letters and in the file. */
const char *blank_name(enum blank blank);

/* What was filled in; free with blanks_free. */
struct blanks {
    char *values[BLANK_COUNT]; /* NULL: still to fill in */
};
void blanks_free(struct blanks *blanks);

/*
 * Reads the file of --fill: lines "NAME: VALUE" by blank_name (case does not matter), empty ones,
 * and those that begin with `#`. ERR_FORMAT names file and line of a name that is none, that comes
 * twice, or has no value.
 */
MUST_USE enum err_code blanks_read(const char *path, struct blanks *out, struct error *err);

/* Whether one of the package's letters asks for it. */
bool blank_is_asked(const struct package *package, enum blank blank);

/* Appends the value, or FILL_IN; plain text. */
void blank_put(const struct package *package, enum blank blank, struct text *out);

/* How many are asked for and not filled in; appends their names with this between them. */
size_t blanks_left(const struct package *package, const char *between, struct text *names);

#endif
