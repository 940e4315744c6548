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

/* Adds `price` and `quota` to the JSON of a region; each is null where nothing is known. */
void terms_json(cJSON *object, const struct terms *terms);

/* Appends a line if its cost is at list prices. */
void terms_price_text(const struct region *region, const struct terms *terms, struct text *out);

/* Appends whose quota it is, without a full stop. */
void terms_quota_source(const struct terms *terms, struct text *out);

#endif
