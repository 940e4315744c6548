/* Reads WAV files (RIFF, little endian) of the kinds that a realtime service takes as speech. */
#ifndef RUSHHOUR_REALTIME_WAV_H
#define RUSHHOUR_REALTIME_WAV_H

#include "base/error.h"
#include "base/words.h"

#include <stddef.h>
#include <stdint.h>

/* What a file says of itself, and its samples, borrowed from the bytes that were read. */
struct wav {
    uint16_t coding; /* 1: PCM, 6: A-law, 7: mu-law; others as in the file */
    uint16_t channels, bits;
    uint32_t rate; /* samples a second */
    const unsigned char *data;
    size_t length; /* in bytes, whole frames */
};

/*
 * Reads the bytes of a file. ERR_FORMAT if it is no WAV file, or cut short; a length that a program
 * wrote into a pipe, without knowing it, means the rest of the file. `name` is for messages, which
 * give the sox line that makes a good file of it.
 */
MUST_USE enum err_code wav_read(const char *name, const unsigned char *bytes, size_t length,
                                struct wav *out, struct error *err);

/* Whether its samples are what the format asks for. ERR_FORMAT names what they are instead, and the
 * sox line that converts them. */
MUST_USE enum err_code wav_require(const char *name, const struct wav *wav,
                                   enum audio_format format, struct error *err);

#endif
