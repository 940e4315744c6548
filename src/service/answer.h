/* The response to the request that opens a conversation, accepted or refused: what it says itself,
 * and what it contributes to classifying later failures. Pure. */
#ifndef RUSHHOUR_SERVICE_ANSWER_H
#define RUSHHOUR_SERVICE_ANSWER_H

#include "net/http_target.h"
#include "realtime/failure.h"
#include "realtime/response_headers.h"

/* As received. Borrowed. */
struct raw_answer {
    bool accepted;
    int status;
    const struct http_header *headers; /* names in lower case */
    size_t header_count;
    const char *body; /* of a refusal; "" if none */
    size_t body_length;
};

/* What our request carried that matters for judging the response. */
struct request_facts {
    bool key_as_subprotocol;
    int64_t credential_expires_s; /* s since 1970 UTC, real time; 0: unknown */
    int64_t now_s;                /* real time, which a replay does not accelerate */
};

struct answer {
    struct raw_answer raw;
    struct response_headers headers;
    char body_code[64], body_message[512]; /* from a refusal's JSON body; "" if absent */
    /* Facts that apply to every later failure of this conversation, without strings. The caller
     * adds the highest limit that the region reported before. */
    struct failure_facts facts;
};

/* Reads a response; *raw stays borrowed. */
void answer_read(struct answer *out, const struct raw_answer *raw,
                 const struct request_facts *request);

/* The facts of a refusal, for classification as a failure. Its strings belong to the answer. */
struct failure_facts answer_refusal(const struct answer *answer);

/* Adds the facts of an answer to those of a later failure. */
void answer_add_facts(const struct failure_facts *answer, struct failure_facts *failure);

#endif
