/* How the end of a run, and its verdict, turn into an exit status. */
#ifndef RUSHHOUR_CLI_RUN_H
#define RUSHHOUR_CLI_RUN_H

#include "run/run.h"

/* The contract's exit status; `inconclusive` is the one for too few samples. */
int run_exit_status(const struct run_outcome *outcome, int inconclusive);

/* The same of a verdict on thresholds; `valid`: the generator kept up. */
int verdict_status(enum verdict verdict, bool valid, int inconclusive);

#endif
