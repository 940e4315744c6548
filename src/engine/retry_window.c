#include "engine/retry_window.h"

#define SLOTS (RETRY_WINDOW_SLOTS + 1)

/* A slot's counts, and its number as far as it tells slots apart that can be in one place. */
#define RETRY_BITS 16
#define FIRST_BITS 20
#define NUMBER_BITS 28
#define MASK(bits) ((UINT64_C(1) << (bits)) - 1)

/* What seems to be further ahead than any worker can be is what a slot held long ago. */
#define AHEAD_MOST (1 << 16)

struct slot {
    uint64_t number, first_attempts, retries;
};

static struct slot unpack(unsigned long long packed)
{
    return (struct slot){.number = packed >> (RETRY_BITS + FIRST_BITS),
                         .first_attempts = packed >> RETRY_BITS & MASK(FIRST_BITS),
                         .retries = packed & MASK(RETRY_BITS)};
}

static unsigned long long pack(const struct slot *slot)
{
    return slot->number << (RETRY_BITS + FIRST_BITS) | slot->first_attempts << RETRY_BITS |
           slot->retries;
}

static uint64_t slot_at(const struct retry_window *window, uint64_t now_ns)
{
    const uint64_t slot_ns = (uint64_t)window->length_ns / RETRY_WINDOW_SLOTS;
    return now_ns / (slot_ns > 0 ? slot_ns : 1);
}

/* By how many slots a number, as it is kept, lies behind another; less than 0: before it. */
static int64_t behind(uint64_t kept, uint64_t number)
{
    const uint64_t ago = (number - kept) & MASK(NUMBER_BITS);
    return ago <= MASK(NUMBER_BITS) / 2 ? (int64_t)ago : (int64_t)ago - (1LL << NUMBER_BITS);
}

/* Counts more in a slot, or with less one retry less; full counters stay full. What is a whole
 * window old by another worker's clock is in no window any more. */
static void change(struct retry_window *window, uint64_t number, const struct slot *more, bool less)
{
    atomic_ullong *place = &window->slots[number % SLOTS];
    unsigned long long packed = atomic_load(place);
    struct slot slot;
    do {
        slot = unpack(packed);
        const int64_t ago = behind(slot.number, number);
        if ((ago < 0 && ago > -AHEAD_MOST) || (less && (ago != 0 || slot.retries == 0))) return;
        if (ago != 0) slot = (struct slot){.number = number & MASK(NUMBER_BITS)};
        slot.first_attempts += more->first_attempts;
        slot.retries += more->retries - less;
        if (slot.first_attempts > MASK(FIRST_BITS)) slot.first_attempts = MASK(FIRST_BITS);
        if (slot.retries > MASK(RETRY_BITS)) slot.retries = MASK(RETRY_BITS);
    } while (!atomic_compare_exchange_weak(place, &packed, pack(&slot)));
}

void retry_ledger_init(struct retry_ledger *ledger, int64_t window_ns)
{
    ledger->decided.length_ns = ledger->dialled.length_ns = ledger->sent.length_ns = window_ns;
}

void retry_window_add(struct retry_window *window, bool retry, uint64_t now_ns)
{
    const struct slot one = {.first_attempts = !retry, .retries = retry};
    change(window, slot_at(window, now_ns), &one, false);
}

struct retry_share retry_window_at(const struct retry_window *window, uint64_t now_ns)
{
    struct retry_share sum = {0};
    const uint64_t now = slot_at(window, now_ns);
    for (uint64_t i = 0; i < SLOTS; i++) {
        const struct slot slot = unpack(atomic_load(&window->slots[i]));
        const int64_t ago = behind(slot.number, now);
        /* another worker may be a little further: its retries count, its first attempts do not */
        if (ago <= RETRY_WINDOW_SLOTS && ago > -SLOTS) sum.retries += slot.retries;
        if (ago < RETRY_WINDOW_SLOTS && ago >= 0) sum.first_attempts += slot.first_attempts;
    }
    return sum;
}

bool retry_within_window(const struct retry *retry, const struct retry_share *lately)
{
    const double share = retry->budget * (double)lately->first_attempts;
    const double allowed = share > RETRY_ALLOWANCE ? share : RETRY_ALLOWANCE;
    return retry->budget >= 1 || (double)lately->retries + 1 <= allowed;
}

void retry_window_drop(struct retry_window *window, uint64_t at_ns)
{
    const struct slot none = {0};
    change(window, slot_at(window, at_ns), &none, true);
}

bool retry_window_take(struct retry_window *window, const struct retry *retry, uint64_t now_ns)
{
    retry_window_add(window, true, now_ns);
    struct retry_share lately = retry_window_at(window, now_ns);
    lately.retries -= lately.retries > 0; /* itself */
    if (retry_within_window(retry, &lately)) return true;
    retry_window_drop(window, now_ns);
    return false;
}
