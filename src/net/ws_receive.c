#include "net/ws_receive.h"

#include <string.h>

static enum ws_received violation(struct ws_receiver *receiver, int code)
{
    receiver->answer_code = code;
    return WS_RECEIVED_VIOLATION;
}

/* Takes what is there of a payload of `left` bytes. */
static size_t available(const struct ws_receiver *receiver, size_t length)
{
    return length < receiver->left ? length : (size_t)receiver->left;
}

static void move_on(struct ws_receiver *receiver, const char **bytes, size_t *length, size_t count)
{
    *bytes += count;
    *length -= count;
    receiver->left -= count;
    if (receiver->left == 0) receiver->in_payload = false;
}

static enum ws_received control_event(enum ws_opcode opcode)
{
    if (opcode == WS_PING) return WS_RECEIVED_PING;
    return opcode == WS_PONG ? WS_RECEIVED_PONG : WS_RECEIVED_CLOSE;
}

/* Control frames may come between the fragments of a message, and are told as a whole. */
static enum ws_received take_control(struct ws_receiver *receiver, const char **bytes,
                                     size_t *length)
{
    const size_t count = available(receiver, *length);
    const size_t whole = (size_t)receiver->head.payload_length;
    memcpy(receiver->control + (whole - receiver->left), *bytes, count);
    move_on(receiver, bytes, length, count);
    if (receiver->in_payload) return WS_RECEIVED_ALL;
    receiver->bytes = (const char *)receiver->control;
    receiver->length = whole;
    return control_event(receiver->head.opcode);
}

/* A frame without payload tells nothing unless it ends a message. */
static enum ws_received take_piece(struct ws_receiver *receiver, const char **bytes, size_t *length)
{
    const size_t count = available(receiver, *length);
    receiver->bytes = *bytes;
    receiver->length = count;
    receiver->is_text = receiver->message_opcode == WS_TEXT;
    if (receiver->is_text && !ws_utf8_take(&receiver->utf8, *bytes, count))
        return violation(receiver, WS_CLOSE_ENCODING);
    move_on(receiver, bytes, length, count);
    receiver->rest = receiver->left;
    receiver->last = !receiver->in_payload && receiver->head.final;
    if (receiver->last) {
        receiver->message_opcode = WS_CONTINUATION;
        if (receiver->is_text && !ws_utf8_whole(&receiver->utf8))
            return violation(receiver, WS_CLOSE_ENCODING);
    }
    return count > 0 || receiver->last ? WS_RECEIVED_PIECE : WS_RECEIVED_ALL;
}

/* Once its head is complete, a frame has begun. */
static void begin_frame(struct ws_receiver *receiver)
{
    receiver->left = receiver->head.payload_length;
    receiver->in_payload = true;
    if (receiver->head.opcode != WS_TEXT && receiver->head.opcode != WS_BINARY) return;
    receiver->message_opcode = receiver->head.opcode;
    receiver->utf8 = (struct ws_utf8){0};
}

enum ws_received ws_receive_next(struct ws_receiver *receiver, const char **bytes, size_t *length)
{
    while (*length > 0) {
        if (!receiver->in_payload) {
            const struct ws_head_place place = {
                .masked = false, .in_message = receiver->message_opcode != WS_CONTINUATION};
            const enum ws_head_state state = ws_head_read(&receiver->head, place, bytes, length);
            if (state == WS_HEAD_MORE) return WS_RECEIVED_ALL;
            if (state == WS_HEAD_INVALID) return violation(receiver, WS_CLOSE_PROTOCOL);
            begin_frame(receiver);
            if (*length == 0 && receiver->left > 0) return WS_RECEIVED_ALL;
        }
        const enum ws_received event = ws_is_control(receiver->head.opcode)
                                           ? take_control(receiver, bytes, length)
                                           : take_piece(receiver, bytes, length);
        if (event != WS_RECEIVED_ALL) return event;
    }
    return WS_RECEIVED_ALL;
}

bool ws_receive_inside(const struct ws_receiver *receiver)
{
    return receiver->in_payload || receiver->head.length > 0 ||
           receiver->message_opcode != WS_CONTINUATION;
}
