/* What readers of the figures must know about how they were loaded: each function appends to the
 * notes. */
#ifndef RUSHHOUR_FIGURES_LOAD_NOTES_H
#define RUSHHOUR_FIGURES_LOAD_NOTES_H

#include "figures/model.h"

#include <stdint.h>

/* What was encountered while reading the folder. */
struct load_losses {
    const char *reader_notes;                  /* about the files themselves */
    uint64_t attempts_beyond, failures_beyond; /* outside every recorded interval */
    uint64_t cancelled_rows;                   /* of attempts.csv */
    uint64_t untimed_rows;                     /* likewise: ok, and without a latency */
};

/* Notes that intervals.csv and attempts.csv differ in a region. */
void load_note_clusters(struct results *results, const struct report_cell *cell,
                        const char *region);

/* Notes of each window how intervals that its bounds cut were counted (load_notes_splits.c). */
void load_note_splits(struct results *results);

/* Facts in the profile that affect what the regions' figures mean: models and routes that end
 * soon after the run's start, and deployments whose region is only the entry point. */
void load_note_regions(struct results *results);

/* Notes of a merged run that its peaks of concurrency are sums. */
void load_note_peaks(struct results *results);

/* A note if the sessions of a closed load were dialled as fast as load.connect_rate allows. */
void load_note_dials(struct results *results);

/* What hedged answers leave out of the latencies, and a load that moved between regions out of
 * their comparison. */
void load_note_routing(struct results *results);

/* What a replay's latencies cannot tell, since the machine does not go faster with the clock. */
void load_note_replay(struct results *results);

/* Notes what is missing from the figures: files, rows, shards, and counts that differ from
 * run.json. */
void load_note_losses(struct results *results, const struct load_losses *losses);

#endif
