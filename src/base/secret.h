/* Memory for keys and tokens: separate pages, kept out of core dumps and swap, and wiped when
 * freed. */
#ifndef RUSHHOUR_BASE_SECRET_H
#define RUSHHOUR_BASE_SECRET_H

#include "base/error.h"

#include <stddef.h>

/* A zeroed buffer of `size` bytes and a NUL; NULL if out of memory. The caller frees it with
 * secret_free. */
char *secret_new(size_t size);

/* A copy of a string, or of its first `length` bytes; NULL if out of memory. Freed with
 * secret_free. */
char *secret_copy(const char *string);
char *secret_copy_part(const char *bytes, size_t length);

/* Wipes and frees the whole buffer; NULL is allowed. Only for buffers made by the functions
 * above. */
void secret_free(char *secret);

/*
 * From here on this process leaves no core dump, and no other process of the same user can read its
 * memory; libraries keep copies of what they send, which secret_free cannot reach. Child processes
 * inherit only the ban on core dumps. Call it once secrets are loaded. Does nothing in sanitizer
 * builds, whose leak check attaches from outside.
 */
void secret_protect_process(void);

#endif
