/*
 * What opens the sessions, as one worker has it: tokens and client secrets that change during a
 * run. Nothing is shared: the main thread (credential_renewer.h) posts each worker a copy of its
 * own, which the worker takes in when it is knocked at.
 */
#ifndef RUSHHOUR_ENGINE_CREDENTIAL_H
#define RUSHHOUR_ENGINE_CREDENTIAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The credential of one region. */
struct credential {
    char *value;       /* of the header (base/secret.h); NULL: the target's own, which never
                          changes */
    int64_t expires_s; /* s since 1970 UTC, real time; 0: unknown */
    unsigned serial;   /* counts the values that the region has had, from 1 */
};

struct posted_credential; /* a new credential on its way to the worker */

struct credential_box {
    _Atomic(struct posted_credential *) inbox;
    struct credential *held; /* one per region */
    size_t count;
};

/* False without memory. */
bool credential_box_init(struct credential_box *box, size_t region_count);
void credential_box_free(struct credential_box *box);

/* From the main thread: leaves a copy for the worker, who is to be knocked at next. False without
 * memory. */
bool credential_box_post(struct credential_box *box, size_t region,
                         const struct credential *credential);

/* On the worker's thread: takes in what was posted; `arrived` is called for each region that got a
 * new one. */
void credential_box_take(struct credential_box *box, void (*arrived)(void *user, size_t region),
                         void *user);

#endif
