/* Memory for keys and tokens: pages of their own that no core dump and no swap sees, wiped when
 * they go. */
#ifndef RUSHHOUR_BASE_SECRET_H
#define RUSHHOUR_BASE_SECRET_H

#include "base/error.h"

#include <stddef.h>

/* A buffer of `size` bytes and a NUL, zeroed; NULL without memory. The caller's, for
 * secret_free. */
char *secret_new(size_t size);

/* A copy of a string, or of its first `length` bytes; NULL without memory. */
char *secret_copy(const char *string);
char *secret_copy_part(const char *bytes, size_t length);

/* Wipes all of the buffer and gives it back. NULL is fine. Only for what the three above made. */
void secret_free(char *secret);

/*
 * From here on this process leaves no core dump and no other process of the same user can look into
 * its memory: libraries keep copies of what they send. Programs that it starts are not bound by it
 * but for the core dump. Call it once secrets are loaded. Does nothing in sanitizer builds, whose
 * leak check looks in from outside.
 */
void secret_protect_process(void);

#endif
