/* The terms on which a region is used: what its tokens cost and how many it may take, as the
 * profile says, or else as is publicly known of its model. */
#ifndef RUSHHOUR_RUN_TERMS_H
#define RUSHHOUR_RUN_TERMS_H

#include "profile/profile.h"

#include "base/text.h"

#include <cjson/cJSON.h>

enum terms_source { TERMS_UNKNOWN, TERMS_PROFILE, TERMS_PUBLIC };

struct terms {
    enum terms_source price_source, quota_source;
    struct price price;      /* without a model; all 0 if unknown */
    const char *price_as_of; /* a date, or NULL; the profile's is borrowed */
    uint64_t rpm, tpm;       /* a minute; 0: not known */
    const char *quota_as_of; /* a date, or NULL */
};

/* The profile's own prices and quota win over what is publicly known (realtime/model_facts.h), each
 * as a whole. The profile must outlive the result. */
struct terms terms_of(const struct profile *profile, const struct region *region);

/*
 * Adds `price`, `quota`, `quota_share` and `breaks_first` to the JSON of a region that is to take
 * so many requests and tokens a minute at most; each is null where nothing is known. Tokens are
 * those used: a service that counts max_output_tokens when it is asked counts more.
 */
void terms_json(cJSON *object, const struct terms *terms, double rpm, double tpm);

/* Appends a line for a cost at list prices, and one for the share of a known quota. */
void terms_text(const struct region *region, const struct terms *terms, double rpm, double tpm,
                struct text *out);

#endif
