/* A row of the failure catalogue, and shorthands for its wire signature. */
#ifndef RUSHHOUR_TESTS_FAILURE_CATALOGUE_ROW_H
#define RUSHHOUR_TESTS_FAILURE_CATALOGUE_ROW_H

#include "realtime/failure.h"

#include <errno.h>
#include <netdb.h>

#define S INT64_C(1000000000)
#define MINUTE (60 * S)

struct row {
    const char *number;
    struct failure_facts facts;
    const char *body;          /* of a refused upgrade, or NULL */
    const char *event, *error; /* what ended the attempt, and an `error` before it; or NULL */
    const char *code;
    enum domain domain;
    const char *also; /* numbers of secondary evidence, separated by spaces; or NULL */
};

#define REFUSED(status)                                                                            \
    .facts = {.phase = PHASE_UPGRADE, .http_status = (status), .from_service = true}
#define FROM(status, who)                                                                          \
    .facts = {.phase = PHASE_UPGRADE, .http_status = (status), .speaker = SPEAKER_##who}
#define ERROR_BODY(code, message) "{\"error\":{\"code\":\"" code "\",\"message\":\"" message "\"}}"
#define ERROR_EVENT(type, code, message)                                                           \
    "{\"type\":\"error\",\"event_id\":\"event_1\",\"error\":{\"type\":\"" type "\",\"code\":" code \
    ",\"message\":\"" message "\",\"param\":null,\"event_id\":null}}"
#define REQUEST_ERROR(code) ERROR_EVENT("invalid_request_error", "\"" code "\"", "No.")
#define DONE(status, details, usage)                                                               \
    "{\"type\":\"response.done\",\"event_id\":\"event_2\",\"response\":{\"object\":\"realtime."    \
    "response\","                                                                                  \
    "\"id\":\"resp_1\",\"status\":\"" status "\",\"status_details\":" details                      \
    ",\"output\":[],\"usage\":" usage "}}"
#define FAILED(type, code, message, usage)                                                         \
    DONE("failed",                                                                                 \
         "{\"type\":\"failed\",\"error\":{\"type\":\"" type "\",\"code\":" code                    \
         ",\"message\":\"" message "\"}}",                                                         \
         usage)
#define USED "{\"total_tokens\":250,\"input_tokens\":200,\"output_tokens\":50}"
#define UNUSED "{\"total_tokens\":0,\"input_tokens\":0,\"output_tokens\":0}"
#define SERVER_HAD_AN_ERROR                                                                        \
    "The server had an error while processing your request. Please include the session ID sess_1."
#define IN_SESSION .phase = PHASE_SESSION, .session_created = true
#define IN_RESPONSE .phase = PHASE_RESPONSE, .session_created = true, .in_turn = true
#define IN_STREAM .phase = PHASE_STREAM, .session_created = true, .in_turn = true
#define BETWEEN_TURNS .phase = PHASE_CLOSE, .session_created = true, .closed = true

#endif
