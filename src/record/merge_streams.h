/* Several files of lines as one, in the order of a key. Of record/merge_files.c only. */
#ifndef RUSHHOUR_RECORD_MERGE_STREAMS_H
#define RUSHHOUR_RECORD_MERGE_STREAMS_H

#include "record/csv.h"
#include "record/lines.h"
#include "record/merge_files.h"

#include <stdio.h>

struct merge_job;

/* One of the files. */
struct merge_stream {
    struct merge_job *job;
    size_t run;
    struct lines lines;
    struct csv_map map; /* of a CSV file: where this file has its columns */
    char *line;         /* the line under way */
    size_t length;
    int64_t key;
    bool open, begun, over; /* begun: the header row was read */
    uint64_t dropped;
    void *own; /* of the job: one for each stream */
};

/* How one kind of file is merged. */
struct merge_job {
    const struct merge *merge;
    const char *name;
    size_t limit; /* longest line, bytes */
    bool may_be_missing;
    bool has_header;
    enum err_code (*header)(struct merge_stream *stream, char *line, struct error *err);
    /* Reads a line and sets the key. False: it is broken, and left out. `*skip` for one that says
     * nothing. */
    bool (*read)(struct merge_stream *stream, bool *skip);
    /* Takes the line that comes first of all. */
    enum err_code (*take)(struct merge_stream *stream, struct error *err);
    FILE *out;
    struct text text; /* to be written; merge_flush writes and empties it */
    void *state;
};

/* Goes through the files of all runs. The job's `out` is open meanwhile; what `head` holds is
 * written first. */
MUST_USE enum err_code merge_run(struct merge_job *job, const struct text *head, struct error *err);
MUST_USE enum err_code merge_flush(struct merge_job *job, struct error *err);

/* To be given what is left when all is read; may be NULL. */
typedef enum err_code merge_rest(struct merge_job *job, struct error *err);
MUST_USE enum err_code merge_run_then(struct merge_job *job, const struct text *head,
                                      merge_rest *rest, struct error *err);

#endif
