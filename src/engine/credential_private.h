/* Credentials under renewal, as the parts of it share them: when (credential_renewal.c), and what
 * (credential_renewer.c). */
#ifndef RUSHHOUR_ENGINE_CREDENTIAL_PRIVATE_H
#define RUSHHOUR_ENGINE_CREDENTIAL_PRIVATE_H

#include "base/clock.h"
#include "base/secret.h"
#include "engine/credential_renewer.h"
#include "realtime/token.h"
#include "service/client_secret_request.h"

/* One thing that is renewed: a token at its source, or a client secret. */
struct renewal {
    struct account *account;
    uv_timer_t timer; /* the next one */
    bool under_way;
    uint64_t begun_ns;
    unsigned failures; /* in a row */
    void (*begin)(struct account *account);
};

/* What the renewer knows of one region. */
struct account {
    struct credential_renewer *renewer;
    size_t region;
    struct account *holder; /* of the token: itself, or an earlier region with the same command */
    bool changes;           /* the token can be read again */
    bool ephemeral;
    bool ask_after_token; /* a client secret waits for a fresh token */
    atomic_uint refused;  /* the serial that the service has refused last; 0: none */
    unsigned serial;      /* of what the workers have */
    char *token;          /* of the holder, newer than the profile's; NULL: that one still stands */
    int64_t expires_s;    /* of what the workers have; 0: unknown */
    struct renewal of_token, of_secret;
    uv_work_t work; /* reads the token */
    enum err_code work_code;
    struct error work_error;
    char *work_token;
    struct client_secret_request *request;
};

struct credential_renewer {
    uv_loop_t *loop;
    struct renewer_options options;
    uv_async_t knock;
    atomic_bool stop;
    struct account *accounts;
    size_t count;
    unsigned open_handles; /* and work on the thread pool */
    bool opening;          /* errors are for credential_renewer_open, not for people */
    struct error failure;
};

/* credential_renewal.c */
const struct region *account_region(const struct account *account);

/* Seconds since 1970 UTC. */
int64_t renewal_now_s(void);

/* A line for people; and that a renewal failed, in what, why, and when the next try comes. */
void renewer_note(const struct credential_renewer *renewer, const char *text);
void account_note_failure(const struct account *account, const char *what, const char *why,
                          int64_t again_s);

/* Begins a renewal that is not under way: now (a timer's callback), or as soon as the one before is
 * long enough ago. */
void renewal_on_due(uv_timer_t *timer);
void renewal_begin_soon(struct renewal *renewal);

/* One is over, and the next one has its time: before what it brought expires (0: not known, then
 * only when it is refused); or in the seconds that are returned, five, doubled with each failure in
 * a row. */
void renewal_end_well(struct renewal *renewal, int64_t expires_s);
int64_t renewal_end_badly(struct renewal *renewal);

#endif
