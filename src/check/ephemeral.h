/* A client secret for a region that opens its sessions with one: requested with the key or token,
 * once. */
#ifndef RUSHHOUR_CHECK_EPHEMERAL_H
#define RUSHHOUR_CHECK_EPHEMERAL_H

#include "check/probe.h"

/* Requests it; then either probe_take_secret follows, or the step `credentials` has failed and
 * probe_go_on follows. */
void ephemeral_start(struct probe *probe);

#endif
