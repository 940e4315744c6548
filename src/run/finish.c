#include "run/pages.h"
#include "run/run_private.h"

#include "base/memory.h"
#include "engine/fruitless.h"
#include "run/version.h"

#include "record/manifest.h"

#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define LOOK_EVERY_MS 100
#define ROOM_WAIT_MS 5000

/* Of the time in which a run is to end, what its folder and pages have, at least. */
#define PAGES_NS (5 * NS_PER_S)

uint64_t run_end_within(int64_t drain_ns, int64_t *turns_ns)
{
    const int64_t pages_ns = drain_ns / 4 < PAGES_NS ? drain_ns / 4 : PAGES_NS;
    *turns_ns = drain_ns - pages_ns;
    return clock_mono_ns() + (uint64_t)(*turns_ns + PAGES_NS);
}

/* The folder says by now how the run ended: only its pages are missing. */
static void leave(int number)
{
    static const char words[] =
        "rushhour: no time is left for the figures and pages: `rushhour report` makes them\n";
    (void)number;
    (void)!write(STDERR_FILENO, words, sizeof words - 1);
    _exit(130);
}

/* From here on nothing is lost when the process goes: it does before somebody kills it. */
static void be_gone_in_time(const struct run *run)
{
    if (run->gone_ns == 0) return;
    const struct sigaction action = {.sa_handler = leave};
    const uint64_t now_ns = clock_mono_ns();
    const uint64_t left_ns = run->gone_ns > now_ns ? run->gone_ns - now_ns : NS_PER_MS;
    const struct itimerval timer = {
        .it_value = {.tv_sec = (time_t)(left_ns / NS_PER_S),
                     .tv_usec = (suseconds_t)(left_ns % NS_PER_S / 1000)}};
    (void)sigaction(SIGALRM, &action, NULL);
    (void)setitimer(ITIMER_REAL, &timer, NULL);
}

cJSON *run_manifest(struct run *run)
{
    struct library_version libraries[LIBRARY_COUNT];
    struct run_snapshot snapshot;
    library_versions(libraries);
    run_look(run, &snapshot);
    return manifest_new(&snapshot, libraries, LIBRARY_COUNT);
}

enum err_code run_write_manifest(struct run *run, struct error *err)
{
    cJSON *manifest = run_manifest(run);
    if (manifest == NULL) return error_set(err, ERR_NOMEM, "no memory for run.json");
    enum err_code code = run_writer_manifest(run->writer, manifest, err);
    cJSON_Delete(manifest);
    return code;
}

static enum err_code complete_manifest(struct run *run, const struct results *results,
                                       struct text *json, struct error *err)
{
    cJSON *manifest = run_manifest(run);
    if (manifest == NULL) return error_set(err, ERR_NOMEM, "no memory for run.json");
    enum err_code code =
        pages_write_manifest(text_str(&run->plan.folder), results, manifest, json, err);
    cJSON_Delete(manifest);
    return code;
}

/* A disk that was full a moment ago may have room again: the last lines wait for it, unless
 * somebody is in a hurry. */
static void wait_for_room(struct run *run)
{
    const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * NS_PER_MS};
    const unsigned stops = run->stops;
    struct text news = {0};
    if (run_writer_settle(run->writer)) return;
    if (run_writer_news(run->writer, &news)) run_note(run, "rushhour: %s", text_str(&news));
    text_free(&news);
    for (int waited_ms = 0; waited_ms < ROOM_WAIT_MS; waited_ms += LOOK_EVERY_MS) {
        (void)nanosleep(&pause, NULL);
        (void)uv_run(run->loop, UV_RUN_NOWAIT);
        if (run->stops > stops || run_writer_settle(run->writer)) return;
        if (run->gone_ns != 0 && clock_mono_ns() + PAGES_NS / 2 > run->gone_ns) return;
    }
}

/* First all data, then a run.json that says what became of them. */
static enum err_code close_folder(struct run *run, struct error *err)
{
    struct error ending = {0};
    wait_for_room(run);
    enum err_code code = run_writer_end(run->writer, err);
    if (code == ERR_OK && memory_ran_out())
        code = error_set(err, ERR_NOMEM,
                         "memory ran out during the run: its figures may not be "
                         "whole");
    memory_forget(); /* run.json has it, and what was recorded is reported all the same */
    if (code != ERR_OK && err != NULL) text_puts(&run->fault, err->text);
    text_clear(&run->plan.folder);
    text_puts(&run->plan.folder, run_writer_path(run->writer));
    enum err_code written = run_write_manifest(run, code == ERR_OK ? err : &ending);
    (void)!run_writer_close(run->writer, &ending); /* told above */
    run->writer = NULL;
    return code == ERR_OK ? written : code;
}

/* A region that never answered makes the run fail, whatever its thresholds say. */
static bool tell_fruitless(const struct run *run, const struct engine_status *engine)
{
    const struct profile *profile = run->plan.profile;
    const bool elsewhere = run->options->connect_override_count > 0;
    const enum fruitless_way way = run->options->simulate ? FRUITLESS_SIMULATED
                                   : elsewhere            ? FRUITLESS_ELSEWHERE
                                                          : FRUITLESS_DIRECT;
    bool any = false;
    for (size_t i = 0; i < engine->region_count; i++) {
        if (!fruitless_region(&engine->totals[i])) continue;
        struct text words = {0};
        fruitless_words(&profile->regions[i], &engine->totals[i], profile->file, way,
                        FRUITLESS_AT_LAST, &words);
        run_note(run, "rushhour: %s", text_str(&words));
        text_free(&words);
        any = true;
    }
    return any;
}

enum err_code run_finish(struct run *run, struct run_outcome *out, struct error *err)
{
    struct error later = {0};
    struct engine_status engine;
    engine_status(run->engine, &engine);
    out->end = engine.end;
    out->valid = engine.health->valid;
    out->fruitless = tell_fruitless(run, &engine);
    enum err_code code = close_folder(run, err);
    if (code != ERR_OK) out->end = RUN_FAILED;
    be_gone_in_time(run);
    /* The first error is the one to tell; what was recorded is reported all the same. */
    const char *folder = text_str(&run->plan.folder);
    enum err_code next = results_load(folder, NULL, 0, &out->results, &later);
    if (next == ERR_OK) {
        out->verdict = results_verdict(out->results);
        next = complete_manifest(run, out->results, &out->json, &later);
        if (next == ERR_OK) next = pages_write(folder, out->results, &later);
        out->kept = true;
    }
    if (code == ERR_OK && next != ERR_OK && err != NULL) *err = later;
    (void)setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    return code == ERR_OK ? next : code;
}

void run_outcome_free(struct run_outcome *outcome)
{
    results_free(outcome->results);
    text_free(&outcome->json);
}
