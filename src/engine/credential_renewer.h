/*
 * Renews credentials that expire, on the main thread: Entra tokens are read again from their
 * command or file, client secrets are requested over HTTPS. Commands and files are read on libuv's
 * thread pool, so that nothing waits for them.
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
    const struct profile *profile; /* borrowed until credential_renewer_free, like all of these */
    const struct target *targets;  /* one per region */
    int64_t load_ns;               /* how long the load lasts, real time */
    /* Delivers a credential to every worker; the renewer owns the value. False when out of
     * memory. */
    bool (*deliver)(void *user, size_t region, const struct credential *credential);
    void (*note)(void *user, const char *text); /* a line for the user; may be NULL */
    void *user, *note_user;
};

MUST_USE enum err_code credential_renewer_new(uv_loop_t *loop,
                                              const struct renewer_options *options,
                                              struct credential_renewer **out, struct error *err);

/*
 * Obtains what sessions need from the start (client secrets, running the loop meanwhile), delivers
 * it, and schedules renewals. An error names the region, and the status with which a client secret
 * was refused.
 */
MUST_USE enum err_code credential_renewer_open(struct credential_renewer *renewer,
                                               struct error *err);

/* Whether the region's credential can be renewed at all. Any thread may call it. */
bool credential_renewer_renews(const struct credential_renewer *renewer, size_t region);

/*
 * From any thread: the service refused the credential with this serial, so get another. Requests
 * for one that has already been replaced are ignored; renewals of a region never overlap, and are
 * at least five seconds apart.
 */
void credential_renewer_ask(struct credential_renewer *renewer, size_t region, unsigned serial);

/* Ends whatever is in progress, running the loop until it is gone. NULL is allowed. */
void credential_renewer_free(struct credential_renewer *renewer);

#endif
