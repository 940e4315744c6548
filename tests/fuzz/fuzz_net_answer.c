/* Responses of a hostile server: every header must lie in the head and end there, the body within
 * its bound, and the result must not depend on how the bytes were split. */
#include "net/client_answer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_string(const char *string, const struct client_answer *answer)
{
    if (string < answer->head || string + strlen(string) > answer->head + answer->head_length)
        abort();
}

static void check(const struct client_answer *answer)
{
    if (answer->head_length > CLIENT_HEAD_MAX || answer->body.length > CLIENT_BODY_LIMIT) abort();
    if (answer->header_count > CLIENT_HEADERS_MAX) abort();
    for (size_t i = 0; i < answer->header_count; i++) {
        check_string(answer->headers[i].name, answer);
        check_string(answer->headers[i].value, answer);
        if (strcmp(answer->headers[i].name, "set-cookie") == 0) abort();
    }
    if (answer->state == ANSWER_BODY && answer->kept[answer->body.length] != '\0') abort();
}

static void check_same(const struct client_answer *a, const struct client_answer *b)
{
    if (a->state != b->state || a->status != b->status || a->header_count != b->header_count)
        abort();
    if (a->body.length != b->body.length || memcmp(a->kept, b->kept, a->body.length) != 0) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct client_answer whole, pieces;
    if (size == 0) return 0;
    const size_t piece = 1 + data[0] / 2 % 7;
    const char *bytes = (const char *)data + 1;
    size--;
    client_answer_begin(&whole);
    client_answer_feed(&whole, bytes, size);
    check(&whole);
    client_answer_begin(&pieces);
    for (size_t at = 0; at < size; at += piece)
        client_answer_feed(&pieces, bytes + at, at + piece < size ? piece : size - at);
    check_same(&whole, &pieces);
    return 0;
}
