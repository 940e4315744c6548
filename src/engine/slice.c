#include "engine/slice.h"

#include <stdlib.h>
#include <string.h>

/* 1 us to 100 s in 2 digits: enough to see whether a loop was late. */
#define LOOP_DELAY_HIGHEST_US INT64_C(100000000)

enum err_code mailbox_init(struct mailbox *mailbox, uv_async_t *wake, size_t region_count,
                           struct error *err)
{
    *mailbox = (struct mailbox){.wake = wake, .region_count = region_count};
    if (pthread_mutex_init(&mailbox->lock, NULL) != 0)
        return error_set(err, ERR_NOMEM, "cannot make a lock");
    return ERR_OK;
}

static void slice_free(struct slice *slice)
{
    if (slice == NULL) return;
    for (size_t i = 0; slice->cells != NULL && i < slice->region_count; i++)
        cell_free(&slice->cells[i]);
    free(slice->cells);
    free(slice->sessions_open);
    free(slice->in_flight);
    free(slice->trials);
    histogram_free(slice->loop_delay);
    text_free(&slice->attempts);
    text_free(&slice->failures);
    free(slice);
}

static struct slice *slice_new(size_t region_count)
{
    struct slice *slice = calloc(1, sizeof *slice);
    if (slice == NULL) return NULL;
    slice->region_count = region_count;
    slice->cells = calloc(region_count, sizeof *slice->cells);
    slice->sessions_open = calloc(region_count, sizeof *slice->sessions_open);
    slice->in_flight = calloc(region_count, sizeof *slice->in_flight);
    slice->trials = calloc(region_count, sizeof *slice->trials);
    slice->loop_delay = histogram_new(1, LOOP_DELAY_HIGHEST_US, 2);
    if (slice->cells != NULL && slice->sessions_open != NULL && slice->in_flight != NULL &&
        slice->trials != NULL && slice->loop_delay != NULL) {
        return slice;
    }
    slice_free(slice);
    return NULL;
}

static void free_list(struct slice *slice)
{
    while (slice != NULL) {
        struct slice *next = slice->next;
        slice_free(slice);
        slice = next;
    }
}

void mailbox_free(struct mailbox *mailbox)
{
    free_list(mailbox->first);
    free_list(mailbox->shelf);
    (void)pthread_mutex_destroy(&mailbox->lock);
    *mailbox = (struct mailbox){0};
}

struct slice *mailbox_blank(struct mailbox *mailbox)
{
    (void)pthread_mutex_lock(&mailbox->lock);
    struct slice *slice = mailbox->shelf;
    if (slice != NULL) mailbox->shelf = slice->next;
    (void)pthread_mutex_unlock(&mailbox->lock);
    if (slice == NULL) slice = slice_new(mailbox->region_count);
    if (slice != NULL) slice->next = NULL;
    return slice;
}

void mailbox_post(struct mailbox *mailbox, struct slice *slice)
{
    slice->next = NULL;
    (void)pthread_mutex_lock(&mailbox->lock);
    if (mailbox->last == NULL) {
        mailbox->first = slice;
    } else {
        mailbox->last->next = slice;
    }
    mailbox->last = slice;
    (void)pthread_mutex_unlock(&mailbox->lock);
    (void)uv_async_send(mailbox->wake);
}

struct slice *mailbox_take(struct mailbox *mailbox)
{
    (void)pthread_mutex_lock(&mailbox->lock);
    struct slice *slice = mailbox->first;
    mailbox->first = NULL;
    mailbox->last = NULL;
    (void)pthread_mutex_unlock(&mailbox->lock);
    return slice;
}

void mailbox_return(struct mailbox *mailbox, struct slice *slice)
{
    for (size_t i = 0; i < slice->region_count; i++) cell_reset(&slice->cells[i]);
    memset(slice->trials, 0, slice->region_count * sizeof *slice->trials);
    histogram_reset(slice->loop_delay);
    text_clear(&slice->attempts);
    text_clear(&slice->failures);
    slice->closes = slice->final = slice->failed = false;
    slice->cpu_ns = slice->wall_ns = slice->requested = slice->achieved = 0;
    (void)pthread_mutex_lock(&mailbox->lock);
    slice->next = mailbox->shelf;
    mailbox->shelf = slice;
    (void)pthread_mutex_unlock(&mailbox->lock);
}
