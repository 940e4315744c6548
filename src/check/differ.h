/* Compares the regions: what is known of each, and in what they differ. Pure. */
#ifndef RUSHHOUR_CHECK_DIFFER_H
#define RUSHHOUR_CHECK_DIFFER_H

#include "check/check.h"

enum check_fact {
    FACT_ADDRESS,
    FACT_FAMILY, /* IPv4 or IPv6, public or private */
    FACT_TLS,
    FACT_ISSUER,
    FACT_EXPIRES,
    FACT_HTTPS_STATUS,
    FACT_AZURE_HEADERS,
    FACT_SERVICE_REGION,
    FACT_CLOCK,
    FACT_DIALECT,
    FACT_MODEL,
    CHECK_FACTS
};

const char *fact_name(enum check_fact fact);

/* Appends a region's value for display; nothing if unknown. */
void fact_text(const struct check_region *region, enum check_fact fact, struct text *out);

/* Whether a region's fact differs from that of most regions (if only two differ, both stand out).
 * Facts that differ naturally (address, expiry, service region, clock) never do. */
bool fact_stands_out(const struct check_region *regions, size_t count, size_t index,
                     enum check_fact fact);

/* Whether several regions all have the same value. */
bool fact_is_common(const struct check_region *regions, size_t count, enum check_fact fact);

/* A step stands out if it took this many times as long as the median of the others, and this much
 * longer. */
#define DIFFER_TIMES 3
#define DIFFER_LEAST_NS (INT64_C(20) * 1000 * 1000)

/* Whether a step was that much slower than in the other regions, or failed where others
 * succeeded. */
bool step_stands_out(const struct check_region *regions, size_t count, size_t index,
                     enum check_step step);

/* The difference with index `at`, as one line without its newline; false if there are no more. */
bool differ_line(const struct check_region *regions, size_t count, size_t at, struct text *out);

#endif
