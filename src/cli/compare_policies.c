#include "cli/compare_policies.h"

#include "compare/policies.h"
#include "record/run_reader.h"

struct loaded {
    struct text folders[POLICIES_MOST];
    struct results *results[POLICIES_MOST];
    const char *names[POLICIES_MOST];
    size_t count;
};

static const bool no_latencies[METRIC_COUNT]; /* policies are compared by what they lost */

static enum err_code load(const struct compare_policies *wanted, struct loaded *loaded,
                          struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 0; code == ERR_OK && i < wanted->run_count; i++) {
        struct text *folder = &loaded->folders[loaded->count++];
        code = run_find_beside(wanted->runs[i], i > 0 ? text_str(&loaded->folders[0]) : NULL,
                               folder, err);
        if (code == ERR_OK)
            code = results_load_compared(text_str(folder), no_latencies, &loaded->results[i], err);
        loaded->names[i] = text_str(folder);
    }
    return code;
}

static void unload(struct loaded *loaded)
{
    for (size_t i = 0; i < loaded->count; i++) {
        results_free(loaded->results[i]);
        text_free(&loaded->folders[i]);
    }
}

static void render(const struct compare_policies *wanted, const struct policies *policies,
                   struct text *out)
{
    if (wanted->json)
        policies_json(policies, out);
    else if (wanted->markdown)
        policies_markdown(policies, out);
    else
        policies_text(policies, wanted->colour, out);
}

enum err_code compare_policies_make(const struct compare_policies *wanted, struct text *out,
                                    int *status, struct error *err)
{
    struct loaded loaded = {.count = 0};
    struct policies policies = {.count = 0};
    if (wanted->run_count < 2 || wanted->run_count > POLICIES_MOST)
        return error_set(err, ERR_USAGE, "--policies ranks 2 to %d runs: compare --policies A B C",
                         POLICIES_MOST);
    enum err_code code = load(wanted, &loaded, err);
    if (code == ERR_OK)
        code = policies_rank((const struct results *const *)loaded.results, loaded.names,
                             loaded.count, wanted->options, &policies, err);
    if (code == ERR_OK) render(wanted, &policies, out);
    *status = policies.not_comparable.length > 0 ? 3 : policies.invalid.length > 0 ? 4 : 0;
    policies_free(&policies);
    unload(&loaded);
    if (code == ERR_OK && out->failed)
        code = error_set(err, ERR_NOMEM, "no memory for the ranking");
    return code;
}
