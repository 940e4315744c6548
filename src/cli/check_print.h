/* The result of a preflight check for people: the regions side by side, what differs, each failure
 * with its fix. */
#ifndef RUSHHOUR_CLI_CHECK_PRINT_H
#define RUSHHOUR_CLI_CHECK_PRINT_H

#include "base/text.h"
#include "check/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct check_page {
    const char *profile;
    const struct check_region *regions;
    size_t count;
    bool simulated, interrupted, colour;
    size_t width; /* columns of the terminal */
};

/* Appends the page. */
void check_print(const struct check_page *page, struct text *out);

/* The width of a terminal in columns, or a default if it is not one. */
size_t check_print_width(int fd);

/* One line on a terminal with the current step of each region, redrawn in place; nothing
 * elsewhere. */
struct check_progress {
    FILE *out; /* NULL: not shown */
    size_t width;
    bool shown;
    char last[512]; /* as currently shown */
};

void check_progress_open(struct check_progress *progress, FILE *out, bool quiet);
void check_progress_show(struct check_progress *progress, const struct check_region *regions,
                         size_t count);
void check_progress_clear(struct check_progress *progress);

#endif
