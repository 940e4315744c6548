/* The HTTP/1.1 response to an upgrade, parsed as its bytes arrive (RFC 9112), where lws has not
 * read it. Pure: no socket, no clock. */
#ifndef RUSHHOUR_NET_CLIENT_ANSWER_H
#define RUSHHOUR_NET_CLIENT_ANSWER_H

#include "net/client_body.h"
#include "net/http_target.h"

#define CLIENT_HEAD_MAX ((size_t)64 * 1024)
#define CLIENT_HEADERS_MAX 100

enum client_answer_state {
    ANSWER_HEAD,     /* the head is incomplete */
    ANSWER_BODY,     /* the head is complete; the body is not */
    ANSWER_COMPLETE, /* everything is here, or as much of the body as is kept */
    ANSWER_BROKEN    /* not HTTP, or larger than accepted */
};

struct client_answer {
    enum client_answer_state state;
    int status;                                     /* 0 until the head is complete */
    struct http_header headers[CLIENT_HEADERS_MAX]; /* names in lower case; the strings point into
                                                       head */
    size_t header_count;
    size_t head_length;
    char head[CLIENT_HEAD_MAX + 1];
    struct client_body body;
    char kept[CLIENT_BODY_LIMIT + 1]; /* of the body; NUL-terminated */
};

void client_answer_begin(struct client_answer *answer);

/* Takes the next bytes, in pieces of any size; interim responses (1xx) are skipped. Does nothing
 * once it is complete or broken. */
void client_answer_feed(struct client_answer *answer, const char *bytes, size_t length);

/* The value of the first header of that name (lower case), or NULL. */
const char *client_answer_header(const struct client_answer *answer, const char *name);

#endif
