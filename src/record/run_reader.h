/* Streams a run folder, including one whose run was killed: torn parts are dropped and reported. */
#ifndef RUSHHOUR_RECORD_RUN_READER_H
#define RUSHHOUR_RECORD_RUN_READER_H

#include "base/error.h"
#include "base/text.h"
#include "record/attempt.h"
#include "record/cell.h"
#include "record/health.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct run_reader;

/* Opens a folder and reads run.json (a missing or torn one is ERR_FORMAT with the reason). The
 * caller frees it with run_reader_close. */
MUST_USE enum err_code run_reader_open(const char *folder, struct run_reader **out,
                                       struct error *err);
void run_reader_close(struct run_reader *reader);

/* The parsed manifest; borrowed. */
const cJSON *run_reader_manifest(const struct run_reader *reader);
size_t run_reader_region_count(const struct run_reader *reader);
const char *run_reader_region(const struct run_reader *reader, size_t index);

/* One interval of one region from intervals.csv; the cell's tallies are empty and its histograms
 * NULL. */
typedef void interval_visitor(void *context, size_t region, int64_t start_utc_ns,
                              int64_t end_utc_ns, const struct cell *cell,
                              const struct health *health);
/* One histogram of latency.hlog; valid until the visitor returns. */
typedef void latency_visitor(void *context, size_t region, enum metric metric, int64_t start_utc_ns,
                             int64_t end_utc_ns, const struct histogram *histogram);
/* One failure of failures.jsonl: its class and when it was observed. */
typedef void failure_visitor(void *context, size_t region, int64_t utc_ns,
                             const struct tally *failure);
/* One attempt of attempts.csv. */
typedef void attempt_visitor(void *context, size_t region, const struct attempt_row *row);

/* Each walks its file in order; intervals come by time. A torn last line is dropped; a malformed
 * line, one with numbers that cannot be, and one that was there before are skipped:
 * run_reader_notes reports all. Beyond CODE_NAMES_MOST (code_names.h), codes are CODE_NAMES_REST. A
 * missing attempts.csv gives ERR_OK and no visit. */
MUST_USE enum err_code run_reader_intervals(struct run_reader *reader, interval_visitor *visit,
                                            void *context, struct error *err);
MUST_USE enum err_code run_reader_latencies(struct run_reader *reader, latency_visitor *visit,
                                            void *context, struct error *err);
MUST_USE enum err_code run_reader_failures(struct run_reader *reader, failure_visitor *visit,
                                           void *context, struct error *err);
MUST_USE enum err_code run_reader_attempts(struct run_reader *reader, attempt_visitor *visit,
                                           void *context, struct error *err);

/* Sentences about what was lost or odd, one per line; "" if the folder is intact. */
const char *run_reader_notes(const struct run_reader *reader);

/*
 * Resolves RUN, in this order: a folder; `latest`, the newest below results/ (by when it was
 * written, since a replay's own clock is elsewhere); a day or an hour (2026-11-20, 2026-11-20T07,
 * UTC), the newest of those that started in it by their own clock; either with `:PROFILE` behind
 * it, the newest of that profile; a name below results/. Appends the folder; ERR_IO says what was
 * tried.
 */
MUST_USE enum err_code run_find(const char *run, struct text *folder, struct error *err);

/* As run_find, also what stands beside the run in the folder `beside` (NULL: ERR_USAGE), of the
 * same profile: RUN_WEEK_BEFORE, the one that started nearest to 7 * 24 hours before it, within
 * half an hour; RUN_PREVIOUS, the one that was written last before it. */
#define RUN_WEEK_BEFORE "same-hour-last-week"
#define RUN_PREVIOUS "previous"
MUST_USE enum err_code run_find_beside(const char *run, const char *beside, struct text *folder,
                                       struct error *err);

/* Whether that is one of the two. */
bool run_stands_beside(const char *run);

/* For the help of commands that take a run. */
#define RUN_HELP                                                                                   \
    "RUN is a folder, a name below results/, `latest`, a day or an hour (2026-11-20, "             \
    "2026-11-20T07,\nUTC); `latest:PROFILE` and its like are the newest of a profile"

#endif
