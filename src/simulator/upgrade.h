/* The answer to an upgrade request: accepted, refused, or whatever a fault makes of it. */
#ifndef RUSHHOUR_SIMULATOR_UPGRADE_H
#define RUSHHOUR_SIMULATOR_UPGRADE_H

#include "simulator/visit.h"

/* Judges the request of a new visit and draws its fault, while the request's strings are valid. */
void upgrade_judge(struct visit *visit, const struct ws_request *told);

/* Sends the answer decided by upgrade_judge. */
void upgrade_answer(struct visit *visit);

/* The contents of the current request (inside on_request only). */
struct request upgrade_read(const struct ws_peer *peer, const struct ws_request *told);

#endif
