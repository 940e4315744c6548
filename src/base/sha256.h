/* SHA-256 (FIPS 180-4), for checksums of files that are handed to others. Not for secrets. */
#ifndef RUSHHOUR_BASE_SHA256_H
#define RUSHHOUR_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_HEX_SIZE 65 /* 64 digits and the NUL */

struct sha256 {
    uint32_t state[8];
    uint64_t length; /* bytes taken so far */
    unsigned char block[64];
};

void sha256_start(struct sha256 *sum);
void sha256_add(struct sha256 *sum, const void *bytes, size_t length);

/* Ends the sum and writes it in lower-case hexadecimal, as sha256sum prints it. */
void sha256_finish(struct sha256 *sum, char hex[SHA256_HEX_SIZE]);

#endif
