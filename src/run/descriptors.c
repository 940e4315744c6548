#include "run/descriptors.h"

#include <inttypes.h>
#include <math.h>

/* Per worker: its loop, its wakers, its resolver's pipes. Per process: standard streams, the files
 * of the folder, the simulator's pipes, sockets that are still closing. */
#define OF_A_WORKER 8
#define OF_THE_PROCESS 48

static double highest_level(const struct load *load)
{
    double highest = 0;
    for (size_t i = 0; i < load->stage_count; i++) highest = fmax(highest, load->stages[i].target);
    return highest;
}

uint64_t descriptors_sessions(const struct run_plan *plan)
{
    const struct load *load = &plan->profile->load;
    uint64_t most = load->max_sessions;
    if (load->model == LOAD_SESSIONS && highest_level(load) < (double)most)
        most = (uint64_t)ceil(highest_level(load));
    return shard_part(&plan->shard, most) * plan->profile->region_count;
}

uint64_t descriptors_needed(uint64_t sessions, unsigned workers)
{
    return sessions + (uint64_t)workers * OF_A_WORKER + OF_THE_PROCESS;
}

bool descriptors_lack(const struct run_plan *plan, uint64_t limit, struct text *out)
{
    const uint64_t sessions = descriptors_sessions(plan);
    const uint64_t needed = descriptors_needed(sessions, plan->workers);
    if (limit == 0 || needed <= limit) return false;
    text_printf(out,
                "this plan opens up to %" PRIu64 " sessions at once and needs about %" PRIu64
                " file descriptors, but this process may have %" PRIu64
                ": sessions beyond that fail by our own side (local_limit), and their intervals "
                "are not valid; raise the hard limit (ulimit -Hn, LimitNOFILE=), lower the load, "
                "or split it with --shard",
                sessions, needed, limit);
    return true;
}
