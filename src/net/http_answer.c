#include "net/http_private.h"

#include "base/clock.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- the head ---- */

/* Makes room for so many bytes more. False beyond the maximum, and out of memory. */
static bool make_room(struct http_exchange *exchange, size_t more)
{
    if (exchange->head_length + more > HTTP_HEAD_MAX) return false;
    if (exchange->head_length + more <= exchange->head_room) return true;
    size_t room = exchange->head_room == 0 ? 1024 : exchange->head_room * 2;
    while (room < exchange->head_length + more) room *= 2;
    char *head = realloc(exchange->head, room);
    if (head == NULL) return false;
    exchange->head = head;
    exchange->head_room = room;
    return true;
}

/* Appends a string and its NUL; its offset. There is room. */
static uint32_t put(struct http_exchange *exchange, const char *bytes, size_t length)
{
    const size_t at = exchange->head_length;
    memcpy(exchange->head + at, bytes, length);
    exchange->head[at + length] = '\0';
    exchange->head_length += length + 1;
    return (uint32_t)at;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* "Name: value" of so many bytes. Cookies are not kept; headers beyond the maximum are dropped,
 * which is no error. */
static bool keep_header(struct http_exchange *exchange, const char *line, size_t length)
{
    const char *colon = memchr(line, ':', length);
    if (colon == NULL || exchange->heading_count == HTTP_HEADERS_MAX) return true;
    const size_t name_length = (size_t)(colon - line);
    const char *value = colon + 1, *end = line + length;
    while (value < end && is_blank(*value)) value++;
    while (end > value && is_blank(end[-1])) end--;
    if (name_length == strlen("set-cookie") && strncasecmp(line, "set-cookie", name_length) == 0)
        return true;
    if (!make_room(exchange, length + 2)) return false;
    struct http_heading *heading = &exchange->headings[exchange->heading_count++];
    heading->name = put(exchange, line, name_length);
    for (char *c = exchange->head + heading->name; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    heading->value = put(exchange, value, (size_t)(end - value));
    return true;
}

/* The head is whole: it can be handed over. */
static void end_head(struct http_exchange *exchange)
{
    const struct http_handlers *handlers = exchange->handlers;
    struct http_result *result = &exchange->result;
    for (size_t i = 0; i < exchange->heading_count; i++) {
        exchange->headers[i].name = exchange->head + exchange->headings[i].name;
        exchange->headers[i].value = exchange->head + exchange->headings[i].value;
    }
    result->headers = exchange->headers;
    result->header_count = exchange->heading_count;
    if (handlers != NULL && handlers->on_head != NULL && result->status >= 200)
        handlers->on_head(exchange->user, result, clock_mono_ns());
}

/* "HTTP/1.1 200 OK", checked by libcurl: the first line of the answer, or of an interim one before
 * it. */
static void begin_head(struct http_exchange *exchange)
{
    struct http_result *result = &exchange->result;
    long status = 0, version = 0;
    (void)curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(exchange->easy, CURLINFO_HTTP_VERSION, &version);
    exchange->head_length = exchange->heading_count = 0;
    result->status = (int)status;
    result->version = version == CURL_HTTP_VERSION_2_0 ? 20 : 11;
}

static void refuse_head(struct http_exchange *exchange, size_t length)
{
    struct http_result *result = &exchange->result;
    result->local_error = exchange->head_length + length + 2 <= HTTP_HEAD_MAX;
    text_copy(result->detail, sizeof result->detail,
              result->local_error
                  ? "no memory for the answer"
                  : "the answer's head is larger than 64 KiB, the most that is taken here");
}

size_t answer_on_header(char *line, size_t size, size_t count, void *user)
{
    struct http_exchange *exchange = user;
    const size_t length = size * count;
    if (exchange->over) return 0;
    exchange->answering = true;
    if (length >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        begin_head(exchange);
    } else if (length <= 2 && is_blank(line[0])) {
        end_head(exchange);
    } else if (!keep_header(exchange, line, length)) {
        refuse_head(exchange, length);
        return 0;
    }
    return exchange->over ? 0 : length;
}

/* ---- the body ---- */

static size_t keep(struct http_exchange *exchange, const char *bytes, size_t length)
{
    struct http_result *result = &exchange->result;
    const size_t left = HTTP_BODY_MAX - result->body_length;
    const size_t taken = length < left ? length : left;
    if (exchange->body == NULL) exchange->body = malloc(HTTP_BODY_MAX + 1);
    if (exchange->body == NULL) {
        result->local_error = true;
        return 0;
    }
    memcpy(exchange->body + result->body_length, bytes, taken);
    result->body_length += taken;
    exchange->body[result->body_length] = '\0';
    exchange->full = result->body_length == HTTP_BODY_MAX;
    return exchange->full ? 0 : length; /* no more is read then */
}

size_t answer_on_body(char *bytes, size_t size, size_t count, void *user)
{
    struct http_exchange *exchange = user;
    const struct http_handlers *handlers = exchange->handlers;
    const size_t length = size * count;
    const int status = exchange->result.status;
    size_t taken = length;
    if (exchange->over) return 0;
    exchange->client->reads++;
    if (handlers != NULL && handlers->on_body != NULL && status >= 200 && status <= 299) {
        handlers->on_body(exchange->user, bytes, length, clock_mono_ns());
        if (exchange->over) taken = 0;
    } else {
        taken = keep(exchange, bytes, length);
    }
    explicit_bzero(bytes, length);
    return taken;
}

void answer_clear(struct http_exchange *exchange)
{
    free(exchange->head);
    if (exchange->body != NULL) explicit_bzero(exchange->body, exchange->result.body_length);
    free(exchange->body);
    exchange->head = exchange->body = NULL;
}
