/* Which run folders may go: by age and size, never what somebody still needs. */
#ifndef RUSHHOUR_RECORD_PRUNE_H
#define RUSHHOUR_RECORD_PRUNE_H

#include "base/error.h"
#include "record/run_facts.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum prune_why {
    PRUNE_REMOVE,
    PRUNE_YOUNG,      /* neither age nor size asks for it */
    PRUNE_UNFINISHED, /* under way, or killed: run.json does not say how it ended */
    PRUNE_NEWEST,     /* the newest of its profile: what latest:PROFILE means */
    PRUNE_EVIDENCE,   /* a support package was made of it */
    PRUNE_LINKED,     /* a symbolic link beside the runs leads to it: a baseline with a name */
    PRUNE_NAMED,      /* --keep */
    PRUNE_FOREIGN,    /* it holds a file that no run writes */
    PRUNE_FAILED      /* it could not be looked at, or not be removed */
};

struct prune_rule {
    int64_t now_ns;
    int64_t older_ns;             /* what was written longer ago may go; -1: age is no reason */
    int64_t over_bytes;           /* the oldest go until all fit in it; -1: size is no reason */
    const struct run_facts *keep; /* named by the user */
    size_t keep_count;
};

/* One folder and what becomes of it. The run is the list's. */
struct pruned {
    const struct run_listed *run;
    uint64_t bytes;
    enum prune_why why;
    struct error err; /* PRUNE_FAILED: why it could not */
};

/*
 * Decides about each run of a list that was read from `folder` (run_list_read): fills
 * pruned[list->count], in its order. Symbolic links themselves are PRUNE_LINKED. A run folder that
 * cannot be looked at is PRUNE_FAILED. ERR_IO if `folder` itself cannot be, ERR_NOMEM.
 */
MUST_USE enum err_code prune_plan(const char *folder, const struct run_list *list,
                                  const struct prune_rule *rule, struct pruned *pruned,
                                  struct error *err);

/* Removes each that is PRUNE_REMOVE (prune_remove). One that cannot be removed becomes PRUNE_FAILED
 * and does not keep the others from going. */
void prune_carry_out(struct pruned *pruned, size_t count);

/* Removes the files of a run that a run writes, and its folder, which must be empty then. ERR_IO
 * names it and the reason; what is left is a run folder as long as run.json is there, which goes
 * last. */
MUST_USE enum err_code prune_remove(const char *folder, struct error *err);

/* "a support package was made of it", for people; "" for PRUNE_REMOVE. */
const char *prune_words(enum prune_why why);

/* "evidence", for scripts. */
const char *prune_name(enum prune_why why);

#endif
