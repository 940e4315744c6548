#include "peers/due.h"

#include "peers/wire.h"

#include <stdlib.h>

static void put(struct due_queue *queue, struct due *due, size_t place)
{
    queue->list[place] = due;
    due->place = place;
}

static void sift_up(struct due_queue *queue, struct due *due, size_t place)
{
    for (; place > 1 && queue->list[place / 2]->at_ns > due->at_ns; place /= 2)
        put(queue, queue->list[place / 2], place);
    put(queue, due, place);
}

static void sift_down(struct due_queue *queue, struct due *due, size_t place)
{
    for (size_t child; (child = 2 * place) <= queue->count; place = child) {
        if (child < queue->count && queue->list[child + 1]->at_ns < queue->list[child]->at_ns)
            child++;
        if (queue->list[child]->at_ns >= due->at_ns) break;
        put(queue, queue->list[child], place);
    }
    put(queue, due, place);
}

void due_at(struct due_queue *queue, struct due *due, uint64_t at_ns)
{
    due->at_ns = at_ns;
    if (due->place == 0) {
        if (queue->count + 2 > queue->room) {
            queue->room = 2 * queue->room + 1024;
            queue->list = realloc((void *)queue->list, queue->room * sizeof *queue->list);
            need(queue->list != NULL, "memory");
        }
        due->place = ++queue->count;
    }
    sift_up(queue, due, due->place);
    sift_down(queue, due, due->place);
}

void due_never(struct due_queue *queue, struct due *due)
{
    const size_t place = due->place;
    if (place == 0) return;
    due->place = 0;
    struct due *last = queue->list[queue->count--];
    if (last == due) return;
    sift_up(queue, last, place);
    sift_down(queue, last, last->place);
}
