#include "engine/mailbox.h"

#include <stdlib.h>
#include <string.h>

enum err_code mailbox_init(struct mailbox *mailbox, uv_async_t *wake, size_t region_count,
                           struct error *err)
{
    *mailbox = (struct mailbox){.wake = wake, .region_count = region_count};
    if (pthread_mutex_init(&mailbox->lock, NULL) != 0)
        return error_set(err, ERR_NOMEM, "cannot make a lock");
    return ERR_OK;
}

static void handover_free(struct handover *handover)
{
    if (handover == NULL) return;
    for (size_t i = 0; handover->cells != NULL && i < handover->region_count; i++)
        cell_free(&handover->cells[i]);
    free(handover->cells);
    level_changes_free(&handover->changes);
    free(handover->holding);
    holds_free(&handover->holds);
    free(handover->trials);
    histogram_free(handover->loop_delay);
    text_free(&handover->attempts);
    text_free(&handover->failures);
    free(handover);
}

static struct handover *handover_new(size_t region_count)
{
    struct handover *handover = calloc(1, sizeof *handover);
    if (handover == NULL) return NULL;
    handover->region_count = region_count;
    handover->cells = calloc(region_count, sizeof *handover->cells);
    handover->holding = calloc(region_count, sizeof *handover->holding);
    handover->trials = calloc(region_count, sizeof *handover->trials);
    handover->loop_delay = histogram_new(1, LOOP_DELAY_HIGHEST_US, 2);
    if (handover->cells != NULL && handover->holding != NULL && handover->trials != NULL &&
        handover->loop_delay != NULL) {
        return handover;
    }
    handover_free(handover);
    return NULL;
}

static void free_list(struct handover *handover)
{
    while (handover != NULL) {
        struct handover *next = handover->next;
        handover_free(handover);
        handover = next;
    }
}

void mailbox_free(struct mailbox *mailbox)
{
    free_list(mailbox->first);
    free_list(mailbox->shelf);
    (void)pthread_mutex_destroy(&mailbox->lock);
    *mailbox = (struct mailbox){0};
}

struct handover *mailbox_blank(struct mailbox *mailbox)
{
    (void)pthread_mutex_lock(&mailbox->lock);
    struct handover *handover = mailbox->shelf;
    if (handover != NULL) mailbox->shelf = handover->next;
    (void)pthread_mutex_unlock(&mailbox->lock);
    if (handover == NULL) handover = handover_new(mailbox->region_count);
    if (handover != NULL) handover->next = NULL;
    return handover;
}

void mailbox_post(struct mailbox *mailbox, struct handover *handover)
{
    handover->next = NULL;
    (void)pthread_mutex_lock(&mailbox->lock);
    if (mailbox->last == NULL) {
        mailbox->first = handover;
    } else {
        mailbox->last->next = handover;
    }
    mailbox->last = handover;
    (void)pthread_mutex_unlock(&mailbox->lock);
    (void)uv_async_send(mailbox->wake);
}

struct handover *mailbox_take(struct mailbox *mailbox)
{
    (void)pthread_mutex_lock(&mailbox->lock);
    struct handover *handover = mailbox->first;
    mailbox->first = NULL;
    mailbox->last = NULL;
    (void)pthread_mutex_unlock(&mailbox->lock);
    return handover;
}

void handover_count(const struct handover *handover, struct health *into)
{
    into->requested += handover->requested;
    into->achieved += handover->achieved;
    into->achieved_late += handover->achieved_late;
    into->held += handover->held;
    into->displaced += handover->displaced;
    into->stamps_kernel += handover->stamps_kernel;
    into->stamps_loop += handover->stamps_loop;
    into->dials += handover->dials;
    into->dials_off += handover->dials_off;
}

void mailbox_return(struct mailbox *mailbox, struct handover *handover)
{
    for (size_t i = 0; i < handover->region_count; i++) cell_reset(&handover->cells[i]);
    memset(handover->trials, 0, handover->region_count * sizeof *handover->trials);
    histogram_reset(handover->loop_delay);
    text_clear(&handover->attempts);
    text_clear(&handover->failures);
    handover->changes.count = 0;
    handover->holds.count = 0;
    handover->holds.left_out = handover->held = 0;
    handover->closes = handover->final = handover->failed = false;
    handover->cpu_ns = handover->wall_ns = 0;
    handover->requested = handover->achieved = handover->achieved_late = 0;
    handover->displaced = handover->pauses = handover->paused_ns = 0;
    handover->stamps_kernel = handover->stamps_loop = 0;
    handover->dials = handover->dials_off = 0;
    (void)pthread_mutex_lock(&mailbox->lock);
    handover->next = mailbox->shelf;
    mailbox->shelf = handover;
    (void)pthread_mutex_unlock(&mailbox->lock);
}
