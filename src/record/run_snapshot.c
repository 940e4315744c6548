#include "record/run_snapshot.h"

const char *run_phase_name(enum run_phase phase)
{
    static const char *const names[RUN_PHASE_COUNT] = {
        [RUN_STARTING] = "starting", [RUN_RUNNING] = "running",   [RUN_DRAINING] = "draining",
        [RUN_STOPPING] = "stopping", [RUN_FINISHED] = "finished",
    };
    return names[phase];
}

const char *run_state_name(enum run_phase phase, enum run_end end)
{
    static const char *const names[] = {
        [RUN_COMPLETE] = "complete",      [RUN_INTERRUPTED] = "interrupted",
        [RUN_STOPPED_BUDGET] = "stopped", [RUN_STOPPED_RULE] = "stopped",
        [RUN_FAILED] = "stopped",
    };
    return phase == RUN_FINISHED ? names[end] : "running";
}
