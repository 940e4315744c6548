/* Reproducible random streams: xoshiro256** seeded by splitmix64 (Blackman and Vigna,
 * prng.di.unimi.it). */
#ifndef RUSHHOUR_BASE_RANDOM_H
#define RUSHHOUR_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t state[4];
};

/* Mixes the bits of a number: the finaliser of splitmix64, one to one and 0 to 0. For tables whose
 * keys are consecutive, and for hashes whose low bits depend on few of their input's. */
static inline uint64_t random_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

/* Starts stream number `stream` of a seed. Different streams of one seed are independent for our
 * purposes. */
void random_seed(struct random *random, uint64_t seed, uint64_t stream);

/* The stream number for a name (FNV-1a, 64 bits), so that adding other streams does not change
 * it. */
uint64_t random_stream(const char *name);

/* 64 random bits. */
uint64_t random_u64(struct random *random);

/* Uniform in [0, 1), with 53 random bits. */
double random_unit(struct random *random);

/* Uniform in 0 .. bound-1 (bound > 0), with negligible modulo bias (Lemire's multiplication). */
uint64_t random_below(struct random *random, uint64_t bound);

/* Exponential with mean 1. */
double random_exponential(struct random *random);

/* Standard normal (Box-Muller). */
double random_normal(struct random *random);

/* Fills out[0..length-1] with characters [A-Za-z0-9] and terminates it; out holds length+1
 * bytes. */
void random_alphanumeric(struct random *random, char *out, size_t length);

#endif
