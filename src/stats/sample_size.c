#include "stats/sample_size.h"

#include "stats/rate.h"

#include <math.h>
#include <stdbool.h>

static bool is_share(double p)
{
    return p >= 0 && p <= 1;
}

double sample_size_to_tell(double p1, double p2, double confidence, double power,
                           double design_effect)
{
    bool fit = is_share(p1) && is_share(p2) && confidence > 0 && confidence < 1 && power > 0 &&
               power < 1 && design_effect >= 1;
    if (!fit) return NAN;
    double middle = (p1 + p2) / 2;
    double z = normal_quantile(1 - (1 - confidence) / 2) * sqrt(2 * middle * (1 - middle)) +
               normal_quantile(power) * sqrt(p1 * (1 - p1) + p2 * (1 - p2));
    double apart = p2 - p1;
    return ceil(z * z / (apart * apart) * design_effect);
}

double sample_size_for_width(double p, double half_width, double confidence, double design_effect)
{
    bool fit =
        is_share(p) && half_width > 0 && confidence > 0 && confidence < 1 && design_effect >= 1;
    if (!fit) return NAN;
    double z = normal_quantile(1 - (1 - confidence) / 2);
    return ceil(z * z * p * (1 - p) / (half_width * half_width) * design_effect);
}
