/* The figures of a run, grouped by window and region, as printed by every report. Computed from the
 * run folder alone. */
#ifndef RUSHHOUR_FIGURES_RESULTS_H
#define RUSHHOUR_FIGURES_RESULTS_H

#include "base/error.h"
#include "base/window.h"

#include <stddef.h>

struct results; /* its fields are in figures/model.h, for the folders that show them */

/*
 * Reads a run folder and groups it by the given windows (window_count 0: those of the run's own
 * profile). The windows are borrowed until results_free. The folder of a killed run is accepted;
 * every report says what was lost.
 */
MUST_USE enum err_code results_load(const char *folder, const struct window *windows,
                                    size_t window_count, struct results **out, struct error *err);

/* As results_load with the profile's windows, for a comparison that asks for these latencies
 * (METRIC_COUNT, by metric). */
MUST_USE enum err_code results_load_compared(const char *folder, const bool *latencies,
                                             struct results **out, struct error *err);

/*
 * As results_load, for a comparison: pools all occurrences of each of two named times of day, and
 * judges no threshold. Each is the name of a window of the run's profile, or
 * NAME=HH:MM-HH:MM@ZONE[,days]; the second may be `rest` (or `off-` and the first one's name),
 * which is everything outside the first. ERR_USAGE lists the names in the profile.
 */
MUST_USE enum err_code results_load_pair(const char *folder, const char *first, const char *second,
                                         const bool *latencies, struct results **out,
                                         struct error *err);

/* As results_load, but also divides the run into two parts: inside and outside a named time of
 * day. */
MUST_USE enum err_code results_load_split(const char *folder, const struct window *windows,
                                          size_t window_count, const struct window *split,
                                          struct results **out, struct error *err);

/* Reads Azure's data of the same time (azure_read), which then appears in the reports for people.
 * Nothing happens without files. */
struct azure_files;
MUST_USE enum err_code results_read_azure(struct results *results, const struct azure_files *files,
                                          struct error *err);
void results_free(struct results *results);

/* The run's verdict on its thresholds: pass, fail, inconclusive, invalid; "none" without
 * thresholds. */
enum verdict { VERDICT_NONE, VERDICT_PASS, VERDICT_FAIL, VERDICT_INCONCLUSIVE, VERDICT_INVALID };
enum verdict results_verdict(const struct results *results);
const char *verdict_name(enum verdict verdict);

#endif
