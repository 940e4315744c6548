/* The faults of a region below HTTP: its name, its port, its connections and their TLS
 * handshakes. */
#ifndef RUSHHOUR_SIMULATOR_BELOW_H
#define RUSHHOUR_SIMULATOR_BELOW_H

#include "base/error.h"
#include "net/authority.h"
#include "net/server.h"
#include "net/timers.h"
#include "simulator/ledger.h"
#include "simulator/script.h"

#include <stdbool.h>

/* A name that cannot exist, because one of its labels is empty (RFC 1035, 2.3.1): getaddrinfo
 * returns EAI_NONAME by itself, with or without a network, and asks no server. */
#define BELOW_NO_NAME "no-such-host..invalid"

#define BELOW_FLAWS ((size_t)LEAF_MUTUAL + 1)

struct site;

struct below {
    struct site *site;
    struct tls_identity *flawed[BELOW_FLAWS]; /* by enum leaf_flaw; NULL if no rule needs it */
    struct timer watch;                       /* checks the rules of the region as a whole */
    bool nameless;                            /* resolve_failed: decided at start */
};

/* Creates what the region's rules require and sets its port accordingly; script and server must
 * already exist. */
MUST_USE enum err_code below_start(struct site *site, const struct authority *authority,
                                   struct error *err);

/* Checks the region's rules now instead of at the next timer, because the clock was replaced. */
void below_look(struct site *site);

void below_free(struct below *below);

/* Draws what happens to a connection, and records it if a fault struck. */
struct ws_welcome below_welcome(struct site *site);

/* Records a fault that struck a connection, a CONNECT or a whole region. */
void below_record(const struct site *site, enum ledger_kind kind, enum fault_kind fault,
                  uint64_t mono_ns);

#endif
