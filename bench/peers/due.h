/* What is due when: a heap. */
#ifndef RUSHHOUR_BENCH_PEERS_DUE_H
#define RUSHHOUR_BENCH_PEERS_DUE_H

#include <stddef.h>
#include <stdint.h>

/* Zero-initialise. */
struct due {
    uint64_t at_ns;
    size_t place; /* in the queue, from 1; 0: not in it */
};

/* Zero-initialise. list[1] is the first one, where there is any. */
struct due_queue {
    struct due **list;
    size_t count, room;
};

/* Enters it, or moves it to another time. */
void due_at(struct due_queue *queue, struct due *due, uint64_t at_ns);

void due_never(struct due_queue *queue, struct due *due);

#endif
