/*
 * The metric families of a run under way (watch/families.h) as OpenMetrics text, for the metrics
 * endpoint. Format: OpenMetrics 1.0.0 (github.com/OpenObservability/OpenMetrics,
 * specification/OpenMetrics.md); the older one is Prometheus' text format 0.0.4
 * (prometheus.io/docs/instrumenting/exposition_formats).
 */
#ifndef RUSHHOUR_WATCH_OPENMETRICS_H
#define RUSHHOUR_WATCH_OPENMETRICS_H

#include "base/text.h"
#include "record/run_snapshot.h"

enum exposition { EXPOSITION_OPENMETRICS, EXPOSITION_PLAIN };

/* Appends the whole exposition. */
void openmetrics_write(const struct run_snapshot *snapshot, enum exposition exposition,
                       struct text *out);

/* The Content-Type that belongs to an exposition. */
const char *openmetrics_content_type(enum exposition exposition);

/* What a client wants by its Accept header (RFC 9110, 12.5.1); NULL: it sent none. OpenMetrics,
 * unless plain text is liked better. */
enum exposition openmetrics_negotiate(const char *accept);

#endif
