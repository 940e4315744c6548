#include "record/attempt.h"

#include "base/clock.h"
#include "record/csv.h"

#include <stddef.h>

static const char *const outcome_words[] = {"ok", "failed", "cancelled"};
#define OUTCOME_COUNT (sizeof outcome_words / sizeof *outcome_words)

#define AT(member) offsetof(struct attempt_row, member)
#define COLUMN(name, kind, required, member) #name, kind, required, AT(member), 0, NULL

/* The contract's columns come first; a foreign file must have them. */
static const struct csv_column columns[] = {
    {COLUMN(time, CSV_TIME, true, due_utc_ns)},
    {COLUMN(region, CSV_STRING, true, region)},
    {COLUMN(session_id, CSV_STRING, true, session_id)},
    {COLUMN(turn, CSV_COUNT, true, turn)},
    {COLUMN(attempt, CSV_COUNT, true, attempt)},
    {"outcome", CSV_WORD, true, AT(outcome), OUTCOME_COUNT, outcome_words},
    {COLUMN(code, CSV_STRING, true, code)},
    {COLUMN(ttft_us, CSV_OPTIONAL, true, ttft_us)},
    {COLUMN(response_us, CSV_OPTIONAL, true, response_us)},
    {COLUMN(socket_age_ms, CSV_OPTIONAL, true, socket_age_ms)},
    {COLUMN(input_tokens, CSV_COUNT, true, input_tokens)},
    {COLUMN(cached_tokens, CSV_COUNT, true, cached_tokens)},
    {COLUMN(output_tokens, CSV_COUNT, true, output_tokens)},
    {COLUMN(end, CSV_TIME, false, end_utc_ns)},
    {COLUMN(session, CSV_COUNT, false, session_number)},
    {COLUMN(interaction, CSV_COUNT, false, interaction)},
    {COLUMN(first_answer_us, CSV_OPTIONAL, false, first_answer_us)},
    {COLUMN(response_id, CSV_STRING, false, response_id)},
    {COLUMN(client_request_id, CSV_STRING, false, client_request_id)},
    {COLUMN(chain, CSV_COUNT, false, chain)},
    {COLUMN(arrival, CSV_COUNT, false, arrival)},
    {COLUMN(context_tokens, CSV_OPTIONAL, false, context_tokens)},
};

static const struct csv_table table = {.columns = columns,
                                       .count = sizeof columns / sizeof *columns};
_Static_assert(sizeof columns / sizeof *columns <= CSV_COLUMNS_MAX, "a csv_map holds every column");
_Static_assert(sizeof(enum outcome) == sizeof(unsigned), "CSV_WORD reads and writes an unsigned");

const char *outcome_name(enum outcome outcome)
{
    return outcome_words[outcome];
}

void attempt_csv_header(struct text *out)
{
    csv_write_header(out, &table);
}

void attempt_csv_row(struct text *out, const struct attempt_row *row)
{
    csv_write_row(out, &table, row);
}

enum err_code attempt_csv_columns(char *header, struct csv_map *map, struct error *err)
{
    return csv_read_header(&table, header, map, err);
}

/* The gate for what others may have written, as for a row of intervals.csv. */
#define TOKENS_MOST UINT64_C(1000000000000)
#define LATENCY_MOST_US (INT64_C(30) * 86400 * NS_PER_S / NS_PER_US)

static bool row_can_be(const struct attempt_row *row)
{
    return row->due_utc_ns >= 0 && row->end_utc_ns >= 0 && row->input_tokens <= TOKENS_MOST &&
           row->output_tokens <= TOKENS_MOST && row->ttft_us <= LATENCY_MOST_US &&
           row->response_us <= LATENCY_MOST_US && row->first_answer_us <= LATENCY_MOST_US &&
           row->context_tokens <= (int64_t)TOKENS_MOST;
}

enum err_code attempt_csv_read_as(const struct csv_map *map, char *line, struct attempt_row *row,
                                  struct error *err)
{
    *row = (struct attempt_row){.region = "",
                                .session_id = "",
                                .code = "",
                                .response_id = "",
                                .client_request_id = "",
                                .first_answer_us = -1,
                                .context_tokens = -1,
                                .end_utc_ns = INT64_MIN};
    enum err_code code = csv_read_row(&table, map, line, row, err);
    if (row->end_utc_ns == INT64_MIN) row->end_utc_ns = row->due_utc_ns;
    if (code == ERR_OK && !row_can_be(row))
        code = error_set(err, ERR_FORMAT, "the row has a time or a count that cannot be");
    if (row->cached_tokens > row->input_tokens) row->cached_tokens = row->input_tokens;
    return code;
}

enum err_code attempt_csv_read(char *line, struct attempt_row *row, struct error *err)
{
    struct csv_map map;
    csv_map_own(&table, &map);
    return attempt_csv_read_as(&map, line, row, err);
}
