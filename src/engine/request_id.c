#include "engine/request_id.h"

#include "base/clock.h"
#include "base/random.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

#define SEED_OF_IDS UINT64_C(0x7265717565737473) /* the load draws from the run's seed, too */

uint64_t request_id_seed(uint64_t run_seed, bool simulated)
{
    uint64_t seed;
    if (simulated) return run_seed ^ SEED_OF_IDS;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        seed = run_seed ^ (uint64_t)clock_wall_ns();
    return seed;
}

uint64_t request_id_user(uint64_t id_seed, uint64_t stream, uint64_t number, uint64_t round)
{
    struct random random;
    random_seed(&random, id_seed, stream + 1 + number + (round << 32));
    return random_u64(&random);
}

void request_id_write(uint64_t user, uint64_t interaction, uint64_t dial, char out[REQUEST_ID_SIZE])
{
    struct random random;
    random_seed(&random, user, dial + (interaction << 32));
    const uint64_t b = random_u64(&random);
    (void)snprintf(out, REQUEST_ID_SIZE,
                   "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-%04" PRIx64 "-%012" PRIx64,
                   user >> 32, (user >> 16) & 0xFFFF, user & 0xFFF, 0x8000 | ((b >> 48) & 0x3FFF),
                   b & UINT64_C(0xFFFFFFFFFFFF));
}
