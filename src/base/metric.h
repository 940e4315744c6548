/* The latency metrics, all in microseconds. The names are those of latency.hlog, reports and
 * thresholds. */
#ifndef RUSHHOUR_BASE_METRIC_H
#define RUSHHOUR_BASE_METRIC_H

#include <stdbool.h>

/* name, from which event to which (printed under every report, since tools disagree on what "TTFT"
 * means) */
#define METRIC_MAP(X)                                                                              \
    X(RESOLVE, "resolve", "name lookup asked to addresses in hand")                                \
    X(TCP, "tcp", "connect() to the TCP connection established")                                   \
    X(TLS, "tls", "TCP established to the TLS handshake done")                                     \
    X(UPGRADE, "upgrade", "upgrade request ready to the 101 response in hand")                     \
    X(DIAL, "dial", "resolve, tcp, tls and upgrade together")                                      \
    X(SESSION, "session", "101 response to session.created")                                       \
    X(FIRST_EVENT, "first_event", "response.create due to the first event of the response")        \
    X(TTFT, "ttft", "response.create due to the first text or audio delta")                        \
    X(GAP, "gap", "one text or audio delta to the next")                                           \
    X(RESPONSE, "response", "response.create due to response.done, successful attempts")           \
    X(INTERACTION, "interaction", "first attempt due to the final outcome, retries included")      \
    X(LAG, "lag", "response.create sent minus due: the generator's own lateness")

enum metric {
#define X(id, name, meaning) METRIC_##id,
    METRIC_MAP(X)
#undef X
        METRIC_COUNT
};

const char *metric_name(enum metric metric);
const char *metric_meaning(enum metric metric);

/* False when no metric has the name. */
bool metric_find(const char *name, enum metric *out);

/* The range and resolution of every latency histogram of a run: 1 us to one hour, 3 digits. */
#define METRIC_LOWEST_US 1
#define METRIC_HIGHEST_US INT64_C(3600000000)
#define METRIC_DIGITS 3

#endif
