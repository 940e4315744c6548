/*
 * Intervals that window bounds cut. What ended on which side of a bound is counted attempt by
 * attempt, from attempts.csv. Where its rows differ from what an interval counted, the interval
 * stays whole and counts in the window in which it begins. This is the one place that decides it,
 * for every report, comparison and package.
 */
#ifndef RUSHHOUR_FIGURES_SPLITS_H
#define RUSHHOUR_FIGURES_SPLITS_H

#include "figures/model.h"
#include "figures/values.h"
#include "record/attempt.h"

/* The latencies that rows hold, of attempts that were ok: as in latency.hlog. */
enum split_metric { SPLIT_TTFT, SPLIT_FIRST_ANSWER, SPLIT_RESPONSE, SPLIT_METRICS };

/* SPLIT_METRICS of one that rows do not hold. */
enum split_metric split_metric_of(enum metric metric);

/* What the rows say of one region in one part. */
struct split_tally {
    struct counters counted;
    double weight, failed_weight; /* in USD of its tokens, those of failed attempts alone; or in
                                     tokens without prices: the cost is shared by it */
    struct values values[SPLIT_METRICS];
};

/* What intervals.csv says of one region. */
struct split_whole {
    bool present;
    struct cell cell; /* without tallies and histograms */
    struct health health;
    double weight, failed_weight;  /* summed over its parts (struct split_tally) */
    unsigned untold;               /* bits of split_words: counters in which the rows differ */
    bool shared;                   /* its cost is not that of the rows' tokens */
    bool confirmed[SPLIT_METRICS]; /* latency.hlog has as many values as the rows */
    bool differs;                  /* or not, of one of them, and that one stays whole */
};

/* Why an interval was not split. */
enum split_doubt {
    SPLIT_SURE,    /* it was */
    SPLIT_NO_ROWS, /* there is no attempts.csv, or nothing in it */
    SPLIT_DIFFERS, /* it has other attempts than intervals.csv */
    SPLIT_CROWDED  /* into too many parts */
};

struct split {
    int64_t start_ns, end_ns;
    struct split_whole *wholes;  /* by region */
    int64_t *starts;             /* of its parts, each of which ends where the next one begins */
    struct split_tally *tallies; /* by part, then region */
    size_t part_count;
    enum split_doubt doubt;
    size_t region;           /* in which it differs first */
    uint64_t rows, attempts; /* there, by the rows and by intervals.csv */
};

struct splits {
    struct split *list; /* by start */
    size_t count, capacity;
    size_t regions;
    int64_t longest_ns;          /* of one */
    uint64_t rows;               /* of attempts.csv */
    struct split_prices *prices; /* by region */
    struct split_opens *opens;   /* interactions whose last attempt so far failed */
};

/* ---- building (splits.c) ---- */

/* Takes an interval of a region that the windows of a grouping cut. False without memory. */
bool splits_take(struct results *results, size_t region, int64_t start_ns, int64_t end_ns,
                 const struct cell *cell, const struct health *health);

/* Lays out the parts when all intervals are known. False without memory. */
bool splits_lay_out(struct results *results);

/* Gives back what only the loading needs: what the rows say. */
void splits_forget(struct splits *splits);
void splits_free(struct splits *splits);

/* The interval that starts at this time, if windows cut it, and if `sure` also split it; else
 * NULL. */
struct split *splits_find(const struct splits *splits, int64_t start_ns, bool sure);

/* The first that may go on beyond a time. 0 without any. */
size_t splits_from(const struct splits *splits, int64_t time_ns);

/* The start of the part that holds an instant of an interval; the interval's own if it is whole. */
int64_t splits_part_start(const struct splits *splits, int64_t start_ns, int64_t utc_ns);

/* The part that holds an instant, the end of one, and what the rows say of a region in it. */
size_t split_part_at(const struct split *split, int64_t utc_ns);
int64_t split_part_end(const struct split *split, size_t part);
struct split_tally *split_tally(const struct splits *splits, const struct split *split, size_t part,
                                size_t region);

/* ---- counting (splits_count.c) ---- */

/* Prepares for the rows. False without memory. */
bool splits_begin_count(struct results *results);

/*
 * Counts a row where it ended. Attempts started count where they were due (a dial that failed:
 * where it ended), as in intervals.csv but for our own lag. Rows of one interaction must come in
 * order of time, because the last one says how it ended. False when out of memory.
 */
bool splits_count(const struct results *results, size_t region, const struct attempt_row *row);

/* Decides which intervals the rows tell, and ends the counting. */
void splits_decide(struct splits *splits);
void splits_end_count(struct splits *splits);

/* What a part counts in a region, and its interval's health with the attempts of the part. What the
 * rows do not hold, or not as intervals.csv has it, is in the first part. */
void split_cell(const struct splits *splits, const struct split *split, size_t part, size_t region,
                struct cell *cell, struct health *health);

/* The counters in which rows can differ, in words; NULL past the last one. */
const char *split_words(size_t bit);

/* Whether there is anything of such counters, and the rows do not tell it; of those of an attempt's
 * start never, about which reports say the same in any case. */
bool split_untold(const struct split_whole *whole, size_t bit);

#endif
