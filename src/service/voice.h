/*
 * What users say with their voice, ready to be sent: utterances cut into messages that are encoded
 * once and shared by all sessions of a run. Read by every thread, written by none.
 */
#ifndef RUSHHOUR_SERVICE_VOICE_H
#define RUSHHOUR_SERVICE_VOICE_H

#include "base/error.h"
#include "base/text.h"
#include "profile/profile.h"
#include "realtime/message.h"

#include <stddef.h>
#include <stdint.h>

/* The longest utterance. */
#define VOICE_MOST_NS (INT64_C(300) * INT64_C(1000000000))

/* An input_audio_buffer.append. */
struct voice_message {
    size_t at, length; /* in the utterance's text */
    int64_t end_ns;    /* of the utterance's audio up to its end: when it can be sent */
};

struct utterance {
    struct text text; /* of all its messages */
    struct voice_message *messages;
    size_t count;
    size_t voiced; /* the message that holds the last voiced sample (realtime/sound.h) */
    int64_t length_ns;
    double weight;
};

struct voice {
    struct utterance *utterances;
    size_t count;
    struct utterance silence; /* what the microphone hears between them */
    double weight;            /* of all */
    bool commits;             /* we end the user's turn, not the service */
};

/*
 * Prepares the voice of a profile whose users speak; *out = NULL if they write. seed: of synthetic
 * speech and of noise. ERR_IO, or ERR_FORMAT with the sox line that mends it, names a file that
 * cannot be spoken; ERR_NOMEM.
 */
MUST_USE enum err_code voice_new(const struct audio_plan *plan, uint64_t seed, struct voice **out,
                                 struct error *err);
void voice_free(struct voice *voice);

/* The utterance at a place in [0, 1) of all of them, by their weights. */
const struct utterance *voice_pick(const struct voice *voice, double place);

/* Mean length by weight, and the longest; ns. */
int64_t voice_mean_ns(const struct voice *voice);
int64_t voice_most_ns(const struct voice *voice);

/* What a session must be told of how its user speaks. */
struct speech_settings voice_settings(const struct audio_plan *plan);

#endif
