/*
 * What a session's microphone sends when: each message once its audio has been spoken, counted from
 * the beginning of the utterance, so that lateness of one is not added to the next. Where the
 * service ends the turns the microphone stays open and hears silence, or noise, between them. Pure.
 */
#ifndef RUSHHOUR_ENGINE_MICROPHONE_H
#define RUSHHOUR_ENGINE_MICROPHONE_H

#include "service/voice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Silence that could not be sent for so long is lost, as from a full buffer; of the run's clock. */
#define MICROPHONE_LATE_NS (1 * INT64_C(1000000000))

/* Zero-initialise, and set the first two. */
struct microphone {
    const struct voice *voice;
    double speed;                 /* of the run's clock against this machine's */
    const struct utterance *said; /* under way; NULL: silence, or closed */
    bool open;
    uint64_t from_ns; /* when the utterance or the silence began; this machine's time */
    uint64_t next;    /* number of its next message */
};

/* What a message is the last of, as flags. */
enum microphone_news {
    MICROPHONE_SPOKEN = 1, /* it has the utterance's last sound */
    MICROPHONE_SAID = 2    /* it is the last of the utterance */
};

/* Begins an utterance; returns when its last sound will have been sent. */
uint64_t microphone_say(struct microphone *microphone, const struct utterance *utterance,
                        uint64_t now_ns);

/* Breaks an utterance off. */
void microphone_hush(struct microphone *microphone, uint64_t now_ns);

/* When the next message is due; 0 if it is closed. */
uint64_t microphone_due_ns(const struct microphone *microphone);

/* The next message, once it is due: returns its text, of *length bytes, and moves on. */
const char *microphone_take(struct microphone *microphone, size_t *length, unsigned *news,
                            uint64_t now_ns);

#endif
