/*
 * The types of events that a worker's sessions have received, each kept once: a session's evidence
 * then holds 32 pointers, not 32 names. Bounded, because a service can send any name.
 */
#ifndef RUSHHOUR_ENGINE_TYPE_NAMES_H
#define RUSHHOUR_ENGINE_TYPE_NAMES_H

#define TYPE_NAMES_SLOTS 512 /* a power of 2 */
#define TYPE_NAMES_MOST 384  /* different names kept; the GA dialect documents 46 */

/* Zeroed: empty. */
struct type_names {
    char *slots[TYPE_NAMES_SLOTS]; /* by hash, the next free one on a collision */
    unsigned count;
};

/* The kept copy of a name, which lasts until type_names_free. One name too many, or without memory
 * for it: "(other)". */
const char *type_names_keep(struct type_names *names, const char *name);

void type_names_free(struct type_names *names);

#endif
