#include "run/descriptors.h"

#include <inttypes.h>
#include <math.h>

/* Per worker: its loop, its wakers, its resolver's pipes. Per process: standard streams, the files
 * of the folder, the simulator's pipes, lookups of names, sockets that are still closing. */
#define OF_A_WORKER 8
#define OF_THE_PROCESS 48

/* The listener, and the socket that keeps its port. */
#define OF_A_LISTENER 2

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

struct descriptor_budget descriptors_budget(const struct run_plan *plan, bool metrics)
{
    return (struct descriptor_budget){
        .sessions = descriptors_sessions(plan),
        .metrics = metrics ? METRICS_CONNECTIONS + OF_A_LISTENER : 0,
        .files = (uint64_t)plan->workers * OF_A_WORKER + OF_THE_PROCESS,
    };
}

/* "48 for files, pipes and loops, and 18 for metrics" */
static void put_rest(const struct descriptor_budget *budget, struct text *out)
{
    text_printf(out, "%" PRIu64 " for files, pipes and loops", budget->files);
    if (budget->metrics > 0) text_printf(out, ", and %" PRIu64 " for metrics", budget->metrics);
}

enum err_code descriptors_fit(const struct descriptor_budget *budget, uint64_t limit,
                              uint64_t *left, struct text *said, struct error *err)
{
    const uint64_t rest = budget->metrics + budget->files;
    *left = UINT64_MAX;
    if (limit == 0) return ERR_OK;
    if (limit <= rest) {
        struct text words = {0};
        put_rest(budget, &words);
        enum err_code code = error_set(
            err, ERR_IO,
            "this process may have %" PRIu64 " file descriptors, of which none is left for a "
            "session (%s): raise the hard limit (ulimit -Hn, LimitNOFILE=)",
            limit, text_str(&words));
        text_free(&words);
        return code;
    }
    *left = limit - rest;
    if (budget->sessions <= *left) return ERR_OK;
    text_printf(said,
                "this plan opens up to %" PRIu64 " sessions at once, but this process may have "
                "%" PRIu64 " file descriptors, which leaves %" PRIu64 " for sessions (",
                budget->sessions, limit, *left);
    put_rest(budget, said);
    text_puts(said, "): those beyond fail by our own side (local_limit), and their intervals are "
                    "not valid; raise the hard limit (ulimit -Hn, LimitNOFILE=), lower the load, "
                    "or split it with --shard");
    return ERR_OK;
}
