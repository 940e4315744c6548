/* Whether the lines of a large file of a run folder are in order of time, as we write them: who
 * reads them may then forget what is long past. */
#ifndef RUSHHOUR_RECORD_LINE_ORDER_H
#define RUSHHOUR_RECORD_LINE_ORDER_H

#include <stdbool.h>
#include <stdint.h>

/* Whether a file is so large (64 MiB, or rotated) that it pays to look first. */
bool line_order_pays(const char *folder, const char *name);

/* Each reads the whole file. Whether no line of attempts.csv (its column `time`, which must be the
 * first) or of latency.hlog lies further than `slack_ns` behind the latest one before it; false too
 * if that cannot be found out; a file that is not there has no such line. */
bool line_order_of_attempts(const char *folder, int64_t slack_ns);
bool line_order_of_latencies(const char *folder, int64_t slack_ns);

#endif
