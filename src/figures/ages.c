#include "figures/ages.h"

#include "base/metric.h"
#include "figures/model.h"

#include <math.h>

static const struct ages_bucket buckets[AGES_KINDS][AGES_BUCKETS] = {
    {{"1", 1, 1},
     {"2", 2, 2},
     {"3", 3, 3},
     {"4-5", 4, 5},
     {"6-10", 6, 10},
     {"11-20", 11, 20},
     {"21-50", 21, 50},
     {"over 50", 51, 0}},
    {{"under 10 s", 0, 10},
     {"10 s to 1 min", 10, 60},
     {"1 to 5 min", 60, 300},
     {"5 to 10 min", 300, 600},
     {"10 to 20 min", 600, 1200},
     {"20 to 30 min", 1200, 1800},
     {"30 to 60 min", 1800, 3600},
     {"60 min and over", 3600, 0}},
    {{"none", 0, 1},
     {"under 1k", 1, 1000},
     {"1k to 2k", 1000, 2000},
     {"2k to 4k", 2000, 4000},
     {"4k to 8k", 4000, 8000},
     {"8k to 16k", 8000, 16000},
     {"16k to 32k", 16000, 32000},
     {"32k and over", 32000, 0}},
};

const struct ages_bucket *ages_bucket(enum ages_kind kind, size_t bucket)
{
    return &buckets[kind][bucket];
}

/* -1: it had no session in which to count, or the file does not say. */
static int64_t value_of(enum ages_kind kind, const struct attempt_row *row)
{
    if (row->turn == 0 && kind != AGES_SOCKET) return -1;
    if (kind == AGES_TURN) return row->turn < INT64_MAX ? (int64_t)row->turn : INT64_MAX;
    if (kind == AGES_CONTEXT) return row->context_tokens;
    return row->socket_age_ms < 0 ? -1 : row->socket_age_ms / 1000;
}

/* AGES_BUCKETS for none. */
static size_t bucket_of(enum ages_kind kind, const struct attempt_row *row)
{
    const int64_t value = value_of(kind, row);
    if (value < 0) return AGES_BUCKETS;
    size_t bucket = AGES_BUCKETS - 1;
    while (bucket > 0 && value < (int64_t)buckets[kind][bucket].from) bucket--;
    return bucket;
}

void ages_places(struct ages *ages, const struct attempt_row *row,
                 struct session_place places[AGES_KINDS])
{
    for (int k = 0; k < AGES_KINDS; k++) {
        const size_t bucket = bucket_of((enum ages_kind)k, row);
        places[k] =
            (struct session_place){.sums = bucket == AGES_BUCKETS ? NULL : &ages->sums[k][bucket]};
    }
}

/* To 1%, which is what so few attempts bear, in a tenth of the memory. */
#define TTFT_DIGITS 2

bool ages_answer(struct ages *ages, const struct attempt_row *row)
{
    if (row->outcome != OUTCOME_OK) return true;
    for (int k = 0; k < AGES_KINDS; k++) {
        const size_t bucket = bucket_of((enum ages_kind)k, row);
        if (bucket == AGES_BUCKETS || row->input_tokens == 0) continue;
        ages->told[k][bucket].answers++;
        ages->told[k][bucket].input_tokens += (double)row->input_tokens;
    }
    const size_t bucket = bucket_of(AGES_CONTEXT, row);
    if (bucket == AGES_BUCKETS || row->ttft_us < 0) return true;
    struct histogram **ttft = &ages->ttft[bucket];
    if (*ttft == NULL) *ttft = histogram_new(METRIC_LOWEST_US, METRIC_HIGHEST_US, TTFT_DIGITS);
    return *ttft != NULL && (histogram_record(*ttft, row->ttft_us, 1) || true);
}

double ages_input(const struct ages *ages, enum ages_kind kind, size_t bucket)
{
    const struct ages_told *told = &ages->told[kind][bucket];
    return told->answers > 0 ? told->input_tokens / (double)told->answers : NAN;
}

struct quantile ages_ttft(const struct ages *ages, size_t bucket, double q)
{
    if (ages->ttft[bucket] == NULL) return (struct quantile){0};
    return histogram_quantile(ages->ttft[bucket], q, CONFIDENCE);
}

void ages_free(struct ages *ages)
{
    for (size_t b = 0; b < AGES_BUCKETS; b++) histogram_free(ages->ttft[b]);
}

double ages_attempts(const struct ages *ages, enum ages_kind kind)
{
    double attempts = 0;
    for (size_t b = 0; b < AGES_BUCKETS; b++) attempts += ages->sums[kind][b].m;
    return attempts;
}
