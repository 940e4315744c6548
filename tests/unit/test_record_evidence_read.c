/* Reading evidence records back: those of our writer, those of others, and torn ones. */
#include "record/evidence_read.h"
#include "test_record_fixture.h"

static bool parse(const char *line, struct evidence_entry *entry)
{
    return entry_parse(line, strlen(line), entry);
}

static void test_what_the_writer_wrote(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct text line = {0};
    struct evidence_entry entry;
    double offset;
    const char *type;
    fixture_evidence(f, 1, &line);
    assert_int_equal(line.data[line.length - 1], '\n');
    line.data[--line.length] = '\0';
    assert_true(entry_parse(line.data, line.length, &entry));
    assert_int_equal(entry.utc_ns, START_NS + 1500 * NS_PER_MS);
    assert_string_equal(entry.region, "sweden-central");
    assert_int_equal(entry.phase, PHASE_RESPONSE);
    assert_int_equal(entry.domain, DOMAIN_SERVICE);
    assert_string_equal(entry.code, "server_error");
    assert_string_equal(entry.catalogue, "F64");
    assert_string_equal(entry.session_id, "sess_1");
    assert_string_equal(entry.event_id, "");
    assert_string_equal(entry_header(&entry, "APIM-Request-Id"),
                        "11111111-2222-3333-4444-555555555555");
    assert_string_equal(entry_header(&entry, "set-cookie"), "");
    assert_true(entry.turn == 3 && entry.attempt == 1 && entry.close_code == 1011);
    assert_true(entry.http_status == ENTRY_UNKNOWN && entry.input_tokens == ENTRY_UNKNOWN);
    assert_true(entry.possibly_billed && !entry.session_scope && !entry.has_clock_skew);
    assert_int_equal(entry_event_count(&entry), 2);
    assert_true(entry_event(&entry, 1, &offset, &type));
    assert_true(offset == 99.125);
    assert_string_equal(type, "response.created");
    assert_false(entry_event(&entry, 2, &offset, &type));
    entry_free(&entry);
    text_free(&line);
    fixture_free(f);
}

#define LEAST                                                                                      \
    "\"time\":\"2026-04-14T15:00:00Z\",\"region\":\"r\",\"phase\":\"close\",\"domain\":\"none\","  \
    "\"code\":"                                                                                    \
    "\"x\""

static void test_what_is_least_needed(void **state)
{
    (void)state;
    struct evidence_entry entry;
    assert_true(parse("{" LEAST "}", &entry));
    assert_int_equal(entry.domain, DOMAIN_NONE);
    assert_null(entry.headers);
    assert_null(entry.also);
    assert_int_equal(entry_event_count(&entry), 0);
    entry_free(&entry);
    assert_true(
        parse("{" LEAST ",\"also\":[\"F67\"],\"clock_skew_ms\":-12.5,\"usage_shape\":\"zero\","
              "\"tokens\":{\"input\":7},\"turn\":\"three\",\"http_status\":-1,\"headers\":[]}",
              &entry));
    assert_int_equal(cJSON_GetArraySize(entry.also), 1);
    assert_true(entry.has_clock_skew && entry.clock_skew_ms == -12.5);
    assert_string_equal(entry.usage_shape, "zero");
    assert_true(entry.input_tokens == 7 && entry.output_tokens == ENTRY_UNKNOWN);
    assert_true(entry.turn == ENTRY_UNKNOWN && entry.http_status == ENTRY_UNKNOWN);
    assert_null(entry.headers);
    entry_free(&entry);
}

static void test_what_is_no_record(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "",
        "null",
        "[]",
        "{}",
        "{" LEAST,
        "{" LEAST "} x",
        "{\"time\":\"yesterday\",\"region\":\"r\",\"phase\":\"close\",\"domain\":\"none\",\"code\":"
        "\"x\"}",
        "{\"time\":\"2026-04-14T15:00:00Z\",\"region\":\"r\",\"phase\":\"lunch\",\"domain\":"
        "\"none\","
        "\"code\":\"x\"}",
        "{\"time\":\"2026-04-14T15:00:00Z\",\"region\":\"r\",\"phase\":\"close\",\"domain\":"
        "\"them\","
        "\"code\":\"x\"}",
        "{\"time\":\"2026-04-14T15:00:00Z\",\"region\":\"\",\"phase\":\"close\",\"domain\":"
        "\"none\",\"code\":"
        "\"x\"}",
        "{\"time\":\"2026-04-14T15:00:00Z\",\"region\":\"r\",\"phase\":\"close\",\"domain\":"
        "\"none\","
        "\"code\":\"\"}",
        "{\"time\":7,\"region\":\"r\",\"phase\":\"close\",\"domain\":\"none\",\"code\":\"x\"}",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct evidence_entry entry;
        if (parse(lines[i], &entry)) fail_msg("taken for a record: %s", lines[i]);
    }
}

static void count(void *context, const struct evidence_entry *entry)
{
    (void)entry;
    ++*(int *)context;
}

static void test_a_torn_file(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct text notes = {0};
    int seen = 0;
    static const char content[] =
        "{" LEAST "}\nnonsense\n{" LEAST "}\r\n{" LEAST "}\n{\"time\":\"2026";
    assert_int_equal(folder_make(f->folder, NULL), ERR_OK);
    assert_int_equal(
        file_write(fixture_path(f, "failures.jsonl"), content, sizeof content - 1, NULL), ERR_OK);
    assert_int_equal(evidence_read(f->folder, count, &seen, &notes, NULL), ERR_OK);
    assert_int_equal(seen, 3);
    assert_non_null(strstr(text_str(&notes), "the last line is torn"));
    assert_non_null(
        strstr(text_str(&notes), "1 line cannot be read and was skipped, the first in line 2"));
    text_free(&notes);
    assert_int_equal(remove(fixture_path(f, "failures.jsonl")), 0);
    assert_int_equal(evidence_read(f->folder, count, &seen, &notes, NULL), ERR_OK);
    assert_int_equal(seen, 3);
    assert_non_null(strstr(text_str(&notes), "is missing"));
    text_free(&notes);
    fixture_free(f);
}

static void count_failure(void *context, size_t region, int64_t utc_ns, const struct tally *failure)
{
    (void)region;
    (void)utc_ns;
    *(int *)context += (int)failure->count;
}

/* A file that was appended to itself, whole or in part, and lines that are alike but for one
 * thing. Both readers count the same. */
static void test_a_copy_counts_once(void **state)
{
    (void)state;
    static const struct {
        const char *lines[4];
        int wanted;
    } cases[] = {
        {{"\"client_request_id\":\"a\",\"brief\":true",
          "\"client_request_id\":\"a\",\"brief\":true"},
         1},
        {{"\"client_request_id\":\"a\"", "\"client_request_id\":\"b\"",
          "\"client_request_id\":\"a\"", "\"client_request_id\":\"b\""},
         2},
        {{"\"client_request_id\":\"a\",\"attempt\":1", "\"client_request_id\":\"a\",\"attempt\":2"},
         2},
        {{"\"client_request_id\":\"a\",\"elapsed_ms\":0.001",
          "\"client_request_id\":\"a\",\"elapsed_ms\":0.002"},
         2},
        /* nothing tells these from two failures of one kind in one millisecond */
        {{"\"brief\":true", "\"brief\":true"}, 2},
        {{"\"client_request_id\":null,\"brief\":true", "\"client_request_id\":null,\"brief\":true",
          "\"client_request_id\":\"\"", "\"client_request_id\":\"\""},
         4},
    };
    struct fixture *f = fixture_new();
    fixture_write(f);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text content = {0};
        struct text notes = {0};
        struct run_reader *reader = NULL;
        int lines = 0;
        int entries = 0;
        int failures = 0;
        for (; lines < 4 && cases[i].lines[lines] != NULL; lines++)
            text_printf(&content,
                        "{\"time\":\"2026-04-14T15:00:00.000Z\",\"region\":\"eastus2\",\"phase\":"
                        "\"close\",\"domain\":\"service\",\"code\":\"x\",%s}\n",
                        cases[i].lines[lines]);
        (void)remove(fixture_path(f, "failures.jsonl"));
        assert_int_equal(
            file_write(fixture_path(f, "failures.jsonl"), content.data, content.length, NULL),
            ERR_OK);
        assert_int_equal(evidence_read(f->folder, count, &entries, &notes, NULL), ERR_OK);
        assert_int_equal(run_reader_open(f->folder, &reader, NULL), ERR_OK);
        assert_int_equal(run_reader_failures(reader, count_failure, &failures, NULL), ERR_OK);
        if (entries != cases[i].wanted || failures != cases[i].wanted)
            fail_msg("case %zu: %d entries and %d failures, not %d", i, entries, failures,
                     cases[i].wanted);
        const bool told = strstr(text_str(&notes), "had come before") != NULL;
        assert_int_equal(told, lines > cases[i].wanted);
        assert_int_equal(strstr(run_reader_notes(reader), "had come before") != NULL, told);
        run_reader_close(reader);
        text_free(&content);
        text_free(&notes);
    }
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_copy_counts_once),   cmocka_unit_test(test_what_the_writer_wrote),
        cmocka_unit_test(test_what_is_least_needed), cmocka_unit_test(test_what_is_no_record),
        cmocka_unit_test(test_a_torn_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
