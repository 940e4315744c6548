/* What every run folder gets once its figures are known: run.json with totals, and the two
 * pages. */
#ifndef RUSHHOUR_RUN_PAGES_H
#define RUSHHOUR_RUN_PAGES_H

#include "base/error.h"
#include "base/text.h"
#include "figures/results.h"

#include <cjson/cJSON.h>

/* Replaces one file of a run folder, or makes it for those who may read its run.json. A link or
 * device of that name is an error: nobody's file elsewhere is written. */
MUST_USE enum err_code pages_put(const char *folder, const char *name, const struct text *content,
                                 struct error *err);

/* Writes report.md and report.html into the folder. ERR_IO names the file. */
MUST_USE enum err_code pages_write(const char *folder, const struct results *results,
                                   struct error *err);

/* Adds totals and verdicts to the manifest and writes it as run.json; `json` gets its text. */
MUST_USE enum err_code pages_write_manifest(const char *folder, const struct results *results,
                                            cJSON *manifest, struct text *json, struct error *err);

#endif
