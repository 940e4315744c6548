#include "base/random.h"

#include <math.h>

static uint64_t splitmix64(uint64_t *x)
{
    return random_mix(*x += UINT64_C(0x9E3779B97F4A7C15));
}

void random_seed(struct random *random, uint64_t seed, uint64_t stream)
{
    uint64_t x = seed;
    uint64_t mixed = splitmix64(&x) ^ (stream * UINT64_C(0xD1342543DE82EF95));
    for (int i = 0; i < 4; i++) random->state[i] = splitmix64(&mixed);
}

uint64_t random_stream(const char *name)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (const char *c = name; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001B3);
    return hash;
}

static uint64_t rotate(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

uint64_t random_u64(struct random *random)
{
    uint64_t *s = random->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double random_unit(struct random *random)
{
    return (double)(random_u64(random) >> 11) * 0x1.0p-53;
}

uint64_t random_below(struct random *random, uint64_t bound)
{
    __extension__ typedef unsigned __int128 wide;
    return (uint64_t)(((wide)random_u64(random) * bound) >> 64);
}

double random_exponential(struct random *random)
{
    return -log1p(-random_unit(random));
}

double random_normal(struct random *random)
{
    double radius = sqrt(2.0 * random_exponential(random));
    return radius * cos(2.0 * 3.14159265358979323846 * random_unit(random));
}

void random_alphanumeric(struct random *random, char *out, size_t length)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    for (size_t i = 0; i < length; i++)
        out[i] = alphabet[random_below(random, sizeof alphabet - 1)];
    out[length] = '\0';
}
