/* The evidence package: a folder and a .tar.gz that can be attached to a support ticket as they
 * are. */
#ifndef RUSHHOUR_PACKAGE_PACKAGE_H
#define RUSHHOUR_PACKAGE_PACKAGE_H

#include "base/error.h"
#include "base/text.h"
#include "base/window.h"

#include <stdbool.h>
#include <stddef.h>

struct package_request {
    const char *folder;         /* of the run */
    const char *const *regions; /* what the evidence is about; none: the region with the highest
                                   failure rate */
    size_t region_count;
    const struct window *window; /* NULL: the whole run. A width groups; a time of day also limits
                                    the evidence */
    const char *output;          /* the package's folder, which must not exist yet, nor
                               <output>.tar.gz */
    const char *check_file;      /* what `rushhour check --json` printed, or NULL */
    const char *service_health, *azure_metrics; /* what az printed, or NULL */
};

/* What was made. Zero-initialise to start; package_made_free frees it. */
struct package_made {
    struct text json;    /* the facts of the package as one JSON object */
    struct text summary; /* the same for people: a few lines */
};
void package_made_free(struct package_made *made);

/*
 * Makes the package whole or not at all: everything is written beside its place, looked through for
 * keys, tokens and content, summed, archived, and only then moved there. ERR_FORMAT names the file,
 * line and shape of what must not be handed out, never its value. Existing folders and archives are
 * never touched (ERR_IO).
 */
MUST_USE enum err_code package_make(const struct package_request *request,
                                    struct package_made *made, struct error *err);

#endif
