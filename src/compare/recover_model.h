/* The findings about a recovery. recover.c and recover_read.c fill them; recover_words.c,
 * recover_show.c and recover_json.c show them. */
#ifndef RUSHHOUR_COMPARE_RECOVER_MODEL_H
#define RUSHHOUR_COMPARE_RECOVER_MODEL_H

#include "compare/model.h"
#include "compare/recover.h"
#include "report/table.h"
#include "stats/recovery.h"

/* What one path did in one region, or in all of them: its healthy intervals as blocks of seconds
 * since 1970 UTC, by start, with the chains that ended in each. */
struct recover_series {
    struct time_block *blocks;
    struct cluster_sums *chains;
    size_t count, capacity;
    /* seconds of unhealthy intervals that began before `since`, and at it or later */
    double unhealthy_before, unhealthy_since;
};

/* One path: a run, or several after each other. */
struct recover_path {
    struct results **runs; /* in order of time */
    char **labels;         /* the last parts of their folders */
    size_t run_count;
    char **regions;
    size_t region_count;
    struct recover_series *series; /* one per region, then all of them together */
};

/* One path beside another in the time that both were driven. */
struct recover_beside {
    bool known; /* there is such time, with attempts on both */
    double start, end;
    double attempts[2], failures[2]; /* [0] ours, [1] the other */
    struct estimate rate[2];
    struct difference difference; /* ours less the other, in that time */
};

struct recover_region {
    const char *name; /* "all regions" for both paths as a whole; owned by the path otherwise */
    struct recovery found;
    struct recover_beside during, since; /* of the other path */
};

struct recovered {
    struct recover_path path, baseline, beside; /* the latter two may be empty */
    double since, margin, confidence;
    bool began_given;
    char *baseline_hours; /* as the user wrote it; NULL: none */
    struct recover_region *regions;
    size_t region_count;
    struct recover_region together; /* both paths as a whole, where they share no region */
    bool beside_together;
    size_t deciding; /* the region that the verdict is of */
    enum recover_verdict verdict;
    /* what differs: before and after `since`, from the baseline's run, from the other path's; NULL
     * where there is nothing to compare */
    struct compared *changed, *from_baseline, *from_beside;
    struct text notes; /* one sentence per line */
};

/* recover_read.c: reads the folders of one path. */
MUST_USE enum err_code recover_read(const char *const *folders, size_t count, double since,
                                    struct recover_path *out, struct error *err);
void recover_path_free(struct recover_path *path);

/* The series of a region by name; NULL: the path does not have it. */
const struct recover_series *recover_series_of(const struct recover_path *path, const char *region);

/* recover_beside.c: region by region where both paths have it, else both as a whole, by the time of
 * the gravest. Only what lies in intervals of the one that those of the other cover counts. */
void recover_find_beside(struct recovered *recovered);

/* recover_words.c. Each appends plain text without a newline; names are as in run.json. */
void recover_headline(const struct recovered *recovered, struct text *out); /* one sentence */
void recover_region_words(const struct recovered *recovered, const struct recover_region *region,
                          struct text *out);
void recover_method(const struct recovered *recovered, struct text *out);
void recover_time(double seconds, struct text *out); /* "2026-04-14T15:10:00Z" */
/* The note for a change ticket, a line per fact. */
void recover_note(const struct recovered *recovered, struct text *out);

/* Each fills a zeroed table; without rows the table holds only its headings. */
void recover_table_parts(const struct recovered *recovered, struct table *table);
void recover_table_beside(const struct recovered *recovered, struct table *table);

#endif
