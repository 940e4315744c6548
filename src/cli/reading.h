/* How far a command has come with reading a long run, on the terminal. */
#ifndef RUSHHOUR_CLI_READING_H
#define RUSHHOUR_CLI_READING_H

#include <stdbool.h>

/* From two seconds after this call on, one line on standard error shows which file is being read
 * and its share, while a large one is; it disappears with the end of the file. Nothing is shown if
 * quiet, or if standard error is no terminal. */
void reading_show(bool quiet);

#endif
