#include "engine/retry_window.h"

#define SLOTS (RETRY_WINDOW_SLOTS + 1)

/* Forgets what has left the window. */
static void slide(struct retry_window *window, uint64_t now_ns)
{
    const uint64_t slot_ns = (uint64_t)window->length_ns / RETRY_WINDOW_SLOTS;
    const uint64_t now = now_ns / (slot_ns > 0 ? slot_ns : 1);
    uint64_t passed = now > window->newest ? now - window->newest : 0;
    if (passed > SLOTS) passed = SLOTS;
    for (uint64_t i = 0; i < passed; i++)
        window->slots[(now - i) % SLOTS] = (struct retry_share){0};
    if (now > window->newest) window->newest = now;
}

void retry_window_add(struct retry_window *window, bool retry, uint64_t now_ns)
{
    slide(window, now_ns);
    struct retry_share *slot = &window->slots[window->newest % SLOTS];
    slot->retries += retry;
    slot->first_attempts += !retry;
}

struct retry_share retry_window_at(struct retry_window *window, uint64_t now_ns)
{
    struct retry_share sum = {0};
    slide(window, now_ns);
    const uint64_t oldest = (window->newest + 1) % SLOTS; /* in part outside of the window */
    for (uint64_t i = 0; i < SLOTS; i++) {
        sum.retries += window->slots[i].retries;
        if (i != oldest) sum.first_attempts += window->slots[i].first_attempts;
    }
    return sum;
}
