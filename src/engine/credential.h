/*
 * One worker's credentials for opening sessions: tokens and client secrets that change during a
 * run. Nothing is shared: the main thread (credential_renewer.h) posts each worker its own copy,
 * which the worker takes when it is woken.
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
    unsigned serial;   /* numbers the values that the region has had, from 1 */
};

struct posted_credential; /* a new credential on its way to the worker */

struct credential_box {
    _Atomic(struct posted_credential *) inbox;
    struct credential *held; /* one per region */
    size_t count;
};

/* False when out of memory. */
bool credential_box_init(struct credential_box *box, size_t region_count);
void credential_box_free(struct credential_box *box);

/* From the main thread: leaves a copy for the worker, which must be woken next. False when out of
 * memory. */
bool credential_box_post(struct credential_box *box, size_t region,
                         const struct credential *credential);

/* On the worker's thread: takes what was posted; calls `arrived` for each region that got a new
 * credential. */
void credential_box_take(struct credential_box *box, void (*arrived)(void *user, size_t region),
                         void *user);

#endif
