/* An HTTP proxy that supports only CONNECT (RFC 9110, 9.3.6); its owner decides where each tunnel
 * leads. */
#ifndef RUSHHOUR_NET_TUNNEL_SERVER_H
#define RUSHHOUR_NET_TUNNEL_SERVER_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct tunnel_server;

/* The answer to a CONNECT. */
struct tunnel_answer {
    int status;          /* 200: a tunnel to `address`; anything else: a refusal */
    const char *address; /* numeric; must stay valid until the answer is taken */
    uint16_t port;
};

/* Decides on a CONNECT to host (as requested, without brackets) and port. */
typedef struct tunnel_answer tunnel_decide(void *user, const char *host, uint16_t port);

/* Listens on a numeric address (port 0: any free one). On failure, the loop has handles to
 * close. */
MUST_USE enum err_code tunnel_server_listen(uv_loop_t *loop, const char *address, uint16_t port,
                                            tunnel_decide *decide, void *user,
                                            struct tunnel_server **out, struct error *err);
uint16_t tunnel_server_port(const struct tunnel_server *server);

/* Stops listening and ends every tunnel; memory is freed as the loop runs. NULL is allowed. */
void tunnel_server_close(struct tunnel_server *server);

#endif
