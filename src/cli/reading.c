#include "cli/reading.h"

#include "base/clock.h"
#include "base/terminal.h"
#include "record/lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define QUIET_NS ((uint64_t)2 * (uint64_t)NS_PER_S)
#define EACH_NS ((uint64_t)NS_PER_S / 5)

static struct reading {
    uint64_t next_ns; /* when to write again */
    bool shown;
} reading; /* the terminal's, so one for the process */

static void tell(void *context, const char *name, int64_t done, int64_t size)
{
    struct reading *state = context;
    if (done >= size) {
        if (state->shown) (void)fputs("\r\x1b[K", stderr);
        state->shown = false;
        return;
    }
    const uint64_t now_ns = clock_mono_ns();
    if (now_ns < state->next_ns) return;
    state->next_ns = now_ns + EACH_NS;
    state->shown = true;
    (void)fprintf(stderr, "\r\x1b[Kreading %s: %" PRId64 "%%", name, done * 100 / size);
}

void reading_show(bool quiet)
{
    static const struct lines_listener listener = {.tell = tell, .context = &reading};
    if (quiet || !terminal_takes_escapes(STDERR_FILENO)) return;
    reading.next_ns = clock_mono_ns() + QUIET_NS;
    lines_listen(&listener);
}
