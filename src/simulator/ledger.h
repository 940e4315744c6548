/*
 * The truth that measurements are tested against: one JSON line per session and per response, with
 * every delay and fault as it really was, and one for each fault below HTTP. Format: the contract,
 * "Simulator".
 */
#ifndef RUSHHOUR_SIMULATOR_LEDGER_H
#define RUSHHOUR_SIMULATOR_LEDGER_H

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct ledger;

/* What came of a session or a response. */
enum ledger_outcome {
    OUTCOME_COMPLETED,  /* response: done, completed; session: the client closed it */
    OUTCOME_FAILED,     /* response: done, failed */
    OUTCOME_INCOMPLETE, /* response: done, incomplete */
    OUTCOME_CANCELLED,  /* response: done, cancelled by the client or by a new turn */
    OUTCOME_STALLED,    /* fell silent, in the upgrade, in the session's setup or in a response */
    OUTCOME_RESET,      /* the connection was reset under it */
    OUTCOME_CUT,        /* the connection ended under it without a Close frame */
    OUTCOME_CLOSED,     /* the service sent a Close frame */
    OUTCOME_REFUSED,    /* session: not let in; response: an error event instead of one */
    OUTCOME_EXPIRED,    /* the session reached its age limit */
    OUTCOME_ABANDONED,  /* the client dropped the connection, or closed it before the response
                           ended */
    OUTCOME_STOPPED     /* the simulator was stopped */
};

/* What a line is about. */
enum ledger_kind {
    LEDGER_RESPONSE,
    LEDGER_SESSION,
    LEDGER_CONNECTION, /* a TCP connection or CONNECT that a fault below HTTP struck: no session
                          came of it */
    /* a fault of the whole region sets in; nobody sees the connections that it prevents */
    LEDGER_REGION
};

#define PHASE_UNSEEN UINT64_MAX /* the phase was not reached; left out of delay_us */

/*
 * One line; of a connection or region, only what comes before the outcome counts. Every delay is
 * from the bytes of the request in hand to the write of the answer: `upgrade` from the upgrade
 * request, `session` from the 101, `configure` from the (first) session.update; all of a response's
 * from its response.create.
 */
struct ledger_line {
    enum ledger_kind kind;
    int64_t wall_ns; /* of the request, by the run's clock */
    const char *region;
    const char *session_id, *response_id, *client_request_id; /* "" or NULL: none */
    const char *fault, *fault_name; /* "F64" and "server_error"; NULL: none struck */
    enum ledger_outcome outcome;
    int http_status;    /* session: what the upgrade was answered with; 0: nothing */
    uint64_t responses; /* session: how many response.create it accepted */
    uint64_t upgrade_ns, session_ns, configure_ns;
    uint64_t response_created_ns, first_output_ns, response_ns;
};

/* Opens the file (cut to nothing). ERR_IO names it. A NULL path gives a ledger that takes lines and
 * keeps none. */
MUST_USE enum err_code ledger_open(uv_loop_t *loop, const char *path, struct ledger **out,
                                   struct error *err);

/* Adds a line; it reaches the file within a second. */
void ledger_add(struct ledger *ledger, const struct ledger_line *line);

/* Appends the JSON of a line with its newline. */
void ledger_format(const struct ledger_line *line, struct text *out);

/* Writes what is left and closes; err tells of the first write that failed. Memory goes as the loop
 * runs on. */
MUST_USE enum err_code ledger_close(struct ledger *ledger, struct error *err);

#endif
