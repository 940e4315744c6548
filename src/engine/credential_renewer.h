/*
 * Where credentials that expire are renewed, on the main thread: Entra tokens are read again from
 * their command or file, client secrets are asked for over HTTPS. Commands and files are read on
 * libuv's thread pool, so that nothing waits for them.
 */
#ifndef RUSHHOUR_ENGINE_CREDENTIAL_RENEWER_H
#define RUSHHOUR_ENGINE_CREDENTIAL_RENEWER_H

#include "base/error.h"
#include "engine/credential.h"
#include "profile/profile.h"
#include "service/target.h"

#include <uv.h>

struct credential_renewer;

struct renewer_options {
    const struct profile *profile; /* borrowed, as all here until credential_renewer_free */
    const struct target *targets;  /* one per region */
    int64_t load_ns;               /* how long the load lasts, real time */
    /* Hands a credential to every worker; the value is the renewer's. False without memory. */
    bool (*deliver)(void *user, size_t region, const struct credential *credential);
    void (*note)(void *user, const char *text); /* a line for people; NULL: nobody listens */
    void *user, *note_user;
};

MUST_USE enum err_code credential_renewer_new(uv_loop_t *loop,
                                              const struct renewer_options *options,
                                              struct credential_renewer **out, struct error *err);

/*
 * Gets what sessions need from the start (client secrets, running the loop meanwhile), delivers it,
 * and sets the times of renewal. An error names the region, and the status with which a client
 * secret was refused.
 */
MUST_USE enum err_code credential_renewer_open(struct credential_renewer *renewer,
                                               struct error *err);

/* Whether the region's credential can be renewed at all. Any thread. */
bool credential_renewer_renews(const struct credential_renewer *renewer, size_t region);

/*
 * From any thread: the service has refused the credential of that serial, get another one. Asks for
 * one that was replaced since are nothing new; renewals of a region never overlap, nor come more
 * often than every five seconds.
 */
void credential_renewer_ask(struct credential_renewer *renewer, size_t region, unsigned serial);

/* Ends what is under way, running the loop until it is gone. NULL is fine. */
void credential_renewer_free(struct credential_renewer *renewer);

#endif
