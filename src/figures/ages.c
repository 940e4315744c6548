#include "figures/ages.h"

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
};

const struct ages_bucket *ages_bucket(enum ages_kind kind, size_t bucket)
{
    return &buckets[kind][bucket];
}

/* AGES_BUCKETS for an attempt that had no session in which to count turns or seconds. */
static size_t bucket_of(enum ages_kind kind, const struct attempt_row *row)
{
    if (kind == AGES_TURN ? row->turn == 0 : row->socket_age_ms < 0) return AGES_BUCKETS;
    uint64_t value = kind == AGES_TURN ? row->turn : (uint64_t)row->socket_age_ms / 1000;
    size_t bucket = AGES_BUCKETS - 1;
    while (bucket > 0 && value < buckets[kind][bucket].from) bucket--;
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

double ages_attempts(const struct ages *ages, enum ages_kind kind)
{
    double attempts = 0;
    for (size_t b = 0; b < AGES_BUCKETS; b++) attempts += ages->sums[kind][b].m;
    return attempts;
}
