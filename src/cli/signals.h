/* Ctrl-C, SIGTERM and the loss of the terminal, as events of a loop. */
#ifndef RUSHHOUR_CLI_SIGNALS_H
#define RUSHHOUR_CLI_SIGNALS_H

#include "base/error.h"

#include <stdbool.h>
#include <uv.h>

/* reason: "Ctrl-C", "SIGTERM", ... kill_follows: it does not come from a person, who may press
 * again, but from a supervisor that sends SIGKILL after a while. */
typedef void signal_handler(void *user, const char *reason, bool kill_follows);

/* Zero-initialise. */
struct signals {
    signal_handler *on_signal;
    void *user;
    uv_signal_t handles[3];
};

/* From here to signals_close, signals are passed to `on_signal` on the loop's thread instead of
 * ending the process. They do not keep the loop running. */
MUST_USE enum err_code signals_open(struct signals *signals, uv_loop_t *loop,
                                    signal_handler *on_signal, void *user, struct error *err);

/* Runs the loop once, without waiting, so that nothing of `signals` is used afterwards: not to be
 * called from the loop. Harmless if nothing was opened. */
void signals_close(struct signals *signals);

#endif
