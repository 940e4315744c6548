/* Whether load.connect_rate is enough for a load. */
#include "run/forecast.h"

#include "base/clock.h"
#include "engine/routing.h"

#include <math.h>

/* How much of load.connect_rate the first sessions may use: each failed turn may open one or two
 * more. */
#define CONNECT_SHARE 0.5

static double seconds(int64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

/* The most sessions that arrive in a second, or that a closed load goes through: each of its slots
 * dials as often as a user does during a stay. */
static double most_dials(const struct profile *profile)
{
    const struct load *load = &profile->load;
    double most = 0;
    for (size_t i = 0; i < load->stage_count; i++) most = fmax(most, load->stages[i].target);
    if (load->model == LOAD_ARRIVALS) return most;
    const struct terms terms = terms_of(profile, &profile->regions[0]);
    struct expected_user user = {0};
    double dials = 0;
    if (expected_user_init(&user, profile, &profile->regions[0], &terms,
                           seconds(load_duration_ns(load)))) {
        for (size_t i = 0; i < user.count; i++) dials += user.turns[i].connections;
        dials *= fmin(most, (double)load->max_sessions) / user.stay_s;
    }
    expected_user_free(&user);
    return dials;
}

bool forecast_connects(const struct profile *profile, struct text *out)
{
    const struct load *load = &profile->load;
    const bool closed = load->model == LOAD_SESSIONS;
    const double demands = (double)routing_demands(load->routing, profile->region_count);
    const double real = most_dials(profile) * demands * profile->simulator.clock_speed;
    if (real <= CONNECT_SHARE * load->connect_rate) return false;
    text_printf(
        out,
        closed ? "the sessions of this load are replaced up to %.3g times a second of real time, "
                 "and load.connect_rate is %.4g/s: %s; raise load.connect_rate to %.3g/s or more"
               : "up to %.3g sessions a second of real time arrive, and load.connect_rate is "
                 "%.4g/s: %s; raise load.connect_rate to %.3g/s or more",
        real, load->connect_rate,
        real > load->connect_rate && closed
            ? "fewer are open at once than the load asks for"
            : "retries in new sessions have to fit in, too, or a failing service makes the load "
              "fall short",
        real / CONNECT_SHARE);
    return true;
}
