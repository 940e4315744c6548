/* The failure codes of a run folder, each once: our own table has far fewer than are taken, but a
 * folder may have been made by others. */
#ifndef RUSHHOUR_RECORD_CODE_NAMES_H
#define RUSHHOUR_RECORD_CODE_NAMES_H

#include <stddef.h>
#include <stdint.h>

#define CODE_NAMES_MOST 512
#define CODE_NAMES_SIZE 64           /* of a code, with its NUL; longer ones are cut */
#define CODE_NAMES_REST "other_code" /* stands for all beyond the most */

/* Zero-initialise. */
struct code_names {
    char names[CODE_NAMES_MOST][CODE_NAMES_SIZE];
    uint16_t slots[2 * CODE_NAMES_MOST]; /* number of a name plus one; 0: free */
    size_t count;
    uint64_t rest; /* how often CODE_NAMES_REST was returned */
};

/* The code itself, as it is kept here, or CODE_NAMES_REST. Valid as long as `names`. */
const char *code_names_take(struct code_names *names, const char *code);

#endif
