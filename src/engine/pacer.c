#include "engine/pacer.h"

#include "base/clock.h"

#include <math.h>

static double seconds(int64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

double pacer_level(const struct load *load, int64_t elapsed_ns)
{
    double from = 0;
    for (size_t i = 0; i < load->stage_count; i++) {
        const struct stage *stage = &load->stages[i];
        if (elapsed_ns < stage->duration_ns) {
            return from +
                   (stage->target - from) * ((double)elapsed_ns / (double)stage->duration_ns);
        }
        elapsed_ns -= stage->duration_ns;
        from = stage->target;
    }
    return 0;
}

uint64_t pacer_sessions(const struct load *load, int64_t elapsed_ns)
{
    uint64_t whole = (uint64_t)ceil(pacer_level(load, elapsed_ns) - 1e-9);
    return whole < load->max_sessions ? whole : load->max_sessions;
}

double pacer_expected(const struct load *load, int64_t elapsed_ns)
{
    double from = 0;
    double sum = 0;
    for (size_t i = 0; i < load->stage_count && elapsed_ns > 0; i++) {
        const struct stage *stage = &load->stages[i];
        int64_t inside = elapsed_ns < stage->duration_ns ? elapsed_ns : stage->duration_ns;
        if (inside > 0) {
            double share = (double)inside / (double)stage->duration_ns;
            double reached = from + (stage->target - from) * share;
            sum += (from + reached) / 2 * seconds(inside);
        }
        elapsed_ns -= inside;
        from = stage->target;
    }
    return sum;
}

/* Solves from*t + slope*t*t/2 = area for t >= 0, in the form that does not cancel when the slope is
 * small. */
static double time_to_area(double from, double slope, double area)
{
    double root = sqrt(fmax(0, from * from + 2 * slope * area));
    double denominator = from + root;
    return denominator > 0 ? 2 * area / denominator : INFINITY;
}

bool pacer_when(const struct load *load, double count, int64_t *elapsed_ns)
{
    double from = 0;
    int64_t start = 0;
    for (size_t i = 0; i < load->stage_count; i++) {
        const struct stage *stage = &load->stages[i];
        double length = seconds(stage->duration_ns);
        double area = (from + stage->target) / 2 * length;
        if (count < area) {
            double t = time_to_area(from, (stage->target - from) / length, count);
            int64_t inside = (int64_t)(fmin(t, length) * (double)NS_PER_S);
            *elapsed_ns = start + inside;
            return true;
        }
        count -= area;
        start += stage->duration_ns;
        from = stage->target;
    }
    return false;
}

void arrivals_init(struct arrivals *arrivals, const struct load *load, uint64_t seed,
                   uint64_t stream)
{
    *arrivals = (struct arrivals){.load = load};
    random_seed(&arrivals->random, seed, stream);
    /* Even arrivals are in the middle of their slots, so that every hour gets a whole number of
     * them. */
    if (load->arrival == ARRIVAL_EVEN) arrivals->count = -0.5;
}

bool arrivals_next(struct arrivals *arrivals, int64_t *due_elapsed_ns, uint64_t *number)
{
    arrivals->count +=
        arrivals->load->arrival == ARRIVAL_EVEN ? 1.0 : random_exponential(&arrivals->random);
    if (!pacer_when(arrivals->load, arrivals->count, due_elapsed_ns)) return false;
    *number = arrivals->number++;
    return true;
}

bool arrivals_next_of(struct arrivals *arrivals, const struct lane *lane, int64_t *due_elapsed_ns,
                      uint64_t *number)
{
    do {
        if (!arrivals_next(arrivals, due_elapsed_ns, number)) return false;
    } while (!lane_owns(lane, *number));
    return true;
}
