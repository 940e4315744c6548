/* Several runs in one package. */
#ifndef RUSHHOUR_PACKAGE_MERGED_H
#define RUSHHOUR_PACKAGE_MERGED_H

#include "base/text.h"
#include "package/package.h"

/*
 * Merges the runs of a request (record/merge.h) into a new folder beside its output, which the
 * caller removes (folder_remove); `notes` gets what was lost. On failure `folder` is "" and nothing
 * is left.
 */
MUST_USE enum err_code package_merge(const struct package_request *request, struct text *folder,
                                     struct text *notes, struct error *err);

#endif
