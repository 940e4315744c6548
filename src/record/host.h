/* The machine that a run was made on, as far as it matters for judging the run. */
#ifndef RUSHHOUR_RECORD_HOST_H
#define RUSHHOUR_RECORD_HOST_H

#include <cjson/cJSON.h>

/*
 * {os, kernel, architecture, cpus, memory_bytes, time_zone}; what cannot be told is null. Neither
 * the host's name nor its addresses: run folders are handed to others. NULL without memory.
 */
cJSON *host_facts(void);

#endif
