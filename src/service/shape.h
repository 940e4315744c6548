/* The shape of what was sent: types and sizes, never content. */
#ifndef RUSHHOUR_SERVICE_SHAPE_H
#define RUSHHOUR_SERVICE_SHAPE_H

#include <stddef.h>

/* The shape of what was sent: types and sizes, "session.update:213 response.create:41". */
#define SHAPE_SIZE 160

/* Appends a message to the shape of what was sent. */
void shape_add(char shape[SHAPE_SIZE], const char *type, size_t size);

#endif
