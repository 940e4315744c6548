/* A run whose records each test writes, and its package. */
#ifndef RUSHHOUR_TESTS_PACKAGE_FIXTURE_H
#define RUSHHOUR_TESTS_PACKAGE_FIXTURE_H

#include "package/digest.h"
#include "package/open.h"
#include "package/parts.h"
#include "test_report_fixture.h"

#define REGION(name)                                                                               \
    "{\"name\":\"" name "\",\"endpoint\":\"https://" name                                          \
    ".openai.azure.com\",\"deployment\":\"rt\",\"auth\":{\"api_key\":\"${KEY}\"}}"
#define TWO                                                                                        \
    "{\"name\":\"two\",\"regions\":[" REGION("east") "," REGION(                                   \
        "west") "],\"load\":{\"stages\":[{\"duration\":\"3h\",\"target\":1}]},"                    \
                "\"windows\":{\"interval\":\"10s\",\"report\":[\"1m\"]}}"

#define MINUTE (60 * NS_PER_S)
#define FAILED 4 /* attempts of the first region */

/* A run of ten minutes with some load in both regions, the first of which fails more. */
static inline struct maker *begin(void)
{
    struct maker *m = maker_new(TWO, NULL);
    maker_interval(m, SIX_PDT, SIX_PDT + 10 * NS_PER_S);
    for (uint64_t i = 1; i <= 40; i++) {
        maker_session(m, 0, i, i <= FAILED ? ".F" : "..", 100);
        maker_session(m, 1, 100 + i, "..", 100);
    }
    text_clear(&m->lines); /* the records are those of each test */
    return m;
}

/* One record of a code, as the table of failures has it, `at_ns` after the start. */
struct record {
    const char *code;
    int64_t at_ns;
    size_t region;
    const struct evidence_header *headers;
    size_t header_count;
    const char *session_id, *client_request_id, *address, *decision;
    uint64_t turn;
    struct usage usage;
    bool session_scope, possibly_billed, brief;
    const char *message;
    int http_status;
};

static inline void write_record(struct maker *m, const struct record *r)
{
    const struct failure_class *class = failure_class_of(r->code);
    if (class == NULL) fail_msg("no such code: %s", r->code);
    const struct evidence evidence = {
        .transport = "websocket",
        .utc_ns = SIX_PDT + r->at_ns,
        .region = &m->profile->regions[r->region],
        .failure = *class,
        .address = r->address != NULL ? r->address : "",
        .session_scope = r->session_scope,
        .message = r->message != NULL ? r->message : "",
        .http_status = r->http_status,
        .brief = r->brief,
        .headers = r->headers,
        .header_count = r->header_count,
        .client_request_id = r->client_request_id != NULL ? r->client_request_id : "",
        .session_id = r->session_id != NULL ? r->session_id : "",
        .response_id = "",
        .event_id = "",
        .close_reason = "",
        .attempt = r->session_scope ? 0 : 1,
        .turn = r->turn,
        .usage = r->usage,
        .possibly_billed = r->possibly_billed,
        .decision = r->decision != NULL ? r->decision : "give_up",
        .sent = "",
    };
    evidence_write(&m->lines, &evidence, NULL);
}

static inline void add(struct maker *m, const char *code, int64_t at_ns)
{
    write_record(m, &(struct record){.code = code, .at_ns = at_ns});
}

/* Ends the run and opens its package; package_close and maker_free are the caller's. */
static inline void open_package(struct maker *m, struct package *package,
                                struct package_request *request)
{
    struct error err = {0};
    if (m->writer != NULL) {
        maker_write(m);
        maker_finish(m, "complete");
    }
    request->folder = m->folder;
    request->output = "/nowhere"; /* nothing is written here */
    *package = (struct package){.request = request};
    if (package_open(package, &err) != ERR_OK) fail_msg("%s", err.text);
}

#endif
