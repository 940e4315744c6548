/* Writes a run folder, appending and flushing as the run goes, so that a kill loses at most the
 * current interval. A disk that fails for a while costs nothing (record/run_store.h). */
#ifndef RUSHHOUR_RECORD_RUN_WRITER_H
#define RUSHHOUR_RECORD_RUN_WRITER_H

#include "base/error.h"
#include "base/text.h"
#include "profile/profile.h"
#include "record/cell.h"
#include "record/health.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct run_writer;

struct run_writer_plan {
    const char *path; /* of the folder */
    const struct profile *profile;
    int64_t start_utc_ns;  /* by the run's own clock */
    const cJSON *manifest; /* written first, so that a kill at any moment leaves a run folder; NULL:
                              it comes later */
    const char *spill;     /* this and the rest: see struct run_store_plan */
    size_t held_most;
    bool share, must_be_new;
};

/* Makes the folder (which must not exist yet or be empty) with run.json and the headers of all
 * files. On failure nothing is left behind. ERR_IO names the path; errno is EEXIST if the name is
 * taken and must_be_new. */
MUST_USE enum err_code run_writer_open(const struct run_writer_plan *plan, struct run_writer **out,
                                       struct error *err);

/*
 * Appends rows to attempts.csv (unless the profile's record.attempts is false) or lines to
 * failures.jsonl and hands them to the kernel, or keeps them until it takes them. ERR_IO names the
 * file and the reason (a full disk) when too much is kept: the load must end; every later call
 * returns that error, and its lines are kept all the same.
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

/* Replaces run.json atomically; called at the start (state "running") and at the end, also after
 * another file has failed, so that the folder can say how the run ended. */
MUST_USE enum err_code run_writer_manifest(struct run_writer *writer, const cJSON *manifest,
                                           struct error *err);

/* Appends what people should know about the folder now; true if there is something. */
bool run_writer_news(struct run_writer *writer, struct text *out);

/* Tries to write what is kept; true if nothing is. */
bool run_writer_settle(struct run_writer *writer);

/* Writes and syncs all that can be, after the last interval and before the last manifest, which has
 * to say what the error says: what is missing, or may not be on the disk. */
MUST_USE enum err_code run_writer_end(struct run_writer *writer, struct error *err);

/* Where the folder is now: it may have been renamed, or the run have moved. Valid until the next
 * call. */
const char *run_writer_path(struct run_writer *writer);

/* run_writer_end, if that has not been called; closes the files and frees the writer in any
 * case. */
MUST_USE enum err_code run_writer_close(struct run_writer *writer, struct error *err);

#endif
