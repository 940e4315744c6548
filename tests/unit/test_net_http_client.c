/* One client for many requests: kept connections, answers in pieces, SOCKS, client certificates,
 * and exchanges that are ended from within their own callbacks. */
#include "test_net_http_fixture.h"

/* ---- a client and what its exchanges told ---- */

static struct {
    uv_loop_t loop;
    struct http_client *client;
} at;

struct told {
    struct http_exchange *exchange;
    int done, heads, pieces;
    bool steps[HTTP_DONE], reused;
    enum http_step reached;
    int status, version, proxy_status;
    char body[256], pieces_text[256], address[48], detail[256];
    bool abort_in_step, abort_in_head, abort_in_body;
};

static void keep_done(void *user, const struct http_result *result)
{
    struct told *told = user;
    told->done++;
    told->reached = result->reached;
    told->status = result->status;
    told->version = result->version;
    told->reused = result->reused;
    told->proxy_status = result->proxy_status;
    (void)snprintf(told->body, sizeof told->body, "%s", result->body);
    (void)snprintf(told->detail, sizeof told->detail, "%s", result->detail);
    (void)snprintf(told->address, sizeof told->address, "%s", result->address);
}

static void keep_step(void *user, enum http_step step, const char *address, uint64_t at_ns)
{
    struct told *told = user;
    assert_true(at_ns > 0 && told->done == 0 && !told->steps[step]);
    if (step == HTTP_CONNECT) assert_string_equal(address, "127.0.0.1");
    told->steps[step] = true;
    if (told->abort_in_step && step == HTTP_CONNECT) http_abort(told->exchange);
}

static void keep_head(void *user, const struct http_result *result, uint64_t at_ns)
{
    struct told *told = user;
    assert_true(at_ns > 0 && told->done == 0 && told->pieces == 0);
    told->heads++;
    told->status = result->status;
    if (told->abort_in_head) http_abort(told->exchange);
}

static void keep_piece(void *user, const char *bytes, size_t length, uint64_t at_ns)
{
    struct told *told = user;
    assert_true(at_ns > 0 && told->done == 0 && told->heads == 1);
    told->pieces++;
    (void)strncat(told->pieces_text, bytes, length);
    if (told->abort_in_body) http_abort(told->exchange);
}

static const struct http_handlers all_handlers = {
    .on_step = keep_step, .on_head = keep_head, .on_body = keep_piece};

static int open_client(void **state)
{
    (void)state;
    if (uv_loop_init(&at.loop) != 0) return -1;
    const struct tls_terms terms = {.ca_file = peers.certificate};
    return http_client_new(&at.loop, &terms, &at.client, NULL) == ERR_OK ? 0 : -1;
}

static int close_client(void **state)
{
    (void)state;
    http_client_close(at.client);
    (void)uv_run(&at.loop, UV_RUN_DEFAULT);
    return uv_loop_close(&at.loop); /* 0: no handle is left */
}

static void start(struct told *told, const struct http_request *request)
{
    struct error err = {0};
    if (http_start(at.client, request, keep_done, told, &told->exchange, &err) != ERR_OK)
        fail_msg("%s", err.text);
    assert_int_equal(told->done, 0);
}

/* The client's timer may stay: the loop is run until the exchange is done. */
static void await(const struct told *told)
{
    while (told->done == 0) assert_int_not_equal(uv_run(&at.loop, UV_RUN_ONCE), -1);
    assert_int_equal(told->done, 1);
}

static struct told ask_for(const char *path, bool reuse, const struct http_handlers *handlers)
{
    struct told told = {0};
    struct http_target where = target_of(peers.tls, path);
    struct http_request request = request_of(&where);
    request.reuse = reuse;
    request.handlers = handlers;
    start(&told, &request);
    await(&told);
    return told;
}

/* ---- connections ---- */

static void test_keeps_connections_if_told_to(void **state)
{
    (void)state;
    struct told first = ask_for("/kept", true, &all_handlers);
    assert_string_equal(first.pieces_text, "request 1 of this connection");
    assert_false(first.reused);
    assert_true(first.steps[HTTP_RESOLVE] && first.steps[HTTP_CONNECT] && first.steps[HTTP_TLS]);
    struct told second = ask_for("/kept", true, &all_handlers);
    assert_string_equal(second.pieces_text, "request 2 of this connection");
    assert_true(second.reused);
    assert_string_equal(second.address, "127.0.0.1");
    assert_false(second.steps[HTTP_CONNECT] || second.steps[HTTP_TLS]);
    struct told own = ask_for("/kept", false, NULL);
    assert_string_equal(own.body, "request 1 of this connection");
    assert_false(own.reused);
    struct told third = ask_for("/kept", true, NULL);
    assert_string_equal(third.body, "request 3 of this connection");
    assert_int_equal(third.version, 11);
}

/* Of two at a time none waits for the other; the terms of TLS are part of what a connection is. */
static void test_many_at_a_time(void **state)
{
    (void)state;
    struct told told[20] = {0};
    for (int i = 0; i < 20; i++) {
        struct http_target where = target_of(i % 2 == 0 ? peers.tls : peers.plain, "/stream");
        struct http_request request = request_of(&where);
        request.reuse = true;
        request.handlers = &all_handlers;
        start(&told[i], &request);
    }
    for (int i = 0; i < 20; i++) {
        await(&told[i]);
        assert_string_equal(told[i].pieces_text,
                            "data: 0\n\ndata: 1\n\ndata: 2\n\ndata: 3\n\ndata: 4\n\n");
    }
}

/* ---- answers ---- */

static void test_answers_in_pieces(void **state)
{
    (void)state;
    struct told told = ask_for("/stream", true, &all_handlers);
    assert_int_equal(told.reached, HTTP_DONE);
    assert_int_equal(told.heads, 1);
    assert_true(told.pieces > 1);
    assert_string_equal(told.body, ""); /* handed on, not kept */
    told = ask_for("/cut", false, &all_handlers);
    assert_int_equal(told.reached, HTTP_ANSWER);
    assert_string_equal(told.pieces_text, "data: 0\n\n");
    assert_string_equal(told.detail, "the connection ended before the answer was complete");
    told = ask_for("/busy", true, &all_handlers); /* a refusal is kept, whoever listens */
    assert_int_equal(told.status, 429);
    assert_int_equal(told.pieces, 0);
    assert_string_equal(told.body, "wait");
}

static void test_ended_by_its_own_callbacks(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct told told = {
            .abort_in_step = i == 0, .abort_in_head = i == 1, .abort_in_body = i == 2};
        struct http_target where = target_of(peers.tls, "/stream");
        struct http_request request = request_of(&where);
        request.handlers = &all_handlers;
        start(&told, &request);
        for (int turn = 0; turn < 50; turn++) {
            (void)uv_run(&at.loop, UV_RUN_NOWAIT);
            (void)usleep(2000);
        }
        assert_int_equal(told.done, 0);
        assert_int_equal(told.heads, i > 0);
        assert_int_equal(told.pieces, i > 1);
    }
}

static void count_answer(void *user, const struct http_result *result)
{
    assert_int_equal(result->status, 200);
    assert_string_equal(result->body, "hello");
    ++*(int *)user;
}

static void test_without_a_loop(void **state)
{
    (void)state;
    int answers = 0;
    struct http_target where = target_of(peers.tls, "/length");
    struct http_request request = request_of(&where);
    assert_int_equal(http_ask(&request, count_answer, &answers, NULL), ERR_OK);
    assert_int_equal(answers, 1);
    where.target = "no path";
    assert_int_equal(http_ask(&request, count_answer, &answers, NULL), ERR_NET);
    assert_int_equal(answers, 1);
}

/* ---- proxies and certificates ---- */

static void test_socks(void **state)
{
    (void)state;
    static const struct {
        const char *scheme, *login;
        bool good;
    } rows[] = {
        {"socks5h", "someone:proxy-password@", true},
        {"socks5h", "someone:another@", false},
        {"socks5h", "", false},
        {"socks5", "someone:proxy-password@", false}, /* sends an address, which this one refuses */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct told told = {0};
        char proxy[96];
        (void)snprintf(proxy, sizeof proxy, "%s://%s127.0.0.1:%u", rows[i].scheme, rows[i].login,
                       peers.socks);
        struct http_target where = target_of(peers.tls, "/length");
        where.proxy = proxy;
        where.address = NULL; /* the name goes to the proxy */
        where.port = (uint16_t)peers.tls;
        struct http_request request = request_of(&where);
        start(&told, &request);
        await(&told);
        if (rows[i].good) {
            assert_string_equal(told.body, "hello");
        } else {
            assert_int_equal(told.reached, HTTP_CONNECT);
            assert_int_not_equal(told.detail[0], '\0');
        }
        assert_null(strstr(told.detail, "another"));
    }
}

/* A whole file, as the profile has it. */
static char *content_of(const char *path)
{
    static char content[8192];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    content[fread(content, 1, sizeof content - 1, file)] = '\0';
    (void)fclose(file);
    return strdup(content);
}

static void test_client_certificate(void **state)
{
    (void)state;
    char key_path[128];
    (void)snprintf(key_path, sizeof key_path, "%s.key", peers.certificate);
    char *certificate = content_of(peers.certificate), *key = content_of(key_path);
    const struct tls_certificate own = {.certificate = certificate,
                                        .key = key,
                                        .certificate_from = "client_cert",
                                        .key_from = "client_key"};
    struct http_target where = target_of(peers.mutual, "/");
    struct http_request request = request_of(&where);
    ask(&request);
    assert_true(got.result.certificate_asked);
    assert_false(got.result.certificate_given);
    assert_int_equal(got.result.tls_alert, 116); /* certificate_required (RFC 8446, 6.2) */
    assert_non_null(strstr(got.result.detail, "certificate"));
    where.terms.certificate = &own;
    ask(&request);
    assert_true(got.result.certificate_asked && got.result.certificate_given);
    assert_int_equal(got.result.status, 200);
    free(certificate);
    free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_keeps_connections_if_told_to, open_client,
                                        close_client),
        cmocka_unit_test_setup_teardown(test_many_at_a_time, open_client, close_client),
        cmocka_unit_test_setup_teardown(test_answers_in_pieces, open_client, close_client),
        cmocka_unit_test_setup_teardown(test_ended_by_its_own_callbacks, open_client, close_client),
        cmocka_unit_test(test_without_a_loop),
        cmocka_unit_test_setup_teardown(test_socks, open_client, close_client),
        cmocka_unit_test(test_client_certificate),
    };
    return cmocka_run_group_tests(tests, start_peers, stop_peers);
}
