/* Writes a run folder, appending and flushing as the run goes, so that a kill loses at most the
 * current interval. */
#ifndef RUSHHOUR_RECORD_RUN_WRITER_H
#define RUSHHOUR_RECORD_RUN_WRITER_H

#include "base/error.h"
#include "base/text.h"
#include "profile/profile.h"
#include "record/cell.h"
#include "record/health.h"

#include <cjson/cJSON.h>
#include <stdint.h>

struct run_writer;

/* Makes `folder` (which must not exist yet or be empty) with the headers of all files. On failure
 * nothing is left behind. ERR_IO names the path. `start_utc_ns` is by the run's own clock. */
MUST_USE enum err_code run_writer_open(const char *folder, const struct profile *profile,
                                       int64_t start_utc_ns, struct run_writer **out,
                                       struct error *err);

/*
 * Appends rows to attempts.csv (unless the profile's record.attempts is false) or lines to
 * failures.jsonl and hands them to the kernel. ERR_IO names the file and the reason (a full disk);
 * from then on every call returns that error and writes nothing, so that at most the end of a file
 * is torn.
 */
MUST_USE enum err_code run_writer_attempts(struct run_writer *writer, const struct text *rows,
                                           struct error *err);
MUST_USE enum err_code run_writer_failures(struct run_writer *writer, const struct text *lines,
                                           struct error *err);

/* Appends one interval: for each region (cells[region_count]) a row of intervals.csv and the lines
 * of latency.hlog. Start and end are truncated to whole milliseconds, in both files alike. */
MUST_USE enum err_code run_writer_interval(struct run_writer *writer, int64_t start_utc_ns,
                                           int64_t end_utc_ns, const struct cell *cells,
                                           const struct health *health, struct error *err);

/*
 * Replaces run.json atomically; called at the start (state "running") and at the end. It is still
 * attempted after another file has failed, so that the folder can say how the run ended; the
 * earlier error is returned all the same.
 */
MUST_USE enum err_code run_writer_manifest(struct run_writer *writer, const cJSON *manifest,
                                           struct error *err);

/* Syncs and closes the files and frees the writer in any case; the first failure is reported. */
MUST_USE enum err_code run_writer_close(struct run_writer *writer, struct error *err);

#endif
