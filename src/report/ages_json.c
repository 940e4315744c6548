#include "report/ages_json.h"

#include "base/json.h"
#include "report/figures_json.h"

#include <math.h>

static void quantile_json(const char *key, const struct quantile *quantile, struct text *out)
{
    const struct estimate ms = {.valid = quantile->two_sided,
                                .value = (double)quantile->value / 1000,
                                .low = (double)quantile->low / 1000,
                                .high = (double)quantile->high / 1000};
    figures_interval_json(key, &ms, out);
}

static void ttft_json(const struct ages *ages, size_t bucket, struct text *out)
{
    const struct quantile median = ages_ttft(ages, bucket, 0.5);
    const struct quantile tail = ages_ttft(ages, bucket, 0.95);
    json_key(out, "ttft_ms");
    json_open(out, '{');
    json_put_count(out, "count", ages->ttft[bucket] == NULL ? 0 : ages->ttft[bucket]->total);
    quantile_json("p50", &median, out);
    quantile_json("p95", &tail, out);
    json_close(out, '}');
}

static void bucket_json(const struct ages *ages, enum ages_kind kind, size_t b, struct text *out)
{
    const struct ages_bucket *bucket = ages_bucket(kind, b);
    const struct cluster_sums *sums = &ages->sums[kind][b];
    const double input = ages_input(ages, kind, b);
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
    json_key(out, "input_tokens");
    isfinite(input) ? json_decimal(out, input, 1) : json_null(out);
    if (kind == AGES_CONTEXT) ttft_json(ages, b, out);
    json_close(out, '}');
}

static void kind_json(const struct ages *ages, enum ages_kind kind, const char *key,
                      struct text *out)
{
    json_key(out, key);
    json_open(out, '[');
    for (size_t b = 0; b < AGES_BUCKETS; b++) bucket_json(ages, kind, b, out);
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
        kind_json(&results->ages[r], AGES_CONTEXT, "by_context", out);
        json_close(out, '}');
    }
    json_close(out, ']');
}
