/* The port of a server: it can be open, closed or deaf, and stays reserved throughout. */
#ifndef RUSHHOUR_NET_SERVER_LISTEN_H
#define RUSHHOUR_NET_SERVER_LISTEN_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

/* How a port treats new connections. */
enum ws_listening {
    WS_LISTENING, /* they are accepted */
    WS_REFUSING,  /* nobody listens: the kernel answers with RST */
    WS_IGNORING   /* nothing answers: SYNs are dropped */
};

struct listener; /* the listening socket, if there is one */

struct server_port {
    uv_loop_t *loop;
    struct sockaddr_storage address; /* with the port that was given or found */
    uint16_t number;
    int reserved; /* a socket that holds the port and never listens; -1 if none */
    enum ws_listening listening;
    struct listener *listener; /* NULL: refusing, or closed */
    uv_connection_cb on_connection;
    void *data; /* of the listening handle */
};

/* Takes the port (0: any free one) of a numeric address and listens. On failure, the loop still has
 * handles to close. */
MUST_USE enum err_code server_port_open(struct server_port *port, uv_loop_t *loop,
                                        const char *address, uint16_t number,
                                        uv_connection_cb on_connection, void *data,
                                        struct error *err);

/* Changes how it treats new connections; established ones are not affected. ERR_NET if the kernel
 * refuses; nothing has changed then, except that the port may be refusing. */
MUST_USE enum err_code server_port_set(struct server_port *port, enum ws_listening listening,
                                       struct error *err);

/* Releases the port. */
void server_port_close(struct server_port *port);

#endif
