/* An HTTP/1.1 response, parsed as its bytes arrive (RFC 9112). Pure: no socket, no clock. */
#ifndef RUSHHOUR_NET_HTTPS_ANSWER_H
#define RUSHHOUR_NET_HTTPS_ANSWER_H

#include "net/client_body.h"
#include "net/https.h"

#define HTTPS_HEAD_MAX ((size_t)64 * 1024)
#define HTTPS_HEADERS_MAX 100

enum https_answer_state {
    ANSWER_HEAD,     /* the head is incomplete */
    ANSWER_BODY,     /* the head is complete; the body is not */
    ANSWER_COMPLETE, /* everything is here, or as much of the body as is kept */
    ANSWER_BROKEN    /* not HTTP, or larger than accepted */
};

struct https_answer {
    enum https_answer_state state;
    bool head_only;  /* nothing follows the head: the response to HEAD or CONNECT */
    const char *why; /* why it is broken; NULL if it is not */
    int status;      /* 0 until the head is complete */
    struct http_header headers[HTTPS_HEADERS_MAX]; /* names in lower case; the strings point into
                                                      head */
    size_t header_count;
    size_t head_length;
    char head[HTTPS_HEAD_MAX + 1];
    struct client_body body;
    char kept[HTTPS_BODY_MAX + 1]; /* of the body; NUL-terminated */
};

void https_answer_begin(struct https_answer *answer, bool head_only);

/* Takes the next bytes, in pieces of any size; interim responses (1xx) are skipped. Does nothing
 * once it is complete or broken. */
void https_answer_feed(struct https_answer *answer, const char *bytes, size_t length);

/* The connection has ended: the response is complete if that is how its body ends, else broken. */
void https_answer_end(struct https_answer *answer);

/* The value of the first header of that name (lower case), or NULL. */
const char *https_answer_header(const struct https_answer *answer, const char *name);

#endif
