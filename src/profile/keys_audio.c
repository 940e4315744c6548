#include "profile/keys_audio.h"

#include "profile/profile.h"

const char *const audio_voices[] = {"none", "synthetic", NULL};
const char *const audio_formats[] = {"pcm16", "g711_ulaw", "g711_alaw", NULL};
const char *const turn_detections[] = {"none", "server_vad", "semantic_vad", NULL};
const char *const eagernesses[] = {"auto", "low", "medium", "high", NULL};
const char *const missed_turns[] = {"cancelled", "failed", NULL};

static const struct key file_keys[] = {
    {"file", KEY_STRING, offsetof(struct audio_file, path), .required = true,
     .help = "path of a WAV file as session.audio.format says"},
    {"weight", KEY_NUMBER, offsetof(struct audio_file, weight), .fallback = "1", .least = "0.001",
     .most = "1000000", .help = "how often it is spoken, against the weights of the others"},
};

const struct key_table key_audio_file = {"an utterance",
                                         file_keys,
                                         sizeof file_keys / sizeof *file_keys,
                                         sizeof(struct audio_file),
                                         0,
                                         NULL};
