/* A conversation over a WebSocket, the transport of the Realtime API. */
#ifndef RUSHHOUR_SERVICE_WEBSOCKET_H
#define RUSHHOUR_SERVICE_WEBSOCKET_H

#include "service/transport.h"

extern const struct transport websocket_transport;

#endif
