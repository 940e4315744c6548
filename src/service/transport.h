/*
 * The seam between a conversation with a model API and what carries it. A transport is a table of
 * operations, with the table of its stages; whoever converses hears of it through one set of
 * handlers, whatever the transport. Below it bytes and sockets, above it facts.
 */
#ifndef RUSHHOUR_SERVICE_TRANSPORT_H
#define RUSHHOUR_SERVICE_TRANSPORT_H

#include "base/error.h"
#include "realtime/message.h"
#include "service/answer.h"
#include "service/heard.h"
#include "service/stage.h"
#include "service/target.h"

#include <uv.h>

struct transport;

/* What one thread has of one transport: its loop's contexts and caches. The first member of each
 * transport's own. */
struct carrier {
    const struct transport *transport;
};

/* One conversation, until its on_end has returned. The first member of each transport's own. */
struct conversation {
    const struct transport *transport;
};

/* How a conversation ended. Valid during the callback. */
struct ending {
    bool opened;                /* it had been accepted */
    struct failure_facts facts; /* what was observed of the connection, without a judgement */
    const char *detail;         /* what the library said; "" when nothing */
};

/*
 * What the owner hears; `user` is what was given to open. on_end comes exactly once for each
 * successful open, always later than open's return, and is the last call. at_ns: clock_mono_ns when
 * the bytes were in hand.
 */
struct transport_handlers {
    /* A stage of the transport's own is done, its number in the table. address: the numeric one
     * that it connects to (of the proxy, when there is one); "" before it is known. */
    void (*on_stage)(void *user, unsigned stage, const char *address, uint64_t at_ns);
    /* The request that opens it was answered; after a refusal on_end follows. */
    void (*on_answer)(void *user, const struct answer *answer, uint64_t at_ns);
    void (*on_event)(void *user, const struct heard *heard, uint64_t at_ns);
    void (*on_end)(void *user, const struct ending *ending, uint64_t at_ns);
};

/* Strings are copied by open. */
struct opening {
    const struct target *target;
    const char *credential;       /* value of the credential header in place of the target's; NULL:
                                     that one */
    int64_t credential_expires_s; /* of what opens it, s since 1970 UTC; 0: unknown */
    const char *client_request_id;
};

struct question {
    const char *prompt;
    uint64_t number; /* of the turn, from 1: our ids of the messages carry it */
};

/* The shape of what was sent: types and sizes, "session.update:213 response.create:41". */
#define SHAPE_SIZE 160

struct carrier_plan {
    uv_loop_t *loop;
    const char *const *ca_files; /* each distinct one of the targets */
    size_t ca_file_count;
    const struct transport_handlers *handlers; /* borrowed, as the loop */
};

struct transport {
    const char *name; /* "websocket": evidence carries it */
    const struct transport_stages *stages;
    /* A ca_file that cannot be used is ERR_NET with its name. Every carrier of the process comes
     * before the first open. */
    enum err_code (*create)(const struct carrier_plan *plan, struct carrier **out,
                            struct error *err);
    /* ERR_NOMEM or ERR_NET when nothing was started; no callback follows then. */
    enum err_code (*open)(struct carrier *carrier, const struct opening *opening, void *user,
                          struct conversation **out, struct error *err);
    /* Sends the session's settings, or a turn, and adds to the shape. ERR_NOMEM; ERR_NET when the
     * connection is going: its end, or a deadline, says which attempt it cost. */
    enum err_code (*configure)(struct conversation *conversation,
                               const struct session_settings *settings, char shape[SHAPE_SIZE]);
    enum err_code (*ask)(struct conversation *conversation, const struct question *question,
                         char shape[SHAPE_SIZE]);
    /* Ends it: cleanly (bound the wait by a deadline and abort), or at once; on_end follows. */
    void (*close)(struct conversation *conversation);
    void (*abort)(struct conversation *conversation);
    /* When no conversation is left open (abort them first); runs the loop until its own handles are
     * closed. */
    void (*free)(struct carrier *carrier);
};

/* The transport that a region is spoken to by. */
const struct transport *transport_of(const struct region *region);

/* For transports: adds a message to the shape of what was sent. */
void shape_add(char shape[SHAPE_SIZE], const char *type, size_t size);

#endif
