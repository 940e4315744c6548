/* What runs are told apart by, read from run.json alone, and the runs below a folder. */
#ifndef RUSHHOUR_RECORD_RUN_FACTS_H
#define RUSHHOUR_RECORD_RUN_FACTS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define RUN_RESULTS "results" /* where runs are unless -o says otherwise */

struct run_facts {
    int64_t order_ns;   /* when it was written, by the real clock; else when it started */
    int64_t started_ns; /* by its own clock, which in a replay is years off; INT64_MIN: unknown */
    char id[192];       /* run.id */
    char profile[128];
    char zone[64];    /* of the first window of its profile that has one; "": none */
    char state[16];   /* run.state; "": run.json is torn, or not one of ours */
    char verdict[16]; /* "": it has not been judged */
    dev_t device;     /* of its folder, which may have several names */
    ino_t inode;
};

/* False if the folder is not a run folder: its run.json is a file. A torn one, which a killed run
 * leaves, has the time of its file. */
bool run_facts_read(const char *folder, struct run_facts *out);

bool run_facts_same_folder(const struct run_facts *a, const struct run_facts *b);

/* The runs of one folder. Zero-initialise. */
struct run_list {
    struct run_listed {
        char *path;     /* the folder's, with that of the list before it */
        bool is_linked; /* a symbolic link leads to it */
        struct run_facts facts;
    } * runs;
    size_t count, capacity;
};

/*
 * Reads the runs in a folder, the newest first (by order_ns, then by name); hidden names are left
 * out. ERR_IO if the folder cannot be read, ERR_NOMEM. Free it (run_list_free) whatever it returns.
 */
MUST_USE enum err_code run_list_read(const char *folder, struct run_list *out, struct error *err);
void run_list_free(struct run_list *list);

#endif
