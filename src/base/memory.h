/* Whether this process has run out of memory. */
#ifndef RUSHHOUR_BASE_MEMORY_H
#define RUSHHOUR_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * True once an allocation of our own code, or of a library that was given our functions, has
 * failed, on whatever thread, and whatever became of it: a name that is missing, a row that was
 * dropped. Who hands a result over (prints it, gives a file its name, returns an exit status) asks
 * here, so that none is shorter than it should be without a word. Every malloc, calloc, realloc,
 * strdup and strndup of src/ counts by itself: the linker puts the functions of memory.c between
 * (cmake/memory.cmake).
 */
bool memory_ran_out(void);

/*
 * As malloc, calloc, realloc and free, for a library that aborts or crashes when it gets nothing
 * (libuv, libcrypto, libwebsockets): what fails is noted, and served from a small reserve, so that
 * the process can end in its own words. NULL when the reserve is used up, too.
 */
void *memory_allocate(size_t size);
void *memory_allocate_clear(size_t count, size_t size);
void *memory_enlarge(void *old, size_t size);
void memory_release(void *memory);

/* From now on a large block goes back to the system as soon as it is freed. Else glibc keeps ever
 * larger ones for later (mallopt(3), M_MMAP_THRESHOLD), and who reads a long run in phases holds
 * what all of them needed. For the whole process. */
void memory_return_large(void);

/* The calling thread is about to end: frees what memory_release has kept of it for the next
 * memory_allocate, and keeps nothing from now on. */
void memory_thread_ends(void);

/* What came of it has been told and written down: what is done from here on counts anew. */
void memory_forget(void);

#endif
