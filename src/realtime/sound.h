/* Audio as a client sends it: codings and their rates, where speech ends, and a voiced signal that
 * is nobody's speech. Pure. */
#ifndef RUSHHOUR_REALTIME_SOUND_H
#define RUSHHOUR_REALTIME_SOUND_H

#include "base/random.h"
#include "base/words.h"

#include <stddef.h>
#include <stdint.h>

/* Samples a second, and bytes of one. */
uint32_t sound_rate(enum audio_format format);
size_t sound_width(enum audio_format format);

/* Nanoseconds of audio in so many bytes; bytes of so many milliseconds. */
int64_t sound_ns(enum audio_format format, uint64_t bytes);
size_t sound_bytes(enum audio_format format, uint64_t ms);

/* One sample of coded audio as 16 bits, and back (ITU-T G.711, tables 1 and 2; PCM16 is little
 * endian). */
int16_t sound_decode(enum audio_format format, const unsigned char *at);
void sound_encode(enum audio_format format, int16_t sample, unsigned char *at);

/* Where the last voiced sample ends, in bytes: of the last 10 ms louder than -40 dB of full scale
 * (RMS). 0 if none is. */
#define SOUND_VOICED_DB (-40.0)
size_t sound_voiced_end(enum audio_format format, const unsigned char *bytes, size_t length);

/* Writes `length` bytes of a voice that says nothing: harmonics of a pitch that wanders, in
 * syllables, without a pause, at about -20 dB of full scale from the first sample to the last. */
void sound_voice(enum audio_format format, struct random *random, unsigned char *out,
                 size_t length);

/* Adds white noise of a level, in dB of full scale (RMS), to coded audio. */
void sound_add_noise(enum audio_format format, struct random *random, double level_db,
                     unsigned char *bytes, size_t length);

/* Fills with silence. */
void sound_silence(enum audio_format format, unsigned char *out, size_t length);

#endif
