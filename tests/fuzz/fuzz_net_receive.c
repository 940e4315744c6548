/* Frames of a hostile server: however the bytes are cut, the same events come. The first bytes of
 * the input say how they are cut. */
#include "net/ws_receive.h"

#include <stdlib.h>
#include <string.h>

#define CUTS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds) abort();
}

/* Everything that was told, with the pieces of a message joined. */
struct told {
    uint64_t sum, message;
    struct ws_utf8 utf8;
    bool over;
};

static void add(uint64_t *sum, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        *sum = (*sum ^ (unsigned char)bytes[i]) * UINT64_C(1099511628211);
}

static void add_event(struct told *told, const struct ws_receiver *receiver, enum ws_received event)
{
    told->sum = (told->sum ^ (uint64_t)event) * UINT64_C(1099511628211);
    if (event == WS_RECEIVED_VIOLATION) {
        told->sum += (uint64_t)receiver->answer_code;
        told->over = true;
    } else {
        check(receiver->length <= WS_CONTROL_MAX);
        add(&told->sum, receiver->bytes, receiver->length);
    }
}

static void add_piece(struct told *told, const struct ws_receiver *receiver)
{
    add(&told->message, receiver->bytes, receiver->length);
    if (receiver->is_text) check(ws_utf8_take(&told->utf8, receiver->bytes, receiver->length));
    if (!receiver->last) return;
    check(receiver->rest == 0 && ws_utf8_whole(&told->utf8));
    told->sum = (told->sum ^ told->message) * UINT64_C(1099511628211) + receiver->is_text;
    told->message = 0;
}

static void read_on(struct told *told, struct ws_receiver *receiver, const uint8_t *data,
                    size_t size)
{
    const char *const end = (const char *)data + size;
    const char *bytes = (const char *)data;
    size_t length = size;
    while (!told->over) {
        const char *const before = bytes;
        const enum ws_received event = ws_receive_next(receiver, &bytes, &length);
        check(bytes >= before && bytes + length == end);
        if (event == WS_RECEIVED_ALL) {
            check(length == 0);
            return;
        }
        check(bytes > before || event == WS_RECEIVED_VIOLATION);
        if (event == WS_RECEIVED_PIECE) {
            add_piece(told, receiver);
        } else {
            add_event(told, receiver, event);
        }
    }
}

/* In pieces of the sizes that `cuts` gives in turn; 0: all that is left. */
static uint64_t digest(const uint8_t *data, size_t size, const uint8_t *cuts)
{
    struct ws_receiver receiver = {0};
    struct told told = {0};
    for (size_t turn = 0; size > 0 && !told.over; turn++) {
        size_t piece = cuts[turn % CUTS];
        if (piece == 0 || piece > size) piece = size;
        if (piece > 1) {
            uint8_t *copy = malloc(piece); /* so that reading beyond it shows */
            check(copy != NULL);
            memcpy(copy, data, piece);
            read_on(&told, &receiver, copy, piece);
            free(copy);
        } else {
            read_on(&told, &receiver, data, piece);
        }
        data += piece;
        size -= piece;
    }
    return told.sum * 2 + (!told.over && ws_receive_inside(&receiver));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t whole[CUTS] = {0}, single[CUTS] = {1, 1, 1, 1, 1, 1, 1, 1};
    if (size < CUTS) return 0;
    const uint64_t sum = digest(data + CUTS, size - CUTS, whole);
    check(sum == digest(data + CUTS, size - CUTS, single));
    check(sum == digest(data + CUTS, size - CUTS, data));
    return 0;
}
