/* The answer to the request that opens a conversation, accepted or refused: what it says by itself,
 * and what it tells of any failure that follows. Pure. */
#ifndef RUSHHOUR_SERVICE_ANSWER_H
#define RUSHHOUR_SERVICE_ANSWER_H

#include "net/http_target.h"
#include "realtime/failure.h"
#include "realtime/response_headers.h"

/* As it came. Borrowed. */
struct raw_answer {
    bool accepted;
    int status;
    const struct http_header *headers; /* names in lower case */
    size_t header_count;
    const char *body; /* of a refusal; "" when none */
    size_t body_length;
};

/* What our request carried that its answer is judged by. */
struct request_facts {
    bool key_as_subprotocol;
    int64_t credential_expires_s; /* s since 1970 UTC, real time; 0: unknown */
    int64_t now_s;                /* real time, which a replay does not speed up */
};

struct answer {
    struct raw_answer raw;
    struct response_headers headers;
    char body_code[64], body_message[512]; /* of a refusal's JSON body; "" where absent */
    /* What every later failure of this conversation is judged by, without strings. The highest
     * limit that the region told before is the reader's to add. */
    struct failure_facts facts;
};

/* Reads an answer. The raw one stays borrowed. */
void answer_read(struct answer *out, const struct raw_answer *raw,
                 const struct request_facts *request);

/* The facts of a refusal as the failure that it is. Its strings are the answer's. */
struct failure_facts answer_refusal(const struct answer *answer);

/* Adds what an answer told to the facts of a later failure. */
void answer_add_facts(const struct failure_facts *answer, struct failure_facts *failure);

#endif
