#include "realtime/response_headers.h"

#include "base/calendar.h"
#include "realtime/retry_hint.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

/* Larger figures in headers are ignored. */
#define LARGEST_COUNT 1e15

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

void response_headers_init(struct response_headers *headers)
{
    const struct rate_limit_headers unknown = {.limit = -1, .remaining = -1, .reset_ns = -1};
    *headers = (struct response_headers){
        .retry_after_ms_ns = -1,
        .retry_after_ns = -1,
        .retry_at_s = -1,
        .date_s = -1,
        .requests = unknown,
        .tokens = unknown,
    };
}

static bool ends_here(const char *text)
{
    while (*text == ' ' || *text == '\t') text++;
    return *text == '\0';
}

static const char *read_digits(const char *text, size_t count, int *out)
{
    *out = 0;
    for (size_t i = 0; i < count; i++, text++) {
        if (!isdigit((unsigned char)*text)) return NULL;
        *out = *out * 10 + (*text - '0');
    }
    return text;
}

/* IMF-fixdate of RFC 9110, 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT". The two obsolete forms are not
 * read. */
static bool read_date(const char *text, int64_t *out_s)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int day;
    int year;
    char stamp[40];
    int64_t ns;
    if (strlen(text) < 29 || text[3] != ',' || text[4] != ' ') return false;
    const char *p = read_digits(text + 5, 2, &day);
    if (p == NULL || *p != ' ' || p[4] != ' ') return false;
    const char *month = months;
    while (*month != '\0' && strncmp(month, p + 1, 3) != 0) month += 3;
    p = *month == '\0' ? NULL : read_digits(p + 5, 4, &year);
    if (p == NULL || *p != ' ' || strncmp(p + 9, " GMT", 4) != 0 || !ends_here(p + 13))
        return false;
    (void)snprintf(stamp, sizeof stamp, "%04d-%02d-%02dT%.8sZ", year, (int)(month - months) / 3 + 1,
                   day, p + 1);
    if (parse_time(stamp, &ns, NULL) != ERR_OK) return false;
    *out_s = ns / NS_PER_S;
    return true;
}

/* A value that is nothing but a duration: "12", "250ms", "6m0s". */
static void set_duration(int64_t *out, const char *value, int64_t bare_ns)
{
    int64_t ns;
    const char *end = retry_hint_duration(value, bare_ns, &ns);
    if (*out < 0 && end != NULL && ends_here(end)) *out = ns;
}

static void set_date(int64_t *out, const char *value)
{
    int64_t seconds;
    if (*out < 0 && read_date(value, &seconds)) *out = seconds;
}

static void set_count(double *out, const char *value)
{
    double count = 0;
    if (*out >= 0 || !isdigit((unsigned char)*value)) return;
    for (; isdigit((unsigned char)*value); value++) {
        if (count < LARGEST_COUNT) count = count * 10 + (*value - '0');
    }
    if (ends_here(value)) *out = count < LARGEST_COUNT ? count : LARGEST_COUNT;
}

/* Ids and names are short and printable; anything else is ignored. */
static void set_string(char *out, size_t size, const char *value)
{
    if (*out != '\0') return;
    for (const char *c = value; *c != '\0'; c++) {
        if (!isprint((unsigned char)*c)) return;
    }
    (void)snprintf(out, size, "%s", value);
}

static void add_rate_limit(struct response_headers *headers, const char *name, const char *value)
{
    const struct {
        const char *unit;
        struct rate_limit_headers *of;
    } units[] = {{"requests", &headers->requests}, {"tokens", &headers->tokens}};
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        const char *dash = strrchr(name, '-');
        if (dash == NULL || strcasecmp(dash + 1, units[i].unit) != 0) continue;
        size_t length = (size_t)(dash - name);
        struct rate_limit_headers *of = units[i].of;
        if (length == 5 && strncasecmp(name, "limit", 5) == 0) set_count(&of->limit, value);
        if (length == 9 && strncasecmp(name, "remaining", 9) == 0) set_count(&of->remaining, value);
        if (length == 5 && strncasecmp(name, "reset", 5) == 0)
            set_duration(&of->reset_ns, value, NS_PER_S);
    }
}

static void add_content_type(struct response_headers *headers, const char *value)
{
    headers->html = headers->html || strncasecmp(value, "text/html", 9) == 0 ||
                    strncasecmp(value, "application/xhtml", 17) == 0;
}

/* Many proxies generate x-request-id too; only the form "req_..." is the service's own. */
static bool is_of_service(const char *name, const char *value)
{
    static const char *const names[] = {"apim-request-id", "x-ms-request-id", "x-ms-region",
                                        "openai-processing-ms", "azureml-model-session"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcasecmp(name, names[i]) == 0) return *value != '\0';
    }
    return strcasecmp(name, "x-request-id") == 0 && strncmp(value, "req_", 4) == 0;
}

void response_headers_add(struct response_headers *headers, const char *name, const char *value)
{
    static const char limits[] = "x-ratelimit-";
    while (*value == ' ' || *value == '\t') value++;
    if (strcasecmp(name, "retry-after-ms") == 0) {
        set_duration(&headers->retry_after_ms_ns, value, NS_PER_MS);
    } else if (strcasecmp(name, "retry-after") == 0) {
        set_duration(&headers->retry_after_ns, value, NS_PER_S);
        set_date(&headers->retry_at_s, value);
    } else if (strcasecmp(name, "date") == 0) {
        set_date(&headers->date_s, value);
    } else if (strcasecmp(name, "content-type") == 0) {
        add_content_type(headers, value);
    } else if (strcasecmp(name, "apim-request-id") == 0) {
        set_string(headers->apim_request_id, sizeof headers->apim_request_id, value);
    } else if (strcasecmp(name, "x-ms-request-id") == 0) {
        set_string(headers->ms_request_id, sizeof headers->ms_request_id, value);
    } else if (strcasecmp(name, "x-request-id") == 0) {
        set_string(headers->request_id, sizeof headers->request_id, value);
    } else if (strcasecmp(name, "x-ms-region") == 0) {
        set_string(headers->region, sizeof headers->region, value);
    } else if (strcasecmp(name, "location") == 0 && headers->location[0] == '\0') {
        response_location(value, headers->location, sizeof headers->location);
        headers->has_location = true;
    } else if (strncasecmp(name, limits, sizeof limits - 1) == 0) {
        add_rate_limit(headers, name + sizeof limits - 1, value);
    }
    headers->from_service = headers->from_service || is_of_service(name, value);
    headers->speaker = speaker_surer(headers->speaker, speaker_by_header(name, value));
}

void response_location(const char *value, char *out, size_t size)
{
    while (*value == ' ' || *value == '\t') value++;
    const size_t whole = strcspn(value, "?#;");
    const char *authority = memmem(value, whole, "://", 3);
    const char *start = authority == NULL ? value : authority + 3;
    if (authority == NULL && strncmp(value, "//", 2) == 0) start = value + 2;
    const size_t scheme = (size_t)(start - value);
    const char *rest = start;
    if (scheme > 0) { /* an authority follows, possibly with a login */
        const char *login = memrchr(start, '@', strcspn(start, "/?#;"));
        if (login != NULL) rest = login + 1;
    }
    out[0] = '\0';
    for (size_t i = 0; i < whole; i++) {
        if (!isgraph((unsigned char)value[i])) return;
    }
    (void)snprintf(out, size, "%.*s%.*s", (int)scheme, value, (int)(whole - (size_t)(rest - value)),
                   rest);
}

int64_t response_headers_wait_ns(const struct response_headers *headers, int64_t now_s)
{
    if (headers->retry_after_ms_ns >= 0) return headers->retry_after_ms_ns;
    if (headers->retry_after_ns >= 0) return headers->retry_after_ns;
    if (headers->retry_at_s < 0) return 0;
    int64_t from_s = headers->date_s >= 0 ? headers->date_s : now_s;
    if (headers->retry_at_s <= from_s) return 0;
    int64_t wait_s = headers->retry_at_s - from_s;
    return wait_s < RETRY_HINT_MOST_NS / NS_PER_S ? wait_s * NS_PER_S : RETRY_HINT_MOST_NS;
}

int64_t response_headers_reset_ns(const struct response_headers *headers)
{
    const struct rate_limit_headers *const limits[] = {&headers->requests, &headers->tokens};
    int64_t used_up_ns = 0;
    int64_t unsaid_ns = 0;
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        const int64_t reset_ns = limits[i]->reset_ns;
        if (reset_ns <= 0) continue;
        if (limits[i]->remaining == 0 && reset_ns > used_up_ns) used_up_ns = reset_ns;
        if (limits[i]->remaining < 0 && (unsaid_ns == 0 || reset_ns < unsaid_ns))
            unsaid_ns = reset_ns;
    }
    return used_up_ns > 0 ? used_up_ns : unsaid_ns;
}

const char *response_headers_id(const struct response_headers *headers)
{
    if (headers->apim_request_id[0] != '\0') return headers->apim_request_id;
    return headers->ms_request_id[0] != '\0' ? headers->ms_request_id : headers->request_id;
}

bool response_header_may_be_kept(const char *name, const char *value)
{
    /* the shareable part of a location is in the message (response_location) */
    static const char *const never[] = {"location", "cookie",     "authoriz",         "authent",
                                        "api-key",  "apikey",     "subscription-key", "secret",
                                        "password", "credential", "protocol"};
    static const char *const starts[] = {"Bearer ", "Basic ", "sk-", "ek_", "eyJ"};
    for (size_t i = 0; i < COUNT_OF(never); i++) {
        if (strcasestr(name, never[i]) != NULL) return false;
    }
    /* x-ratelimit-limit-tokens is a figure; any other header about a token may hold a secret. */
    if (strcasestr(name, "token") != NULL && strncasecmp(name, "x-ratelimit-", 12) != 0)
        return false;
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        if (strncasecmp(value, starts[i], strlen(starts[i])) == 0) return false;
    }
    return strcasestr(value, "insecure-api-key") == NULL;
}
