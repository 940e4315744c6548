/* An HTTP proxy that knows CONNECT only (RFC 9110, 9.3.6): whoever owns it decides where a tunnel
 * leads. */
#ifndef RUSHHOUR_NET_TUNNEL_SERVER_H
#define RUSHHOUR_NET_TUNNEL_SERVER_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct tunnel_server;

/* What a CONNECT is answered with. */
struct tunnel_answer {
    int status;          /* 200: a tunnel to `address`; any other: a refusal */
    const char *address; /* numeric; valid until the answer was taken */
    uint16_t port;
};

/* Decides about a CONNECT to host (as asked for, without brackets) and port. */
typedef struct tunnel_answer tunnel_decide(void *user, const char *host, uint16_t port);

/* Listens on a numeric address (port 0: any free one). On failure the loop has handles to close. */
MUST_USE enum err_code tunnel_server_listen(uv_loop_t *loop, const char *address, uint16_t port,
                                            tunnel_decide *decide, void *user,
                                            struct tunnel_server **out, struct error *err);
uint16_t tunnel_server_port(const struct tunnel_server *server);

/* Stops listening and ends every tunnel; memory goes as the loop runs. NULL is allowed. */
void tunnel_server_close(struct tunnel_server *server);

#endif
