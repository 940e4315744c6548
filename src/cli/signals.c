#include "cli/run.h"

#include <signal.h>

static void on_signal(uv_signal_t *handle, int number)
{
    struct run *run = handle->data;
    run->interrupts++;
    if (run->driving) {
        engine_stop(run->engine, RUN_INTERRUPTED,
                    number == SIGINT   ? "Ctrl-C"
                    : number == SIGHUP ? "the terminal was closed"
                                       : "SIGTERM");
    } else {
        uv_stop(&run->loop); /* whoever waits for the simulator looks up */
    }
}

static int open_one(struct run *run, uv_signal_t *handle, int number)
{
    int status = uv_signal_init(&run->loop, handle);
    if (status != 0) return status;
    handle->data = run;
    return uv_signal_start(handle, on_signal, number);
}

enum err_code run_signals_open(struct run *run, struct error *err)
{
    int status = open_one(run, &run->interrupt, SIGINT);
    if (status == 0) status = open_one(run, &run->terminate, SIGTERM);
    if (status == 0) status = open_one(run, &run->hangup, SIGHUP);
    if (status == 0) return ERR_OK;
    return error_set(err, ERR_IO, "cannot listen for signals: %s", uv_strerror(status));
}

static void close_one(uv_signal_t *handle)
{
    if (handle->loop != NULL) uv_close((uv_handle_t *)handle, NULL);
}

void run_signals_close(struct run *run)
{
    close_one(&run->interrupt);
    close_one(&run->terminate);
    close_one(&run->hangup);
}
