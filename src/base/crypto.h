/* SHA-256 (FIPS 180-4) for checksums of files that are handed to others, and padded base64 (RFC
 * 4648, section 4) for the payloads of histogram logs, both from libcrypto. Not for secrets. */
#ifndef RUSHHOUR_BASE_CRYPTO_H
#define RUSHHOUR_BASE_CRYPTO_H

#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

#define SHA256_HEX_SIZE 65 /* 64 digits and the NUL */

/* Gives libcrypto the allocation functions that note what fails (base/memory.h). Call before it is
 * used. */
void crypto_note_memory(void);

struct sha256; /* a digest in progress */

/* The caller owns it and must call sha256_finish; NULL if out of memory. */
struct sha256 *sha256_start(void);

/* Adds bytes; a failure is reported by sha256_finish. */
void sha256_add(struct sha256 *sum, const void *bytes, size_t length);

/* Ends and frees the digest and writes it in lower-case hexadecimal, as sha256sum prints it. False
 * if libcrypto failed or sum is NULL; hex is then "". */
MUST_USE bool sha256_finish(struct sha256 *sum, char hex[SHA256_HEX_SIZE]);

/* Appends the base64 form of `length` bytes. */
void base64_encode(struct text *out, const unsigned char *bytes, size_t length);

/*
 * Decodes one piece, whose length is a multiple of four and fits an int, into out (length/4*3
 * bytes) and sets *decoded. Padding is allowed only at the end of the `last` piece. False for
 * anything but canonical base64; libcrypto by itself lets spaces and stray bits pass.
 */
bool base64_decode(const char *piece, size_t length, bool last, unsigned char *out,
                   size_t *decoded);

/* How many bytes a whole base64 string decodes to; false if its length or padding is invalid. */
bool base64_decoded_length(const char *string, size_t length, size_t *decoded);

#endif
