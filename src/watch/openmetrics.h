/*
 * The metric families of a run in progress (watch/families.h) as OpenMetrics text, for the metrics
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

/* The Content-Type of an exposition. */
const char *openmetrics_content_type(enum exposition exposition);

/* The format requested by an Accept header (RFC 9110, 12.5.1); NULL: there was none. OpenMetrics,
 * unless plain text is preferred. */
enum exposition openmetrics_negotiate(const char *accept);

#endif
