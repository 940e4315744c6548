#include "service/shape.h"

#include <stdio.h>
#include <string.h>

void shape_add(char shape[SHAPE_SIZE], const char *type, size_t size)
{
    const size_t used = strlen(shape);
    (void)snprintf(shape + used, SHAPE_SIZE - used, "%s%s:%zu", used == 0 ? "" : " ", type, size);
}
