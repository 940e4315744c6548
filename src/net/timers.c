#include "net/timers.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct timers {
    uv_poll_t poll;
    int fd;
    struct timer **heap; /* heap[1..count], the earliest on top */
    size_t count, capacity;
    uint64_t armed_ns; /* what the timerfd is set to: never after the earliest; 0: disarmed */
    bool firing;
};

static void place(struct timers *timers, struct timer *timer, size_t where)
{
    timers->heap[where] = timer;
    timer->place = where;
}

static void sift_up(struct timers *timers, size_t where)
{
    struct timer *moving = timers->heap[where];
    while (where > 1 && timers->heap[where / 2]->due_ns > moving->due_ns) {
        place(timers, timers->heap[where / 2], where);
        where /= 2;
    }
    place(timers, moving, where);
}

static void sift_down(struct timers *timers, size_t where)
{
    struct timer *moving = timers->heap[where];
    for (;;) {
        size_t child = where * 2;
        if (child > timers->count) break;
        if (child < timers->count && timers->heap[child + 1]->due_ns < timers->heap[child]->due_ns)
            child++;
        if (timers->heap[child]->due_ns >= moving->due_ns) break;
        place(timers, timers->heap[child], where);
        where = child;
    }
    place(timers, moving, where);
}

/* A time that has become too early stays: most deadlines are put off again and again, and one
 * wake-up for nothing costs less than setting the timer each time. */
static void arm(struct timers *timers)
{
    if (timers->firing || timers->count == 0) return; /* once, after the last callback */
    uint64_t due = timers->heap[1]->due_ns;
    if (due == 0) due = 1; /* zero would disarm */
    if (timers->armed_ns != 0 && timers->armed_ns <= due) return;
    timers->armed_ns = due;
    struct itimerspec spec = {.it_value.tv_sec = (time_t)(due / (uint64_t)NS_PER_S),
                              .it_value.tv_nsec = (long)(due % (uint64_t)NS_PER_S)};
    (void)timerfd_settime(timers->fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void take_out(struct timers *timers, struct timer *timer)
{
    size_t where = timer->place;
    struct timer *last = timers->heap[timers->count--];
    timer->place = 0;
    if (last == timer) return;
    place(timers, last, where);
    sift_up(timers, where);
    sift_down(timers, last->place);
}

static void on_timer(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct timers *timers = poll->data;
    uint64_t expirations;
    while (read(timers->fd, &expirations, sizeof expirations) < 0 && errno == EINTR) {}
    timers->armed_ns = 0;
    timers->firing = true;
    uint64_t now = clock_mono_ns();
    /* At most the number of timers now: one set again for the past waits for the loop's next
     * turn. */
    for (size_t left = timers->count;
         left > 0 && timers->count > 0 && timers->heap[1]->due_ns <= now; left--) {
        struct timer *due = timers->heap[1];
        take_out(timers, due);
        due->fire(due, now);
    }
    timers->firing = false;
    if (!uv_is_closing((uv_handle_t *)poll)) arm(timers);
}

enum err_code timers_new(uv_loop_t *loop, struct timers **out, struct error *err)
{
    struct timers *timers = calloc(1, sizeof *timers);
    if (timers == NULL) return error_set(err, ERR_NOMEM, "no memory for timers");
    timers->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (timers->fd < 0) {
        free(timers);
        return error_set(err, ERR_NET, "cannot make a timer: %s", strerror(errno));
    }
    int status = uv_poll_init(loop, &timers->poll, timers->fd);
    if (status == 0) status = uv_poll_start(&timers->poll, UV_READABLE, on_timer);
    if (status != 0) {
        (void)close(timers->fd);
        free(timers);
        return error_set(err, ERR_NET, "cannot watch a timer: %s", uv_strerror(status));
    }
    timers->poll.data = timers;
    *out = timers;
    return ERR_OK;
}

static bool reserve(struct timers *timers)
{
    if (timers->count + 1 < timers->capacity) return true;
    size_t capacity = timers->capacity == 0 ? 64 : timers->capacity * 2;
    struct timer **heap = realloc(timers->heap, capacity * sizeof *heap);
    if (heap == NULL) return false;
    timers->heap = heap;
    timers->capacity = capacity;
    return true;
}

bool timers_set(struct timers *timers, struct timer *timer, uint64_t due_ns)
{
    if (timer->place != 0) take_out(timers, timer);
    if (!reserve(timers)) return false;
    timer->due_ns = due_ns;
    timers->count++;
    place(timers, timer, timers->count);
    sift_up(timers, timers->count);
    arm(timers);
    return true;
}

void timers_cancel(struct timers *timers, struct timer *timer)
{
    if (timer->place == 0) return;
    take_out(timers, timer);
    arm(timers);
}

static void on_closed(uv_handle_t *handle)
{
    struct timers *timers = handle->data;
    (void)close(timers->fd);
    free(timers->heap);
    free(timers);
}

void timers_stop(struct timers *timers)
{
    while (timers->count > 0) take_out(timers, timers->heap[timers->count]);
    (void)uv_poll_stop(&timers->poll);
}

void timers_close(struct timers *timers)
{
    timers_stop(timers);
    uv_close((uv_handle_t *)&timers->poll, on_closed);
}
