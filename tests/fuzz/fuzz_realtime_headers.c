/* The headers of an answer, split from raw text: no read out of range, every string terminated,
 * every figure within its bounds. */
#include "realtime/response_headers.h"
#include "realtime/retry_hint.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_string(const char *string, size_t size)
{
    if (strnlen(string, size) == size) abort();
}

static void check_wait(int64_t ns, int64_t least)
{
    if (ns < least || ns > RETRY_HINT_MOST_NS) abort();
}

static void check_limit(const struct rate_limit_headers *limit)
{
    if (!(limit->limit >= -1 && limit->limit <= 1e15)) abort();
    if (!(limit->remaining >= -1 && limit->remaining <= 1e15)) abort();
    check_wait(limit->reset_ns, -1);
}

static void check(const struct response_headers *headers)
{
    check_string(headers->apim_request_id, sizeof headers->apim_request_id);
    check_string(headers->ms_request_id, sizeof headers->ms_request_id);
    check_string(headers->request_id, sizeof headers->request_id);
    check_string(headers->region, sizeof headers->region);
    check_limit(&headers->requests);
    check_limit(&headers->tokens);
    check_wait(headers->retry_after_ms_ns, -1);
    check_wait(headers->retry_after_ns, -1);
    check_wait(response_headers_wait_ns(headers, 0), 0);
    check_wait(response_headers_wait_ns(headers, INT64_MAX), 0);
}

/* One line, "name: value"; a line without a colon is a name without a value. */
static void add_line(struct response_headers *headers, char *line)
{
    char *colon = strchr(line, ':');
    char *value = colon == NULL ? line + strlen(line) : colon + 1;
    if (colon != NULL) *colon = '\0';
    response_headers_add(headers, line, value);
    if (response_header_may_be_kept(line, value) && strcasestr(line, "cookie") != NULL) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (text == NULL) return 0;
    if (size > 0) memcpy(text, data, size);
    text[size] = '\0';
    check_wait(retry_hint_in_text(text), 0);
    (void)body_is_page((const char *)data, size);
    struct response_headers headers;
    response_headers_init(&headers);
    char *rest = text;
    for (char *line = strtok_r(text, "\r\n", &rest); line != NULL;
         line = strtok_r(NULL, "\r\n", &rest)) {
        add_line(&headers, line);
    }
    check(&headers);
    free(text);
    return 0;
}
