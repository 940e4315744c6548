/* The evidence package: a folder and a .tar.gz, ready to be attached to a support ticket. */
#ifndef RUSHHOUR_PACKAGE_PACKAGE_H
#define RUSHHOUR_PACKAGE_PACKAGE_H

#include "base/error.h"
#include "base/text.h"
#include "base/window.h"
#include "figures/azure.h"

#include <stdbool.h>
#include <stddef.h>

struct package_request {
    const char *const *runs;    /* their folders; several of one profile are merged first */
    size_t run_count;           /* at least 1 */
    const char *folder;         /* of the one run, or of the merged one: package_make sets it */
    const char *const *regions; /* what the evidence is about; none: the region with the highest
                                   failure rate */
    size_t region_count;
    const struct window *window; /* NULL: the whole run. A width groups; a time of day also
                                    restricts the evidence */
    const char *output;          /* the package's folder, which must not exist yet, nor
                               <output>.tar.gz */
    const char *check_file;      /* the output of `rushhour check --json`, or NULL */
    const char *fill_file;       /* what the blanks are filled in with (blanks.h), or NULL */
    const char *capacity_file;   /* capacity.json of a search with a target, which fills the quota
                                    request, or NULL */
    struct azure_files azure;    /* the output of az, if any */
};

/* The result. Zero-initialise; free with package_made_free. */
struct package_made {
    struct text json;    /* the facts of the package as one JSON object */
    struct text summary; /* a short summary for people */
};
void package_made_free(struct package_made *made);

/*
 * Makes the package entirely or not at all: everything is written next to its destination, scanned
 * for keys, tokens and content, summed, archived, and only then moved there. ERR_FORMAT names the
 * file, the line and the kind of what must not be handed out, never its value. Existing folders and
 * archives are never touched (ERR_IO).
 */
MUST_USE enum err_code package_make(const struct package_request *request,
                                    struct package_made *made, struct error *err);

#endif
