#include "run/run_private.h"

#include "base/clock.h"
#include "engine/engine.h"
#include "watch/live.h"

#include <stdarg.h>
#include <stdio.h>

void run_look(struct run *run, struct run_snapshot *out)
{
    struct engine_status status;
    const struct snapshot_moment moment = {
        .now_mono_ns = clock_mono_ns(),
        .counting_since_ns = run->created_ns,
        .ended_mono_ns = run->ended_mono_ns,
        .stops = run->stops,
        .driven = run->driven,
        .simulated = run->options->simulate,
    };
    if (run->engine != NULL) engine_status(run->engine, &status);
    snapshot_take(&run->seen, &run->plan, run->engine != NULL ? &status : NULL, &moment, out);
    if (run->fault.length == 0) return;
    out->end = RUN_FAILED;
    out->reason = text_str(&run->fault);
}

void run_note(const struct run *run, const char *format, ...)
{
    char words[1024];
    va_list arguments;
    FILE *out = run->options->screen.out;
    va_start(arguments, format);
    (void)vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    if (run->view != NULL && !run->options->screen.quiet) {
        live_note(run->view, words);
    } else if (out != NULL) {
        live_print(out, words);
    }
}
