/* The client through an HTTP proxy: tunnels that stand, and every way in which they do not. */
#include "test_net_client_fixture.h"

#include "net/server.h"

#include <errno.h>
#include <poll.h>

/* What the proxy of a test was asked, and what it does. */
static char question[4096];
static const char *answers[8]; /* sent one by one */
static uint16_t region_port;

static void relay(int client, int region)
{
    struct pollfd ends[2] = {{.fd = client, .events = POLLIN}, {.fd = region, .events = POLLIN}};
    for (;;) {
        if (poll(ends, 2, -1) < 0) return;
        for (int i = 0; i < 2; i++) {
            char bytes[4096];
            if (ends[i].revents == 0) continue;
            ssize_t length = recv(ends[i].fd, bytes, sizeof(bytes), 0);
            if (length <= 0) return;
            say(ends[1 - i].fd, bytes, (size_t)length);
        }
    }
}

static void say_answers(int fd)
{
    for (int i = 0; answers[i]; i++) {
        say_text(fd, answers[i]);
        (void)usleep(20000); /* one segment each */
    }
}

static void tunnel(int fd)
{
    if (!read_request(fd, question, sizeof(question))) return;
    say_answers(fd);
    struct sockaddr_in where = {.sin_family = AF_INET,
                                .sin_port = htons(region_port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int region = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(region, (struct sockaddr *)&where, sizeof(where)) == 0) relay(fd, region);
    (void)close(region);
}

static void answer(int fd)
{
    if (!read_request(fd, question, sizeof(question))) return;
    say_answers(fd);
    wait_for_end(fd);
}

static void answer_and_end(int fd)
{
    if (read_request(fd, question, sizeof(question))) say_answers(fd);
}

static void answer_and_reset(int fd)
{
    if (!read_request(fd, question, sizeof(question))) return;
    say_answers(fd);
    reset_on_close(fd);
}

static void read_and_keep_silent(int fd)
{
    if (read_request(fd, question, sizeof(question))) wait_for_end(fd);
}

static void set_answers(const char *first, const char *second, const char *third)
{
    memset(answers, 0, sizeof(answers));
    answers[0] = first;
    answers[1] = second;
    answers[2] = third;
    question[0] = '\0';
}

/* A client, the proxy that it goes through, and the target behind it. */
struct scene {
    struct bench bench;
    struct hand_server proxy;
    struct http_target target;
    char url[1024];
};

static void scene_begin(struct scene *scene, hand_script *script, int connections,
                        const char *login)
{
    trust_begin(&scene->bench);
    hand_begin(&scene->proxy, script, connections);
    scene->target = tls_target(8443);
    scene->target.address = NULL;
    (void)snprintf(scene->url, sizeof(scene->url), "http://%s127.0.0.1:%u", login,
                   scene->proxy.port);
    scene->target.proxy = scene->url;
}

static void scene_end(struct scene *scene)
{
    bench_end(&scene->bench);
    hand_end(&scene->proxy);
}

static void on_request(void *user, struct ws_peer *peer, const struct ws_request *request)
{
    (void)user, (void)request;
    ws_peer_accept(peer, "");
}

static void on_message(struct ws_peer *peer, const char *text, size_t length, uint64_t at_ns)
{
    (void)at_ns;
    ws_peer_send(peer, text, length);
}

static void on_gone(struct ws_peer *peer, int code)
{
    (void)peer, (void)code;
}

static struct ws_server *region_begin(struct bench *bench)
{
    static const struct ws_server_handlers handlers = {
        .on_request = on_request, .on_message = on_message, .on_gone = on_gone};
    struct ws_server *server = NULL;
    struct error err = {0};
    if (ws_server_listen(&bench->loop, "127.0.0.1", 0, identity, &handlers, NULL, &server, &err) !=
        ERR_OK)
        fail_msg("%s", err.text);
    region_port = ws_server_port(server);
    return server;
}

static void test_tunnel(void **state)
{
    (void)state;
    static const struct {
        const char *answers[3];
    } cases[] = {
        {{"HTTP/1.1 200 Connection established\r\n\r\n", NULL, NULL}},
        {{"HTTP/1.0 200 OK\r\nVia: 1.0 p\r\nX-Long: ", "value\r\n\r", "\n"}},
        {{"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 2", "04 Fine\r\n\r\n", NULL}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct scene scene;
        struct heard heard = {.send_at_open = "hello", .close_after = 1};
        set_answers(cases[i].answers[0], cases[i].answers[1], cases[i].answers[2]);
        scene_begin(&scene, tunnel, 1, "user:p@ss@");
        struct ws_server *region = region_begin(&scene.bench);
        dial(&scene.bench, &scene.target, &heard);
        bench_run(&scene.bench, &heard.closed, 1);
        assert_int_equal(heard.opened, 1);
        assert_string_equal(heard.last, "hello");
        assert_int_equal(heard.end.close_code, 1000);
        assert_int_equal(heard.end.proxy_status, 0);
        assert_int_equal(heard.step_count, 3);
        assert_int_equal(heard.steps[0], WS_STEP_CONNECTED);
        assert_string_equal(question,
                            "CONNECT localhost.test:8443 HTTP/1.1\r\nHost: localhost.test:8443\r\n"
                            "Proxy-Authorization: Basic dXNlcjpwQHNz\r\n\r\n");
        ws_server_close(region);
        scene_end(&scene);
    }
}

/* Ends under way are reported through a tunnel as they are without one. */
static void test_certificate_behind_a_tunnel(void **state)
{
    (void)state;
    struct scene scene;
    struct heard heard = {0};
    set_answers("HTTP/1.1 200 OK\r\n\r\n", NULL, NULL);
    scene_begin(&scene, tunnel, 1, "");
    struct ws_server *region = region_begin(&scene.bench);
    scene.target.host = "elsewhere.test";
    dial(&scene.bench, &scene.target, &heard);
    bench_run(&scene.bench, &heard.closed, 1);
    assert_int_equal(heard.end.tls_verify_error, 62); /* X509_V_ERR_HOSTNAME_MISMATCH */
    assert_int_equal(heard.end.proxy_status, 0);
    assert_int_equal(heard.step_count, 1);
    assert_null(strstr(question, "Proxy-Authorization"));
    ws_server_close(region);
    scene_end(&scene);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        int status;
    } cases[] = {
        {"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"p\"\r\n"
         "Content-Length: 5\r\n\r\nlogin",
         407},
        {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 403},
        {"HTTP/1.0 502 Bad Gateway\r\n\r\n<html>", 502},
        {"HTTP/1.1 504 \r\n\r\n", 504},
        {"HTTP/1.1 302 Found\r\nLocation: http://login.test/\r\n\r\n", 302},
    };
    hand_script *const scripts[] = {answer, answer_and_end, answer_and_reset};
    for (size_t i = 0; i < 15; i++) {
        struct scene scene;
        struct heard heard = {0};
        set_answers(cases[i / 3].answer, NULL, NULL);
        scene_begin(&scene, scripts[i % 3], 1, "user:pass@");
        dial(&scene.bench, &scene.target, &heard);
        bench_run(&scene.bench, &heard.closed, 1);
        assert_int_equal(heard.end.proxy_status, cases[i / 3].status);
        assert_int_equal(heard.end.os_error, 0);
        assert_int_equal(heard.end.http_status, 0);
        assert_int_equal(heard.step_count, 0); /* a numeric proxy, and no tunnel */
        assert_int_equal(heard.opened + heard.refused, 0);
        assert_false(heard.end.tls_failed || heard.end.protocol_violation || heard.end.by_us);
        assert_non_null(strstr(heard.detail, "proxy"));
        assert_null(strstr(heard.detail, "pass"));
        scene_end(&scene);
    }
}

/* What is no HTTP is no refusal either: no status is made up. */
static void test_broken_answers(void **state)
{
    (void)state;
    static char endless[10000];
    (void)snprintf(endless, sizeof(endless), "HTTP/1.1 200 OK\r\nX: %9000s", "y");
    const char *const cases[] = {"", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/2 200\r\n\r\n",
                                 "HTTP/1.1 200 OK\r\n\r\nTLS?", endless};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct scene scene;
        struct heard heard = {0};
        set_answers(cases[i], NULL, NULL);
        scene_begin(&scene, answer_and_end, 1, "");
        dial(&scene.bench, &scene.target, &heard);
        bench_run(&scene.bench, &heard.closed, 1);
        assert_int_equal(heard.end.proxy_status, 0);
        assert_int_equal(heard.step_count, 0);
        assert_false(heard.end.tls_failed);
        assert_non_null(strstr(heard.detail, "proxy"));
        scene_end(&scene);
    }
}

/* A proxy that never answers keeps the dial in its connect step until its owner gives up. */
static void test_silent_proxy(void **state)
{
    (void)state;
    struct scene scene;
    struct heard heard = {0};
    set_answers(NULL, NULL, NULL);
    scene_begin(&scene, read_and_keep_silent, 1, "");
    dial(&scene.bench, &scene.target, &heard);
    bench_run_ms(&scene.bench, 300);
    assert_int_equal(heard.closed + heard.step_count, 0);
    assert_memory_equal(question, "CONNECT ", 8);
    ws_abort(heard.conn);
    bench_run(&scene.bench, &heard.closed, 1);
    assert_true(heard.end.by_us);
    assert_int_equal(heard.end.proxy_status, 0);
    scene_end(&scene);
}

/* Dials through the proxy and past it at once do not take each other's way. */
static void test_both_ways_at_once(void **state)
{
    (void)state;
    enum { COUNT = 20 };
    struct scene scene;
    static struct heard refused[COUNT], direct[COUNT];
    memset(refused, 0, sizeof(refused));
    memset(direct, 0, sizeof(direct));
    set_answers("HTTP/1.1 403 Forbidden\r\n\r\n", NULL, NULL);
    scene_begin(&scene, answer_and_end, COUNT, "");
    struct ws_server *region = region_begin(&scene.bench);
    struct http_target past = plain_target(region_port);
    past.tls = true;
    past.terms.ca_file = ca_file;
    for (int i = 0; i < COUNT; i++) {
        direct[i] = (struct heard){.send_at_open = "hello", .close_after = 1};
        dial(&scene.bench, &scene.target, &refused[i]);
        dial(&scene.bench, &past, &direct[i]);
    }
    for (int i = 0; i < COUNT; i++) {
        bench_run(&scene.bench, &refused[i].closed, 1);
        bench_run(&scene.bench, &direct[i].closed, 1);
        assert_int_equal(refused[i].end.proxy_status, 403);
        assert_int_equal(direct[i].messages, 1);
    }
    ws_server_close(region);
    scene_end(&scene);
}

static void test_a_proxy_needs_tls(void **state)
{
    (void)state;
    struct scene scene;
    struct heard heard = {0};
    struct ws_conn *conn = NULL;
    struct error err = {0};
    scene_begin(&scene, answer, 0, "");
    scene.target.tls = false;
    assert_int_equal(ws_connect(scene.bench.client, &scene.target, &heard, &conn, &err), ERR_NET);
    assert_non_null(strstr(err.text, "proxy"));
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tunnel),
        cmocka_unit_test(test_certificate_behind_a_tunnel),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_broken_answers),
        cmocka_unit_test(test_silent_proxy),
        cmocka_unit_test(test_both_ways_at_once),
        cmocka_unit_test(test_a_proxy_needs_tls),
    };
    return cmocka_run_group_tests(tests, make_authority, free_authority);
}
