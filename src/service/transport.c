#include "service/transport.h"

const struct transport *transport_of(const struct region *region)
{
    static const struct transport *const by_dialect[] = {
#define X(dialect, transport) [dialect] = &(transport),
        DIALECT_TRANSPORTS(X)
#undef X
    };
    return by_dialect[region->dialect];
}
