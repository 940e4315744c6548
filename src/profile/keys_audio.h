/* The rows of session.audio in the table of profile keys (keys.c). */
#ifndef RUSHHOUR_PROFILE_KEYS_AUDIO_H
#define RUSHHOUR_PROFILE_KEYS_AUDIO_H

#include "profile/keys.h"

extern const struct key_table key_audio_file;
extern const char *const audio_voices[],
    *const audio_formats[], *const turn_detections[], *const eagernesses[], *const missed_turns[];

#define AUDIO(member) .offset = offsetof(struct profile, session.audio.member)

#define KEYS_AUDIO                                                                                 \
    {"session.audio.files",                                                                        \
     KEY_OBJECTS,                                                                                  \
     AUDIO(files),                                                                                 \
     .count_offset = offsetof(struct profile, session.audio.file_count),                           \
     .table = &key_audio_file,                                                                     \
     .fallback = "[]",                                                                             \
     .most = "64",                                                                                 \
     .help = "WAV files of what users say, instead of session.prompts; each interaction speaks "   \
             "one of them"},                                                                       \
        {"session.audio.voice",                                                                    \
         KEY_WORD,                                                                                 \
         AUDIO(voice),                                                                             \
         .words = audio_voices,                                                                    \
         .fallback = "none",                                                                       \
         .help = "synthetic: without files, users speak three utterances made at the start, "      \
                 "voiced without words; none: they write session.prompts, unless there are "       \
                 "files"},                                                                         \
        {"session.audio.length",                                                                   \
         KEY_DURATION,                                                                             \
         AUDIO(length_ns),                                                                         \
         .fallback = "2s",                                                                         \
         .least = "200ms",                                                                         \
         .most = "2m",                                                                             \
         .help = "mean length of synthetic utterances: one of half of it, one as long, one half "  \
                 "longer"},                                                                        \
        {"session.audio.format",                                                                   \
         KEY_WORD,                                                                                 \
         AUDIO(format),                                                                            \
         .words = audio_formats,                                                                   \
         .fallback = "pcm16",                                                                      \
         .help = "coding of the audio in both directions: pcm16 (mono, 24 kHz), or as telephony "  \
                 "g711_ulaw or g711_alaw (8 kHz)"},                                                \
        {"session.audio.chunk",                                                                    \
         KEY_DURATION,                                                                             \
         AUDIO(chunk_ns),                                                                          \
         .fallback = "100ms",                                                                      \
         .least = "20ms",                                                                          \
         .most = "100ms",                                                                          \
         .help = "audio in one input_audio_buffer.append, sent when that much has been spoken; "   \
                 "whole milliseconds"},                                                            \
        {"session.audio.noise",                                                                    \
         KEY_NUMBER,                                                                               \
         AUDIO(noise_db),                                                                          \
         .fallback = "0",                                                                          \
         .least = "0",                                                                             \
         .most = "100",                                                                            \
         .help = "background noise in all that is sent: white, so many dB below full scale "       \
                 "(RMS); 0: none"},                                                                \
        {"session.audio.turn_detection.type",                                                      \
         KEY_WORD,                                                                                 \
         AUDIO(detection),                                                                         \
         .words = turn_detections,                                                                 \
         .fallback = "none",                                                                       \
         .help = "who ends the user's turn: none (rushhour commits it at the end of the "          \
                 "utterance), server_vad or semantic_vad (the service hears it; the microphone "   \
                 "stays open)"},                                                                   \
        {"session.audio.turn_detection.threshold", KEY_FRACTION, AUDIO(threshold),                 \
         .fallback = "0%",                                                                         \
         .help = "threshold of server_vad; 0: not sent, so that the service's own holds"},         \
        {"session.audio.turn_detection.prefix_padding",                                            \
         KEY_DURATION,                                                                             \
         AUDIO(prefix_ns),                                                                         \
         .fallback = "0s",                                                                         \
         .most = "10s",                                                                            \
         .help = "prefix_padding_ms of server_vad; 0s: not sent"},                                 \
        {"session.audio.turn_detection.silence_duration",                                          \
         KEY_DURATION,                                                                             \
         AUDIO(silence_ns),                                                                        \
         .fallback = "0s",                                                                         \
         .most = "30s",                                                                            \
         .help = "silence_duration_ms of server_vad; 0s: not sent"},                               \
        {"session.audio.turn_detection.idle_timeout",                                              \
         KEY_DURATION,                                                                             \
         AUDIO(idle_timeout_ns),                                                                   \
         .fallback = "0s",                                                                         \
         .most = "30s",                                                                            \
         .help = "idle_timeout_ms of server_vad (5s to 30s at the service); 0s: not sent"},        \
        {"session.audio.turn_detection.eagerness",                                                 \
         KEY_WORD,                                                                                 \
         AUDIO(eagerness),                                                                         \
         .words = eagernesses,                                                                     \
         .fallback = "auto",                                                                       \
         .help = "eagerness of semantic_vad; auto: not sent"},                                     \
        {"session.audio.interrupt.share", KEY_FRACTION, AUDIO(interrupt_share), .fallback = "0%",  \
         .help = "share of the answers that the user interrupts: the response is cancelled, the "  \
                 "item truncated at what was heard, and the next utterance begins"},               \
        {"session.audio.interrupt.after",                                                          \
         KEY_DURATION,                                                                             \
         AUDIO(interrupt_after_ns),                                                                \
         .fallback = "1s",                                                                         \
         .least = "20ms",                                                                          \
         .most = "2m",                                                                             \
         .help = "when, from the first audio of the answer, on average: drawn evenly between "     \
                 "half of it and half more"},                                                      \
    {                                                                                              \
        "session.audio.missed_turns", KEY_EITHER, AUDIO(missed_fails),                             \
            .words = missed_turns, .fallback = "cancelled",                                        \
            .help = "what becomes of an attempt whose end of speech the service never noticed: "   \
                    "cancelled (told, and no failure), or failed"                                  \
    }

#endif
