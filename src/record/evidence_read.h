/* Reads evidence records back: streams failures.jsonl, one record at a time, in bounded memory. */
#ifndef RUSHHOUR_RECORD_EVIDENCE_READ_H
#define RUSHHOUR_RECORD_EVIDENCE_READ_H

#include "base/error.h"
#include "base/text.h"
#include "base/words.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Value of a number that is null in the record, or absent (in an older file). */
#define ENTRY_UNKNOWN (-1.0)

/* One record as described in results/README.md. Strings are "" where the record says null; strings
 * and trees belong to `tree` and live as long as it does. Other keys are ignored. */
struct evidence_entry {
    cJSON *tree;
    int64_t utc_ns;
    enum phase phase;
    enum domain domain; /* DOMAIN_NONE: a session that ended normally */
    bool session_scope, possibly_billed, brief;
    const char *time, *local_time;
    const char *region, *host, *address, *deployment, *model, *dialect, *api_version, *transport;
    const char *code, *catalogue, *signature, *message, *usage_shape, *decision, *sent;
    const char *client_request_id, *session_id, *response_id, *event_id;
    const char *error_type, *error_code, *error_param, *close_reason, *os_error;
    double http_status, close_code, tls_error, tls_alert; /* ENTRY_UNKNOWN, or at least 0 */
    double interaction, attempt, turn, socket_age_ms, elapsed_ms;
    double input_tokens, cached_tokens, output_tokens;
    bool has_clock_skew;
    double clock_skew_ms;                 /* may be negative */
    const cJSON *headers, *events, *also; /* an object and two arrays; NULL if absent */
};

/*
 * Parses one line (with its NUL at line[length]); call entry_free in any case. False, with nothing
 * to free, unless it is a JSON object with a time, a known phase and domain, a region and a code.
 */
bool entry_parse(const char *line, size_t length, struct evidence_entry *out);
void entry_free(struct evidence_entry *entry);

/* The value of a response header, ignoring case; "" if absent. */
const char *entry_header(const struct evidence_entry *entry, const char *name);

/* One of the last events by index; false if there is no such well-formed event. The type is
 * borrowed. */
bool entry_event(const struct evidence_entry *entry, size_t index, double *offset_ms,
                 const char **type);
size_t entry_event_count(const struct evidence_entry *entry);

/* Called for each record in file order; the entry is valid until it returns. */
typedef void evidence_visitor(void *context, const struct evidence_entry *entry);

/*
 * Walks failures.jsonl of a run folder. A torn last line is dropped, a malformed one skipped, a
 * copy of an earlier one (record/seen.h), too; a missing file counts as empty; `notes` gets one
 * sentence per line about each. ERR_IO if the file exists and cannot be read.
 */
MUST_USE enum err_code evidence_read(const char *folder, evidence_visitor *visit, void *context,
                                     struct text *notes, struct error *err);

#endif
