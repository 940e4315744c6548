#include "report/ages_json.h"

#include "base/json.h"
#include "report/figures_json.h"

#include <math.h>

static void bucket_json(const struct ages_bucket *bucket, const struct cluster_sums *sums,
                        struct text *out)
{
    struct estimate rate = rate_clustered(sums, CONFIDENCE, NULL);
    rate.valid = rate.valid && sums->m > 0;
    json_open(out, '{');
    json_put_string(out, "label", bucket->label);
    json_put_count(out, "from", bucket->from);
    json_key(out, "to");
    bucket->to == 0 ? json_null(out) : json_whole(out, bucket->to);
    json_put_number(out, "attempts", sums->m);
    json_put_number(out, "failed", sums->x);
    figures_estimate_members_json(&rate, out);
    json_close(out, '}');
}

static void kind_json(const struct ages *ages, enum ages_kind kind, const char *key,
                      struct text *out)
{
    json_key(out, key);
    json_open(out, '[');
    for (size_t b = 0; b < AGES_BUCKETS; b++)
        bucket_json(ages_bucket(kind, b), &ages->sums[kind][b], out);
    json_close(out, ']');
}

void ages_json(const struct results *results, struct text *out)
{
    json_open(out, '[');
    for (size_t r = 0; r < results->region_count; r++) {
        json_open(out, '{');
        json_put_string(out, "name", results->regions[r]);
        kind_json(&results->ages[r], AGES_TURN, "by_turn", out);
        kind_json(&results->ages[r], AGES_SOCKET, "by_socket_age", out);
        json_close(out, '}');
    }
    json_close(out, ']');
}
