/* Vocabulary shared by several folders: dialects, phases, domains. See README, "Words". */
#ifndef RUSHHOUR_BASE_WORDS_H
#define RUSHHOUR_BASE_WORDS_H

#include <stdbool.h>

/* The wire protocol spoken to a region. */
/* How a deployment of Azure is sold, which says where its answers may be computed. */
enum deployment_type {
    DEPLOYMENT_UNKNOWN,
    DEPLOYMENT_STANDARD, /* in the region itself */
    DEPLOYMENT_DATA_ZONE_STANDARD,
    DEPLOYMENT_GLOBAL_STANDARD,
    DEPLOYMENT_PROVISIONED,
    DEPLOYMENT_DATA_ZONE_PROVISIONED,
    DEPLOYMENT_GLOBAL_PROVISIONED
};

enum dialect { DIALECT_GA, DIALECT_PREVIEW, DIALECT_OPENAI };

/* What a session asks the model to answer with. */
enum modality { MODALITY_TEXT, MODALITY_AUDIO };

/* How audio is coded: PCM16, mono, 24 kHz; or G.711 at 8 kHz. */
enum audio_format { AUDIO_FORMAT_PCM16, AUDIO_FORMAT_MULAW, AUDIO_FORMAT_ALAW };

/* Who finds the end of what a user says: the client, or the service by its sound or its sense. */
enum turn_detection { TURN_DETECTION_NONE, TURN_DETECTION_SERVER_VAD, TURN_DETECTION_SEMANTIC_VAD };

/* How soon semantic_vad takes a pause for the end. */
enum eagerness { EAGERNESS_AUTO, EAGERNESS_LOW, EAGERNESS_MEDIUM, EAGERNESS_HIGH };

/* Where an attempt or a session failed, in the order in which a session reaches them. */
enum phase {
    PHASE_NONE, /* it did not fail */
    PHASE_RESOLVE,
    PHASE_CONNECT,
    PHASE_TLS,
    PHASE_UPGRADE,
    PHASE_SESSION,
    PHASE_RESPONSE,
    PHASE_STREAM,
    PHASE_CLOSE
};

/* What a turn must contain to count as answered. */
enum wanted_answer {
    WANTED_ANY,    /* output of the asked modality, or a tool call */
    WANTED_OUTPUT, /* output of the asked modality */
    WANTED_TOOL_CALL
};

/* Which party is probably at fault. */
enum domain {
    DOMAIN_NONE,
    DOMAIN_CONFIG,
    DOMAIN_AUTH,
    DOMAIN_QUOTA,
    DOMAIN_NETWORK,
    DOMAIN_SERVICE,
    DOMAIN_CONTENT,
    DOMAIN_CLIENT
};

/* The names that profiles, files and reports use: "ga", "preview", "openai"; "text", "audio";
 * "pcm16", "g711_ulaw", "g711_alaw"; "resolve" ...; "config" ... */
const char *dialect_name(enum dialect dialect);
const char *modality_name(enum modality modality);
const char *audio_format_name(enum audio_format format);
const char *phase_name(enum phase phase);
const char *domain_name(enum domain domain);

/* The phase or domain of this name. False if there is none. */
bool phase_find(const char *name, enum phase *out);
bool domain_find(const char *name, enum domain *out);

#endif
