/*
 * The ground truth for testing measurements: one JSON line per session and per response, with every
 * delay and fault as it really was, and one for each fault below HTTP. Format: the contract,
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

/* The outcome of a session or a response. */
enum ledger_outcome {
    OUTCOME_COMPLETED,  /* response: done, completed; session: the client closed it */
    OUTCOME_FAILED,     /* response: done, failed */
    OUTCOME_INCOMPLETE, /* response: done, incomplete */
    OUTCOME_CANCELLED,  /* response: done, cancelled by the client or by a new turn */
    OUTCOME_STALLED,    /* went silent during the upgrade, the session's setup or a response */
    OUTCOME_RESET,      /* the connection was reset */
    OUTCOME_CUT,        /* the connection ended without a Close frame */
    OUTCOME_CLOSED,     /* the service sent a Close frame */
    OUTCOME_REFUSED,    /* session: rejected; response: an error event instead of one */
    OUTCOME_EXPIRED,    /* the session reached its age limit */
    OUTCOME_ABANDONED,  /* the client dropped the connection, or closed it before the response
                           ended */
    OUTCOME_STOPPED     /* the simulator stopped */
};

/* What a line is about. */
enum ledger_kind {
    LEDGER_RESPONSE,
    LEDGER_SESSION,
    LEDGER_CONNECTION, /* a TCP connection or CONNECT hit by a fault below HTTP, so that there
                          was no session */
    /* a fault of the whole region begins; connections that it prevents are invisible */
    LEDGER_REGION
};

#define PHASE_UNSEEN UINT64_MAX /* the phase was not reached; omitted from delay_us */

/*
 * One line; for a connection or region, only the fields before the outcome count. Every delay is
 * from having read the request to writing the answer: `upgrade` from the upgrade request, `session`
 * from the 101, `configure` from the (first) session.update; all of a response's from its
 * response.create.
 */
struct ledger_line {
    enum ledger_kind kind;
    int64_t wall_ns; /* of the request, by the run's clock */
    const char *region;
    const char *session_id, *response_id, *client_request_id; /* "" or NULL if none */
    const char *fault, *fault_name; /* "F64" and "server_error"; NULL if none struck */
    enum ledger_outcome outcome;
    int http_status;         /* session: the answer to the upgrade; 0 if none */
    uint64_t responses;      /* session: how many response.create it accepted */
    uint64_t counted_tokens; /* response: what it took of the quota */
    uint64_t upgrade_ns, session_ns, configure_ns;
    /* of a response to speech: from the arrival of the last sound to speech_stopped or the commit,
     * and to the first output; and the length of the item (0: it is none) */
    uint64_t endpoint_ns, voice_ns, spoken_ms;
    uint64_t response_created_ns, first_output_ns, response_ns;
    uint64_t
        ended_ns; /* from the request to the end of the session or response, whatever ended it */
};

/* Opens and truncates the file. ERR_IO names it. With a NULL path, the ledger accepts lines and
 * discards them. */
MUST_USE enum err_code ledger_open(uv_loop_t *loop, const char *path, struct ledger **out,
                                   struct error *err);

/* Adds a line; it reaches the file within a second. */
void ledger_add(struct ledger *ledger, const struct ledger_line *line);

/* Appends the JSON of a line with its newline. */
void ledger_format(const struct ledger_line *line, struct text *out);

/* Writes what is left and closes; err reports the first write that failed. Memory is freed as the
 * loop runs on. */
MUST_USE enum err_code ledger_close(struct ledger *ledger, struct error *err);

#endif
