/* The body of an HTTP/1.1 response, as far as it is kept: three framings (RFC 9112, section 6),
 * byte by byte. Pure. */
#ifndef RUSHHOUR_NET_CLIENT_BODY_H
#define RUSHHOUR_NET_CLIENT_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLIENT_BODY_LIMIT 4096

enum client_body_framing { BODY_UNTIL_CLOSE, BODY_LENGTH, BODY_CHUNKED };

/* Inside a chunked body. */
enum client_body_place { CHUNK_SIZE, CHUNK_EXTENSION, CHUNK_DATA, CHUNK_DATA_END, CHUNK_TRAILER };

struct client_body {
    enum client_body_framing framing;
    enum client_body_place place;
    uint64_t remaining; /* bytes of the body or of the chunk still to come */
    size_t line;        /* characters of the trailer's current line */
    bool done;          /* complete, broken, or as much as is kept */
    bool broken;        /* the framing of chunks is malformed */
    size_t length;      /* bytes in data */
    size_t limit;       /* as many are kept */
    char *data;         /* the caller's: limit + 1 bytes, NUL-terminated */
};

/* Starts with where to keep it (limit + 1 bytes, which outlive the body) and the values of the two
 * headers (NULL or "" when absent). */
void client_body_begin(struct client_body *body, char *data, size_t limit,
                       const char *transfer_encoding, const char *content_length);

/* Takes bytes as they came from the connection, in pieces of any size. Nothing happens once it is
 * done. */
void client_body_feed(struct client_body *body, const char *bytes, size_t length);

#endif
