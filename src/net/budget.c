#include "net/budget.h"

#include <stdatomic.h>

static atomic_uint_fast64_t message_bytes, sockets;
static atomic_uint_fast64_t most_sockets = UINT64_MAX;

static bool take(atomic_uint_fast64_t *taken, uint64_t amount, uint64_t most)
{
    uint_fast64_t before = atomic_load_explicit(taken, memory_order_relaxed);
    do {
        if (amount > most || before > most - amount) return false;
    } while (!atomic_compare_exchange_weak_explicit(taken, &before, before + amount,
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}

size_t budget_charge(size_t size)
{
    return size > BUDGET_FREE_MESSAGE ? size : 0;
}

bool budget_take_message(size_t bytes)
{
    return take(&message_bytes, bytes, BUDGET_MESSAGES);
}

void budget_return_message(size_t bytes)
{
    (void)atomic_fetch_sub_explicit(&message_bytes, bytes, memory_order_relaxed);
}

void budget_set_sockets(uint64_t most)
{
    atomic_store(&most_sockets, most);
}

bool budget_take_socket(void)
{
    return take(&sockets, 1, atomic_load_explicit(&most_sockets, memory_order_relaxed));
}

void budget_return_socket(void)
{
    (void)atomic_fetch_sub_explicit(&sockets, 1, memory_order_relaxed);
}
