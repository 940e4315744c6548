/* The verdicts on thresholds in the forms that build servers read. Each appends. */
#ifndef RUSHHOUR_REPORT_GATE_H
#define RUSHHOUR_REPORT_GATE_H

#include "base/text.h"
#include "figures/results.h"

/* JUnit XML: a test case for each threshold. Fail is a failure, invalid an error, inconclusive a
 * skipped case; each says what was seen. */
void gate_junit(const struct results *results, struct text *out);

/* Annotations of a GitHub workflow, one line each: an error for each threshold that failed, a
 * warning for an inconclusive or invalid one, and a notice with the verdict. */
void gate_github(const struct results *results, struct text *out);

#endif
