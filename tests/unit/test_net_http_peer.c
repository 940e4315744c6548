/* Peers of other makes: s_server, a proxy, our own server; and requests that are refused or given
 * up. */
#include "test_net_http_fixture.h"

static void test_s_server(void **state)
{
    (void)state;
    get(peers.s_server, "/");
    assert_int_equal(got.result.reached, HTTP_DONE);
    assert_int_equal(got.result.status, 200);
    assert_string_equal(got.headers, "content-type=text/html;");
    assert_non_null(strstr(got.body, "s_server"));
}

static void test_proxy(void **state)
{
    (void)state;
    char proxy[96];
    struct http_target where = target_of(peers.tls, "/length");
    struct http_request request = request_of(&where);
    where.proxy = proxy;
    (void)snprintf(proxy, sizeof proxy, "http://someone:proxy-password@127.0.0.1:%u", peers.proxy);
    ask(&request);
    assert_int_equal(got.result.status, 200);
    assert_int_equal(got.result.proxy_status, 0);
    assert_string_equal(got.body, "hello");
    (void)snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", peers.proxy);
    ask(&request);
    assert_int_equal(got.result.reached, HTTP_CONNECT);
    assert_int_equal(got.result.proxy_status, 407);
    assert_int_equal(got.result.status, 0);
    assert_string_equal(got.body, "");
}

static void test_bad_requests(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct http_exchange *exchange = NULL;
    struct error err = {0};
    const struct http_header split[] = {{"api-key", "first\r\nsecond"}};
    assert_int_equal(uv_loop_init(&loop), 0);
    struct http_target where = target_of(peers.tls, "/ path");
    struct http_request request = request_of(&where);
    assert_int_equal(http_start_alone(&loop, &request, on_done, &got, &exchange, &err), ERR_NET);
    where = target_of(peers.tls, "/");
    where.headers = split;
    where.header_count = 1;
    assert_int_equal(http_start_alone(&loop, &request, on_done, &got, &exchange, &err), ERR_NET);
    assert_null(strstr(err.text, "first"));
    where = target_of(peers.tls, "/");
    where.proxy = "http://someone:proxy-password@";
    assert_int_equal(http_start_alone(&loop, &request, on_done, &got, &exchange, &err), ERR_NET);
    assert_null(strstr(err.text, "password@"));
    where = target_of(peers.tls, "/");
    where.terms.ca_file = "/nonexistent.pem";
    assert_int_equal(http_start_alone(&loop, &request, on_done, &got, &exchange, &err), ERR_NET);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void test_abort_at_any_time(void **state)
{
    (void)state;
    for (int turns = 0; turns < 12; turns++) {
        uv_loop_t loop;
        struct http_exchange *exchange = NULL;
        struct http_target where = target_of(peers.tls, "/silent");
        where.address = turns % 2 == 0 ? "127.0.0.1" : NULL;
        where.port = (uint16_t)peers.tls;
        struct http_request request = request_of(&where);
        memset(&got, 0, sizeof got);
        assert_int_equal(uv_loop_init(&loop), 0);
        assert_int_equal(http_start_alone(&loop, &request, on_done, &got, &exchange, NULL), ERR_OK);
        for (int i = 0; i < turns; i++) {
            (void)uv_run(&loop, UV_RUN_NOWAIT);
            (void)usleep(1000);
        }
        http_abort(exchange);
        (void)uv_run(&loop, UV_RUN_DEFAULT);
        assert_int_equal(got.called, 0);
        assert_int_equal(uv_loop_close(&loop), 0);
    }
}

/* ---- our own server ---- */

static void serve_request(void *user, struct ws_peer *peer, const struct ws_request *request)
{
    (void)user;
    ws_peer_refuse(peer, strcmp(request->method, "POST") == 0 ? 200 : 405, "x-region: here\r\n",
                   "application/json", "{\"value\":\"ek_1\"}");
}

static void serve_gone(struct ws_peer *peer, int close_code)
{
    (void)peer;
    (void)close_code;
}

static void on_served(void *user, const struct http_result *result)
{
    on_done(&got, result);
    ws_server_close(user);
}

static void test_our_own_server(void **state)
{
    (void)state;
    static const struct ws_server_handlers handlers = {.on_request = serve_request,
                                                       .on_gone = serve_gone};
    uv_loop_t loop;
    struct authority *authority = NULL;
    struct tls_identity *identity = NULL;
    struct ws_server *server = NULL;
    struct http_exchange *exchange = NULL;
    struct text pem = {0};
    char file[128];
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(authority_new(&authority, NULL), ERR_OK);
    assert_int_equal(authority_issue(authority, "contoso.openai.azure.com", &identity, NULL),
                     ERR_OK);
    assert_int_equal(authority_pem(authority, &pem, NULL), ERR_OK);
    (void)snprintf(file, sizeof file, "%s/authority.pem", peers.folder);
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(pem.data, 1, pem.length, out), pem.length);
    (void)fclose(out);
    assert_int_equal(
        ws_server_listen(&loop, "127.0.0.1", 0, identity, &handlers, NULL, &server, NULL), ERR_OK);
    struct http_target where =
        target_of(ws_server_port(server), "/openai/v1/realtime/client_secrets");
    where.host = "contoso.openai.azure.com";
    where.terms.ca_file = file;
    struct http_request request = request_of(&where);
    request.method = "POST";
    request.body = "{}";
    request.content_type = "application/json";
    memset(&got, 0, sizeof got);
    assert_int_equal(http_start_alone(&loop, &request, on_served, server, &exchange, NULL), ERR_OK);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(got.result.status, 200);
    assert_string_equal(got.body, "{\"value\":\"ek_1\"}");
    assert_non_null(strstr(got.headers, "x-region=here;"));
    tls_identity_free(identity);
    authority_free(authority);
    text_free(&pem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s_server),       cmocka_unit_test(test_proxy),
        cmocka_unit_test(test_bad_requests),   cmocka_unit_test(test_abort_at_any_time),
        cmocka_unit_test(test_our_own_server),
    };
    return cmocka_run_group_tests(tests, start_peers, stop_peers);
}
