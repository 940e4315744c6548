#include "engine/purse.h"

#include <math.h>

#define NANO 1e9
#define MOST 4e18 /* of an amount; two of them still fit in an integer */

static int64_t whole(double amount)
{
    return amount > 0 ? (int64_t)fmin(amount, MOST) : 0;
}

void purse_init(struct purse *purse, double usd, uint64_t tokens)
{
    purse->nano_usd_limit = whole(round(usd * NANO));
    purse->token_limit = whole((double)tokens);
    atomic_init(&purse->nano_usd, 0);
    atomic_init(&purse->tokens, 0);
    atomic_init(&purse->empty, false);
}

struct purse_part purse_part_of(double usd, uint64_t tokens)
{
    return (struct purse_part){.nano_usd = whole(round(usd * NANO)),
                               .tokens = whole((double)tokens)};
}

static bool take(atomic_llong *from, int64_t limit, int64_t amount)
{
    long long before = atomic_load(from);
    do {
        if (limit > 0 && before + amount > limit) return false;
    } while (!atomic_compare_exchange_weak(from, &before, before + amount));
    return true;
}

bool purse_reserve(struct purse *purse, struct purse_part part)
{
    if (purse_is_empty(purse)) return false;
    bool fits = take(&purse->nano_usd, purse->nano_usd_limit, part.nano_usd);
    if (fits && !take(&purse->tokens, purse->token_limit, part.tokens)) {
        atomic_fetch_sub(&purse->nano_usd, part.nano_usd);
        fits = false;
    }
    if (!fits) atomic_store(&purse->empty, true);
    return fits;
}

void purse_settle(struct purse *purse, struct purse_part reserved, struct purse_part used)
{
    atomic_fetch_add(&purse->nano_usd, used.nano_usd - reserved.nano_usd);
    atomic_fetch_add(&purse->tokens, used.tokens - reserved.tokens);
}

bool purse_is_empty(const struct purse *purse)
{
    return atomic_load(&purse->empty);
}
