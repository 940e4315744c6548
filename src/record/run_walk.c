#include "record/run_walk.h"

#include "record/lines.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>

/* How many lines were lost in one way, and where the first of them is. */
struct lost {
    uint64_t count, first;
};

struct losses {
    struct lost broken, foreign, repeated;
    bool torn, headless;
};

static void lose(struct lost *lost, uint64_t number)
{
    if (lost->count++ == 0) lost->first = number;
}

static void note_lost(const struct run_walk *walk, const struct lost *lost, const char *what)
{
    if (lost->count == 0) return;
    text_printf(walk->notes,
                "%s: %" PRIu64 " %s %s and %s skipped, the first in line %" PRIu64 "\n", walk->name,
                lost->count, lost->count == 1 ? "line" : "lines", what,
                lost->count == 1 ? "was" : "were", lost->first);
}

static void note_losses(const struct run_walk *walk, const struct losses *losses)
{
    if (losses->headless)
        text_printf(walk->notes, "%s: is empty: its header row is missing or torn\n", walk->name);
    if (losses->torn && !losses->headless) {
        text_printf(walk->notes,
                    "%s: the last line is torn (the run was cut off) and was dropped\n",
                    walk->name);
    }
    note_lost(walk, &losses->broken, "cannot be read");
    note_lost(walk, &losses->foreign, "of a region that run.json does not name");
    note_lost(walk, &losses->repeated, "had come before");
}

static enum err_code read_error(const char *path, int os_error, struct error *err)
{
    enum err_code code = os_error == ENOMEM ? ERR_NOMEM : ERR_IO;
    return error_set(err, code, "%s: cannot read: %s", path, strerror(os_error));
}

/* False without memory. */
static bool use_line(const struct run_walk *walk, char *line, size_t length, uint64_t number,
                     struct losses *losses)
{
    /* A NUL inside is a hole left by a crash of the machine. */
    enum line_use use =
        strlen(line) == length ? walk->line(walk->state, line, length) : LINE_BROKEN;
    if (use == LINE_BROKEN) lose(&losses->broken, number);
    if (use == LINE_FOREIGN) lose(&losses->foreign, number);
    if (use == LINE_REPEATED) lose(&losses->repeated, number);
    return use != LINE_NO_MEMORY;
}

static enum err_code walk_lines(const struct run_walk *walk, struct lines *lines, const char *path,
                                struct losses *losses, struct error *err)
{
    losses->headless = walk->header != NULL;
    for (;;) {
        char *line = NULL;
        size_t length = 0;
        switch (lines_next(lines, &line, &length)) {
        case LINE_WHOLE:
            break;
        case LINE_TORN:
            losses->torn = true;
            continue;
        case LINE_TOO_LONG:
            lose(&losses->broken, lines->number);
            continue;
        case LINE_ERROR:
            return read_error(path, lines->os_error, err);
        case LINE_END:
            return ERR_OK;
        }
        if (!losses->headless) {
            if (!use_line(walk, line, length, lines->number, losses))
                return read_error(path, ENOMEM, err);
            continue;
        }
        enum err_code code = walk->header(walk->state, line, err);
        if (code != ERR_OK) {
            (void)error_prefix(err, "%s", path);
            return code;
        }
        losses->headless = false;
    }
}

static enum err_code walk_path(const struct run_walk *walk, const char *path, struct error *err)
{
    struct lines lines;
    struct losses losses = {0};
    struct error opening = {0};
    enum err_code code = lines_open(&lines, path, walk->limit, &opening);
    if (code == ERR_OK) {
        code = walk_lines(walk, &lines, path, &losses, err);
        note_losses(walk, &losses);
    } else if (errno == ENOENT) {
        code = ERR_OK;
        if (!walk->may_be_missing) text_printf(walk->notes, "%s: is missing\n", walk->name);
    } else if (err != NULL) {
        *err = opening;
    }
    lines_close(&lines);
    return code;
}

enum err_code run_walk(const struct run_walk *walk, struct error *err)
{
    struct text path = {0};
    text_printf(&path, "%s/%s", walk->folder, walk->name);
    if (path.failed) return error_set(err, ERR_NOMEM, "%s: no memory", walk->folder);
    enum err_code code = walk_path(walk, path.data, err);
    text_free(&path);
    return code;
}
