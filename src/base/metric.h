/* The latency metrics, all in microseconds: the only table that says where each one is used. Their
 * names appear in latency.hlog, run.json, reports and thresholds. */
#ifndef RUSHHOUR_BASE_METRIC_H
#define RUSHHOUR_BASE_METRIC_H

#include <stdbool.h>
#include <stdint.h>

/* Where a metric is used. Besides these, every metric with values is in latency.hlog, run.json,
 * report.md and report.html. */
enum metric_use {
    METRIC_OF_ATTEMPT = 1,     /* one value per attempt; an attempt that failed without one counts
                                 as slower than any limit */
    METRIC_IN_CSV = 2,         /* has columns in `report --format csv` */
    METRIC_SHOWN = 4,          /* has columns in the terminal report, and is explained there */
    METRIC_EXPORTED = 8,       /* exported as a histogram by the metrics endpoint */
    METRIC_IN_THRESHOLDS = 16, /* allowed in thresholds and in `compare --metric` */
    METRIC_OF_SPEECH = 32      /* of an attempt in which the user speaks: others have none */
};

/* name, uses, from which event to which (printed under every report, because tools disagree on what
 * "TTFT" means) */
#define METRIC_MAP(X)                                                                              \
    X(RESOLVE, "resolve", METRIC_IN_THRESHOLDS, "name lookup asked to addresses in hand")          \
    X(TCP, "tcp", METRIC_IN_THRESHOLDS, "connect() to the TCP connection established")             \
    X(TLS, "tls", METRIC_IN_THRESHOLDS, "TCP established to the TLS handshake done")               \
    X(UPGRADE, "upgrade", METRIC_IN_THRESHOLDS,                                                    \
      "upgrade request ready to the 101 response in hand")                                         \
    X(DIAL, "dial", METRIC_EXPORTED | METRIC_IN_THRESHOLDS,                                        \
      "resolve, tcp, tls and upgrade together")                                                    \
    X(SESSION, "session", METRIC_EXPORTED | METRIC_IN_THRESHOLDS,                                  \
      "101 response to session.created")                                                           \
    X(FIRST_EVENT, "first_event", METRIC_OF_ATTEMPT | METRIC_IN_THRESHOLDS,                        \
      "response.create due to the first event of the response")                                    \
    X(TTFT, "ttft",                                                                                \
      METRIC_OF_ATTEMPT | METRIC_IN_CSV | METRIC_SHOWN | METRIC_EXPORTED | METRIC_IN_THRESHOLDS,   \
      "response.create due to the first text or audio delta")                                      \
    X(FIRST_ANSWER, "first_answer", METRIC_OF_ATTEMPT | METRIC_IN_CSV | METRIC_IN_THRESHOLDS,      \
      "response.create due to the first delta of the final answer or of a tool call; a preamble "  \
      "(phase commentary) does not count")                                                         \
    X(GAP, "gap", METRIC_IN_THRESHOLDS, "one text or audio delta to the next")                     \
    X(ENDPOINT, "endpoint", METRIC_OF_SPEECH | METRIC_IN_THRESHOLDS,                               \
      "heard_end (the message with the last voiced sample of the utterance was due) to "           \
      "input_audio_buffer.speech_stopped, where the service ends the turns")                       \
    X(THINK, "think", METRIC_OF_SPEECH | METRIC_IN_THRESHOLDS,                                     \
      "speech_stopped, or our commit, to the first audio (modality text: text) delta")             \
    X(VOICE, "voice", METRIC_OF_ATTEMPT | METRIC_OF_SPEECH | METRIC_IN_THRESHOLDS,                 \
      "heard_end to the first audio (modality text: text) delta: endpoint + think, the silence "   \
      "that the user feels; where users speak ttft, first_event, first_answer and response count " \
      "from heard_end, too")                                                                       \
    X(YIELD, "yield", METRIC_OF_SPEECH | METRIC_IN_THRESHOLDS,                                     \
      "interruption (response.cancel sent) to response.done, cancelled")                           \
    X(RESPONSE, "response",                                                                        \
      METRIC_OF_ATTEMPT | METRIC_IN_CSV | METRIC_SHOWN | METRIC_EXPORTED | METRIC_IN_THRESHOLDS,   \
      "response.create due to response.done, successful attempts")                                 \
    X(INTERACTION, "interaction",                                                                  \
      METRIC_IN_CSV | METRIC_SHOWN | METRIC_EXPORTED | METRIC_IN_THRESHOLDS,                       \
      "first attempt due to the final outcome, answered or given up, retries included; none "      \
      "where "                                                                                     \
      "no interaction was answered")                                                               \
    X(LAG, "lag", METRIC_EXPORTED | METRIC_IN_THRESHOLDS,                                          \
      "response.create, or an utterance's last sound, sent minus due: the generator's own "        \
      "lateness")

enum metric {
#define X(id, name, uses, meaning) METRIC_##id,
    METRIC_MAP(X)
#undef X
        METRIC_COUNT
};

const char *metric_name(enum metric metric);
const char *metric_meaning(enum metric metric);

/* Whether a metric has this use. */
bool metric_has(enum metric metric, enum metric_use use);

/* False if no metric has this name. */
bool metric_find(const char *name, enum metric *out);

/* Range and resolution of every latency histogram of a run: 1 us to one hour, 3 digits. */
#define METRIC_LOWEST_US 1
#define METRIC_HIGHEST_US INT64_C(3600000000)
#define METRIC_DIGITS 3

#endif
