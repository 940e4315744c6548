#include "engine/shard.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The most cents that a double holds exactly. */
#define CENTS_MOST 9e15

static unsigned count_of(const struct shard *shard)
{
    return shard->count > 0 ? shard->count : 1;
}

enum err_code shard_parse(const char *string, struct shard *out, struct error *err)
{
    unsigned index = 0;
    unsigned count = 0;
    int length = 0;
    bool digits = isdigit((unsigned char)string[0]) && strlen(string) < 12;
    if (!digits || sscanf(string, "%u/%u%n", &index, &count, &length) != 2 ||
        string[length] != '\0') {
        return error_set(err, ERR_USAGE,
                         "--shard %.40s: write I/N, such as 1/3 for the first of three", string);
    }
    if (count < 1 || count > SHARDS_MOST) {
        return error_set(err, ERR_USAGE, "--shard %s: 1 to %d shards", string, SHARDS_MOST);
    }
    if (index < 1 || index > count) {
        return error_set(err, ERR_USAGE,
                         "--shard %s: shards are numbered from 1: write 1/%u to %u/%u", string,
                         count, count, count);
    }
    *out = (struct shard){.index = index - 1, .count = count};
    return ERR_OK;
}

uint64_t shard_part(const struct shard *shard, uint64_t whole)
{
    unsigned count = count_of(shard);
    return whole / count + (shard->index < whole % count ? 1 : 0);
}

/* 0.29 is 28.999999999999996 cents in binary. */
static double whole_cents(double usd)
{
    return floor(usd * 100 + 1e-6);
}

double shard_usd(const struct shard *shard, double usd)
{
    if (count_of(shard) == 1) return usd;
    double cents = whole_cents(usd);
    if (cents > CENTS_MOST) return usd / count_of(shard);
    double part = (double)shard_part(shard, (uint64_t)cents) / 100;
    return shard->index > 0 ? part : part + fmax(0, usd - cents / 100);
}

static enum err_code too_little(const struct shard *shard, const char *key, const char *what,
                                struct error *err)
{
    return error_set(
        err, ERR_USAGE,
        "--shard %u/%u: %s has less than %s for each of %u shards: raise it, or take fewer shards",
        shard->index + 1, shard->count, key, what, shard->count);
}

enum err_code shard_check(const struct shard *shard, const struct profile *profile,
                          struct error *err)
{
    unsigned count = count_of(shard);
    const struct budget *budget = &profile->budget;
    if (profile->load.max_sessions < count)
        return too_little(shard, "load.max_sessions", "one", err);
    if (budget->usd > 0 && whole_cents(budget->usd) < count && count > 1)
        return too_little(shard, "budget.usd", "a cent", err);
    if (budget->tokens > 0 && budget->tokens < count)
        return too_little(shard, "budget.tokens", "one", err);
    return ERR_OK;
}

uint64_t lane_stride(const struct lane *lane)
{
    return (uint64_t)count_of(&lane->shard) * count_of(&lane->worker);
}

uint64_t lane_first(const struct lane *lane)
{
    return lane->shard.index + (uint64_t)count_of(&lane->shard) * lane->worker.index;
}

bool lane_owns(const struct lane *lane, uint64_t number)
{
    return number % lane_stride(lane) == lane_first(lane);
}

uint64_t lane_part(const struct lane *lane, uint64_t whole)
{
    return shard_part(&lane->worker, shard_part(&lane->shard, whole));
}
