#include "figures/splits.h"

#include "base/random.h"
#include "figures/prices.h"
#include "figures/sessions.h"
#include "profile/profile.h"
#include "realtime/failure.h"
#include "record/cost.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the counters that rows tell ---- */

enum told {
    TOLD_ATTEMPTS, /* without these an interval is not split */
    TOLD_CANCELLED,
    TOLD_OWN,
    TOLD_STARTED,
    TOLD_RETRIES,
    TOLD_INTERACTIONS,
    TOLD_RECOVERED,
    TOLD_FIRST,
    TOLD_TOKENS,
    TOLD_FAILED_TOKENS,
    TOLD_UNPRICED,
    TOLD_COUNT
};

const char *split_words(size_t bit)
{
    static const char *const words[] = {
        [TOLD_ATTEMPTS] = "attempts",
        [TOLD_CANCELLED] = "cancelled attempts",
        [TOLD_OWN] = "failures of our own side",
        [TOLD_STARTED] = "attempts started",
        [TOLD_RETRIES] = "retries",
        [TOLD_INTERACTIONS] = "interactions",
        [TOLD_RECOVERED] = "interactions that recovered",
        [TOLD_FIRST] = "first attempts",
        [TOLD_TOKENS] = "tokens and cost",
        [TOLD_FAILED_TOKENS] = "tokens and cost of failed attempts",
        [TOLD_UNPRICED] = "attempts without a price",
    };
    return bit < TOLD_COUNT ? words[bit] : NULL;
}

#define AT(counter) offsetof(struct counters, counter)

static const struct {
    size_t offset;
    enum told told;
} told[] = {
    {AT(attempts_ok), TOLD_ATTEMPTS},         {AT(attempts_failed), TOLD_ATTEMPTS},
    {AT(attempts_cancelled), TOLD_CANCELLED}, {AT(own_failures), TOLD_OWN},
    {AT(attempts_started), TOLD_STARTED},     {AT(retries), TOLD_RETRIES},
    {AT(interactions_ok), TOLD_INTERACTIONS}, {AT(interactions_failed), TOLD_INTERACTIONS},
    {AT(recovered), TOLD_RECOVERED},          {AT(first_attempts_ok), TOLD_FIRST},
    {AT(first_attempts_failed), TOLD_FIRST},  {AT(input_tokens), TOLD_TOKENS},
    {AT(cached_tokens), TOLD_TOKENS},         {AT(output_tokens), TOLD_TOKENS},
    {AT(failed_tokens), TOLD_FAILED_TOKENS},  {AT(unpriced_attempts), TOLD_UNPRICED},
};
#define TOLD_COUNTERS (sizeof told / sizeof *told)

static uint64_t get(const struct counters *counters, size_t i)
{
    uint64_t value;
    memcpy(&value, (const char *)counters + told[i].offset, sizeof value);
    return value;
}

static void set(struct counters *counters, size_t i, uint64_t value)
{
    memcpy((char *)counters + told[i].offset, &value, sizeof value);
}

/* ---- prices ---- */

struct split_prices {
    bool known;  /* the profile has a row for the model */
    bool spoken; /* rows do not tell speech from text: all of it counts as the session's modality */
    bool free;   /* no price, so that the cost is shared by tokens */
    struct price price;
};

static struct usage usage_of(const struct split_prices *prices, const struct attempt_row *row)
{
    struct usage usage = {.present = true,
                          .input = row->input_tokens,
                          .cached = row->cached_tokens,
                          .output = row->output_tokens};
    if (prices->spoken) {
        usage.audio_in = usage.input;
        usage.audio_cached = usage.cached;
        usage.audio_out = usage.output;
    }
    return usage;
}

static struct split_prices prices_of(const struct results *results, size_t region)
{
    static const struct attempt_row any = {
        .input_tokens = 2, .cached_tokens = 1, .output_tokens = 1};
    const cJSON *profile = cJSON_GetObjectItemCaseSensitive(results->manifest, "profile");
    const cJSON *session = cJSON_GetObjectItemCaseSensitive(profile, "session");
    const char *modality =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(session, "modality"));
    struct split_prices prices = {.spoken = modality != NULL && strcmp(modality, "audio") == 0};
    prices.known = results_price(results, region, &prices.price);
    const struct usage usage = usage_of(&prices, &any);
    prices.free = !(cost_of(prices.known ? &prices.price : NULL, &usage) > 0);
    return prices;
}

static double weight_of(const struct split_prices *prices, const struct attempt_row *row)
{
    if (prices->free) return (double)row->input_tokens + (double)row->output_tokens;
    const struct usage usage = usage_of(prices, row);
    return cost_of(&prices->price, &usage);
}

/* ---- interactions whose last attempt so far failed ---- */

/* By an interaction's key, where it counts as failed if no row follows; NULL: one did. */
struct open {
    uint64_t key; /* 0: free */
    struct split_tally *tally;
};

struct split_opens {
    struct open *list;
    size_t count, capacity; /* a power of two */
};

/* An interaction that goes on in another region has its chain there too. */
static uint64_t key_of(const struct attempt_row *row)
{
    uint64_t chain = row->chain > 0 ? row->chain : session_number_of(row);
    uint64_t key = random_mix(random_mix(chain) + row->interaction);
    return key == 0 ? 1 : key;
}

static struct open *find(struct open *list, size_t capacity, uint64_t key)
{
    size_t at = (size_t)key & (capacity - 1);
    while (list[at].key != 0 && list[at].key != key) at = (at + 1) & (capacity - 1);
    return &list[at];
}

static bool grow(struct split_opens *opens)
{
    if (opens->count + 1 <= opens->capacity / 4 * 3) return true;
    size_t capacity = opens->capacity == 0 ? 256 : opens->capacity * 2;
    struct open *list = calloc(capacity, sizeof *list);
    if (list == NULL) return false;
    for (size_t i = 0; i < opens->capacity; i++) {
        if (opens->list[i].key != 0) *find(list, capacity, opens->list[i].key) = opens->list[i];
    }
    free(opens->list);
    opens->list = list;
    opens->capacity = capacity;
    return true;
}

/* The row follows whatever its interaction did before. */
static void close_open(struct split_opens *opens, uint64_t key)
{
    if (opens->count == 0) return;
    struct open *open = find(opens->list, opens->capacity, key);
    if (open->tally != NULL) open->tally->counted.interactions_failed--;
    open->tally = NULL;
}

static bool add_open(struct split_opens *opens, uint64_t key, struct split_tally *tally)
{
    if (!grow(opens)) return false;
    struct open *open = find(opens->list, opens->capacity, key);
    opens->count += open->key == 0;
    *open = (struct open){key, tally};
    tally->counted.interactions_failed++;
    return true;
}

/* ---- rows ---- */

/* The tally of an instant, if it lies in an interval that windows cut; else NULL. */
static struct split_tally *tally_at(const struct results *results, size_t region, int64_t utc_ns)
{
    int64_t start_ns;
    if (!results_interval(results, utc_ns, &start_ns)) return NULL;
    const struct split *split = splits_find(results->splits, start_ns, false);
    if (split == NULL || split->part_count == 0) return NULL;
    return split_tally(results->splits, split, split_part_at(split, utc_ns), region);
}

static bool count_latencies(struct split_tally *tally, const struct attempt_row *row)
{
    const int64_t us[] = {[SPLIT_TTFT] = row->ttft_us,
                          [SPLIT_FIRST_ANSWER] = row->first_answer_us,
                          [SPLIT_RESPONSE] = row->response_us};
    for (size_t m = 0; m < SPLIT_METRICS; m++) {
        if (us[m] >= 0 && !values_add(&tally->values[m], us[m])) return false;
    }
    return true;
}

/* A failure of our own side is no failure of the service, but its tokens may be billed. */
static bool is_own(const struct attempt_row *row)
{
    const struct failure_class *known = failure_class_of(row->code);
    return row->outcome == OUTCOME_CANCELLED && known != NULL && known->domain == DOMAIN_CLIENT;
}

static bool count_end(struct split_tally *tally, const struct attempt_row *row,
                      const struct split_prices *prices)
{
    struct counters *c = &tally->counted;
    const bool ok = row->outcome == OUTCOME_OK;
    const bool failed = row->outcome == OUTCOME_FAILED;
    const bool own = is_own(row);
    const bool first = row->attempt <= 1;
    c->attempts_ok += ok;
    c->attempts_failed += failed;
    c->attempts_cancelled += !ok && !failed;
    c->own_failures += own;
    c->first_attempts_ok += ok && first;
    c->first_attempts_failed += failed && first;
    c->interactions_ok += ok;
    c->recovered += ok && !first;
    c->input_tokens += row->input_tokens;
    c->cached_tokens += row->cached_tokens;
    c->output_tokens += row->output_tokens;
    c->unpriced_attempts += !prices->known;
    tally->weight += weight_of(prices, row);
    if (failed || own) {
        c->failed_tokens += row->input_tokens + row->output_tokens;
        tally->failed_weight += weight_of(prices, row);
    }
    return !ok || count_latencies(tally, row);
}

bool splits_begin_count(struct results *results)
{
    struct splits *splits = results->splits;
    splits->prices = calloc(splits->regions, sizeof *splits->prices);
    splits->opens = calloc(1, sizeof *splits->opens);
    if (splits->prices == NULL || splits->opens == NULL) return false;
    for (size_t r = 0; r < splits->regions; r++) splits->prices[r] = prices_of(results, r);
    return true;
}

bool splits_count(const struct results *results, size_t region, const struct attempt_row *row)
{
    struct splits *splits = results->splits;
    const int64_t started_ns = row->turn == 0 ? row->end_utc_ns : row->due_utc_ns;
    struct split_tally *ended = tally_at(results, region, row->end_utc_ns);
    struct split_tally *started =
        started_ns == row->end_utc_ns ? ended : tally_at(results, region, started_ns);
    const uint64_t key = key_of(row);
    splits->rows++;
    if (started != NULL) {
        started->counted.attempts_started++;
        started->counted.retries += row->attempt > 1;
    }
    close_open(splits->opens, key);
    if (ended == NULL) return true;
    if (row->outcome == OUTCOME_FAILED && !add_open(splits->opens, key, ended)) return false;
    return count_end(ended, row, &splits->prices[region]);
}

/* ---- decisions ---- */

/* The sum over the parts of a counter, by the rows. */
static uint64_t sum_of(const struct splits *splits, const struct split *split, size_t region,
                       size_t i)
{
    uint64_t sum = 0;
    for (size_t p = 0; p < split->part_count; p++)
        sum += get(&split_tally(splits, split, p, region)->counted, i);
    return sum;
}

bool split_untold(const struct split_whole *whole, size_t bit)
{
    if (bit == TOLD_STARTED || bit == TOLD_RETRIES) return false; /* by our own lag, quite often */
    if ((whole->untold & 1u << bit) == 0) return false;
    for (size_t i = 0; i < TOLD_COUNTERS; i++) {
        if (told[i].told == bit && get(&whole->cell.counters, i) > 0) return true;
    }
    return false;
}

/* Adds the parts up, by which the cost is shared. Speech, pictures and time cost what the rows do
 * not tell. */
static void weigh(const struct splits *splits, const struct split *split, size_t region)
{
    struct split_whole *whole = &split->wholes[region];
    const double cost = whole->cell.counters.cost_usd;
    for (size_t p = 0; p < split->part_count; p++) {
        const struct split_tally *tally = split_tally(splits, split, p, region);
        whole->weight += tally->weight;
        whole->failed_weight += tally->failed_weight;
    }
    whole->shared = fabs(cost - whole->weight) > 1e-6 * cost;
}

static void decide(const struct splits *splits, struct split *split)
{
    for (size_t r = 0; r < splits->regions; r++) {
        struct split_whole *whole = &split->wholes[r];
        for (size_t i = 0; i < TOLD_COUNTERS; i++) {
            if (sum_of(splits, split, r, i) != get(&whole->cell.counters, i))
                whole->untold |= 1u << told[i].told;
        }
        weigh(splits, split, r);
        if ((whole->untold & 1u << TOLD_ATTEMPTS) == 0 || split->doubt != SPLIT_SURE) continue;
        split->doubt = SPLIT_DIFFERS;
        split->region = r;
        split->rows = sum_of(splits, split, r, 0) + sum_of(splits, split, r, 1);
        split->attempts = get(&whole->cell.counters, 0) + get(&whole->cell.counters, 1);
    }
}

void splits_decide(struct splits *splits)
{
    for (size_t i = 0; i < splits->count; i++) {
        struct split *split = &splits->list[i];
        if (split->doubt != SPLIT_SURE) continue;
        if (splits->rows == 0) {
            split->doubt = SPLIT_NO_ROWS;
        } else {
            decide(splits, split);
        }
    }
    splits_end_count(splits);
}

void splits_end_count(struct splits *splits)
{
    if (splits->opens != NULL) free(splits->opens->list);
    free(splits->opens);
    free(splits->prices);
    splits->opens = NULL;
    splits->prices = NULL;
}

/* ---- a part ---- */

/* A part's share of an amount by its weight; all is the first one's without any. */
static double share(double amount, double weight, double all, bool first)
{
    if (!(all > 0)) return first ? amount : 0;
    return amount * weight / all;
}

/* Failures of our own side are told apart, the rest of the generator's health is not. */
static void part_health(const struct split_whole *whole, const struct counters *counters,
                        struct health *health)
{
    const unsigned both = 1u << TOLD_ATTEMPTS | 1u << TOLD_OWN;
    *health = whole->health;
    if ((whole->untold & both) != 0 || (!health->valid && health->own_failures == 0)) return;
    health->attempts = counters->attempts_ok + counters->attempts_failed + counters->own_failures;
    health->own_failures = counters->own_failures;
    health_judge(health);
}

void split_cell(const struct splits *splits, const struct split *split, size_t part, size_t region,
                struct cell *cell, struct health *health)
{
    const struct split_whole *whole = &split->wholes[region];
    const struct split_tally *tally = split_tally(splits, split, part, region);
    const struct counters *counted = &tally->counted;
    *cell = part == 0 ? whole->cell : (struct cell){0};
    const double part_ns = (double)(split_part_end(split, part) - split->starts[part]);
    cell->concurrency = concurrency_part(&whole->cell.concurrency,
                                         part_ns / (double)(split->end_ns - split->start_ns));
    for (size_t i = 0; i < TOLD_COUNTERS; i++) {
        if ((whole->untold & 1u << told[i].told) == 0) set(&cell->counters, i, get(counted, i));
    }
    const struct counters *all = &whole->cell.counters;
    if ((whole->untold & 1u << TOLD_TOKENS) == 0)
        cell->counters.cost_usd = share(all->cost_usd, tally->weight, whole->weight, part == 0);
    if ((whole->untold & 1u << TOLD_FAILED_TOKENS) == 0)
        cell->counters.failed_cost_usd =
            share(all->failed_cost_usd, tally->failed_weight, whole->failed_weight, part == 0);
    part_health(whole, counted, health);
}
