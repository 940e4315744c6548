/* What the records of a run do not say: hints elsewhere, and records that are missing. */
#include "test_package_fixture.h"

/* When to try again stands in headers of a refused upgrade, or in a sentence of whatever ends an
 * attempt; each failure counts once, and what is no such hint does not. */
static void hints_count_wherever_they_stand(void **state)
{
    static const struct evidence_header soon[] = {{"retry-after-ms", "800"}, {"retry-after", "1"}};
    static const struct evidence_header later[] = {{"Retry-After", "20"}};
    static const struct evidence_header date[] = {{"date", "Tue, 14 Apr 2026 13:00:00 GMT"},
                                                  {"retry-after", "Tue, 14 Apr 2026 13:00:09 GMT"}};
    static const struct evidence_header reset[] = {{"x-ratelimit-remaining-tokens", "0"},
                                                   {"x-ratelimit-reset-tokens", "6m0s"}};
    static const struct evidence_header bad[] = {{"retry-after", "soon"}};
    static const struct {
        const struct evidence_header *headers;
        size_t header_count;
        const char *code, *message;
        int http_status;
        bool brief, hinted;
    } rows[] = {
        {soon, 2, "upgrade_429", "", 429, false, true},
        {later, 1, "upgrade_429", "Please retry after 20 seconds.", 429, false, true},
        {date, 2, "upgrade_429", "", 429, false, true},
        {reset, 2, "upgrade_429", "", 429, false, true},
        {NULL, 0, "rate_limit_exceeded", "Please try again in 1m3s.", 0, false, true},
        {NULL, 0, "rate_limit_exceeded", "Try again in 250ms.", 101, false, true},
        {NULL, 0, "quota_exhausted", "Quota will be replenished in 03:14:15.", 403, false, true},
        {NULL, 0, "upgrade_429", "Too many requests.", 429, false, false},
        {bad, 1, "upgrade_429", "", 429, false, false},
        {soon, 2, "rate_limit_exceeded", "Limit reached.", 101, false, false}, /* accepted */
        {later, 1, "upgrade_429", "Please retry after 20 seconds.", 429, true, false},
        {soon, 2, "server_error", "Please retry after 6 seconds.", 500, false, false},
    };
    uint64_t hinted = 0;
    uint64_t brief = 0;
    (void)state;
    struct maker *m = begin();
    struct package package;
    struct package_request request = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        write_record(m, &(struct record){.code = rows[i].code,
                                         .headers = rows[i].headers,
                                         .header_count = rows[i].header_count,
                                         .message = rows[i].message,
                                         .http_status = rows[i].http_status,
                                         .brief = rows[i].brief});
        hinted += rows[i].hinted;
        brief += rows[i].brief;
    }
    open_package(m, &package, &request);
    assert_int_equal(package.digest.hinted, hinted);
    assert_int_equal(package.digest.brief, brief);
    struct text letter = {0};
    package_quota_letter(&package, &letter);
    if (strstr(text_str(&letter), "- 7 of those that name our limit say when to try again, in a "
                                  "header or in their text; of 1 more neither was kept.") == NULL)
        fail_msg("%s", text_str(&letter));
    text_free(&letter);
    package_close(&package);
    maker_free(m);
}

/* ---- records that are missing ---- */

static const struct finding *finding_of(const struct findings *findings, const char *what)
{
    for (size_t i = 0; i < findings->count; i++) {
        if (strcmp(findings->items[i].what, what) == 0) return &findings->items[i];
    }
    fail_msg("no finding \"%s\"", what);
    return NULL;
}

static void check_states(const struct findings *findings, const char *const *whats,
                         enum finding_state wanted, const char *why)
{
    for (; *whats != NULL; whats++) {
        const struct finding *finding = finding_of(findings, *whats);
        if (finding->state != wanted || (why != NULL && strstr(finding->how, why) == NULL))
            fail_msg("%s: %s (%s)", *whats, finding_state_name(finding->state), finding->how);
    }
}

/* Four attempts failed, and so many have a record. What no record shows is excluded only if each
 * of the four has one; what intervals.csv tells, and what a record shows, holds in any case. */
static void what_no_record_shows_is_not_known(void **state)
{
    static const char *const by_record[] = {"our machine ran out of sockets, ports or memory",
                                            "DNS",
                                            "TCP path and firewalls",
                                            "TLS, certificates, inspecting proxies",
                                            "a proxy that blocks WebSocket",
                                            "credentials",
                                            "our configuration",
                                            "content filter",
                                            "faults of our client",
                                            NULL};
    static const char *const quota[] = {"our quota (RPM, TPM)", NULL};
    static const char *const counted[] = {"our client was overloaded", "a storm of our own retries",
                                          NULL};
    static const char *const unmet[] = {"sustained 429 below the approved quota",
                                        "errors last more than a few minutes", NULL};
    static const struct {
        int records; /* -1: no file at all */
        const char *code;
    } rows[] = {{-1, ""}, {0, ""}, {1, "server_error"}, {3, "upgrade_429"}, {4, "server_error"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct maker *m = begin();
        struct package package;
        struct package_request request = {0};
        char file[128];
        char why[64];
        const int records = rows[i].records < 0 ? 0 : rows[i].records;
        const bool all = records == FAILED;
        const bool refused = strcmp(rows[i].code, "upgrade_429") == 0;
        for (int k = 0; k < records; k++) add(m, rows[i].code, NS_PER_S);
        maker_write(m);
        maker_finish(m, "complete");
        (void)snprintf(file, sizeof file, "%s/failures.jsonl", m->folder);
        if (rows[i].records < 0) assert_int_equal(remove(file), 0);
        open_package(m, &package, &request);
        (void)snprintf(why, sizeof why, "records of %d of %d failed attempts", records, FAILED);
        const enum finding_state unseen = all ? FINDING_EXCLUDED : FINDING_NOT_KNOWN;
        const char *reason = all ? NULL : why;
        check_states(&package.exclusions, by_record, unseen, reason);
        check_states(&package.exclusions, quota, refused ? FINDING_NOT_EXCLUDED : unseen, reason);
        check_states(&package.exclusions, counted, FINDING_EXCLUDED, NULL);
        const enum finding_state met = all ? FINDING_NOT_MET : FINDING_NOT_KNOWN;
        check_states(&package.conditions, unmet, met, refused ? NULL : reason);
        assert_int_equal(package.quota, all       ? QUOTA_NONE
                                        : refused ? QUOTA_EVIDENCE
                                                  : QUOTA_UNKNOWN);
        assert_true((strstr(text_str(&package.quota_reason), why) != NULL) == !all);
        package_close(&package);
        maker_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hints_count_wherever_they_stand),
        cmocka_unit_test(what_no_record_shows_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
