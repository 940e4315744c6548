#include "figures/prices.h"

#include "base/clock.h"
#include "profile/keys.h"

#include <math.h>
#include <string.h>

/* The keys of a price are numbers, all of them. */
static void read_row(const cJSON *row, struct price *out)
{
    *out = (struct price){.model = row->string};
    for (size_t i = 0; i < key_price.count; i++) {
        const struct key *key = &key_price.keys[i];
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(row, key->name);
        if (key->type == KEY_NUMBER && cJSON_IsNumber(item))
            memcpy((char *)out + key->offset, &item->valuedouble, sizeof item->valuedouble);
    }
}

bool results_price(const struct results *results, size_t region, struct price *out)
{
    const cJSON *profile = cJSON_GetObjectItemCaseSensitive(results->manifest, "profile");
    const char *model = results_region_fact(results, region, "model");
    const cJSON *best = NULL;
    const cJSON *row;
    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(profile, "prices"))
    {
        if (!cJSON_IsObject(row)) continue; /* as_of */
        if (price_fits_better(row->string, model, best == NULL ? NULL : best->string)) best = row;
    }
    if (best == NULL) return false;
    read_row(best, out);
    return true;
}

static bool by_time_alone(const struct price *price)
{
    const double tokens = price->text_in + price->text_out + price->audio_in + price->audio_out;
    return price->per_minute > 0 && !(tokens > 0);
}

static void note_free(struct results *results, size_t region, const struct price *price,
                      const char *key, const char *what)
{
    text_printf(&results->notes,
                "%s: prices.%s.%s of the profile is 0: %s costs nothing in these figures.\n",
                results->regions[region], price->model, key, what);
}

void prices_note(struct results *results)
{
    for (size_t r = 0; r < results->region_count; r++) {
        const struct counters *c = &results_region(results, r)->cell.counters;
        struct price price;
        if (!results_price(results, r, &price) || by_time_alone(&price)) continue;
        if (c->input_tokens > 0 && !(price.text_in > 0))
            note_free(results, r, &price, "text_in", "text input");
        if (c->output_tokens > 0 && !(price.text_out > 0))
            note_free(results, r, &price, "text_out", "text output");
    }
}

double prices_hourly(const struct results *results)
{
    const struct counters *all = &results->all.cell.counters;
    int64_t longest_ns = 0; /* regions are driven side by side */
    for (size_t r = 0; r < results->region_count; r++) {
        const int64_t covered_ns = results_region(results, r)->covered_ns;
        if (covered_ns > longest_ns) longest_ns = covered_ns;
    }
    if (longest_ns == 0 || counters_unpriced(all)) return NAN;
    return all->cost_usd / ((double)longest_ns / (3600.0 * (double)NS_PER_S));
}
