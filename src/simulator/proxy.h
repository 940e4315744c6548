/* The simulator's HTTP proxy: tunnels to its own regions and nowhere else, with the faults of a
 * proxy. */
#ifndef RUSHHOUR_SIMULATOR_PROXY_H
#define RUSHHOUR_SIMULATOR_PROXY_H

#include "base/error.h"
#include "simulator/site.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct sim_proxy;

/* Listens on a numeric address, the one that the sites use. The sites are borrowed until
 * sim_proxy_free. */
MUST_USE enum err_code sim_proxy_new(uv_loop_t *loop, const char *listen, struct site *sites,
                                     size_t count, struct sim_proxy **out, struct error *err);
uint16_t sim_proxy_port(const struct sim_proxy *proxy);

/* Ends every tunnel; NULL is allowed, as below. */
void sim_proxy_close(struct sim_proxy *proxy);

/* Call it after the loop has run on. */
void sim_proxy_free(struct sim_proxy *proxy);

#endif
