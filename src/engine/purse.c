#include "engine/purse.h"

#include <math.h>

#define NANO 1e9
#define MOST 4e18 /* of an amount; two of them still fit in an integer */

static int64_t whole(double amount)
{
    return amount > 0 ? (int64_t)fmin(amount, MOST) : 0;
}

enum err_code purse_init(struct purse *purse, double usd, uint64_t tokens, struct error *err)
{
    *purse = (struct purse){.nano_usd_limit = whole(round(usd * NANO)),
                            .token_limit = whole((double)tokens)};
    if (pthread_mutex_init(&purse->lock, NULL) != 0)
        return error_set(err, ERR_NOMEM, "no memory for the budget");
    return ERR_OK;
}

void purse_free(struct purse *purse)
{
    (void)pthread_mutex_destroy(&purse->lock);
}

void purse_join(struct purse *purse, struct purse_listener *listener)
{
    listener->next = purse->listeners;
    purse->listeners = listener;
}

struct purse_part purse_part_of(double usd, uint64_t tokens)
{
    return (struct purse_part){.nano_usd = whole(round(usd * NANO)),
                               .tokens = whole((double)tokens)};
}

/* ---- amounts ---- */

static bool take_of(atomic_llong *from, int64_t limit, int64_t amount)
{
    long long before = atomic_load(from);
    do {
        if (limit > 0 && before + amount > limit) return false;
    } while (!atomic_compare_exchange_weak(from, &before, before + amount));
    return true;
}

/* Whoever fails here asks again under the lock, and looks into the queue then: what was taken for a
 * moment may have been in the way of another. */
static bool take(struct purse *purse, struct purse_part part)
{
    (void)atomic_fetch_add(&purse->out, 1);
    if (take_of(&purse->nano_usd, purse->nano_usd_limit, part.nano_usd)) {
        if (take_of(&purse->tokens, purse->token_limit, part.tokens)) return true;
        (void)atomic_fetch_sub(&purse->nano_usd, part.nano_usd);
    }
    (void)atomic_fetch_sub(&purse->out, 1);
    return false;
}

static bool exceeds(int64_t limit, atomic_llong *spent, int64_t amount)
{
    return limit > 0 && atomic_load(spent) + amount > limit;
}

/* Whether a part does not fit even when all turns in flight have given back all. */
static bool never_fits(struct purse *purse, struct purse_part part)
{
    return exceeds(purse->nano_usd_limit, &purse->spent_nano_usd, part.nano_usd) ||
           exceeds(purse->token_limit, &purse->spent_tokens, part.tokens);
}

static bool same(struct purse_part a, struct purse_part b)
{
    return a.nano_usd == b.nano_usd && a.tokens == b.tokens;
}

/* One turn alone, whatever it takes, if what it takes at least fits. */
static bool take_alone(struct purse *purse, const struct purse_wish *wish)
{
    int none = 0;
    if (same(wish->most, wish->least) || never_fits(purse, wish->least)) return false;
    if (!atomic_compare_exchange_strong(&purse->out, &none, 1)) return false;
    (void)atomic_fetch_add(&purse->nano_usd, wish->most.nano_usd);
    (void)atomic_fetch_add(&purse->tokens, wish->most.tokens);
    return true;
}

static bool take_wish(struct purse *purse, const struct purse_wish *wish)
{
    return take(purse, wish->most) || take_alone(purse, wish);
}

/* ---- the queue, under the lock ---- */

static void append(struct purse_queue *queue, struct purse_claim *claim)
{
    claim->next = NULL;
    claim->previous = queue->last;
    if (queue->last != NULL)
        queue->last->next = claim;
    else
        queue->first = claim;
    queue->last = claim;
}

static void remove_from(struct purse_queue *queue, struct purse_claim *claim)
{
    if (claim->previous != NULL)
        claim->previous->next = claim->next;
    else
        queue->first = claim->next;
    if (claim->next != NULL)
        claim->next->previous = claim->previous;
    else
        queue->last = claim->previous;
    claim->next = claim->previous = NULL;
}

static void end(struct purse *purse, struct purse_part wanted)
{
    if (purse_is_over(purse)) return;
    const bool in_usd = exceeds(purse->nano_usd_limit, &purse->spent_nano_usd, wanted.nano_usd);
    purse->end = (struct purse_end){.of_tokens = !in_usd, .wanted = wanted};
    atomic_store(&purse->over, true);
    for (struct purse_listener *each = purse->listeners; each != NULL; each = each->next)
        each->wake(each);
}

/* Grants what fits, first come first served. */
static void grant(struct purse *purse)
{
    while (purse->queue.first != NULL && !purse_is_over(purse)) {
        struct purse_claim *claim = purse->queue.first;
        if (!take_wish(purse, &claim->wish)) {
            if (never_fits(purse, claim->wish.least)) end(purse, claim->wish.least);
            return;
        }
        remove_from(&purse->queue, claim);
        (void)atomic_fetch_sub(&purse->waiting, 1);
        claim->state = CLAIM_GRANTED;
        append(&claim->listener->granted, claim);
        claim->listener->wake(claim->listener);
    }
}

/* It has been counted as waiting, so that what comes back from now on is looked at. */
static enum purse_answer ask_slowly(struct purse *purse, const struct purse_wish *wish,
                                    struct purse_listener *listener, struct purse_claim *claim)
{
    grant(purse);
    if (purse->queue.first == NULL && take_wish(purse, wish)) return PURSE_TAKEN;
    if (never_fits(purse, wish->least)) end(purse, wish->least);
    if (purse_is_over(purse)) return PURSE_OVER;
    if (claim == NULL) return PURSE_WAIT;
    claim->wish = *wish;
    claim->listener = listener;
    claim->state = CLAIM_WAITS;
    append(&purse->queue, claim);
    (void)atomic_fetch_add(&purse->waiting, 1);
    return PURSE_WAIT;
}

enum purse_answer purse_ask(struct purse *purse, const struct purse_wish *wish,
                            struct purse_listener *listener, struct purse_claim *claim)
{
    if (purse_is_over(purse)) return PURSE_OVER;
    if (atomic_load(&purse->waiting) == 0 && take(purse, wish->most)) return PURSE_TAKEN;
    (void)pthread_mutex_lock(&purse->lock);
    (void)atomic_fetch_add(&purse->waiting, 1);
    const enum purse_answer answer = ask_slowly(purse, wish, listener, claim);
    (void)atomic_fetch_sub(&purse->waiting, 1);
    (void)pthread_mutex_unlock(&purse->lock);
    return answer;
}

struct purse_claim *purse_next(struct purse *purse, struct purse_listener *listener)
{
    (void)pthread_mutex_lock(&purse->lock);
    struct purse_claim *claim = listener->granted.first;
    if (claim != NULL) {
        remove_from(&listener->granted, claim);
        claim->state = CLAIM_NONE;
    }
    (void)pthread_mutex_unlock(&purse->lock);
    return claim;
}

void purse_leave(struct purse *purse, struct purse_claim *claim)
{
    if (claim->listener == NULL) return; /* it never waited */
    (void)pthread_mutex_lock(&purse->lock);
    const bool granted = claim->state == CLAIM_GRANTED;
    if (granted) remove_from(&claim->listener->granted, claim);
    if (claim->state == CLAIM_WAITS) {
        remove_from(&purse->queue, claim);
        (void)atomic_fetch_sub(&purse->waiting, 1);
    }
    claim->state = CLAIM_NONE;
    grant(purse); /* it may have been in the way of others */
    (void)pthread_mutex_unlock(&purse->lock);
    if (granted) purse_settle(purse, claim->wish.most, (struct purse_part){0});
}

static void look_into_queue(struct purse *purse)
{
    if (atomic_load(&purse->waiting) == 0) return;
    (void)pthread_mutex_lock(&purse->lock);
    grant(purse);
    (void)pthread_mutex_unlock(&purse->lock);
}

void purse_settle(struct purse *purse, struct purse_part reserved, struct purse_part used)
{
    (void)atomic_fetch_add(&purse->spent_nano_usd, used.nano_usd);
    (void)atomic_fetch_add(&purse->spent_tokens, used.tokens);
    (void)atomic_fetch_add(&purse->nano_usd, used.nano_usd - reserved.nano_usd);
    (void)atomic_fetch_add(&purse->tokens, used.tokens - reserved.tokens);
    (void)atomic_fetch_sub(&purse->out, 1);
    look_into_queue(purse);
}

void purse_charge(struct purse *purse, struct purse_part part)
{
    (void)atomic_fetch_add(&purse->spent_nano_usd, part.nano_usd);
    (void)atomic_fetch_add(&purse->spent_tokens, part.tokens);
    (void)atomic_fetch_add(&purse->nano_usd, part.nano_usd);
    (void)atomic_fetch_add(&purse->tokens, part.tokens);
    look_into_queue(purse);
}

void purse_look(struct purse *purse)
{
    if (purse_is_over(purse) || !never_fits(purse, (struct purse_part){0})) return;
    (void)pthread_mutex_lock(&purse->lock);
    end(purse, (struct purse_part){0});
    (void)pthread_mutex_unlock(&purse->lock);
}

bool purse_is_over(const struct purse *purse)
{
    return atomic_load(&purse->over);
}

struct purse_end purse_end(struct purse *purse)
{
    (void)pthread_mutex_lock(&purse->lock);
    const struct purse_end why = purse->end;
    (void)pthread_mutex_unlock(&purse->lock);
    return why;
}
