/*
 * SHA-256 (FIPS 180-4) for checksums of files that are handed to others, and base64 with padding
 * (RFC 4648, section 4) as histogram logs carry their payloads: libcrypto's. Not for secrets.
 */
#ifndef RUSHHOUR_BASE_CRYPTO_H
#define RUSHHOUR_BASE_CRYPTO_H

#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

#define SHA256_HEX_SIZE 65 /* 64 digits and the NUL */

struct sha256; /* a sum under way */

/* The caller's (sha256_finish, in any case); NULL when there is no memory. */
struct sha256 *sha256_start(void);

/* Adds bytes; what fails shows at the end. */
void sha256_add(struct sha256 *sum, const void *bytes, size_t length);

/* Ends and frees the sum and writes it in lower-case hexadecimal, as sha256sum prints it. False
 * when libcrypto refused, or sum is NULL; hex is then "". */
MUST_USE bool sha256_finish(struct sha256 *sum, char hex[SHA256_HEX_SIZE]);

/* Appends the base64 form of `length` bytes. */
void base64_encode(struct text *out, const unsigned char *bytes, size_t length);

/*
 * Decodes one piece, whose length is a multiple of four and fits an int, into out (length/4*3
 * bytes) and sets *decoded. Padding is allowed at the end of the `last` piece only. False for
 * anything that is not canonical base64, unlike libcrypto, which lets spaces and stray bits pass.
 */
bool base64_decode(const char *piece, size_t length, bool last, unsigned char *out,
                   size_t *decoded);

/* How many bytes a whole base64 string stands for; false when its length or padding cannot be
 * right. */
bool base64_decoded_length(const char *string, size_t length, size_t *decoded);

#endif
