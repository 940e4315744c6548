/*
 * The id that a dial sends with its request (x-ms-client-request-id): a version 4 UUID (RFC 9562).
 * Its first half is the same for all dials of one virtual user, so that a simulated service can
 * strike users by who they are, not by when they come. Ids of real runs are never the same twice,
 * those of a simulated run are made of its seed.
 */
#ifndef RUSHHOUR_ENGINE_REQUEST_ID_H
#define RUSHHOUR_ENGINE_REQUEST_ID_H

#include <stdbool.h>
#include <stdint.h>

#define REQUEST_ID_SIZE 40

/* The seed of a run's ids: made of the run's if it is simulated, else drawn from the system. */
uint64_t request_id_seed(uint64_t run_seed, bool simulated);

/* A virtual user's half: by the stream of its demand, its number in the plan and its round. */
uint64_t request_id_user(uint64_t id_seed, uint64_t stream, uint64_t number, uint64_t round);

/* The id of a user's dial: the dial-th, from 1, for this interaction. */
void request_id_write(uint64_t user, uint64_t interaction, uint64_t dial,
                      char out[REQUEST_ID_SIZE]);

#endif
