/*
 * Finds the turns of speech in a session's audio as its turn_detection is set. The service asks a
 * model what is speech; this one goes by loudness. It counts in the audio's own time, so that a
 * turn ends only if silence goes on coming in, as with the service. Pure.
 */
#ifndef RUSHHOUR_SIMULATOR_DETECTOR_H
#define RUSHHOUR_SIMULATOR_DETECTOR_H

#include "simulator/settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum detection_kind { DETECTION_NONE, DETECTION_SERVER_VAD, DETECTION_SEMANTIC_VAD };
enum audio_coding { AUDIO_PCM16, AUDIO_MULAW, AUDIO_ALAW, AUDIO_CODINGS };

/* How audio comes in and turns are found: the effective settings of a session. */
struct detection {
    enum detection_kind kind;
    enum audio_coding coding;
    uint32_t rate;       /* samples a second */
    double threshold;    /* 0 to 1 */
    uint64_t prefix_ms;  /* of the audio before speech that belong to the turn */
    uint64_t silence_ms; /* that end a turn; of semantic_vad the longest that its eagerness waits */
    uint64_t idle_timeout_ms; /* without speech after an answer; 0: none */
    bool create_response, interrupt_response;
};

struct detection detection_of(const struct settings *settings);

/* How a format is coded, by its JSON in the settings. */
enum audio_coding audio_coding_of(const char *format);

/* Milliseconds of audio in so many bytes. */
double detection_ms(const struct detection *detection, uint64_t bytes);

/* The audio of a session so far; starts as {0}. Times are ms of audio since its start. */
struct detector {
    uint64_t heard_ms;             /* in whole frames */
    uint64_t buffer_ms;            /* where the input buffer begins */
    uint64_t start_ms;             /* of the turn, while it lasts: with its prefix */
    uint64_t voiced_ms, silent_ms; /* in a row, up to now */
    uint64_t sound_ms;             /* the end of the last frame that was voiced */
    bool speaking;
    double energy; /* of the frame under way */
    uint32_t samples;
    int low_byte; /* of a sample whose second byte is still to come, plus 1; 0: none */
};

enum heard { HEARD_NOTHING, HEARD_START, HEARD_STOP };

/*
 * Listens to audio until a turn begins or ends, or all is heard; moves *audio and *length behind
 * what it has heard. After HEARD_START start_ms is the turn's begin, after HEARD_STOP heard_ms its
 * end.
 */
enum heard detector_listen(struct detector *detector, const struct detection *detection,
                           const unsigned char **audio, size_t *length);

/* The input buffer is empty from now on, and no turn is under way. */
void detector_restart(struct detector *detector);

#endif
