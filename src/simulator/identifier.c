#include "simulator/identifier.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define TIME_CHARACTERS 5
#define RANDOM_CHARACTERS 16
#define EPOCH_S INT64_C(1735689600) /* 2025-01-01: five characters then suffice for 29 years */

static const char digits[] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"; /* in ASCII order */

void identifiers_init(struct identifiers *identifiers, const struct run_clock *clock)
{
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed) seed = clock_mono_ns();
    random_seed(&identifiers->random, seed, 0);
    identifiers->clock = *clock;
}

void identifier_make(struct identifiers *identifiers, const char *prefix, char out[IDENTIFIER_SIZE])
{
    size_t length = strlen(prefix);
    if (length > IDENTIFIER_SIZE - 1 - TIME_CHARACTERS - RANDOM_CHARACTERS) length = 0;
    for (size_t i = 0; i < length; i++) out[i] = prefix[i];
    int64_t wall_ns = run_clock_wall_at(&identifiers->clock, clock_mono_ns());
    int64_t since = wall_ns / NS_PER_S - EPOCH_S;
    uint64_t seconds = since < 0 ? 0 : (uint64_t)since;
    for (size_t i = TIME_CHARACTERS; i-- > 0;) {
        out[length + i] = digits[seconds % 62];
        seconds /= 62;
    }
    random_alphanumeric(&identifiers->random, out + length + TIME_CHARACTERS, RANDOM_CHARACTERS);
}

void identifier_uuid(struct identifiers *identifiers, char out[UUID_SIZE])
{
    uint64_t high = random_u64(&identifiers->random);
    uint64_t low = random_u64(&identifiers->random);
    (void)snprintf(out, UUID_SIZE, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(high >> 32),
                   (unsigned)(high >> 16) & 0xFFFFU, (unsigned)high & 0xFFFU,
                   ((unsigned)(low >> 48) & 0x3FFFU) | 0x8000U,
                   (unsigned long long)(low & UINT64_C(0xFFFFFFFFFFFF)));
}

bool identifier_key(char out[85])
{
    unsigned char bytes[84];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        out[i] = digits[bytes[i] % 62]; /* 500 bits: the bias is harmless */
    out[sizeof bytes] = '\0';
    return true;
}
