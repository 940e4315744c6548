#include "cli/check_print.h"
#include "report/table.h"

#include "base/terminal.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_LEAST 40
#define WIDTH_MOST 160

size_t check_print_width(int fd)
{
    struct winsize size;
    if (!isatty(fd) || ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return TERMINAL_WIDTH;
    size_t width = size.ws_col;
    return width < WIDTH_LEAST ? WIDTH_LEAST : width > WIDTH_MOST ? WIDTH_MOST : width;
}

void check_progress_open(struct check_progress *progress, FILE *out, bool quiet)
{
    *progress = (struct check_progress){0};
    if (quiet || !terminal_takes_escapes(fileno(out))) return;
    progress->out = out;
    progress->width = check_print_width(fileno(out));
}

static enum check_step at_step(const struct check_region *region)
{
    enum check_step step = 0;
    while (step < CHECK_TURN && region->steps[step].status != CHECK_PENDING) step++;
    return step;
}

void check_progress_show(struct check_progress *progress, const struct check_region *regions,
                         size_t count)
{
    struct text line = {0};
    struct text cut = {0};
    size_t open = 0;
    if (progress->out == NULL) return;
    for (size_t i = 0; i < count; i++) {
        if (regions[i].done) continue;
        text_printf(&line, "%s%s %s", open++ == 0 ? "checking " : ", ", regions[i].region->name,
                    check_step_name(at_step(&regions[i])));
    }
    display_plain(&cut, text_str(&line), progress->width - 1);
    if (strcmp(text_str(&cut), progress->last) != 0) {
        (void)fprintf(progress->out, "\r\x1b[K%s", text_str(&cut));
        (void)fflush(progress->out);
        progress->shown = true;
        (void)snprintf(progress->last, sizeof progress->last, "%s", text_str(&cut));
    }
    text_free(&line);
    text_free(&cut);
}

void check_progress_clear(struct check_progress *progress)
{
    if (progress->out == NULL || !progress->shown) return;
    (void)fputs("\r\x1b[K", progress->out);
    (void)fflush(progress->out);
    progress->shown = false;
}
