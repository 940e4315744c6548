#include "net/agenda.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct agenda {
    uv_poll_t poll;
    int fd;
    struct appointment **heap; /* heap[1..count], the earliest on top */
    size_t count, capacity;
    uint64_t armed_ns; /* what the timerfd is set to; 0: disarmed */
    bool firing;
};

static void place(struct agenda *agenda, struct appointment *appointment, size_t where)
{
    agenda->heap[where] = appointment;
    appointment->place = where;
}

static void sift_up(struct agenda *agenda, size_t where)
{
    struct appointment *moving = agenda->heap[where];
    while (where > 1 && agenda->heap[where / 2]->due_ns > moving->due_ns) {
        place(agenda, agenda->heap[where / 2], where);
        where /= 2;
    }
    place(agenda, moving, where);
}

static void sift_down(struct agenda *agenda, size_t where)
{
    struct appointment *moving = agenda->heap[where];
    for (;;) {
        size_t child = where * 2;
        if (child > agenda->count) break;
        if (child < agenda->count && agenda->heap[child + 1]->due_ns < agenda->heap[child]->due_ns)
            child++;
        if (agenda->heap[child]->due_ns >= moving->due_ns) break;
        place(agenda, agenda->heap[child], where);
        where = child;
    }
    place(agenda, moving, where);
}

static void arm(struct agenda *agenda)
{
    if (agenda->firing) return; /* once, after the last callback */
    uint64_t due = agenda->count == 0 ? 0 : agenda->heap[1]->due_ns;
    if (due == agenda->armed_ns) return;
    agenda->armed_ns = due;
    struct itimerspec spec = {0};
    if (agenda->count > 0) {
        if (due == 0) due = 1; /* zero would disarm */
        spec.it_value.tv_sec = (time_t)(due / (uint64_t)NS_PER_S);
        spec.it_value.tv_nsec = (long)(due % (uint64_t)NS_PER_S);
    }
    (void)timerfd_settime(agenda->fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void take_out(struct agenda *agenda, struct appointment *appointment)
{
    size_t where = appointment->place;
    struct appointment *last = agenda->heap[agenda->count--];
    appointment->place = 0;
    if (last == appointment) return;
    place(agenda, last, where);
    sift_up(agenda, where);
    sift_down(agenda, last->place);
}

static void on_timer(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct agenda *agenda = poll->data;
    uint64_t expirations;
    while (read(agenda->fd, &expirations, sizeof expirations) < 0 && errno == EINTR) {}
    agenda->armed_ns = 0;
    agenda->firing = true;
    uint64_t now = clock_mono_ns();
    /* No more than there are now: one that is set again for the past waits until the loop has had
     * its turn. */
    for (size_t left = agenda->count;
         left > 0 && agenda->count > 0 && agenda->heap[1]->due_ns <= now; left--) {
        struct appointment *due = agenda->heap[1];
        take_out(agenda, due);
        due->fire(due, now);
    }
    agenda->firing = false;
    if (!uv_is_closing((uv_handle_t *)poll)) arm(agenda);
}

enum err_code agenda_new(uv_loop_t *loop, struct agenda **out, struct error *err)
{
    struct agenda *agenda = calloc(1, sizeof *agenda);
    if (agenda == NULL) return error_set(err, ERR_NOMEM, "no memory for timers");
    agenda->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (agenda->fd < 0) {
        free(agenda);
        return error_set(err, ERR_NET, "cannot make a timer: %s", strerror(errno));
    }
    int status = uv_poll_init(loop, &agenda->poll, agenda->fd);
    if (status == 0) status = uv_poll_start(&agenda->poll, UV_READABLE, on_timer);
    if (status != 0) {
        (void)close(agenda->fd);
        free(agenda);
        return error_set(err, ERR_NET, "cannot watch a timer: %s", uv_strerror(status));
    }
    agenda->poll.data = agenda;
    *out = agenda;
    return ERR_OK;
}

static bool reserve(struct agenda *agenda)
{
    if (agenda->count + 1 < agenda->capacity) return true;
    size_t capacity = agenda->capacity == 0 ? 64 : agenda->capacity * 2;
    struct appointment **heap = realloc(agenda->heap, capacity * sizeof *heap);
    if (heap == NULL) return false;
    agenda->heap = heap;
    agenda->capacity = capacity;
    return true;
}

bool agenda_set(struct agenda *agenda, struct appointment *appointment, uint64_t due_ns)
{
    if (appointment->place != 0) take_out(agenda, appointment);
    if (!reserve(agenda)) return false;
    appointment->due_ns = due_ns;
    agenda->count++;
    place(agenda, appointment, agenda->count);
    sift_up(agenda, agenda->count);
    arm(agenda);
    return true;
}

void agenda_cancel(struct agenda *agenda, struct appointment *appointment)
{
    if (appointment->place == 0) return;
    take_out(agenda, appointment);
    arm(agenda);
}

static void on_closed(uv_handle_t *handle)
{
    struct agenda *agenda = handle->data;
    (void)close(agenda->fd);
    free(agenda->heap);
    free(agenda);
}

void agenda_close(struct agenda *agenda)
{
    while (agenda->count > 0) take_out(agenda, agenda->heap[agenda->count]);
    uv_close((uv_handle_t *)&agenda->poll, on_closed);
}
