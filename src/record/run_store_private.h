/* What the parts of the store share: writing (run_store.c), moving (run_store_move.c). */
#ifndef RUSHHOUR_RECORD_RUN_STORE_PRIVATE_H
#define RUSHHOUR_RECORD_RUN_STORE_PRIVATE_H

#include "base/files.h"
#include "record/run_store.h"

/* Lines of one file that are not written yet; of the first in the list, a part may be. */
struct held {
    struct held *next;
    enum run_file file;
    size_t length, done;
    char bytes[];
};

struct run_store {
    struct folder folder;
    int files[RUN_FILE_COUNT]; /* -1: not written */
    size_t made_from;
    mode_t folder_mode, mode;
    char *spill;
    bool moved;
    bool unnumbered; /* the file system gives its files no lasting numbers */
    struct held *first, **last;
    size_t held, held_most;
    bool lost;            /* figures are missing: nothing more is written */
    struct error failure; /* from then on */
    struct error trouble; /* what cannot be written now; ERR_OK: nothing */
    uint64_t told_ns, checked_ns, synced_ns, spilled_ns;
    struct text news, flaws, path;
    struct rotation *rotation; /* NULL: no file is rotated */
    char *manifest;            /* the last one */
    size_t manifest_length;
    int reserve;
};

extern const char *const run_file_names[RUN_FILE_COUNT];

/* Notes what cannot be done with a file now (errno), or with the folder (NULL). */
void run_store_meet(struct run_store *store, const char *name, const char *what);

/* Adds a sentence that run.json must have. */
void run_store_flaw(struct run_store *store, const char *sentence);

/* Makes the folder anew at `path`, with all that was written so far and is still readable, and goes
 * on there. False, and nothing is changed, if that cannot be done (errno). */
bool run_store_move(struct run_store *store, const char *path);

/* Lets run.json in the folder that was left say why, as far as that can be written. */
void run_store_leave_word(const struct run_store *store, const char *before, const char *reason);

/* Whether the file's name still leads to the file that is open. */
bool run_store_in_place(const struct run_store *store, enum run_file file);

/* Makes a file again that somebody removed, or the folder with all of them. False: it cannot be
 * (run_store_meet has been called). */
bool run_store_restore(struct run_store *store);

/* ---- run_store_rotate.c ---- */

/* Rotates the file if it is long enough, or goes on compressing the part before it. */
void run_store_rotate(struct run_store *store);

/* Compresses no more: what is not compressed yet stays as it is. */
void run_store_rotate_end(struct run_store *store);

/* Copies the parts into another folder, as far as they can be read. */
void run_store_copy_parts(struct run_store *store, const struct folder *to);

void run_store_rotate_free(struct run_store *store);

#endif
