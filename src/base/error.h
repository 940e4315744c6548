/* The one error type of the program: a code for the program, a sentence for the person. */
#ifndef RUSHHOUR_BASE_ERROR_H
#define RUSHHOUR_BASE_ERROR_H

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(position, first) __attribute__((format(printf, position, first)))

/* What went wrong, coarsely. It determines the exit status of the program (error_exit_status). */
enum err_code {
    ERR_OK = 0,
    ERR_USAGE,   /* invalid command line: exit 2 */
    ERR_PROFILE, /* invalid profile: exit 2 */
    ERR_IO,      /* a file, folder or process that could not be used: exit 1 */
    ERR_FORMAT,  /* malformed data: exit 1 */
    ERR_NET,     /* an address, socket or certificate that could not be used: exit 1 */
    ERR_NOMEM,   /* out of memory: exit 1 */
    ERR_INTERNAL /* a bug in rushhour itself: exit 1 */
};

struct error {
    enum err_code code;
    char text[768]; /* a sentence naming the file, line, key or region and the fix; never a
                       secret */
};

/* Fills *err (which may be NULL) and returns code, so that failing is one return statement. */
enum err_code error_set(struct error *err, enum err_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Puts "<prefix>: " before the text of an error that a callee has filled; returns its code. */
enum err_code error_prefix(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* The exit status that the contract assigns to a code: 0, 1 or 2. */
int error_exit_status(enum err_code code);

#endif
