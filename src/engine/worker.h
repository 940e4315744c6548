/*
 * One worker thread: its loop, sockets, sessions and recorder. Nothing here is
 * shared with another thread but the mailbox (locked, once a second), the stop level and which
 * regions' load has ended (atomics, read when the main thread knocks).
 */
#ifndef RUSHHOUR_ENGINE_WORKER_H
#define RUSHHOUR_ENGINE_WORKER_H

#include "engine/attention.h"
#include "engine/chain.h"
#include "engine/credential.h"
#include "engine/demand.h"
#include "engine/evidence_limit.h"
#include "engine/lateness.h"
#include "engine/pace.h"
#include "engine/purse.h"
#include "engine/quota_pace.h"
#include "engine/recorder.h"
#include "engine/region_state.h"
#include "engine/retry_window.h"
#include "engine/timing.h"
#include "engine/turn_bound.h"
#include "engine/type_names.h"
#include "net/loop_gauge.h"
#include "net/timers.h"
#include "profile/profile.h"
#include "service/carriers.h"
#include "service/target.h"
#include "service/voice.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>

/* Read by every worker, written by none. */
struct engine_plan {
    const struct profile *profile;
    const struct target *targets; /* one per region */
    size_t region_count;
    struct run_clock clock;
    struct timing timing;   /* of the profile, in this machine's time */
    uint64_t seed, id_seed; /* of the load, and of request ids */
    struct shard shard;     /* the part of the load driven here */
    unsigned workers;
    int64_t load_ns;                    /* length of the load, by the run's own clock */
    const struct zone *zone;            /* for local_time in evidence; NULL: UTC */
    struct purse *purse;                /* the budget; the workers write it, atomically */
    struct quota_pace *paces;           /* one per region; likewise, under a lock */
    struct turn_heard *heard;           /* of each region's answers; atomically, too */
    struct retry_ledger *retried;       /* one per demand: a shared load has one retry budget;
                                           likewise */
    const struct voice *voice;          /* NULL: users write */
    struct credential_renewer *renewer; /* renews credentials, on the main thread; may be NULL */
};

enum stop_level { STOP_NOT, STOP_DRAIN, STOP_NOW };

struct virtual_user;
struct driver;

struct worker {
    const struct engine_plan *plan;
    unsigned index;
    struct lane lane; /* the worker's part of the plan */
    pthread_t thread;
    uv_loop_t loop;
    uv_async_t knock;
    atomic_int stop;              /* enum stop_level, raised by the main thread */
    _Atomic(const char *) *ended; /* per region: the failure that the main thread has ended its load
                                     for; NULL: it goes on */
    struct timers *timers;
    struct carriers carriers;
    struct receive_stamps stamps; /* of the carriers, as far as they are recorded */
    struct credential_box credentials;
    struct purse_listener listener; /* of the budget */
    struct recorder recorder;
    struct evidence_limit evidence_limit;
    struct type_names event_types; /* received */
    struct demand *demands;        /* as many as the routing needs */
    size_t demand_count;
    struct region_state *regions;       /* one per region */
    struct virtual_user *virtual_users; /* all, doubly linked */
    struct driver *drivers;
    struct virtual_user *queue_first, *queue_last; /* those waiting to dial */
    uint64_t counted_ns; /* when those among them were counted whom failures made late */
    struct pace pace;    /* of their dials */
    uint64_t sessions_numbered;
    struct timer arrival, pacing, tick;
    struct loop_gauge gauge;
    struct attention attention;
    struct lateness lateness;
    uint64_t resumed_ns; /* when the last long pause of this machine ended; 0: there was none */
    bool draining, over;
};

/* Creates the worker's loop, timers and client on the calling thread: every client must exist
 * before the first connect. */
MUST_USE enum err_code worker_init(struct worker *worker, const struct engine_plan *plan,
                                   unsigned index, struct mailbox *mailbox, struct error *err);

/* Starts the thread; it ends by itself when the load is over and every session has ended. */
MUST_USE enum err_code worker_start(struct worker *worker, struct error *err);

/* Raises the stop level, from any thread. */
void worker_stop(struct worker *worker, enum stop_level level);

/* From the main thread: ends the load of a region for good. code: of the failure that it is for;
 * lives for ever. */
void worker_end_region(struct worker *worker, size_t region, const char *code);

/* From the main thread: passes a new credential to the worker. False when out of memory. */
bool worker_hand_credential(struct worker *worker, size_t region,
                            const struct credential *credential);

/* Only after the thread has been joined (or was never started). */
void worker_free(struct worker *worker);

/* ---- for virtual_user.c, driver.c and dispatch.c, on the worker's thread ---- */

/* Releases a chain (NULL is allowed) and sets the pointer to NULL. A finished chain is counted in
 * its region's cell. */
void worker_leave_chain(struct worker *worker, struct chain **chain);

/* Its loop is awake: to be called before anything is made of what a callback brings, so that every
 * session learns of a pause of this machine that has just ended. */
void worker_awake(struct worker *worker, uint64_t now_ns);

/* Whether a long pause of this machine (SESSION_PAUSE_LEAST_NS) ended after a time: what was
 * measured from then on holds the pause, and is no latency of the service. */
bool worker_paused_since(const struct worker *worker, uint64_t since_ns);

/* By how much the time at_ns of what is being told to the owner of a conversation may be wrong,
 * because the loop was late to read it; 0: it is right. */
int64_t worker_doubt(const struct worker *worker, const struct conversation *conversation,
                     uint64_t at_ns, uint64_t now_ns);

/* The worker may be finished: the last virtual user or driver is gone. */
void worker_check_over(struct worker *worker);

#endif
