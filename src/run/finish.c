#include "run/pages.h"
#include "run/run_private.h"

#include "engine/fruitless.h"
#include "run/version.h"

#include "record/manifest.h"

static cJSON *make_manifest(struct run *run)
{
    struct library_version libraries[LIBRARY_COUNT];
    struct run_snapshot snapshot;
    library_versions(libraries);
    run_look(run, &snapshot);
    return manifest_new(&snapshot, libraries, LIBRARY_COUNT);
}

enum err_code run_write_manifest(struct run *run, struct error *err)
{
    cJSON *manifest = make_manifest(run);
    if (manifest == NULL) return error_set(err, ERR_NOMEM, "no memory for run.json");
    enum err_code code = run_writer_manifest(run->writer, manifest, err);
    cJSON_Delete(manifest);
    return code;
}

static enum err_code complete_manifest(struct run *run, const struct results *results,
                                       struct text *json, struct error *err)
{
    cJSON *manifest = make_manifest(run);
    if (manifest == NULL) return error_set(err, ERR_NOMEM, "no memory for run.json");
    enum err_code code =
        pages_write_manifest(text_str(&run->plan.folder), results, manifest, json, err);
    cJSON_Delete(manifest);
    return code;
}

static enum err_code close_folder(struct run *run, struct error *err)
{
    enum err_code code = run_write_manifest(run, err);
    struct error closing = {0};
    enum err_code closed = run_writer_close(run->writer, code == ERR_OK ? err : &closing);
    run->writer = NULL;
    return code == ERR_OK ? closed : code;
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
        fruitless_words(&profile->regions[i], &engine->totals[i], profile->file, way, &words);
        run_note(run, "rushhour: %s", text_str(&words));
        text_free(&words);
        any = true;
    }
    return any;
}

enum err_code run_finish(struct run *run, struct run_outcome *out, struct error *err)
{
    const char *folder = text_str(&run->plan.folder);
    struct engine_status engine;
    engine_status(run->engine, &engine);
    out->end = engine.end;
    out->valid = engine.health->valid;
    out->fruitless = tell_fruitless(run, &engine);
    enum err_code code = close_folder(run, err);
    if (code == ERR_OK) code = results_load(folder, NULL, 0, &out->results, err);
    if (code == ERR_OK) code = complete_manifest(run, out->results, &out->json, err);
    if (code == ERR_OK) code = pages_write(folder, out->results, err);
    if (code != ERR_OK) return code;
    out->verdict = results_verdict(out->results);
    out->kept = true;
    return ERR_OK;
}

void run_outcome_free(struct run_outcome *outcome)
{
    results_free(outcome->results);
    text_free(&outcome->json);
}
