/* Terminal colours (ECMA-48, SGR) by meaning. Callers check first whether colour is wanted, and end
 * with COLOUR_OFF. */
#ifndef RUSHHOUR_BASE_COLOUR_H
#define RUSHHOUR_BASE_COLOUR_H

#define COLOUR_OFF "\x1b[0m"
#define COLOUR_HEADING "\x1b[1m"
#define COLOUR_DIM "\x1b[2m"
#define COLOUR_GOOD "\x1b[1;32m"
#define COLOUR_BAD "\x1b[1;31m"
#define COLOUR_UNSURE "\x1b[1;33m"
#define COLOUR_INVALID "\x1b[1;35m"
#define COLOUR_NOTABLE "\x1b[33m"

#endif
