/* Credentials being renewed, shared by the parts of the renewer: when (credential_renewal.c), and
 * what (credential_renewer.c). */
#ifndef RUSHHOUR_ENGINE_CREDENTIAL_PRIVATE_H
#define RUSHHOUR_ENGINE_CREDENTIAL_PRIVATE_H

#include "base/clock.h"
#include "base/secret.h"
#include "engine/credential_renewer.h"
#include "realtime/token.h"
#include "service/client_secret_request.h"

/* Something that is renewed: a token from its source, or a client secret. */
struct renewal {
    struct account *account;
    uv_timer_t timer; /* the next one */
    bool under_way;
    uint64_t begun_ns;
    unsigned failures; /* consecutive */
    void (*begin)(struct account *account);
};

/* The renewer's state for one region. */
struct account {
    struct credential_renewer *renewer;
    size_t region;
    struct account *holder; /* for the token: itself, or an earlier region with the same command */
    bool changes;           /* the token can be read again */
    bool ephemeral;
    bool ask_after_token; /* a client secret is waiting for a fresh token */
    atomic_uint refused;  /* the serial that the service refused last; 0 if none */
    unsigned serial;      /* of the workers' current value */
    char *token;          /* of the holder, newer than the profile's; NULL: the profile's is
                             current */
    int64_t expires_s;    /* of the workers' current value; 0: unknown */
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
    unsigned open_handles; /* including work on the thread pool */
    bool opening;          /* errors are for credential_renewer_open, not for the user */
    struct error failure;
};

/* credential_renewal.c */
const struct region *account_region(const struct account *account);

/* Seconds since 1970 UTC. */
int64_t renewal_now_s(void);

/* A line for the user; and a report that a renewal failed: of what, why, and when it will be tried
 * again. */
void renewer_note(const struct credential_renewer *renewer, const char *text);
void account_note_failure(const struct account *account, const char *what, const char *why,
                          int64_t again_s);

/* Begins a renewal unless one is in progress: now (as a timer's callback), or as soon as the
 * previous one is long enough ago. */
void renewal_on_due(uv_timer_t *timer);
void renewal_begin_soon(struct renewal *renewal);

/* Ends a renewal and schedules the next one: before the new value expires (0: unknown; then only
 * when it is refused); or, after a failure, in the number of seconds returned: five, doubled with
 * each consecutive failure. */
void renewal_end_well(struct renewal *renewal, int64_t expires_s);
int64_t renewal_end_badly(struct renewal *renewal);

#endif
