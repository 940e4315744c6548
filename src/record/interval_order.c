#include "record/interval_order.h"

#include "base/text.h"
#include "record/folder.h"
#include "record/run_walk.h"

#include <stdlib.h>
#include <string.h>

#define LINE_LIMIT ((size_t)64 << 10)

struct looking {
    char last[40];
    size_t lines;
    bool disordered;
};

/* Times of one form are in order when their texts are. */
static enum line_use look(void *state, char *line, size_t length)
{
    struct looking *looking = state;
    const size_t field = strcspn(line, ",");
    (void)length;
    if (field >= sizeof looking->last) {
        looking->disordered = true;
        return LINE_USED;
    }
    line[field] = '\0';
    if (looking->lines > 1 && (strlen(looking->last) != field || strcmp(looking->last, line) > 0))
        looking->disordered = true;
    if (looking->lines++ > 0) memcpy(looking->last, line, field + 1);
    return LINE_USED;
}

bool interval_order_holds(const char *folder)
{
    struct looking looking = {0};
    struct text notes = {0};
    const struct run_walk walk = {.folder = folder,
                                  .name = RUN_INTERVALS,
                                  .limit = LINE_LIMIT,
                                  .line = look,
                                  .state = &looking,
                                  .notes = &notes};
    const bool read = run_walk(&walk, NULL) == ERR_OK;
    text_free(&notes);
    return !read || !looking.disordered;
}

bool interval_order_keep(struct interval_order *order, const struct ordered_interval *row)
{
    if (order->count == order->capacity) {
        const size_t capacity = order->capacity == 0 ? 64 : order->capacity * 2;
        struct ordered_interval *rows = realloc(order->rows, capacity * sizeof *rows);
        if (rows == NULL) return false;
        order->rows = rows;
        order->capacity = capacity;
    }
    order->rows[order->count] = *row;
    order->rows[order->count].number = order->count;
    order->count++;
    return true;
}

static int by_time(const void *left, const void *right)
{
    const struct ordered_interval *a = left, *b = right;
    if (a->start_ns != b->start_ns) return a->start_ns < b->start_ns ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

void interval_order_sort(struct interval_order *order)
{
    if (order->count > 1) qsort(order->rows, order->count, sizeof *order->rows, by_time);
}

void interval_order_free(struct interval_order *order)
{
    free(order->rows);
    *order = (struct interval_order){0};
}
