/* Facts about the machine of a run that matter for judging it. */
#ifndef RUSHHOUR_RECORD_HOST_H
#define RUSHHOUR_RECORD_HOST_H

#include <cjson/cJSON.h>

/*
 * {os, kernel, architecture, cpus, memory_bytes, time_zone}; unknown values are null. Neither the
 * host's name nor its addresses, because run folders are handed to others. NULL when out of memory.
 */
cJSON *host_facts(void);

#endif
