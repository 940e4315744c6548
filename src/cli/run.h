/* How `run` turns the end of a run into an exit status. */
#ifndef RUSHHOUR_CLI_RUN_H
#define RUSHHOUR_CLI_RUN_H

#include "run/run.h"

/* The contract's exit status; `inconclusive` is the one for too few samples. */
int run_exit_status(const struct run_outcome *outcome, int inconclusive);

#endif
