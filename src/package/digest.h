/* One pass over the evidence records and the intervals: gathers what support asks for, in bounded
 * memory. */
#ifndef RUSHHOUR_PACKAGE_DIGEST_H
#define RUSHHOUR_PACKAGE_DIGEST_H

#include "base/error.h"
#include "base/text.h"
#include "package/verify.h"
#include "realtime/event.h"
#include "record/evidence_read.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct package;

/* The ids of one failure, for support to look up. */
struct trace {
    char time[32], region[64], code[64];
    char session_id[ID_SIZE], response_id[ID_SIZE], event_id[ID_SIZE], request_id[ID_SIZE],
        client_id[ID_SIZE];
    int http_status; /* 0 if none */
};

#define TRACES_PER_CODE 6
struct digest_code {
    char code[64], catalogue[48]; /* the catalogue numbers seen with it, separated by spaces */
    enum domain domain;
    enum phase phase;
    uint64_t count;
    cJSON *sample; /* the first record with ids, else the first */
    bool sample_has_ids;
    struct trace traces[TRACES_PER_CODE]; /* the first ones, and the last */
    size_t trace_count;
};

/* Whose limit a failure speaks of. */
enum limit_side {
    LIMIT_NONE,     /* of none */
    LIMIT_QUOTA,    /* the deployment's quota */
    LIMIT_CAPACITY, /* the shared pool */
    LIMIT_UNCLEAR,  /* a refusal that does not say */
    LIMIT_GATEWAY,  /* a gateway in front of the service */
    LIMIT_SIDES
};
enum limit_side limit_side_of(enum domain domain, const char *number);

/* The lowest and highest value seen. */
struct span {
    uint64_t count;
    double low, high;
};

#define DIGEST_NAMES 6
struct digest {
    struct digest_code *codes; /* the most frequent first */
    size_t code_count, code_capacity;
    uint64_t records, attempts, sessions, lifecycle; /* of the subjects: failed attempts, and
                                                        sessions that failed outside any attempt */
    uint64_t unseen;     /* failures of the subjects that were counted and have no record */
    struct text missing; /* says so, as a clause; "" if there are none */
    uint64_t with_ids;   /* failures with an id of the service */
    uint64_t limits[LIMIT_SIDES]; /* failures by whose limit they speak of */
    uint64_t hinted; /* of those for quota: told when to try again, by a header or a sentence */
    uint64_t brief;  /* of those for quota: kept without headers and message */
    struct span limit_requests, limit_tokens, remaining_requests, remaining_tokens, skew_ms;
    uint64_t usage_zero, usage_input_only, usage_full;
    double failed_input_tokens, failed_output_tokens;
    uint64_t possibly_billed, first_turn, later_turn, retried;
    /* each listed once; the first ones */
    char service_regions[DIGEST_NAMES][64], addresses[DIGEST_NAMES][64];
    char transports[DIGEST_NAMES][64]; /* of the sessions, according to their evidence */
    int64_t *minutes;                  /* in which the focus failed, ascending and unique */
    size_t minute_count, minute_capacity;
    struct known_ids hex_ids; /* request ids that look like keys, from all regions */
    bool failed;              /* memory ran out */
};

/* Reads failures.jsonl of the package's run. */
MUST_USE enum err_code digest_read(struct package *package, struct error *err);
void digest_free(struct digest *digest);

/* Whether some failures have no record: then what no record shows may have happened as well. */
bool digest_lacks(const struct digest *digest);

/* The most frequent code that is a failure; NULL if there is none. */
const struct digest_code *digest_first(const struct digest *digest);

/* The longest run of consecutive minutes with at least one failure in each, in minutes. */
size_t digest_longest(const struct digest *digest);

/* The highest value per minute in a region, of connects, attempts and tokens, and when (ns UTC).
 * Counted: as a quota is (realtime/token_count.h), with the input of attempts that had a usage, and
 * max_output_tokens of each that was asked for: not of those whose dial did not open. */
struct peak_value {
    double per_minute;
    int64_t at_ns;
};
struct peak {
    struct peak_value sessions, attempts, tokens, counted;
};

/* Reads intervals.csv: fills the package's peaks, and when the recording began and ended. */
struct run_reader;
MUST_USE enum err_code peaks_read(struct package *package, struct run_reader *reader,
                                  struct error *err);

#endif
