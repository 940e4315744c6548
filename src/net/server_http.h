/* The HTTP/1.1 that a WebSocket server needs (RFC 9112, RFC 6455 section 4): parses request heads,
 * writes response heads. */
#ifndef RUSHHOUR_NET_SERVER_HTTP_H
#define RUSHHOUR_NET_SERVER_HTTP_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

#define HTTP_HEAD_LIMIT ((size_t)16 * 1024)
#define HTTP_FIELDS_MAX 100
#define HTTP_ACCEPT_SIZE 29 /* base64 of a SHA-1, with its NUL */

struct http_field {
    const char *name; /* in lower case */
    const char *value;
};

/* A parsed request head; every string points into the parsed bytes. */
struct http_request {
    const char *method;
    const char *target;
    int minor; /* of HTTP/1.<minor> */
    struct http_field fields[HTTP_FIELDS_MAX];
    size_t field_count;
};

/*
 * Length of the first head in bytes, including its blank line; 0 while incomplete. A line that ends
 * in a bare LF stops the search at once (http_parse then refuses it), so that nobody waits for an
 * end that will not come.
 */
size_t http_head_length(const char *bytes, size_t length);

/* Parses a complete head in place. Returns 0, or the status to refuse with: 400, 431 or 505. */
int http_parse(char *head, size_t length, struct http_request *out);

/* The value of the first field of that name (lower case), or NULL. */
const char *http_field(const struct http_request *request, const char *name);

/* Whether any field of that name holds the token in its comma-separated list; case-sensitive only
 * on request. */
bool http_list_has(const struct http_request *request, const char *name, const char *token,
                   bool match_case);

/* Whether this is a well-formed WebSocket upgrade (RFC 6455, 4.2.1). */
bool http_is_websocket(const struct http_request *request);

/* Computes Sec-WebSocket-Accept for a key (RFC 6455, 4.2.2). False if OpenSSL fails. */
bool http_accept_value(const char *key, char out[HTTP_ACCEPT_SIZE]);

/* Appends a complete response that ends the connection, with extra header lines ("name:
 * value\r\n"...); no content type if NULL. */
void http_refusal(struct text *out, int status, const char *header_lines, const char *content_type,
                  const char *body, bool head_only);

#endif
