/* Merging any partition of a run gives the run: the same report, to the last digit. */
#include "base/random.h"
#include "record/merge.h"

#include "report/report.h"
#include "test_report_fixture.h"

#define TWO                                                                                        \
    "{\"name\":\"two\",\"regions\":[{\"name\":\"eastus2\",\"endpoint\":\"https://"                 \
    "a.openai.azure.com\","                                                                        \
    "\"deployment\":\"rt\",\"auth\":{\"api_key\":\"${KEY}\"}},{\"name\":\"swedencentral\","        \
    "\"endpoint\":"                                                                                \
    "\"https://b.openai.azure.com\",\"deployment\":\""                                             \
    "rt\",\"auth\":{\"api_key\":\"${KEY}\"}}],"                                                    \
    "\"load\":{\"stages\":[{\"duration\":\"3h\",\"target\":1}]},\"windows\":{\"interval\":\"1h\"," \
    "\"report\":[\"1h\",\"peak=08:00-09:00@America/Los_Angeles\"]},"                               \
    "\"thresholds\":[\"failure_rate < 5%\",\"ttft.p50 < 1s\"]}"
#define HOURS 4
#define SESSIONS 120 /* per hour and region */
#define PARTS_MAX 4

/* A session that is the same in whichever run it is. */
static void add_session(struct maker *m, size_t region, uint64_t number)
{
    struct random random;
    char attempts[16] = "";
    random_seed(&random, 11, number * 2 + region);
    uint64_t count = 1 + random_below(&random, 9);
    bool poisoned = false;
    for (uint64_t i = 0; i < count; i++) {
        poisoned = poisoned || random_unit(&random) < 0.05;
        attempts[i] = poisoned ? 'F' : '.';
    }
    attempts[count] = '\0';
    maker_session(m, region, number, attempts, 50 + 1000 * random_unit(&random));
}

/* Which of `parts` a session belongs to, drawn by `seed`; the whole takes all. */
static bool belongs(uint64_t seed, size_t region, uint64_t number, size_t part, size_t parts)
{
    struct random random;
    random_seed(&random, seed, number * 2 + region);
    return parts == 1 || random_below(&random, parts) == part;
}

static struct maker *run_of(uint64_t seed, size_t part, size_t parts)
{
    struct maker *m = maker_new(TWO, NULL);
    for (uint64_t hour = 0; hour < HOURS; hour++) {
        maker_interval(m, SIX_PDT + (int64_t)hour * HOUR, SIX_PDT + (int64_t)(hour + 1) * HOUR);
        for (uint64_t i = 1; i <= SESSIONS; i++) {
            for (size_t r = 0; r < 2; r++) {
                if (belongs(seed, r, hour * SESSIONS + i, part, parts))
                    add_session(m, r, hour * SESSIONS + i);
            }
        }
        maker_write(m);
    }
    maker_finish(m, "complete");
    return m;
}

static cJSON *report_of(const char *folder)
{
    struct error err = {0};
    struct results *results;
    struct text out = {0};
    if (results_load(folder, NULL, 0, &results, &err) != ERR_OK) fail_msg("%s", err.text);
    results_json(results, &out);
    cJSON *root = cJSON_Parse(text_str(&out));
    assert_non_null(root);
    text_free(&out);
    results_free(results);
    return root;
}

static void same_part(const cJSON *a, const cJSON *b, const char *key)
{
    const cJSON *of_a = cJSON_GetObjectItem(a, key);
    const cJSON *of_b = cJSON_GetObjectItem(b, key);
    if (cJSON_Compare(of_a, of_b, true)) return;
    char *text_a = cJSON_PrintUnformatted(of_a);
    char *text_b = cJSON_PrintUnformatted(of_b);
    size_t at = 0;
    while (text_a[at] != '\0' && text_a[at] == text_b[at]) at++;
    size_t from = at > 80 ? at - 80 : 0;
    fail_msg("%s differs: ...%.160s... and ...%.160s...", key, text_a + from, text_b + from);
}

/* Writes the manifest of the merge, to complete the folder. */
static void merge_into(const char *folder, const char *const *runs, size_t count,
                       struct text *notes)
{
    struct error err = {0};
    cJSON *manifest;
    struct text path = {0};
    if (run_merge(folder, false, runs, count, &manifest, notes, &err) != ERR_OK)
        fail_msg("%s", err.text);
    char *json = cJSON_Print(manifest);
    text_printf(&path, "%s/run.json", folder);
    assert_int_equal(file_write(text_str(&path), json, strlen(json), &err), ERR_OK);
    text_free(&path);
    cJSON_free(json);
    cJSON_Delete(manifest);
}

/* Changes a word of a run's manifest. */
static void put_word(const struct maker *m, const char *key, const char *word)
{
    struct error err = {0};
    struct text json = {0};
    struct text path = {0};
    text_printf(&path, "%s/run.json", m->folder);
    assert_int_equal(file_read(text_str(&path), 1 << 20, &json, &err), ERR_OK);
    cJSON *root = cJSON_Parse(text_str(&json));
    cJSON_DeleteItemFromObject(cJSON_GetObjectItem(root, "run"), key);
    cJSON_AddItemToObject(cJSON_GetObjectItem(root, "run"), key, cJSON_CreateString(word));
    char *printed = cJSON_Print(root);
    assert_int_equal(file_write(text_str(&path), printed, strlen(printed), &err), ERR_OK);
    cJSON_free(printed);
    cJSON_Delete(root);
    text_free(&json);
    text_free(&path);
}

static void rename_run(const struct maker *m, size_t part, size_t parts)
{
    char shard[32];
    (void)snprintf(shard, sizeof shard, "%zu/%zu", part + 1, parts);
    put_word(m, "shard", shard);
}

static void any_partition_is_the_whole(void **state)
{
    (void)state;
    struct maker *whole = run_of(0, 0, 1);
    cJSON *wanted = report_of(whole->folder);
    for (uint64_t seed = 1; seed <= 6; seed++) {
        size_t parts = 1 + seed % PARTS_MAX;
        struct maker *makers[PARTS_MAX];
        const char *runs[PARTS_MAX];
        char folder[96];
        struct text notes = {0};
        for (size_t p = 0; p < parts; p++) {
            makers[p] = run_of(seed, p, parts);
            rename_run(makers[p], p, parts);
            runs[p] = makers[p]->folder;
        }
        (void)snprintf(folder, sizeof folder, "%s/merged", makers[0]->root);
        merge_into(folder, runs, parts, &notes);
        assert_string_equal(text_str(&notes), "");
        cJSON *got = report_of(folder);
        same_part(got, wanted, "totals");
        same_part(got, wanted, "regions");
        same_part(got, wanted, "windows");
        same_part(got, wanted, "thresholds");
        same_part(got, wanted, "notes");
        cJSON_Delete(got);
        text_free(&notes);
        for (size_t p = 0; p < parts; p++) maker_free(makers[p]);
    }
    cJSON_Delete(wanted);
    maker_free(whole);
}

/* Two of three parts read like a smaller load, which nobody requested. */
static void a_missing_shard_is_named(void **state)
{
    (void)state;
    struct maker *makers[2];
    const char *runs[2];
    char folder[96];
    struct text notes = {0};
    for (size_t p = 0; p < 2; p++) {
        makers[p] = run_of(1, p, 3);
        rename_run(makers[p], p, 3);
        runs[p] = makers[p]->folder;
    }
    (void)snprintf(folder, sizeof folder, "%s/merged", makers[0]->root);
    merge_into(folder, runs, 2, &notes);
    assert_string_equal(text_str(&notes),
                        "The run is incomplete: of its shards, 3/3 is missing.\n");
    cJSON *got = report_of(folder);
    char *told = cJSON_PrintUnformatted(cJSON_GetObjectItem(got, "notes"));
    assert_non_null(strstr(told, "3/3 is missing"));
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(got, "verdict")), "invalid");
    const cJSON *run = cJSON_GetObjectItem(got, "run");
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(run, "state")), "incomplete");
    cJSON_free(told);
    cJSON_Delete(got);
    text_free(&notes);
    for (size_t p = 0; p < 2; p++) maker_free(makers[p]);
}

static void assert_cut_short(const char *folder, const char *how)
{
    cJSON *got = report_of(folder);
    char *told = cJSON_PrintUnformatted(cJSON_GetObjectItem(got, "notes"));
    assert_non_null(strstr(told, how));
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(got, "verdict")), "invalid");
    cJSON_free(told);
    cJSON_Delete(got);
}

/* However a shard ended before its load did, what follows is less than was asked for: the merged
 * run does not pass, nor does one that it is merged into. */
static void a_shard_cut_short_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *state, *told;
    } rows[] = {{"running", "2/3 was killed"},
                {"interrupted", "2/3 was interrupted"},
                {"stopped", "2/3 was stopped (the budget is spent)"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct maker *makers[3];
        const char *runs[3];
        char some[96];
        char all[96];
        struct text notes = {0};
        for (size_t p = 0; p < 3; p++) {
            makers[p] = run_of(1, p, 3);
            rename_run(makers[p], p, 3);
            runs[p] = makers[p]->folder;
        }
        put_word(makers[1], "state", rows[i].state);
        if (strcmp(rows[i].state, "stopped") == 0)
            put_word(makers[1], "reason", "the budget is spent");
        (void)snprintf(some, sizeof some, "%s/some", makers[0]->root);
        (void)snprintf(all, sizeof all, "%s/all", makers[0]->root);
        merge_into(some, runs, 2, &notes);
        assert_cut_short(some, rows[i].told);
        const char *both[] = {some, runs[2]};
        text_clear(&notes);
        merge_into(all, both, 2, &notes);
        assert_cut_short(all, rows[i].told);
        text_free(&notes);
        for (size_t p = 0; p < 3; p++) maker_free(makers[p]);
    }
}

/* Appends the last line of a file once more, with another figure in it. */
static void repeat_last_line(const struct maker *m, const char *name, char from, char to)
{
    struct error err = {0};
    struct text content = {0};
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", m->folder, name);
    assert_int_equal(file_read(path, 1 << 24, &content, &err), ERR_OK);
    content.data[content.length - 1] = '\0';
    struct text again = {0};
    text_puts(&again, strrchr(content.data, '\n') + 1);
    content.data[content.length - 1] = '\n';
    char *figure = strrchr(again.data, from);
    if (figure != NULL) *figure = to;
    text_puts(&content, text_str(&again));
    text_puts(&content, "\n");
    assert_int_equal(file_write(path, text_str(&content), content.length, &err), ERR_OK);
    text_free(&content);
    text_free(&again);
}

/* Of rows of one interval and region, of histograms, of attempts that stand twice in a run, a merge
 * takes the one that a report of the run itself takes, however much the other differs. */
static void rows_that_stand_twice_count_as_in_the_run(void **state)
{
    static const struct {
        const char *file;
        char from, to; /* the same: a copy */
    } rows[] = {{"intervals.csv", '0', '7'},
                {"intervals.csv", '0', '0'},
                {"latency.hlog", 'A', 'A'},
                {"attempts.csv", ',', ','}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct maker *a = run_of(1, 0, 2);
        struct maker *b = run_of(1, 1, 2);
        struct text notes = {0};
        char folder[96];
        char again[96];
        rename_run(a, 0, 2);
        rename_run(b, 1, 2);
        const char *runs[] = {a->folder, b->folder};
        (void)snprintf(folder, sizeof folder, "%s/merged", a->root);
        (void)snprintf(again, sizeof again, "%s/again", a->root);
        merge_into(folder, runs, 2, &notes);
        assert_null(strstr(text_str(&notes), "left out"));
        repeat_last_line(a, rows[i].file, rows[i].from, rows[i].to);
        merge_into(again, runs, 2, &notes);
        if (strstr(text_str(&notes), "of 1 lines another one was there before") == NULL)
            fail_msg("%s: %s", rows[i].file, text_str(&notes));
        cJSON *whole = report_of(folder);
        cJSON *same = report_of(again);
        same_part(whole, same, "windows");
        same_part(whole, same, "totals");
        cJSON_Delete(whole);
        cJSON_Delete(same);
        text_free(&notes);
        maker_free(a);
        maker_free(b);
    }
}

static void other_profiles_and_twins_are_refused(void **state)
{
    (void)state;
    struct maker *a = run_of(1, 0, 2);
    struct maker *b = run_of(1, 1, 2);
    struct maker *other = maker_new(INCIDENT_PROFILE(""), NULL);
    maker_incident(other);
    maker_finish(other, "complete");
    struct error err = {0};
    struct text notes = {0};
    cJSON *manifest;
    char folder[96];
    (void)snprintf(folder, sizeof folder, "%s/merged", a->root);
    const char *different[] = {a->folder, other->folder};
    assert_int_equal(run_merge(folder, false, different, 2, &manifest, &notes, &err), ERR_FORMAT);
    assert_non_null(strstr(err.text, "profile.name"));
    assert_false(file_exists(folder));
    const char *twins[] = {a->folder, b->folder, a->folder};
    assert_int_equal(run_merge(folder, false, twins, 3, &manifest, &notes, &err), ERR_FORMAT);
    assert_non_null(strstr(err.text, "same run"));
    assert_false(file_exists(folder));
    char both[96];
    (void)snprintf(both, sizeof both, "%s/both", a->root);
    merge_into(both, twins, 2, &notes);
    const char *held[][2] = {{both, a->folder}, {b->folder, both}, {both, both}};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(run_merge(folder, false, held[i], 2, &manifest, &notes, &err), ERR_FORMAT);
        assert_non_null(strstr(err.text, "hold the same run"));
        assert_false(file_exists(folder));
    }
    text_free(&notes);
    maker_free(a);
    maker_free(b);
    maker_free(other);
}

static void refuse_to_merge_into(const char *folder, const char *const *runs, const char *kept)
{
    struct error err = {0};
    struct text notes = {0};
    cJSON *manifest;
    assert_int_equal(run_merge(folder, false, runs, 2, &manifest, &notes, &err), ERR_IO);
    assert_non_null(strstr(err.text, folder));
    if (!file_exists(kept)) fail_msg("%s: merging into %s took it away", kept, folder);
    text_free(&notes);
}

/* Whatever is already at the destination is left alone: one of the merged runs, the folder of all
 * runs, somebody's notes, a file. */
static void a_place_in_use_is_left_alone(void **state)
{
    (void)state;
    struct maker *a = run_of(1, 0, 2);
    struct maker *b = run_of(1, 1, 2);
    struct error err = {0};
    const char *runs[] = {a->folder, b->folder};
    char kept[192];
    char folder[128];
    rename_run(a, 0, 2);
    rename_run(b, 1, 2);
    (void)snprintf(kept, sizeof kept, "%s/attempts.csv", a->folder);
    refuse_to_merge_into(a->folder, runs, kept);
    refuse_to_merge_into(a->root, runs, kept);
    refuse_to_merge_into(kept, runs, kept);
    (void)snprintf(folder, sizeof folder, "%s/mine", a->root);
    (void)snprintf(kept, sizeof kept, "%s/notes.txt", folder);
    assert_int_equal(folder_make(folder, &err), ERR_OK);
    assert_int_equal(file_write(kept, "mine", 4, &err), ERR_OK);
    refuse_to_merge_into(folder, runs, kept);
    maker_free(a);
    maker_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_partition_is_the_whole),
        cmocka_unit_test(a_missing_shard_is_named),
        cmocka_unit_test(a_shard_cut_short_is_named),
        cmocka_unit_test(rows_that_stand_twice_count_as_in_the_run),
        cmocka_unit_test(other_profiles_and_twins_are_refused),
        cmocka_unit_test(a_place_in_use_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
