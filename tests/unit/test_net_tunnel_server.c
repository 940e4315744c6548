/* The proxy that supports only CONNECT: tunnels to where its owner decides, passing on ends,
 * refusals. */
#include "net/tunnel_server.h"

#include "wire_client.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
/* cmocka needs the headers above first */
#include <cmocka.h>

static struct {
    uv_loop_t loop;
    struct tunnel_server *proxy;
    struct tunnel_answer answer;
    char host[256];
    unsigned port;
    int asked;
    int region; /* the listening socket that tunnels lead to */
} fixture;

static struct wire client;
static struct wire region; /* the accepted end */

static struct tunnel_answer decide(void *user, const char *host, uint16_t port)
{
    assert_ptr_equal(user, &fixture);
    fixture.asked++;
    (void)snprintf(fixture.host, sizeof fixture.host, "%s", host);
    fixture.port = port;
    return fixture.answer;
}

static int start(void **state)
{
    (void)state;
    memset(&fixture, 0, sizeof fixture);
    uv_loop_init(&fixture.loop);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fixture.region = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fixture.region, (struct sockaddr *)&address, size) != 0 ||
        listen(fixture.region, 8) != 0 ||
        getsockname(fixture.region, (struct sockaddr *)&address, &size) != 0)
        return -1;
    fixture.answer = (struct tunnel_answer){
        .status = 200, .address = "127.0.0.1", .port = ntohs(address.sin_port)};
    return tunnel_server_listen(&fixture.loop, "127.0.0.1", 0, decide, &fixture, &fixture.proxy,
                                NULL) == ERR_OK
               ? 0
               : -1;
}

static int stop(void **state)
{
    (void)state;
    tunnel_server_close(fixture.proxy);
    uv_run(&fixture.loop, UV_RUN_DEFAULT);
    close(fixture.region);
    return uv_loop_close(&fixture.loop);
}

static void ask(const char *request)
{
    assert_true(wire_connect(&client, &fixture.loop, tunnel_server_port(fixture.proxy)));
    wire_send(&client, request, strlen(request));
}

static void open_tunnel(void)
{
    char head[1024];
    ask("CONNECT contoso.openai.azure.com:443 HTTP/1.1\r\nHost: "
        "contoso.openai.azure.com:443\r\n\r\n");
    assert_true(wire_read_head(&client, head, sizeof head));
    assert_memory_equal(head, "HTTP/1.1 200 ", 13);
    assert_string_equal(fixture.host, "contoso.openai.azure.com");
    assert_int_equal(fixture.port, 443);
    region = (struct wire){.loop = &fixture.loop, .fd = accept(fixture.region, NULL, NULL)};
    assert_true(region.fd >= 0);
    assert_int_equal(fcntl(region.fd, F_SETFL, O_NONBLOCK), 0);
}

static void test_both_ways(void **state)
{
    (void)state;
    char word[8];
    open_tunnel();
    wire_send(&client, "question", 8);
    assert_true(wire_read_all(&region, word, 8));
    assert_memory_equal(word, "question", 8);
    wire_send(&region, "answer", 6);
    assert_true(wire_read_all(&client, word, 6));
    assert_memory_equal(word, "answer", 6);
    /* one side may close before the other */
    assert_int_equal(shutdown(client.fd, SHUT_WR), 0);
    assert_int_equal(wire_read(&region, word, sizeof word), WIRE_EOF);
    wire_send(&region, "bye", 3);
    assert_true(wire_read_all(&client, word, 3));
    close(region.fd);
    assert_int_equal(wire_read(&client, word, sizeof word), WIRE_EOF);
    wire_close(&client);
}

/* More than any socket buffer holds, to a reader that starts late. */
static void test_much(void **state)
{
    (void)state;
    enum { SIZE = 16 << 20 };
    open_tunnel();
    unsigned char *bytes = malloc(SIZE);
    unsigned char *back = malloc(SIZE);
    assert_true(bytes != NULL && back != NULL);
    for (int i = 0; i < SIZE; i++) bytes[i] = (unsigned char)(i * 31 >> 3);
    size_t sent = 0;
    size_t got = 0;
    for (int turn = 0; got < SIZE && turn < 200000; turn++) {
        ssize_t done = sent < SIZE ? send(region.fd, bytes + sent, SIZE - sent, MSG_NOSIGNAL) : 0;
        if (done > 0) sent += (size_t)done;
        uv_run(&fixture.loop, UV_RUN_NOWAIT);
        if (turn < 50) continue;
        done = recv(client.fd, back + got, SIZE - got, 0);
        if (done > 0) got += (size_t)done;
    }
    assert_int_equal(got, SIZE);
    assert_memory_equal(bytes, back, SIZE);
    free(bytes);
    free(back);
    close(region.fd);
    wire_close(&client);
}

static void test_reset_is_passed_on(void **state)
{
    (void)state;
    char byte;
    static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    open_tunnel();
    assert_int_equal(setsockopt(region.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close(region.fd);
    assert_int_equal(wire_read(&client, &byte, 1), WIRE_RESET);
    wire_close(&client);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        int decided;
        const char *status;
    } cases[] = {
        {"CONNECT [::1]:8443 HTTP/1.1\r\nHost: a\r\n\r\n", 407,
         "HTTP/1.1 407 Proxy Authentication Required\r\n"},
        {"CONNECT a.test:443 HTTP/1.1\r\nHost: a\r\n\r\n", 403, "HTTP/1.1 403 "},
        {"CONNECT a.test:443 HTTP/1.1\r\nHost: a\r\n\r\n", 502, "HTTP/1.1 502 "},
        {"CONNECT a.test:443 HTTP/1.1\r\nHost: a\r\n\r\n", 504, "HTTP/1.1 504 "},
        {"GET http://a.test/ HTTP/1.1\r\nHost: a\r\n\r\n", 0, "HTTP/1.1 405 "},
        {"CONNECT a.test HTTP/1.1\r\nHost: a\r\n\r\n", 0, "HTTP/1.1 400 "},
        {"CONNECT a.test:99999 HTTP/1.1\r\nHost: a\r\n\r\n", 0, "HTTP/1.1 400 "},
        {"nonsense\r\n\r\n", 0, "HTTP/1.1 400 "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char answer[2048];
        int before = fixture.asked;
        fixture.answer.status = cases[i].decided;
        ask(cases[i].request);
        wire_read_rest(&client, answer, sizeof answer);
        assert_memory_equal(answer, cases[i].status, strlen(cases[i].status));
        assert_int_equal(strstr(answer, "proxy-authenticate: ") != NULL, cases[i].decided == 407);
        assert_int_equal(fixture.asked - before, cases[i].decided != 0);
        if (i == 0) assert_string_equal(fixture.host, "::1");
        wire_close(&client);
    }
}

static void test_nobody_there(void **state)
{
    (void)state;
    char answer[2048];
    close(fixture.region);
    fixture.region = -1;
    ask("CONNECT a.test:443 HTTP/1.1\r\nHost: a\r\n\r\n");
    wire_read_rest(&client, answer, sizeof answer);
    assert_memory_equal(answer, "HTTP/1.1 502 ", 13);
    wire_close(&client);
}

static void test_close_with_tunnels(void **state)
{
    (void)state;
    char byte;
    open_tunnel();
    struct wire waiting;
    assert_true(wire_connect(&waiting, &fixture.loop, tunnel_server_port(fixture.proxy)));
    uv_run(&fixture.loop, UV_RUN_NOWAIT);
    tunnel_server_close(fixture.proxy);
    fixture.proxy = NULL;
    assert_int_equal(wire_read(&client, &byte, 1), WIRE_EOF);
    wire_close(&client);
    wire_close(&waiting);
    close(region.fd);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        WITH(test_both_ways), WITH(test_much),         WITH(test_reset_is_passed_on),
        WITH(test_refusals),  WITH(test_nobody_there), WITH(test_close_with_tunnels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
