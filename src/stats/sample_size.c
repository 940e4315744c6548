#include "stats/sample_size.h"

#include "stats/comparison.h"
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

static bool within(double p1, double p2, double n, double margin, double confidence)
{
    struct estimate a = rate_wilson(p1 * n, n, confidence);
    struct estimate b = rate_wilson(p2 * n, n, confidence);
    struct difference d = rate_newcombe(&a, &b);
    return d.valid && d.low >= -margin && d.high <= margin;
}

double sample_size_to_equal(double p1, double p2, double margin, double confidence)
{
    if (!(p1 >= 0 && p1 <= 1 && p2 >= 0 && p2 <= 1)) return NAN;
    if (!(fabs(p1 - p2) < margin)) return INFINITY;
    double enough = 1;
    while (!within(p1, p2, enough, margin, confidence)) {
        enough *= 2;
        if (enough > 1e15) return INFINITY;
    }
    double few = enough / 2;
    while (enough - few > 1) {
        double middle = floor((few + enough) / 2);
        if (within(p1, p2, middle, margin, confidence)) {
            enough = middle;
        } else {
            few = middle;
        }
    }
    return ceil(enough);
}
