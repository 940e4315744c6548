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

/*
 * A name that cannot exist, since a label of it is empty (RFC 1035, 2.3.1): getaddrinfo answers
 * EAI_NONAME by itself, with a network or without one, and asks no server for it.
 */
#define BELOW_NO_NAME "no-such-host..invalid"

#define BELOW_FLAWS ((size_t)LEAF_NOT_YET_VALID + 1)

struct site;

struct below {
    struct site *site;
    struct tls_identity *flawed[BELOW_FLAWS]; /* by enum leaf_flaw; NULL: no rule asks for it */
    struct timer watch;                       /* looks at the rules of the region as a whole */
    bool nameless;                            /* resolve_failed: decided at the start */
};

/* Makes what the region's rules ask for and sets its port accordingly; its script and server
 * stand. */
MUST_USE enum err_code below_start(struct site *site, const struct authority *authority,
                                   struct error *err);

/* Looks at the region's rules now instead of with the next timer: the clock was replaced. */
void below_look(struct site *site);

void below_free(struct below *below);

/* Draws what becomes of a connection, and writes it down when a fault struck. */
struct ws_welcome below_welcome(struct site *site);

/* Writes down a fault that struck a connection, a CONNECT or a whole region. */
void below_record(const struct site *site, enum ledger_kind kind, enum fault_kind fault,
                  uint64_t mono_ns);

#endif
