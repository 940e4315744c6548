#include "cli/signals.h"

#include <signal.h>
#include <stddef.h>

static const struct {
    int number;
    const char *reason;
    bool kill_follows;
} known[] = {
    {SIGINT, "Ctrl-C", false},
    {SIGTERM, "SIGTERM", true},
    {SIGHUP, "the terminal was closed", true},
};

#define KNOWN_COUNT (sizeof known / sizeof *known)

static void on_number(uv_signal_t *handle, int number)
{
    const struct signals *signals = handle->data;
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        if (known[i].number == number)
            signals->on_signal(signals->user, known[i].reason, known[i].kill_follows);
    }
}

static int open_one(struct signals *signals, uv_loop_t *loop, size_t i)
{
    uv_signal_t *handle = &signals->handles[i];
    int status = uv_signal_init(loop, handle);
    if (status != 0) return status;
    handle->data = signals;
    status = uv_signal_start(handle, on_number, known[i].number);
    uv_unref((uv_handle_t *)handle);
    return status;
}

enum err_code signals_open(struct signals *signals, uv_loop_t *loop, signal_handler *on_signal,
                           void *user, struct error *err)
{
    int status = 0;
    signals->on_signal = on_signal;
    signals->user = user;
    for (size_t i = 0; i < KNOWN_COUNT && status == 0; i++) status = open_one(signals, loop, i);
    if (status == 0) return ERR_OK;
    return error_set(err, ERR_IO, "cannot listen for signals: %s", uv_strerror(status));
}

void signals_close(struct signals *signals)
{
    uv_loop_t *loop = NULL;
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        if (signals->handles[i].loop == NULL) continue;
        loop = signals->handles[i].loop;
        uv_close((uv_handle_t *)&signals->handles[i], NULL);
    }
    if (loop != NULL) (void)uv_run(loop, UV_RUN_NOWAIT);
}
