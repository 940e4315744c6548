#include "service/transport.h"

#include "service/websocket.h"

#include <stdio.h>
#include <string.h>

const struct transport *transport_of(const struct region *region)
{
    static const struct transport *const by_dialect[] = {
        [DIALECT_GA] = &websocket_transport,
        [DIALECT_PREVIEW] = &websocket_transport,
        [DIALECT_OPENAI] = &websocket_transport,
    };
    return by_dialect[region->dialect];
}

void shape_add(char shape[SHAPE_SIZE], const char *type, size_t size)
{
    const size_t used = strlen(shape);
    (void)snprintf(shape + used, SHAPE_SIZE - used, "%s%s:%zu", used == 0 ? "" : " ", type, size);
}
