/* The prices of a run, read back from its manifest, and what of it counts as free. */
#include "figures/model.h"
#include "figures/prices.h"
#include "test_report_fixture.h"

#define PRICED(prices)                                                                             \
    "{\"name\":\"priced\",\"regions\":[{\"name\":\"east\",\"endpoint\":"                           \
    "\"https://contoso.openai.azure.com\",\"deployment\":\"rt\",\"model\":\"gpt-4.1-mini\"}],"     \
    "\"load\":{\"stages\":[{\"duration\":\"3h\",\"target\":1}]},\"prices\":{" prices "}}"

/* A run of one interval with so many tokens. */
static struct results *run(const char *profile, uint64_t input, uint64_t output, struct maker **m)
{
    *m = maker_new(profile, NULL);
    maker_interval(*m, SIX_PDT, SIX_PDT + 10 * NS_PER_S);
    maker_session(*m, 0, 1, "..", 100);
    (*m)->cells[0].counters.input_tokens = input;
    (*m)->cells[0].counters.output_tokens = output;
    maker_write(*m);
    maker_finish(*m, "complete");
    return maker_load(*m, NULL, 0);
}

/* The manifest gives back each number of the row that the profile itself would take. */
static void the_row_is_the_profiles_own(void **state)
{
    static const char *const profiles[] = {
        PRICED("\"as_of\":\"2026-10-01\",\"gpt-4\":{\"text_in\":1,\"text_out\":1},\"gpt-4.1\":{"
               "\"text_in\":4,\"text_cached\":0.4,\"text_out\":16,\"audio_in\":32,"
               "\"audio_cached\":0.5,\"audio_out\":64,\"image_in\":8,\"image_cached\":0.8,"
               "\"per_minute\":3},\"gpt-4.1-nano\":{\"text_in\":2,\"text_out\":2}"),
        PRICED("\"gpt-4.1-mini\":{\"per_minute\":6},\"gpt-4.1\":{\"text_in\":1,\"text_out\":1}"),
        PRICED("\"other\":{\"text_in\":1,\"text_out\":1}"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
        struct maker *m;
        struct results *results = run(profiles[i], 1, 1, &m);
        const struct price *own = prices_find(&m->profile->prices, "gpt-4.1-mini");
        struct price read;
        assert_int_equal(results_price(results, 0, &read), own != NULL);
        if (own != NULL) {
            assert_string_equal(read.model, own->model);
            read.model = own->model;
            assert_memory_equal(&read, own, sizeof read);
        }
        results_free(results);
        maker_free(m);
    }
}

/* Whatever costs nothing though tokens have a price is named by its key; and only that. */
static void tokens_that_cost_nothing_are_named(void **state)
{
    static const struct {
        const char *profile;
        uint64_t input, output;
        bool in, out; /* whether they are named */
    } rows[] = {
        {PRICED("\"gpt-4.1\":{\"text_in\":4,\"text_out\":0}"), 9, 9, false, true},
        {PRICED("\"gpt-4.1\":{\"text_in\":0,\"text_out\":4}"), 9, 9, true, false},
        {PRICED("\"gpt-4.1\":{\"text_in\":0,\"text_out\":0}"), 9, 9, true, true},
        {PRICED("\"gpt-4.1\":{\"text_in\":4,\"text_out\":0,\"audio_out\":64}"), 9, 9, false, true},
        {PRICED("\"gpt-4.1\":{\"text_in\":4,\"text_out\":0,\"per_minute\":1}"), 9, 9, false, true},
        {PRICED("\"gpt-4.1\":{\"text_in\":4,\"text_out\":0}"), 9, 0, false, false}, /* not used */
        {PRICED("\"gpt-4.1\":{\"text_in\":4,\"text_out\":4}"), 9, 9, false, false},
        {PRICED("\"gpt-4.1\":{\"per_minute\":1}"), 9, 9, false, false},
        {PRICED("\"other\":{\"text_in\":0,\"text_out\":0}"), 9, 9, false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct maker *m;
        struct results *results = run(rows[i].profile, rows[i].input, rows[i].output, &m);
        const char *notes = text_str(&results->notes);
        if ((strstr(notes, "east: prices.gpt-4.1.text_in of") != NULL) != rows[i].in ||
            (strstr(notes, "east: prices.gpt-4.1.text_out of") != NULL) != rows[i].out)
            fail_msg("%s: %s", rows[i].profile, notes);
        results_free(results);
        maker_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_row_is_the_profiles_own),
        cmocka_unit_test(tokens_that_cost_nothing_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
