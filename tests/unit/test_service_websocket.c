/* The WebSocket as a transport: what it asks and sends, and what it makes of the other side. */
#include "service/carriers.h"
#include "service/transport.h"

#include "scripted_net.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* What the owner heard. */
static struct {
    unsigned stages[8];
    size_t stage_count;
    char address[48];
    int answers, refusals, events, garbage, ends;
    enum event_kind kind;
    char type[EVENT_TYPE_SIZE], session_id[ID_SIZE];
    struct failure_facts answer, end;
    bool opened;
    char close_reason[64], detail[64];
} heard;

static void on_stage(void *user, unsigned stage, const char *address, uint64_t at_ns)
{
    (void)user;
    assert_true(at_ns > 0);
    heard.stages[heard.stage_count++] = stage;
    (void)snprintf(heard.address, sizeof heard.address, "%s", address);
}

static void on_answer(void *user, const struct answer *answer, uint64_t at_ns)
{
    (void)user;
    (void)at_ns;
    heard.answers++;
    heard.refusals += !answer->raw.accepted;
    heard.answer = answer->facts;
}

static void on_event(void *user, const struct heard *event, uint64_t at_ns)
{
    (void)user;
    (void)at_ns;
    heard.events++;
    heard.garbage += event->garbage;
    heard.kind = event->event.kind;
    (void)snprintf(heard.type, sizeof heard.type, "%s", event->type);
    if (event->event.kind == EVENT_SESSION_CREATED)
        (void)snprintf(heard.session_id, sizeof heard.session_id, "%s", event->event.session_id);
}

static void on_end(void *user, const struct ending *ending, uint64_t at_ns)
{
    assert_ptr_equal(user, &heard);
    (void)at_ns;
    heard.ends++;
    heard.opened = ending->opened;
    heard.end = ending->facts;
    (void)snprintf(heard.close_reason, sizeof heard.close_reason, "%s", ending->facts.close_reason);
    (void)snprintf(heard.detail, sizeof heard.detail, "%s", ending->detail);
}

static const struct transport_handlers handlers = {
    .on_stage = on_stage, .on_answer = on_answer, .on_event = on_event, .on_end = on_end};

static struct {
    struct profile *profile;
    struct target target;
    struct carriers carriers;
    struct conversation *conversation;
} it;

static void set_up(const char *auth)
{
    char json[1024];
    struct error err = {0};
    (void)setenv("K", "s3cret", 1);
    int length = snprintf(json, sizeof json,
                          "{\"name\":\"w\",\"regions\":[{\"name\":\"a\",\"endpoint\":"
                          "\"https://x.example.com\",\"deployment\":\"d\",\"dialect\":\"ga\","
                          "\"headers\":{\"x-team\":\"blue\"},\"auth\":%s}],"
                          "\"load\":{\"stages\":[{\"duration\":\"1s\",\"target\":1}]}}",
                          auth);
    memset(&scripted, 0, sizeof scripted);
    memset(&heard, 0, sizeof heard);
    memset(&it, 0, sizeof it);
    if (profile_parse("w.json", json, (size_t)length, &it.profile, &err) != ERR_OK ||
        profile_secrets_load(it.profile, &err) != ERR_OK ||
        target_init(&it.target, &it.profile->regions[0], &(struct target_options){0}, &err) !=
            ERR_OK)
        fail_msg("%s", err.text);
    const struct target *target = &it.target;
    const struct carriers_plan plan = {
        .targets = &target, .target_count = 1, .handlers = &handlers};
    assert_int_equal(carriers_open(&it.carriers, &plan, &err), ERR_OK);
}

static enum err_code dial(const char *credential, int64_t expires_s)
{
    struct carrier *carrier = carriers_for(&it.carriers, &it.target);
    struct error err = {0};
    const struct opening opening = {.target = &it.target,
                                    .credential = credential,
                                    .credential_expires_s = expires_s,
                                    .client_request_id = "id-1"};
    return carrier->transport->open(carrier, &opening, &heard, &it.conversation, &err);
}

static void tear_down(void)
{
    if (scripted.user != NULL) play_end(&(struct ws_end){0});
    carriers_close(&it.carriers);
    assert_int_equal(scripted.clients, 0);
    target_free(&it.target);
    profile_free(it.profile);
}

#define KEY "{\"api_key\":\"${K}\"}"

static void the_request_carries_credential_headers_and_our_id(void **state)
{
    (void)state;
    set_up(KEY);
    assert_int_equal(dial(NULL, 0), ERR_OK);
    assert_string_equal(scripted.target, "/openai/v1/realtime?model=d");
    assert_int_equal(scripted.header_count, 3);
    assert_string_equal(scripted.names[0], "api-key");
    assert_string_equal(scripted.values[0], "s3cret");
    assert_string_equal(scripted.names[1], "x-team");
    assert_string_equal(scripted.names[2], "x-ms-client-request-id");
    assert_string_equal(scripted.values[2], "id-1");
    tear_down();
}

static void the_credential_of_the_hour_takes_the_header_s_place(void **state)
{
    (void)state;
    set_up("{\"token\":\"${K}\"}");
    assert_int_equal(dial("Bearer fresh", 0), ERR_OK);
    assert_string_equal(scripted.names[0], "Authorization");
    assert_string_equal(scripted.values[0], "Bearer fresh");
    tear_down();
    set_up("{\"api_key\":\"${K}\",\"in\":\"query\"}"); /* there is no such header to replace */
    assert_int_equal(dial("Bearer fresh", 0), ERR_OK);
    assert_string_equal(scripted.names[0], "x-team");
    assert_string_equal(scripted.values[0], "blue");
    tear_down();
}

static void stages_are_told_by_their_place_in_the_table(void **state)
{
    const struct transport_stages *stages = websocket_transport.stages;
    (void)state;
    set_up(KEY);
    assert_int_equal(dial(NULL, 0), ERR_OK);
    play_steps(WS_STEP_RESOLVED, WS_STEP_UPGRADED);
    assert_int_equal(heard.stage_count, 4);
    for (unsigned i = 0; i < 4; i++) assert_int_equal(heard.stages[i], i);
    assert_string_equal(stages->rows[3].name, "upgrade");
    assert_true(stages->rows[3].flags & STAGE_CONNECTS);
    assert_string_equal(heard.address, "192.0.2.7");
    tear_down();
}

static void an_answer_is_read_with_what_was_asked(void **state)
{
    const struct http_header hint = {"retry-after", "2"};
    (void)state;
    set_up(KEY);
    assert_int_equal(dial(NULL, 1000), ERR_OK); /* a credential of 1970 */
    play_refusal(429, &hint, 1, "{}");
    assert_int_equal(heard.answers, 1);
    assert_int_equal(heard.refusals, 1);
    assert_true(heard.answer.hinted && heard.answer.credential_expired);
    play_end(&(struct ws_end){.http_status = 429});
    assert_int_equal(heard.end.http_status, 429);
    assert_false(heard.opened);
    assert_int_equal(dial(NULL, 0), ERR_OK);
    play_open(NULL, 0);
    assert_int_equal(heard.refusals, 1);
    assert_false(heard.answer.credential_expired);
    tear_down();
}

static void messages_are_events_or_garbage(void **state)
{
    static const struct {
        const char *json, *type;
        enum event_kind kind;
        bool garbage;
    } rows[] = {
        {"{\"type\":\"session.created\",\"session\":{\"id\":\"sess_9\"}}", "session.created",
         EVENT_SESSION_CREATED, false},
        {"{\"type\":\"response.output_text.delta\",\"delta\":\"x\"}", "response.output_text.delta",
         EVENT_TEXT_DELTA, false},
        {"{\"type\":\"never.heard\"}", "never.heard", EVENT_UNKNOWN, false},
        {"{\"type\":\"response.done\",", "response.done", EVENT_RESPONSE_DONE, true},
        {"no JSON", "(invalid)", EVENT_INVALID, true},
        {"[]", "(invalid)", EVENT_INVALID, true},
    };
    (void)state;
    set_up(KEY);
    assert_int_equal(dial(NULL, 0), ERR_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        heard.garbage = 0;
        play_message(rows[i].json);
        assert_string_equal(heard.type, rows[i].type);
        assert_int_equal(heard.kind, rows[i].kind);
        assert_int_equal(heard.garbage, rows[i].garbage);
    }
    assert_string_equal(heard.session_id, "sess_9");
    heard.garbage = 0;
    play_binary();
    assert_string_equal(heard.type, "(binary)");
    assert_int_equal(heard.garbage, 1);
    tear_down();
}

/* Whatever the socket saw of its end becomes a fact, and nothing else does. */
static void ends_are_told_as_facts(void **state)
{
    (void)state;
    set_up(KEY);
    assert_int_equal(dial(NULL, 0), ERR_OK);
    play_end(&(struct ws_end){.opened = true,
                              .http_status = 101,
                              .os_error = ECONNRESET,
                              .close_code = 1011,
                              .close_reason = "gone",
                              .protocol_violation = true,
                              .detail = "read failed"});
    assert_int_equal(heard.ends, 1);
    assert_true(heard.opened && heard.end.closed && heard.end.protocol_violation);
    assert_int_equal(heard.end.http_status, 0); /* a 101 that was good explains nothing */
    assert_int_equal(heard.end.os_error, ECONNRESET);
    assert_int_equal(heard.end.close_code, 1011);
    assert_string_equal(heard.close_reason, "gone");
    assert_string_equal(heard.detail, "read failed");
    assert_int_equal(dial(NULL, 0), ERR_OK);
    play_end(&(struct ws_end){.resolve_error = -2,
                              .tls_verify_error = 10,
                              .tls_failed = true,
                              .proxy_status = 407,
                              .local_error = EMFILE});
    assert_int_equal(heard.end.resolve_error, -2);
    assert_int_equal(heard.end.tls_verify_error, 10);
    assert_true(heard.end.tls_failed);
    assert_int_equal(heard.end.proxy_status, 407);
    assert_int_equal(heard.end.local_error, EMFILE);
    tear_down();
}

static void settings_and_turns_are_sent_in_the_dialect_s_shape(void **state)
{
    const struct session_settings settings = {.modality = MODALITY_TEXT, .max_output_tokens = 7};
    const struct question question = {.prompt = "Say OK.", .interaction = 2, .number = 3};
    char shape[SHAPE_SIZE] = "", expected[SHAPE_SIZE];
    (void)state;
    set_up(KEY);
    assert_int_equal(dial(NULL, 0), ERR_OK);
    assert_int_equal(it.conversation->transport->configure(it.conversation, &settings, shape),
                     ERR_OK);
    assert_int_equal(it.conversation->transport->ask(it.conversation, &question, shape), ERR_OK);
    assert_int_equal(scripted.sent_count, 3);
    assert_non_null(strstr(scripted.sent[0], "\"session.update\""));
    assert_non_null(strstr(scripted.sent[0], "\"max_output_tokens\":7"));
    assert_non_null(strstr(scripted.sent[1], "\"Say OK.\""));
    assert_non_null(strstr(scripted.sent[1], "\"item-2-3\""));
    assert_non_null(strstr(scripted.sent[2], "\"response.create\""));
    assert_non_null(strstr(scripted.sent[2], "\"turn-2-3\""));
    (void)snprintf(expected, sizeof expected,
                   "session.update:%zu conversation.item.create:%zu response.create:%zu",
                   strlen(scripted.sent[0]), strlen(scripted.sent[1]), strlen(scripted.sent[2]));
    assert_string_equal(shape, expected);
    scripted.send_fails = true; /* the connection is going */
    assert_int_equal(it.conversation->transport->ask(it.conversation, &question, shape), ERR_NET);
    it.conversation->transport->close(it.conversation);
    assert_true(scripted.closed && !scripted.aborted);
    it.conversation->transport->abort(it.conversation);
    assert_true(scripted.aborted);
    tear_down();
}

static void what_cannot_be_dialled_says_so_and_leaves_nothing(void **state)
{
    (void)state;
    set_up(KEY);
    scripted.dial_fails = true;
    assert_int_equal(dial(NULL, 0), ERR_NOMEM);
    assert_null(scripted.user);
    assert_int_equal(heard.ends, 0);
    tear_down();
}

static void roots_are_collected_once_and_judged(void **state)
{
    struct target good, bad;
    const struct target *const targets[] = {&good, &good, &bad};
    struct carriers carriers = {0};
    struct error err = {0};
    (void)state;
    set_up(KEY);
    good = bad = it.target;
    good.where.terms.ca_file = "roots.pem";
    bad.where.terms.ca_file = "missing.pem";
    struct carriers_plan plan = {.targets = targets, .target_count = 2, .handlers = &handlers};
    assert_int_equal(carriers_open(&carriers, &plan, &err), ERR_OK);
    assert_int_equal(carriers.count, 1); /* one for each transport, however many targets */
    assert_string_equal(scripted.ca_file, "roots.pem");
    assert_int_equal(scripted.terms_count, 2);
    carriers_close(&carriers);
    plan.target_count = 3;
    assert_int_equal(carriers_open(&carriers, &plan, &err), ERR_NET);
    assert_non_null(strstr(err.text, "missing.pem"));
    assert_int_equal(carriers.count, 0);
    assert_null(carriers_for(&carriers, &good));
    tear_down();
}

/* The table is what deadlines, phases and evidence are taken from. */
static void the_table_is_whole(void **state)
{
    const struct transport_stages *stages = websocket_transport.stages;
    unsigned flags = 0;
    (void)state;
    assert_string_equal(websocket_transport.name, "websocket");
    assert_in_range(stages->count, 1, STAGES_MOST);
    for (unsigned i = 0; i < stages->count; i++) {
        assert_true(stages->rows[i].deadline != DEADLINE_NONE);
        assert_true(stages->rows[i].phase != PHASE_NONE);
        assert_int_equal(strncmp(deadline_key(stages->rows[i].deadline), "timeouts.", 9), 0);
        assert_string_equal(deadline_key(stages->rows[i].deadline) + 9, stages->rows[i].name);
        assert_false(flags & stages->rows[i].flags); /* each once */
        flags |= stages->rows[i].flags;
    }
    assert_int_equal(flags, STAGE_CONNECTS | STAGE_OPENS | STAGE_CONFIGURES);
    for (enum dialect d = DIALECT_GA; d <= DIALECT_OPENAI; d++) {
        const struct region region = {.dialect = d};
        assert_ptr_equal(transport_of(&region), &websocket_transport);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request_carries_credential_headers_and_our_id),
        cmocka_unit_test(the_credential_of_the_hour_takes_the_header_s_place),
        cmocka_unit_test(stages_are_told_by_their_place_in_the_table),
        cmocka_unit_test(an_answer_is_read_with_what_was_asked),
        cmocka_unit_test(messages_are_events_or_garbage),
        cmocka_unit_test(ends_are_told_as_facts),
        cmocka_unit_test(settings_and_turns_are_sent_in_the_dialect_s_shape),
        cmocka_unit_test(what_cannot_be_dialled_says_so_and_leaves_nothing),
        cmocka_unit_test(roots_are_collected_once_and_judged),
        cmocka_unit_test(the_table_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
