#include "package/digest.h"

#include "base/clock.h"
#include "base/digits.h"
#include "figures/losses.h"
#include "package/parts.h"
#include "realtime/response_headers.h"
#include "realtime/retry_hint.h"
#include "report/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MINUTE (60 * NS_PER_S)
#define HTTP_SWITCHING 101 /* of an accepted upgrade */

enum limit_side limit_side_of(enum domain domain, const char *number)
{
    static const struct {
        const char *number;
        enum limit_side side;
    } sides[] = {
        {"F31", LIMIT_CAPACITY}, {"F32", LIMIT_CAPACITY}, {"F37", LIMIT_CAPACITY},
        {"F63", LIMIT_CAPACITY}, {"F65", LIMIT_CAPACITY}, {"F33", LIMIT_UNCLEAR},
        {"F95", LIMIT_GATEWAY},  {"F96", LIMIT_GATEWAY},
    };
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        if (strcmp(sides[i].number, number) == 0) return sides[i].side;
    }
    return domain == DOMAIN_QUOTA ? LIMIT_QUOTA : LIMIT_NONE;
}

static void widen(struct span *span, double value)
{
    if (span->count == 0 || value < span->low) span->low = value;
    if (span->count == 0 || value > span->high) span->high = value;
    span->count++;
}

static void widen_by_header(struct span *span, const struct evidence_entry *entry, const char *name)
{
    const char *text = entry_header(entry, name);
    char *end;
    double value = strtod(text, &end);
    if (end != text && *end == '\0') widen(span, value);
}

static void copy(char *to, size_t size, const char *from)
{
    (void)snprintf(to, size, "%s", from);
}

/* The gateway's id first: the service's own logs are searched by it. */
static const char *request_id_of(const struct evidence_entry *entry)
{
    static const char *const names[] = {"apim-request-id", "x-ms-request-id", "x-request-id"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *id = entry_header(entry, names[i]);
        if (id[0] != '\0') return id;
    }
    return "";
}

static bool has_ids(const struct evidence_entry *entry)
{
    return entry->session_id[0] != '\0' || entry->response_id[0] != '\0' ||
           request_id_of(entry)[0] != '\0';
}

static void keep_trace(struct digest_code *code, const struct evidence_entry *entry)
{
    size_t place = code->trace_count < TRACES_PER_CODE ? code->trace_count++ : TRACES_PER_CODE - 1;
    struct trace *trace = &code->traces[place];
    copy(trace->time, sizeof trace->time, entry->time);
    copy(trace->region, sizeof trace->region, entry->region);
    copy(trace->code, sizeof trace->code, entry->code);
    copy(trace->session_id, sizeof trace->session_id, entry->session_id);
    copy(trace->response_id, sizeof trace->response_id, entry->response_id);
    copy(trace->event_id, sizeof trace->event_id, entry->event_id);
    copy(trace->request_id, sizeof trace->request_id, request_id_of(entry));
    copy(trace->client_id, sizeof trace->client_id, entry->client_request_id);
    trace->http_status = entry->http_status > 0 ? (int)entry->http_status : 0;
}

/* The entry for a record's code, created on first use; NULL when out of memory. */
static struct digest_code *code_of(struct digest *digest, const struct evidence_entry *entry)
{
    for (size_t i = 0; i < digest->code_count; i++) {
        if (strcmp(digest->codes[i].code, entry->code) == 0) return &digest->codes[i];
    }
    if (digest->code_count == digest->code_capacity) {
        size_t capacity = digest->code_capacity == 0 ? 16 : digest->code_capacity * 2;
        struct digest_code *codes = realloc(digest->codes, capacity * sizeof *codes);
        if (codes == NULL) return NULL;
        digest->codes = codes;
        digest->code_capacity = capacity;
    }
    struct digest_code *code = &digest->codes[digest->code_count++];
    *code = (struct digest_code){.domain = entry->domain, .phase = entry->phase};
    copy(code->code, sizeof code->code, entry->code);
    return code;
}

/* One code can have several numbers: a limit reached before or during a response. */
static void keep_number(struct digest_code *code, const char *number)
{
    size_t used = strlen(code->catalogue);
    if (strstr(code->catalogue, number) != NULL ||
        used + strlen(number) + 2 > sizeof code->catalogue)
        return;
    (void)snprintf(code->catalogue + used, sizeof code->catalogue - used, "%s%s",
                   used > 0 ? " " : "", number);
}

static void count_code(struct digest *digest, const struct evidence_entry *entry)
{
    struct digest_code *code = code_of(digest, entry);
    if (code == NULL) {
        digest->failed = true;
        return;
    }
    code->count++;
    keep_number(code, entry->catalogue);
    bool ids = has_ids(entry);
    if (ids || code->trace_count == 0) keep_trace(code, entry);
    if (code->sample != NULL && (code->sample_has_ids || !ids)) return;
    cJSON_Delete(code->sample);
    code->sample = cJSON_Duplicate(entry->tree, true);
    code->sample_has_ids = ids;
    digest->failed = digest->failed || code->sample == NULL;
}

/* Whether the service said when to try again, read as the engine reads it for its retries: headers
 * tell it of a refused upgrade only, since those of an accepted one are of before the failure. */
static bool is_hinted(const struct evidence_entry *entry)
{
    const struct failure_class failure = {
        .phase = entry->phase, .domain = entry->domain, .code = entry->code};
    const bool refused = entry->http_status > 0 && entry->http_status != HTTP_SWITCHING;
    struct response_headers headers;
    const cJSON *header;
    response_headers_init(&headers);
    cJSON_ArrayForEach(header, entry->headers)
    {
        if (refused && header->string != NULL && cJSON_IsString(header))
            response_headers_add(&headers, header->string, header->valuestring);
    }
    const int64_t wait_ns = response_headers_wait_ns(&headers, entry->utc_ns / NS_PER_S);
    return retry_hint_of(&failure, wait_ns, entry->message, response_headers_reset_ns(&headers)) >
           0;
}

static void count_limits(struct digest *digest, const struct evidence_entry *entry)
{
    enum limit_side side = limit_side_of(entry->domain, entry->catalogue);
    digest->limits[side]++;
    if (side == LIMIT_QUOTA) {
        digest->hinted += is_hinted(entry);
        digest->brief += entry->brief;
    }
    widen_by_header(&digest->limit_requests, entry, "x-ratelimit-limit-requests");
    widen_by_header(&digest->limit_tokens, entry, "x-ratelimit-limit-tokens");
    widen_by_header(&digest->remaining_requests, entry, "x-ratelimit-remaining-requests");
    widen_by_header(&digest->remaining_tokens, entry, "x-ratelimit-remaining-tokens");
}

static void count_usage(struct digest *digest, const struct evidence_entry *entry)
{
    digest->possibly_billed += entry->possibly_billed;
    if (entry->input_tokens < 0) return;
    if (entry->output_tokens > 0) {
        digest->usage_full++;
    } else if (entry->input_tokens > 0) {
        digest->usage_input_only++;
    } else {
        digest->usage_zero++;
    }
    digest->failed_input_tokens += entry->input_tokens;
    digest->failed_output_tokens += entry->output_tokens > 0 ? entry->output_tokens : 0;
}

static void keep_name(char names[DIGEST_NAMES][64], const char *name)
{
    for (size_t i = 0; name[0] != '\0' && i < DIGEST_NAMES; i++) {
        if (strncmp(names[i], name, 63) == 0) return;
        if (names[i][0] != '\0') continue;
        copy(names[i], sizeof names[i], name);
        return;
    }
}

static void keep_minute(struct digest *digest, int64_t utc_ns)
{
    int64_t minute = utc_ns / MINUTE;
    size_t count = digest->minute_count;
    if (count > 0 && digest->minutes[count - 1] == minute) return;
    if (count == digest->minute_capacity) {
        size_t capacity = count < 256 ? 256 : count * 2;
        int64_t *minutes = realloc(digest->minutes, capacity * sizeof *minutes);
        if (minutes == NULL) {
            digest->failed = true;
            return;
        }
        digest->minutes = minutes;
        digest->minute_capacity = capacity;
    }
    digest->minutes[digest->minute_count++] = minute;
}

static void count_failure(struct package *package, const struct evidence_entry *entry,
                          size_t region)
{
    struct digest *digest = &package->digest;
    bool attempt = entry->attempt > 0;
    digest->attempts += attempt;
    digest->sessions += !attempt;
    digest->with_ids += has_ids(entry);
    digest->first_turn += entry->turn == 1;
    digest->later_turn += entry->turn > 1;
    digest->retried += strncmp(entry->decision, "retry", 5) == 0;
    count_code(digest, entry);
    count_limits(digest, entry);
    count_usage(digest, entry);
    keep_name(digest->addresses, entry->address);
    keep_name(digest->transports, entry->transport);
    if (region == package->focus) keep_minute(digest, entry->utc_ns);
}

/* Gateways may write their request ids as 32 hexadecimal digits, like Azure's older keys. */
static void keep_hex_ids(struct known_ids *known, const struct evidence_entry *entry)
{
    static const char *const names[] = {"apim-request-id", "x-ms-request-id", "x-request-id",
                                        "x-ms-client-request-id"};
    known_ids_add(known, entry->client_request_id);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        known_ids_add(known, entry_header(entry, names[i]));
}

static void see(void *context, const struct evidence_entry *entry)
{
    struct package *package = context;
    size_t region;
    keep_hex_ids(&package->digest.hex_ids, entry);
    if (!package_region(package, entry->region, &region) || !package->subject[region]) return;
    if (!package_holds(package, entry->utc_ns)) return;
    package->digest.records++;
    keep_name(package->digest.service_regions, entry_header(entry, "x-ms-region"));
    if (entry->has_clock_skew) widen(&package->digest.skew_ms, entry->clock_skew_ms);
    if (entry->domain == DOMAIN_NONE) {
        package->digest.lifecycle++;
    } else {
        count_failure(package, entry, region);
    }
}

static int by_count(const void *a, const void *b)
{
    const struct digest_code *x = a;
    const struct digest_code *y = b;
    if (x->count != y->count) return x->count < y->count ? 1 : -1;
    return strcmp(x->code, y->code);
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void sort_minutes(struct digest *digest)
{
    if (digest->minute_count == 0) return;
    qsort(digest->minutes, digest->minute_count, sizeof *digest->minutes, by_time);
    size_t kept = 1;
    for (size_t i = 1; i < digest->minute_count; i++) {
        if (digest->minutes[i] != digest->minutes[kept - 1])
            digest->minutes[kept++] = digest->minutes[i];
    }
    digest->minute_count = kept;
}

/* A count that run.json gives as a number, whatever stands there. */
static uint64_t count_of(double number)
{
    return number > 0 ? number < 1e15 ? (uint64_t)number : (uint64_t)1e15 : 0;
}

static void miss(struct digest *digest, uint64_t have, uint64_t of, const char *what)
{
    if (have >= of || digest_lacks(digest)) return;
    digest->unseen = of - have;
    text_puts(&digest->missing, "failures.jsonl has the records of ");
    text_count(&digest->missing, have);
    text_puts(&digest->missing, " of ");
    text_count(&digest->missing, of);
    text_puts(&digest->missing, what);
}

/* Each failed attempt has a record, one that failed on our own side as well, and so has each
 * session that failed: an attempt's, or its own. */
static void find_missing(struct package *package)
{
    struct digest *digest = &package->digest;
    const uint64_t recorded = digest->attempts + digest->sessions;
    uint64_t attempts = 0;
    uint64_t sessions = 0;
    for (size_t r = 0; r < package->results->region_count; r++) {
        if (!package->subject[r]) continue;
        const struct counters *c = &package_cell(package, r)->cell.counters;
        attempts += c->attempts_failed + c->own_failures;
        sessions += c->sessions_failed;
    }
    miss(digest, digest->attempts, attempts, " failed attempts");
    miss(digest, recorded, sessions, " failed sessions");
    for (size_t r = 0; r < package->results->region_count; r++) {
        double have;
        double counted;
        if (package->subject[r] && losses_of_records(package->results, r, &have, &counted))
            miss(digest, count_of(have), count_of(counted), " failures and ends of sessions");
    }
}

bool digest_lacks(const struct digest *digest)
{
    return digest->missing.length > 0;
}

enum err_code digest_read(struct package *package, struct error *err)
{
    struct digest *digest = &package->digest;
    struct text notes = {0}; /* the results have already noted the same */
    enum err_code code = evidence_read(package->request->folder, see, package, &notes, err);
    text_free(&notes);
    if (code != ERR_OK) return code;
    if (digest->failed) return error_set(err, ERR_NOMEM, "no memory to read the evidence records");
    if (digest->code_count > 0)
        qsort(digest->codes, digest->code_count, sizeof *digest->codes, by_count);
    sort_minutes(digest);
    find_missing(package);
    if (digest->missing.failed)
        return error_set(err, ERR_NOMEM, "no memory to read the evidence records");
    return ERR_OK;
}

void digest_free(struct digest *digest)
{
    for (size_t i = 0; i < digest->code_count; i++) cJSON_Delete(digest->codes[i].sample);
    free(digest->codes);
    free(digest->minutes);
    known_ids_free(&digest->hex_ids);
    text_free(&digest->missing);
    *digest = (struct digest){0};
}

const struct digest_code *digest_first(const struct digest *digest)
{
    return digest->code_count == 0 ? NULL : &digest->codes[0];
}

size_t digest_longest(const struct digest *digest)
{
    size_t longest = 0;
    size_t row = 0;
    for (size_t i = 0; i < digest->minute_count; i++) {
        row = i > 0 && digest->minutes[i] == digest->minutes[i - 1] + 1 ? row + 1 : 1;
        if (row > longest) longest = row;
    }
    return longest;
}
