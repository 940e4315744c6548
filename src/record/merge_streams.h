/* Merges several files of lines by a key. Only for record/merge_files.c. */
#ifndef RUSHHOUR_RECORD_MERGE_STREAMS_H
#define RUSHHOUR_RECORD_MERGE_STREAMS_H

#include "record/csv.h"
#include "record/lines.h"
#include "record/merge_files.h"
#include "record/seen.h"

#include <stdio.h>

struct merge_job;

/* One of the files. */
struct merge_stream {
    struct merge_job *job;
    size_t run;
    struct lines lines;
    struct csv_map map; /* of a CSV file: where it has its columns */
    char *line;         /* the current line */
    size_t length;
    int64_t key;
    bool open, begun, over; /* begun: the header row was read */
    uint64_t dropped, repeated;
    uint64_t identity; /* the line's hash; `read` may set that of what the line is about */
    bool nameless;     /* set by `read`: nothing in it tells a copy from another line */
    struct seen seen;  /* of a job that takes no line of a file twice */
    void *own;         /* owned by the job: one for each stream */
};

/* How one kind of file is merged. */
struct merge_job {
    const struct merge *merge;
    const char *name;
    size_t limit; /* longest line, bytes */
    bool may_be_missing;
    bool has_header;
    bool once; /* of lines of one identity in a file the first counts, as for the reader of a run */
    enum err_code (*header)(struct merge_stream *stream, char *line, struct error *err);
    /* Reads a line and sets the key. False: malformed, left out. Sets *skip for a line that carries
     * nothing. */
    bool (*read)(struct merge_stream *stream, bool *skip);
    /* Takes the line with the smallest key. */
    enum err_code (*take)(struct merge_stream *stream, struct error *err);
    FILE *out;
    struct text text; /* output; merge_flush writes and empties it */
    void *state;
};

/* Goes through the files of all runs while the job's `out` is open; writes `head` first. */
MUST_USE enum err_code merge_run(struct merge_job *job, const struct text *head, struct error *err);
MUST_USE enum err_code merge_flush(struct merge_job *job, struct error *err);

/* Receives what is left once everything is read; may be NULL. */
typedef enum err_code merge_rest(struct merge_job *job, struct error *err);
MUST_USE enum err_code merge_run_then(struct merge_job *job, const struct text *head,
                                      merge_rest *rest, struct error *err);

#endif
