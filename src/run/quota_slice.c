#include "run/quota_slice.h"

#include "realtime/token_count.h"

#include <math.h>

struct quota_slice quota_slice_of(double slot_s, double per_minute)
{
    const double wanted = round(TOKEN_COUNT_SLICE_SECONDS / slot_s);
    struct quota_slice slice = {.slots = wanted < 1 ? 1 : (size_t)wanted, .exceeded_s = -1};
    slice.length_s = (double)slice.slots * slot_s;
    slice.limit = per_minute > 0 ? fmax(1, per_minute * slice.length_s / 60) : INFINITY;
    return slice;
}

void quota_slice_add(struct quota_slice *slice, double value, double at_s)
{
    slice->sum += value - slice->values[slice->at];
    slice->values[slice->at] = value;
    slice->at = (slice->at + 1) % slice->slots;
    if (slice->at == 0) { /* afresh, or rounding would add up over weeks */
        slice->sum = 0;
        for (size_t i = 0; i < slice->slots; i++) slice->sum += slice->values[i];
    }
    slice->most = fmax(slice->most, slice->sum);
    if (slice->exceeded_s < 0 && slice->sum > slice->limit * (1 + 1e-9)) slice->exceeded_s = at_s;
}

double quota_slice_per_minute(const struct quota_slice *slice)
{
    return slice->most * 60 / slice->length_s;
}

static double most_of(const struct quota_slice *slice, double share)
{
    return fmax(1, share * slice->limit);
}

double quota_slice_fits(const struct quota_slice *slice, double share, double value)
{
    const double room = most_of(slice, share) - (slice->sum - slice->values[slice->at]);
    return value <= room ? 1 : fmax(0, room) / value;
}

double quota_slice_holds(const struct quota_slice *slice, double share, double value)
{
    const double most = most_of(slice, share);
    return value <= most ? 1 : most / value;
}
