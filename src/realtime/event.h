/* The events sent by the service: classified by a scan, and parsed with cJSON only if they carry
 * facts. */
#ifndef RUSHHOUR_REALTIME_EVENT_H
#define RUSHHOUR_REALTIME_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum event_kind {
    EVENT_INVALID, /* not a JSON object with a top-level string `type` */
    EVENT_UNKNOWN, /* a type that no dialect has: counted, never fatal */
    EVENT_OTHER,   /* a known type that needs no action */
    EVENT_SESSION_CREATED,
    EVENT_SESSION_UPDATED,
    EVENT_RESPONSE_CREATED,
    EVENT_TEXT_DELTA,       /* response.output_text.delta, response.text.delta */
    EVENT_AUDIO_DELTA,      /* response.output_audio.delta, response.audio.delta */
    EVENT_TRANSCRIPT_DELTA, /* of the output's audio */
    EVENT_TOOL_DELTA,       /* arguments of a tool call */
    EVENT_ITEM_ADDED,       /* response.output_item.added: what follows belongs to this item */
    EVENT_SPEECH_STARTED,   /* the service hears the user speak, */
    EVENT_SPEECH_STOPPED,   /* and no longer */
    EVENT_RESPONSE_DONE,
    EVENT_RATE_LIMITS,
    EVENT_TRANSCRIPTION_FAILED, /* of the input audio: a side product that the answer does not
                                   need */
    EVENT_ERROR
};

#define EVENT_TYPE_SIZE 64
#define ID_SIZE 72 /* ids are opaque; longer ones are truncated */

/* The kind of a type name; EVENT_UNKNOWN if no dialect has it. */
enum event_kind event_kind_of(const char *type, size_t length);

/*
 * Finds the top-level "type" of a message without building a tree, ignoring a "type" nested deeper
 * or inside a string. Copies the type (truncated to EVENT_TYPE_SIZE-1) into type[]; "" for
 * EVENT_INVALID. Never reads past length, and does not look at what follows the type.
 */
enum event_kind event_scan(const char *message, size_t length, char type[EVENT_TYPE_SIZE]);

enum response_status {
    STATUS_UNKNOWN,
    STATUS_COMPLETED,
    STATUS_CANCELLED,
    STATUS_FAILED,
    STATUS_INCOMPLETE
};

/*
 * Tokens as reported by response.done; missing fields are 0. Cached tokens are a subset of the
 * input, each of its own modality; reasoning is part of the output, which some services
 * include in text_out and others report beside it. The kinds need not add up to input and output:
 * see usage_split.
 */
struct usage {
    bool present;
    uint64_t input, output, cached;
    uint64_t text_in, audio_in, image_in, text_cached, audio_cached, image_cached;
    uint64_t text_out, audio_out, reasoning;
};

/* What an item of the output is. */
enum item_type {
    ITEM_NONE, /* not given */
    ITEM_MESSAGE,
    ITEM_TOOL_CALL, /* function_call, mcp_call and the like: the model asks for a tool */
    ITEM_REASONING,
    ITEM_OTHER
};

/* What the output of a response.done holds, as flags. */
enum output_part {
    OUTPUT_ANSWER = 1,   /* a message of the final answer, or of no phase */
    OUTPUT_PREAMBLE = 2, /* a message of phase `commentary`: "one moment", not the answer */
    OUTPUT_TOOL_CALL = 4,
    OUTPUT_REASONING = 8,
    OUTPUT_OTHER = 16
};

/* The facts of one event. Strings are NUL-terminated copies, "" if absent or null. Content is never
 * copied. */
struct event_facts {
    enum event_kind kind;
    char event_id[ID_SIZE], session_id[ID_SIZE], response_id[ID_SIZE];
    char model[64];
    int64_t expires_at_s; /* session.created; 0 if absent */
    enum response_status status;
    char reason[48]; /* status_details.reason */
    bool has_error;  /* error event, or status_details.error */
    char error_type[64], error_code[64], error_param[64];
    char error_message[512];
    char error_event_id[ID_SIZE]; /* the client event that it responds to */
    bool output_empty;            /* response.done with an empty output list */
    unsigned output;              /* response.done: enum output_part of its items */
    enum item_type item;          /* EVENT_ITEM_ADDED */
    char item_id[ID_SIZE];        /* EVENT_ITEM_ADDED */
    bool preamble;                /* EVENT_ITEM_ADDED: a message of phase `commentary` */
    struct usage usage;
    double remaining_tokens, remaining_requests; /* rate_limits.updated; negative if absent */
    double limit_tokens, limit_requests;         /* likewise */
};

/* Whether more matters about this kind than its arrival, so that event_parse is worthwhile. */
bool event_carries_facts(enum event_kind kind);

/*
 * Reads the facts of a message whose kind event_scan has determined. False if it is not valid JSON
 * of that kind; *out is then zeroed except for its kind. An id inside an error message ("sess_...",
 * "resp_...") fills session_id or response_id if no field carries it.
 */
bool event_parse(enum event_kind kind, const char *message, size_t length, struct event_facts *out);

/* Bytes of audio in a message of kind EVENT_AUDIO_DELTA: what the base64 of its "delta" decodes to.
 * Builds no tree; 0 if it has none. */
uint64_t event_audio_bytes(const char *message, size_t length);

/* Finds the first id with a prefix ("sess_", "resp_") in a sentence of the service ("... the
 * session ID sess_D1a ..."). False, leaving out alone, if there is none. */
bool event_id_in_text(const char *text, const char *prefix, char out[ID_SIZE]);

#endif
