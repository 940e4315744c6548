/* The step `tls`: the handshake, the certificate, and signs of interception. Pure. */
#ifndef RUSHHOUR_CHECK_CERTIFICATE_H
#define RUSHHOUR_CHECK_CERTIFICATE_H

#include "check/layers.h"

/* Fills in the step and the facts of a request that got as far as the handshake. */
void certificate_read(struct check_region *told, const struct http_result *result,
                      const struct layers_view *view);

/* Appends a date in UTC, "2026-03-01"; gives the whole days from one moment to another. */
void certificate_date(struct text *out, int64_t at_s);
int64_t certificate_days(int64_t from_s, int64_t to_s);

/* The organization of the issuer, or its full name if it has none. */
const char *certificate_issuer(const struct http_certificate *certificate);

#endif
