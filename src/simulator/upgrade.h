/* The answer to an upgrade request: let in, refused, or what a fault makes of it. */
#ifndef RUSHHOUR_SIMULATOR_UPGRADE_H
#define RUSHHOUR_SIMULATOR_UPGRADE_H

#include "simulator/visit.h"

/* Judges the request of a fresh visit and draws its fault, while its strings are there. */
void upgrade_judge(struct visit *visit, const struct ws_request *told);

/* Answers as was judged. */
void upgrade_answer(struct visit *visit);

/* What stands in a request that is being told (inside on_request only). */
struct request upgrade_read(const struct ws_peer *peer, const struct ws_request *told);

#endif
