/* The faults that the simulator can inject: the names a profile may use, and what each stands for. */
#ifndef RUSHHOUR_PROFILE_FAULTS_H
#define RUSHHOUR_PROFILE_FAULTS_H

#include <stdbool.h>

/* What a fault's rate counts: one draw per upgrade request, or one per response. */
enum fault_chance { CHANCE_PER_UPGRADE, CHANCE_PER_RESPONSE };

/* identifier, name in a profile, number in the failure catalogue, when it is drawn, help */
#define FAULT_MAP(X)                                                                                         \
    X(SERVER_ERROR, "server_error", "F64", CHANCE_PER_RESPONSE,                                              \
      "response.done with status failed and error type server_error")                                        \
    X(UPGRADE_429, "upgrade_429", "F30", CHANCE_PER_UPGRADE,                                                 \
      "the upgrade is refused with HTTP 429 and retry-after: call rate limit")                               \
    X(UPGRADE_503, "upgrade_503", "F37", CHANCE_PER_UPGRADE,                                                 \
      "the upgrade is refused with HTTP 503: overloaded")                                                    \
    X(CONNECTION_RESET, "connection_reset", "F61", CHANCE_PER_RESPONSE,                                      \
      "the TCP connection is reset in mid-stream, without a close frame")                                    \
    X(STALL, "stall", "F62", CHANCE_PER_RESPONSE,                                                            \
      "the response falls silent in mid-stream; the socket stays open")

enum fault_kind {
#define X(id, name, number, chance, help) FAULT_##id,
    FAULT_MAP(X)
#undef X
        FAULT_COUNT
};

struct fault_info {
    const char *name;   /* "server_error" */
    const char *number; /* "F64": its row in the failure catalogue */
    enum fault_chance chance;
    const char *help;
};

/* The facts of a fault. */
const struct fault_info *fault_info(enum fault_kind kind);

/* Finds a fault by its name in a profile; false when there is none. */
bool fault_find(const char *name, enum fault_kind *out);

#endif
