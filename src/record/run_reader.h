/* Reads a run folder back, streaming, also one whose run was killed: what was torn is dropped and
 * told. */
#ifndef RUSHHOUR_RECORD_RUN_READER_H
#define RUSHHOUR_RECORD_RUN_READER_H

#include "base/error.h"
#include "base/text.h"
#include "record/attempt.h"
#include "record/cell.h"
#include "record/health.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

struct run_reader;

/* Opens a folder: reads run.json (a missing or torn one is ERR_FORMAT with the reason). The
 * caller's (run_reader_close). */
MUST_USE enum err_code run_reader_open(const char *folder, struct run_reader **out,
                                       struct error *err);
void run_reader_close(struct run_reader *reader);

/* The manifest as parsed; borrowed. */
const cJSON *run_reader_manifest(const struct run_reader *reader);
size_t run_reader_region_count(const struct run_reader *reader);
const char *run_reader_region(const struct run_reader *reader, size_t index);

/* One interval of one region as intervals.csv has it; the cell's tallies are empty and its
 * histograms NULL. */
typedef void interval_visitor(void *context, size_t region, int64_t start_utc_ns,
                              int64_t end_utc_ns, const struct cell *cell,
                              const struct health *health);
/* One histogram of latency.hlog; it lives until the visitor returns. */
typedef void latency_visitor(void *context, size_t region, enum metric metric, int64_t start_utc_ns,
                             int64_t end_utc_ns, const struct histogram *histogram);
/* One failure of failures.jsonl: its class and when it was seen. */
typedef void failure_visitor(void *context, size_t region, int64_t utc_ns,
                             const struct tally *failure);
/* One attempt of attempts.csv. */
typedef void attempt_visitor(void *context, size_t region, const struct attempt_row *row);

/*
 * Each walks its file in order. A torn last line is dropped, a broken line in the middle is
 * skipped; both are told in run_reader_notes. A missing attempts.csv gives ERR_OK and no visit.
 */
MUST_USE enum err_code run_reader_intervals(struct run_reader *reader, interval_visitor *visit,
                                            void *context, struct error *err);
MUST_USE enum err_code run_reader_latencies(struct run_reader *reader, latency_visitor *visit,
                                            void *context, struct error *err);
MUST_USE enum err_code run_reader_failures(struct run_reader *reader, failure_visitor *visit,
                                           void *context, struct error *err);
MUST_USE enum err_code run_reader_attempts(struct run_reader *reader, attempt_visitor *visit,
                                           void *context, struct error *err);

/* Sentences on what was lost or odd, one per line; "" when the folder is whole. */
const char *run_reader_notes(const struct run_reader *reader);

/* Resolves RUN: a folder, a name below results/, or "latest" (the newest below results/). ERR_IO
 * with what was tried. */
MUST_USE enum err_code run_find(const char *run, struct text *folder, struct error *err);

#endif
