/* The part of an HTTP/1.1 response body that is kept: three framings (RFC 9112, section 6), byte by
 * byte. Pure. */
#ifndef RUSHHOUR_NET_CLIENT_BODY_H
#define RUSHHOUR_NET_CLIENT_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLIENT_BODY_LIMIT ((size_t)64 * 1024) /* of a refusal */

enum client_body_framing { BODY_UNTIL_CLOSE, BODY_LENGTH, BODY_CHUNKED };

/* Position inside a chunked body. */
enum client_body_place { CHUNK_SIZE, CHUNK_EXTENSION, CHUNK_DATA, CHUNK_DATA_END, CHUNK_TRAILER };

struct client_body {
    enum client_body_framing framing;
    enum client_body_place place;
    uint64_t remaining; /* bytes left in the body or chunk */
    size_t line;        /* length of the trailer's current line */
    bool done;          /* complete, broken, or the limit is reached */
    bool broken;        /* the chunked framing is malformed */
    size_t length;      /* bytes in data */
    size_t limit;       /* how many bytes are kept */
    char *data;         /* the caller's: limit + 1 bytes, NUL-terminated */
};

/* Begins a body. data has limit + 1 bytes and must outlive the body; the two header values are NULL
 * or "" if absent. */
void client_body_begin(struct client_body *body, char *data, size_t limit,
                       const char *transfer_encoding, const char *content_length);

/* Takes bytes from the connection in pieces of any size. Does nothing once the body is done. */
void client_body_feed(struct client_body *body, const char *bytes, size_t length);

#endif
