/* Writes a run folder: appended and flushed as the run goes, so that a kill loses the interval
 * under way and no more. */
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

/*
 * Makes the folder `folder` (which must not exist yet or be empty) with headers of all files. On
 * failure nothing is left behind. ERR_IO names the path. `start_utc_ns` is the run's own time.
 */
MUST_USE enum err_code run_writer_open(const char *folder, const struct profile *profile,
                                       int64_t start_utc_ns, struct run_writer **out,
                                       struct error *err);

/*
 * Appends rows of attempts.csv (nothing happens when the profile's record.attempts is false) and
 * lines of failures.jsonl and hands them to the kernel. ERR_IO names the file and the reason (a
 * full disk); from then on every call returns that error again and writes no more, so that a file
 * is torn at its end at most.
 */
MUST_USE enum err_code run_writer_attempts(struct run_writer *writer, const struct text *rows,
                                           struct error *err);
MUST_USE enum err_code run_writer_failures(struct run_writer *writer, const struct text *lines,
                                           struct error *err);

/*
 * Appends one interval: a row of intervals.csv and the lines of latency.hlog for each region
 * (cells[region_count]). Start and end are cut to whole milliseconds, in both files alike.
 */
MUST_USE enum err_code run_writer_interval(struct run_writer *writer, int64_t start_utc_ns,
                                           int64_t end_utc_ns, const struct cell *cells,
                                           const struct health *health, struct error *err);

/*
 * Replaces run.json whole (atomically). Called at the start (state "running") and at the end. After
 * a failure of another file it is still tried, so that the folder can say how the run ended; the
 * earlier error is returned all the same.
 */
MUST_USE enum err_code run_writer_manifest(struct run_writer *writer, const cJSON *manifest,
                                           struct error *err);

/* Syncs and closes the files; the first failure is reported. The writer is gone afterwards in any
 * case. */
MUST_USE enum err_code run_writer_close(struct run_writer *writer, struct error *err);

#endif
