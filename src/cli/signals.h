/* Ctrl-C, SIGTERM and the loss of the terminal, as events of a loop. */
#ifndef RUSHHOUR_CLI_SIGNALS_H
#define RUSHHOUR_CLI_SIGNALS_H

#include "base/error.h"

#include <uv.h>

/* Zero-initialise. */
struct signals {
    void (*on_signal)(void *user, const char *reason); /* "Ctrl-C", "SIGTERM", ... */
    void *user;
    uv_signal_t handles[3];
};

/* From here to signals_close, signals are passed to `on_signal` on the loop's thread instead of
 * ending the process. They do not keep the loop running. */
MUST_USE enum err_code signals_open(struct signals *signals, uv_loop_t *loop,
                                    void (*on_signal)(void *user, const char *reason), void *user,
                                    struct error *err);

/* Runs the loop once, without waiting, so that nothing of `signals` is used afterwards: not to be
 * called from the loop. Harmless if nothing was opened. */
void signals_close(struct signals *signals);

#endif
