/*
 * The cost of a histogram: ns per recorded value, and per merge, percentile, encoded payload and
 * reset of one with a 10 s interval's worth of latencies. The median of several rounds, in CPU time
 * of this thread.
 */
#include "base/clock.h"
#include "base/random.h"
#include "stats/histogram_log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 9
#define VALUES 65536
#define RECORD_PASSES 16
#define HIGHEST_US 3600000000

struct fixture {
    int64_t values[VALUES]; /* microseconds, log-normal around 350 ms */
    struct histogram *filled, *other;
    struct text text;
    uint64_t kept; /* receives results, so that no work can be optimised away */
};

static void record(struct fixture *f)
{
    for (int pass = 0; pass < RECORD_PASSES; pass++) {
        for (size_t i = 0; i < VALUES; i++) (void)histogram_record(f->other, f->values[i], 1);
    }
    f->kept += f->other->total;
}

static void add(struct fixture *f)
{
    histogram_add(f->other, f->filled);
    f->kept += f->other->total;
}

static void percentile(struct fixture *f)
{
    f->kept += (uint64_t)histogram_percentile(f->filled, 99);
}

static void encode(struct fixture *f)
{
    struct error err;
    text_clear(&f->text);
    if (histogram_encode(f->filled, &f->text, &err) != ERR_OK) abort();
    f->kept += f->text.length;
}

static void decode(struct fixture *f)
{
    struct error err;
    struct histogram *h;
    if (histogram_decode(f->text.data, f->text.length, &h, &err) != ERR_OK) abort();
    f->kept += h->total;
    histogram_free(h);
}

/* A reset after a merge: resetting an empty histogram would measure nothing. */
static void add_and_reset(struct fixture *f)
{
    histogram_reset(f->other);
    histogram_add(f->other, f->filled);
}

static const struct row {
    const char *what;
    void (*work)(struct fixture *f);
    uint64_t calls, per_call;
} rows[] = {
    {"record a value", record, 1, (uint64_t)RECORD_PASSES *VALUES},
    {"add one histogram to another", add, 2000, 1},
    {"reset it and add again", add_and_reset, 2000, 1},
    {"P99", percentile, 4000, 1},
    {"encode (V2, zlib, base64)", encode, 40, 1},
    {"decode", decode, 200, 1},
};

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median_ns(const struct row *row, struct fixture *f)
{
    double ns[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t from = clock_thread_cpu_ns();
        for (uint64_t i = 0; i < row->calls; i++) row->work(f);
        ns[round] = (double)(clock_thread_cpu_ns() - from) / (double)(row->calls * row->per_call);
    }
    qsort(ns, ROUNDS, sizeof *ns, by_size);
    return ns[ROUNDS / 2];
}

int main(void)
{
    static struct fixture f;
    struct random random;
    random_seed(&random, 1, 0);
    f.filled = histogram_new(1, HIGHEST_US, 3);
    f.other = histogram_new(1, HIGHEST_US, 3);
    if (f.filled == NULL || f.other == NULL) return 1;
    for (size_t i = 0; i < VALUES; i++) {
        f.values[i] = (int64_t)(350000 * exp(0.5 * random_normal(&random)));
        if (i < 2000) (void)histogram_record(f.filled, f.values[i], 1);
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        printf("%-32s %12.1f ns\n", rows[i].what, median_ns(&rows[i], &f));
    }
    printf("%-32s %12zu bytes in a log, %zu in memory\n", "its size", f.text.length,
           f.filled->counts_length * sizeof *f.filled->counts);
    histogram_free(f.filled);
    histogram_free(f.other);
    text_free(&f.text);
    return f.kept == 0;
}
