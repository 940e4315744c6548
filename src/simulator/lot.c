#include "simulator/lot.h"

#define PARTS UINT64_C(0x7061727473) /* parts are numbered apart from draws */

struct lot lot_part(struct lot lot, uint64_t number)
{
    struct random random;
    random_seed(&random, lot.key ^ PARTS, number);
    return (struct lot){random_u64(&random)};
}

struct lot lot_named(struct lot lot, const char *name)
{
    return lot_part(lot, random_stream(name));
}

struct random lot_stream(struct lot lot, uint64_t draw)
{
    struct random random;
    random_seed(&random, lot.key, draw);
    return random;
}

double lot_unit(struct lot lot, uint64_t draw)
{
    struct random random = lot_stream(lot, draw);
    return random_unit(&random);
}
