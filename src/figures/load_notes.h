/* What a reader of the figures must know of how they were loaded: each appends to the notes. */
#ifndef RUSHHOUR_FIGURES_LOAD_NOTES_H
#define RUSHHOUR_FIGURES_LOAD_NOTES_H

#include "figures/model.h"

#include <stdint.h>

/* What was met while the folder was read. */
struct load_losses {
    const char *reader_notes;                  /* of the files themselves */
    uint64_t attempts_beyond, failures_beyond; /* outside every interval that was kept */
    uint64_t cancelled_rows;                   /* of attempts.csv */
};

/* That intervals.csv and attempts.csv differ in a region. */
void load_note_clusters(struct results *results, const struct report_cell *cell,
                        const char *region);

/* An interval is never split, so that windows shorter than one are full or empty by turns. */
void load_note_short_windows(struct results *results);

/* What the profile says of the regions that bears on what their figures mean: models and routes
 * that end soon, as of the run's start, and deployments whose region is the entry only. */
void load_note_regions(struct results *results);

/* What a replay's latencies cannot tell, since the machine does not go faster with the clock. */
void load_note_replay(struct results *results);

/* What is not in the figures: files, rows, shards, and counts that run.json has otherwise. */
void load_note_losses(struct results *results, const struct load_losses *losses);

#endif
