/* Reads evidence records back: failures.jsonl as a stream, one record at a time, in bounded
 * memory. */
#ifndef RUSHHOUR_RECORD_EVIDENCE_READ_H
#define RUSHHOUR_RECORD_EVIDENCE_READ_H

#include "base/error.h"
#include "base/text.h"
#include "base/words.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a number is when the record says null, or has no such key (an older file). */
#define ENTRY_UNKNOWN (-1.0)

/*
 * One record as results/README.md describes it. Strings are "" where the record says null; they and
 * the trees belong to `tree` and live as long as it does. Keys that are not here are passed over.
 */
struct evidence_entry {
    cJSON *tree;
    int64_t utc_ns;
    enum phase phase;
    enum domain domain; /* DOMAIN_NONE: an end of the session's life, no failure */
    bool session_scope, possibly_billed;
    const char *time, *local_time;
    const char *region, *host, *address, *deployment, *model, *dialect, *api_version, *transport;
    const char *code, *catalogue, *signature, *message, *usage_shape, *decision, *sent;
    const char *client_request_id, *session_id, *response_id, *event_id;
    const char *error_type, *error_code, *error_param, *close_reason, *os_error;
    double http_status, close_code, tls_error; /* ENTRY_UNKNOWN, or 0 and more */
    double interaction, attempt, turn, socket_age_ms, elapsed_ms;
    double input_tokens, cached_tokens, output_tokens;
    bool has_clock_skew;
    double clock_skew_ms;                 /* of either sign */
    const cJSON *headers, *events, *also; /* an object, two lists; NULL when they are not there */
};

/*
 * Parses one line (with its NUL at line[length]); entry_free in any case. False, with nothing to
 * free, when it is no JSON object with a time, a known phase and domain, a region and a code.
 */
bool entry_parse(const char *line, size_t length, struct evidence_entry *out);
void entry_free(struct evidence_entry *entry);

/* The value of a response header, whatever its case; "" when it is not there. */
const char *entry_header(const struct evidence_entry *entry, const char *name);

/* One of the last events by its place; false when there is none of that form. The type is
 * borrowed. */
bool entry_event(const struct evidence_entry *entry, size_t index, double *offset_ms,
                 const char **type);
size_t entry_event_count(const struct evidence_entry *entry);

/* Called for each record in the order of the file; the entry lives until it returns. */
typedef void evidence_visitor(void *context, const struct evidence_entry *entry);

/*
 * Walks failures.jsonl of a run folder. A torn last line is dropped, a broken one skipped, a
 * missing file is an empty one; each is told in `notes`, one sentence a line. ERR_IO when the file
 * is there and cannot be read.
 */
MUST_USE enum err_code evidence_read(const char *folder, evidence_visitor *visit, void *context,
                                     struct text *notes, struct error *err);

#endif
