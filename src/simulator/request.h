/* The service's verdict on an upgrade request: whether it is accepted, and if not, how it is
 * refused. Pure. */
#ifndef RUSHHOUR_SIMULATOR_REQUEST_H
#define RUSHHOUR_SIMULATOR_REQUEST_H

#include "base/text.h"
#include "base/words.h"
#include "simulator/issued_secret.h"

#include <stdbool.h>
#include <stdint.h>

#define CLIENT_REQUEST_ID_SIZE 128

/* The request as received; header values are NULL if absent. */
struct request {
    const char *target;
    bool is_websocket;
    const char *api_key;           /* api-key */
    const char *authorization;     /* Authorization */
    const char *beta;              /* OpenAI-Beta */
    const char *protocols;         /* Sec-WebSocket-Protocol */
    const char *upgrade;           /* Upgrade */
    const char *client_request_id; /* x-ms-client-request-id */
    int64_t now_s;                 /* seconds since 1970 UTC, real time, for the expiry of tokens */
};

/* What one region serves. */
struct request_site {
    enum dialect dialect;
    const char *deployment;
    const char *api_version; /* accepted in addition to the one that Azure documents; may be NULL */
    const char *path;        /* served instead of the dialect's own unless NULL */
    const char *key;
    const struct issued_secrets *secrets; /* those issued, or NULL */
    bool open; /* the profile gives the region no credential: requests without one are accepted */
};

enum verdict_kind {
    VERDICT_ACCEPT,
    VERDICT_REFUSE, /* with an HTTP status, as Azure does */
    VERDICT_CLOSE   /* 101, an `error` event, and a Close frame, as OpenAI does */
};

struct verdict {
    enum verdict_kind kind;
    enum dialect dialect; /* the one being spoken: on Azure the path decides */
    int status;           /* VERDICT_REFUSE */
    const char *code;     /* error.code; NULL means null */
    const char *message;  /* error.message */
    int close_code;       /* VERDICT_CLOSE; its reason is "invalid_request_error" and the code */
};

/* Judges a request as the region's service would. Sources: realtime protocol, sections 1, 2;
 * catalogue F17-F28. */
struct verdict request_judge(const struct request *request, const struct request_site *site);

/* Judges a request for a client secret by its credential and api-version. */
struct verdict request_judge_post(const struct request *request, const struct request_site *site,
                                  enum dialect dialect);

/* The id that the client gave its request by header or query ("" if none), truncated to size. */
void request_client_id(const struct request *request, char out[CLIENT_REQUEST_ID_SIZE]);

/* Appends the JSON body of a refusal, in the dialect's form. */
void request_refusal_body(const struct verdict *verdict, const char *target, struct text *out);

#endif
