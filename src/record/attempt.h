/* One attempt's row of attempts.csv. */
#ifndef RUSHHOUR_RECORD_ATTEMPT_H
#define RUSHHOUR_RECORD_ATTEMPT_H

#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum outcome { OUTCOME_OK, OUTCOME_FAILED, OUTCOME_CANCELLED };

struct attempt_row {
    int64_t due_utc_ns; /* column time */
    const char *region, *session_id;
    uint64_t turn;    /* number of the attempt on its session, from 1; 0: the session never
                         opened */
    uint64_t attempt; /* number of the attempt in its interaction, from 1 */
    enum outcome outcome;
    const char *code;                            /* of a failure, otherwise "" */
    int64_t ttft_us, response_us, socket_age_ms; /* -1: none (an empty field) */
    uint64_t input_tokens, cached_tokens, output_tokens;
    /* to the right of the contract's columns */
    int64_t end_utc_ns;      /* column end: decides the interval and window in which the attempt
                                counts */
    uint64_t session_number; /* column session: distinguishes sessions even if they got no id */
    uint64_t interaction;    /* column interaction: number of the interaction in its session
                                script */
    const char *response_id, *client_request_id;
    uint64_t chain; /* column chain: number of the session in which its interaction chain began;
                       0: unknown */
    int64_t first_answer_us; /* -1: none */
    uint64_t arrival; /* column arrival: number of its virtual user's arrival in the plan, from 1;
                         0: a closed load has none */
    int64_t context_tokens; /* of the conversation before this turn, as the service told it; -1:
                               unknown, or there was no session */
};

const char *outcome_name(enum outcome outcome);

/* The header line of attempts.csv, with its newline. */
void attempt_csv_header(struct text *out);

/* Appends one row with its newline; NULL strings are written as empty fields. Times are truncated
 * to ms. */
void attempt_csv_row(struct text *out, const struct attempt_row *row);

/* Reads a row back; its strings point into `line`, which is modified. ERR_FORMAT for a torn or
 * foreign line. */
MUST_USE enum err_code attempt_csv_read(char *line, struct attempt_row *row, struct error *err);

/*
 * As attempt_csv_read, for a file whose header row says where the columns are. Unknown columns are
 * ignored; those to the right of the contract's may be missing (end is then the due time, the
 * others 0 or ""). ERR_FORMAT names a missing column.
 */
struct csv_map;
MUST_USE enum err_code attempt_csv_columns(char *header, struct csv_map *map, struct error *err);
MUST_USE enum err_code attempt_csv_read_as(const struct csv_map *map, char *line,
                                           struct attempt_row *row, struct error *err);

#endif
