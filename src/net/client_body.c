#include "net/client_body.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void client_body_begin(struct client_body *body, char *data, size_t limit,
                       const char *transfer_encoding, const char *content_length)
{
    memset(body, 0, sizeof *body);
    body->data = data;
    body->limit = limit;
    data[0] = '\0';
    size_t length = transfer_encoding != NULL ? strlen(transfer_encoding) : 0;
    if (length >= 7 && strcasecmp(transfer_encoding + length - 7, "chunked") == 0) {
        body->framing = BODY_CHUNKED;
        return;
    }
    if (content_length == NULL || content_length[0] < '0' || content_length[0] > '9') return;
    body->framing = BODY_LENGTH;
    body->remaining = strtoull(content_length, NULL, 10);
    body->done = body->remaining == 0;
}

static void keep(struct client_body *body, const char *bytes, size_t length)
{
    size_t room = body->limit - body->length;
    if (length > room) length = room;
    memcpy(body->data + body->length, bytes, length);
    body->length += length;
    body->data[body->length] = '\0';
    if (body->length == body->limit) body->done = true;
}

static void break_off(struct client_body *body)
{
    body->done = body->broken = true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static void end_size_line(struct client_body *body)
{
    body->place = body->remaining > 0 ? CHUNK_DATA : CHUNK_TRAILER;
    body->line = 0;
}

static void take_size(struct client_body *body, char c)
{
    int digit = hex_digit(c);
    if (digit >= 0) {
        if (body->remaining >> 56) break_off(body); /* no chunk is that large */
        body->remaining = body->remaining << 4 | (uint64_t)digit;
    } else if (c == '\n') {
        end_size_line(body);
    } else if (c == ';' || c == ' ' || c == '\t') {
        body->place = CHUNK_EXTENSION;
    } else if (c != '\r') {
        break_off(body);
    }
}

/* Takes one character outside the data of a chunk. */
static void take_framing(struct client_body *body, char c)
{
    switch (body->place) {
    case CHUNK_SIZE:
        take_size(body, c);
        break;
    case CHUNK_EXTENSION:
        if (c == '\n') end_size_line(body);
        break;
    case CHUNK_DATA_END:
        if (c == '\n') body->place = CHUNK_SIZE;
        break;
    case CHUNK_TRAILER:
        if (c == '\n' && body->line == 0) body->done = true;
        if (c == '\n')
            body->line = 0;
        else if (c != '\r')
            body->line++;
        break;
    case CHUNK_DATA:
        break;
    }
}

/* Takes data up to the end of the body or chunk; returns how much was used. */
static size_t take_data(struct client_body *body, const char *bytes, size_t length)
{
    if (length > body->remaining) length = (size_t)body->remaining;
    keep(body, bytes, length);
    body->remaining -= length;
    if (body->remaining > 0) return length;
    if (body->framing == BODY_LENGTH) body->done = true;
    body->place = CHUNK_DATA_END;
    return length;
}

void client_body_feed(struct client_body *body, const char *bytes, size_t length)
{
    while (length > 0 && !body->done) {
        size_t used = 1;
        if (body->framing == BODY_UNTIL_CLOSE) {
            keep(body, bytes, length);
            used = length;
        } else if (body->framing == BODY_LENGTH || body->place == CHUNK_DATA) {
            used = take_data(body, bytes, length);
        } else {
            take_framing(body, *bytes);
        }
        bytes += used;
        length -= used;
    }
}
