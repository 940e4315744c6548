/*
 * The seam between a conversation with a model API and what carries it. A transport is a table of
 * operations with its table of stages; the conversation hears of it through one set of handlers,
 * whatever the transport. Below the seam there are bytes and sockets, above it facts.
 */
#ifndef RUSHHOUR_SERVICE_TRANSPORT_H
#define RUSHHOUR_SERVICE_TRANSPORT_H

#include "base/error.h"
#include "realtime/message.h"
#include "service/answer.h"
#include "service/heard.h"
#include "service/shape.h"
#include "service/stage.h"
#include "service/target.h"

#include <uv.h>

struct transport;

/* Per-thread state of one transport: contexts and caches of its loop. The first member of each
 * transport's own struct. */
struct carrier {
    const struct transport *transport;
};

/* One conversation; valid until its on_end has returned. The first member of each transport's own
 * struct. */
struct conversation {
    const struct transport *transport;
};

/* How a conversation ended. Valid during the callback. */
struct ending {
    bool opened;                /* it had been accepted */
    struct failure_facts facts; /* what was observed of the connection, without judgement */
    const char *detail;         /* the library's message; "" if none */
};

/*
 * Callbacks of the owner; `user` is what was passed to open. on_end comes exactly once for each
 * successful open, always after open has returned, and is the last call. at_ns: clock_mono_ns when
 * the bytes had been read.
 */
struct transport_handlers {
    /* A stage of the transport itself is complete, given by its index in the table. address: the
     * numeric one it connects to (the proxy's, if there is one); "" until known. */
    void (*on_stage)(void *user, unsigned stage, const char *address, uint64_t at_ns);
    /* The opening request was answered; after a refusal on_end follows. */
    void (*on_answer)(void *user, const struct answer *answer, uint64_t at_ns);
    void (*on_event)(void *user, const struct heard *heard, uint64_t at_ns);
    void (*on_end)(void *user, const struct ending *ending, uint64_t at_ns);
};

/* Strings are copied by open. */
struct opening {
    const struct target *target;
    const char *credential;       /* value of the credential header, overriding the target's;
                                     NULL: the target's */
    int64_t credential_expires_s; /* of the credential, s since 1970 UTC; 0: unknown */
    const char *client_request_id;
};

struct question {
    const char *prompt; /* NULL: it was spoken, and is committed now */
    /* Of the interaction, and of the turn in it, from 1: the ids of our messages. */
    uint64_t interaction, number;
};

/* How many reads of open connections got their time from the kernel's receive stamp, and from the
 * loop: the clock at the read. */
struct receive_stamps {
    uint64_t kernel, loop;
    bool loop_last; /* the read under way, or the last one, got its time from the loop */
    uint64_t
        behind_ns; /* since when (monotonic) sockets that are ready wait for their read; 0: none
                           does */
};

struct carrier_plan {
    uv_loop_t *loop;
    const struct tls_terms *terms; /* of the targets */
    size_t terms_count;
    const struct transport_handlers *handlers; /* borrowed, as is the loop */
};

struct transport {
    const char *name; /* "websocket": as recorded in evidence */
    const struct transport_stages *stages;
    /* ERR_NET names a file or certificate that cannot be used. Create all carriers of the process
     * before the first open. */
    enum err_code (*create)(const struct carrier_plan *plan, struct carrier **out,
                            struct error *err);
    /* ERR_NOMEM or ERR_NET if nothing was started; no callback follows then. */
    enum err_code (*open)(struct carrier *carrier, const struct opening *opening, void *user,
                          struct conversation **out, struct error *err);
    /* Sends the session's settings, or a turn, and extends the shape. ERR_NOMEM; ERR_NET if the
     * connection is going down: its end, or a deadline, tells which attempt was lost. */
    enum err_code (*configure)(struct conversation *conversation,
                               const struct session_settings *settings, char shape[SHAPE_SIZE]);
    enum err_code (*ask)(struct conversation *conversation, const struct question *question,
                         char shape[SHAPE_SIZE]);
    /* Sends a message of a voice as it is. False if the connection is going down. NULL: nobody can
     * speak over this transport. */
    bool (*speak)(struct conversation *conversation, const char *message, size_t length);
    /* Cancels the response under way (cancel), and says how much of its item was heard ("": of
     * none). NULL as with speak. Errors as with ask. */
    enum err_code (*interrupt)(struct conversation *conversation, bool cancel, const char *item_id,
                               uint64_t heard_ms);
    /* Whether anything that the peer sent has arrived and was not read yet. */
    bool (*unread)(const struct conversation *conversation);
    /* Ends it: cleanly (bound the wait with a deadline and abort), or at once; on_end follows. */
    void (*close)(struct conversation *conversation);
    void (*abort)(struct conversation *conversation);
    /* Over the carrier's life. */
    struct receive_stamps (*stamps)(const struct carrier *carrier);
    /* Call it once no conversation is open (abort them first); runs the loop until its own handles
     * are closed. */
    void (*free)(struct carrier *carrier);
};

/* The transports, one file each. */
extern const struct transport websocket_transport;

/* Each dialect and its transport. */
#define DIALECT_TRANSPORTS(X)                                                                      \
    X(DIALECT_GA, websocket_transport)                                                             \
    X(DIALECT_PREVIEW, websocket_transport)                                                        \
    X(DIALECT_OPENAI, websocket_transport)

/* The transport that a region uses. */
const struct transport *transport_of(const struct region *region);

#endif
