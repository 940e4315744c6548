/* Writes a run folder: appended and flushed as the run goes, so that a kill loses the interval under way and no more. */
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
 * Makes the folder `folder` (which must not exist yet or be empty) with headers of all files. On failure nothing is left
 * behind. ERR_IO names the path. `start_utc_ns` is the run's own time.
 */
MUST_USE enum err_code run_writer_open(const char *folder, const struct profile *profile, int64_t start_utc_ns,
                                       struct run_writer **out, struct error *err);

/* Appends rows of attempts.csv and lines of failures.jsonl and flushes them to the kernel. */
MUST_USE enum err_code run_writer_attempts(struct run_writer *writer, const struct text *rows, struct error *err);
MUST_USE enum err_code run_writer_failures(struct run_writer *writer, const struct text *lines, struct error *err);

/* Appends one interval: a row of intervals.csv and the lines of latency.hlog for each region (cells[region_count]). */
MUST_USE enum err_code run_writer_interval(struct run_writer *writer, int64_t start_utc_ns, int64_t end_utc_ns,
                                           const struct cell *cells, const struct health *health, struct error *err);

/* Replaces run.json whole (atomically). Called at the start (state "running") and at the end. */
MUST_USE enum err_code run_writer_manifest(struct run_writer *writer, const cJSON *manifest, struct error *err);

/* Syncs and closes the files; the first failure is reported. The writer is gone afterwards in any case. */
MUST_USE enum err_code run_writer_close(struct run_writer *writer, struct error *err);

#endif
