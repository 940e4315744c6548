/* For the client's tests: what a client was told, and a hand-made server that does what no
 * library would. */
#ifndef TEST_NET_CLIENT_HARNESS_H
#define TEST_NET_CLIENT_HARNESS_H

#include "base/clock.h"
#include "base/text.h"
#include "net/client.h"

#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#define MAYBE_UNUSED __attribute__((unused))

/* Copies of everything that one connection reported. */
struct heard {
    struct ws_conn *conn;
    int steps[8], step_count;
    uint64_t step_at[8];
    int opened, refused, messages, closed;
    int status;
    char headers[2048], body[8192];
    size_t body_length;
    char last[256]; /* the start of the last message */
    size_t last_length, bytes;
    bool last_is_text;
    uint64_t last_at, open_at;
    struct ws_end end;
    char detail[256], reason[256];
    bool abort_in_message, abort_at_open;
    const char *send_at_open;
    int close_after; /* number of messages; 0: never */
};

static void heard_step(void *user, enum ws_step step, uint64_t at_ns)
{
    struct heard *heard = user;
    assert_true(heard->step_count < 8);
    heard->step_at[heard->step_count] = at_ns;
    heard->steps[heard->step_count++] = (int)step;
}

static void keep_response(struct heard *heard, const struct ws_response *response)
{
    size_t used = 0;
    heard->status = response->status;
    heard->headers[0] = '\0';
    for (size_t i = 0; i < response->header_count; i++) {
        used += (size_t)snprintf(heard->headers + used, sizeof(heard->headers) - used, "%s=%s;",
                                 response->headers[i].name, response->headers[i].value);
    }
    heard->body_length = response->body_length;
    assert_int_equal(strlen(response->body), response->body_length);
    (void)snprintf(heard->body, sizeof(heard->body), "%s", response->body);
}

static void heard_open(void *user, const struct ws_response *response, uint64_t at_ns)
{
    struct heard *heard = user;
    heard->open_at = at_ns;
    heard->opened++;
    keep_response(heard, response);
    if (heard->send_at_open)
        assert_true(ws_send(heard->conn, heard->send_at_open, strlen(heard->send_at_open)));
    if (heard->abort_at_open) ws_abort(heard->conn);
}

static void heard_refused(void *user, const struct ws_response *response, uint64_t at_ns)
{
    struct heard *heard = user;
    (void)at_ns;
    assert_int_equal(heard->closed, 0);
    heard->refused++;
    keep_response(heard, response);
}

static void heard_message(void *user, const char *data, size_t length, bool is_text, uint64_t at_ns)
{
    struct heard *heard = user;
    assert_int_equal(heard->closed, 0);
    assert_true(at_ns <= clock_mono_ns());
    assert_true(at_ns > heard->open_at && at_ns >= heard->last_at);
    heard->last_at = at_ns;
    heard->messages++;
    heard->bytes += length;
    heard->last_length = length;
    heard->last_is_text = is_text;
    (void)snprintf(heard->last, sizeof(heard->last), "%.*s", (int)(length < 255 ? length : 255),
                   data);
    if (heard->abort_in_message) ws_abort(heard->conn);
    if (heard->close_after == heard->messages) ws_close(heard->conn);
}

static void heard_closed(void *user, const struct ws_end *end, uint64_t at_ns)
{
    struct heard *heard = user;
    (void)at_ns;
    heard->closed++;
    heard->end = *end;
    (void)snprintf(heard->detail, sizeof(heard->detail), "%s", end->detail);
    (void)snprintf(heard->reason, sizeof(heard->reason), "%s", end->close_reason);
}

static const struct ws_handlers heard_handlers = {heard_step, heard_open, heard_refused,
                                                  heard_message, heard_closed};

/* A loop with a client on it. */
struct bench {
    uv_loop_t loop;
    uv_timer_t guard;
    bool late;
    struct ws_client *client;
};

static void on_guard(uv_timer_t *guard)
{
    *(bool *)guard->data = true;
}

static MAYBE_UNUSED void bench_begin(struct bench *bench, const char *const *ca_files, size_t count)
{
    struct error err = {0};
    struct tls_terms terms[4] = {{0}};
    for (size_t i = 0; i < count; i++) terms[i].ca_file = ca_files[i];
    ws_global_init();
    memset(bench, 0, sizeof(*bench));
    assert_int_equal(uv_loop_init(&bench->loop), 0);
    assert_int_equal(uv_timer_init(&bench->loop, &bench->guard), 0);
    bench->guard.data = &bench->late;
    if (ws_client_new(&bench->loop, terms, count, &heard_handlers, &bench->client, &err) !=
        ERR_OK) {
        fail_msg("%s", err.text);
    }
}

/* Runs the loop until *value is at least `least`, or fails after some seconds. */
static MAYBE_UNUSED void bench_run(struct bench *bench, const int *value, int least)
{
    bench->late = false;
    (void)uv_timer_start(&bench->guard, on_guard, 20000, 0);
    while (*(volatile const int *)value < least && !bench->late) uv_run(&bench->loop, UV_RUN_ONCE);
    (void)uv_timer_stop(&bench->guard);
    if (bench->late) fail_msg("nothing came for 20 s");
}

static MAYBE_UNUSED void bench_run_ms(struct bench *bench, uint64_t ms)
{
    bench->late = false;
    (void)uv_timer_start(&bench->guard, on_guard, ms, 0);
    while (!bench->late) uv_run(&bench->loop, UV_RUN_ONCE);
}

/* Everything must be released: the loop can be closed. */
static MAYBE_UNUSED void bench_end(struct bench *bench)
{
    ws_client_free(bench->client);
    uv_close((uv_handle_t *)&bench->guard, NULL);
    (void)uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&bench->loop), 0);
}

static MAYBE_UNUSED struct http_target plain_target(uint16_t port)
{
    return (struct http_target){.host = "localhost.test",
                                .port = port,
                                .address = "127.0.0.1",
                                .address_port = port,
                                .target = "/openai/v1/realtime?model=m"};
}

static MAYBE_UNUSED void dial(struct bench *bench, const struct http_target *target,
                              struct heard *heard)
{
    struct error err = {0};
    if (ws_connect(bench->client, target, heard, &heard->conn, &err) != ERR_OK)
        fail_msg("%s", err.text);
    assert_int_equal(heard->closed, 0);
}

/* A server of one thread: each connection is handed to a script, which does what it wants and
 * returns. */
typedef void hand_script(int fd);

struct hand_server {
    pthread_t thread;
    int fd;
    uint16_t port;
    int connections;
    hand_script *script;
};

static void *serve(void *argument)
{
    struct hand_server *server = argument;
    for (int i = 0; i < server->connections; i++) {
        int fd = accept(server->fd, NULL, NULL);
        if (fd < 0) break;
        server->script(fd);
        (void)close(fd);
    }
    return NULL;
}

static MAYBE_UNUSED void hand_begin(struct hand_server *server, hand_script *script,
                                    int connections)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(where);
    server->script = script;
    server->connections = connections;
    server->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&where, size), 0);
    assert_int_equal(listen(server->fd, 64), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&where, &size), 0);
    server->port = ntohs(where.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static MAYBE_UNUSED void hand_end(struct hand_server *server)
{
    (void)pthread_join(server->thread, NULL);
    (void)close(server->fd);
}

static MAYBE_UNUSED void say(int fd, const void *bytes, size_t length)
{
    const char *at = bytes;
    while (length > 0) {
        ssize_t n = send(fd, at, length, MSG_NOSIGNAL);
        if (n <= 0) return;
        at += n;
        length -= (size_t)n;
    }
}

static MAYBE_UNUSED void say_text(int fd, const char *text)
{
    say(fd, text, strlen(text));
}

/* Reads the request; false if the client went away. */
static MAYBE_UNUSED bool read_request(int fd, char *request, size_t size)
{
    size_t used = 0;
    while (used + 1 < size) {
        ssize_t n = recv(fd, request + used, 1, 0);
        if (n <= 0) return false;
        used++;
        request[used] = '\0';
        if (used >= 4 && strcmp(request + used - 4, "\r\n\r\n") == 0) return true;
    }
    return false;
}

/* The Sec-WebSocket-Accept for the request's key (RFC 6455, 4.2.2). */
static MAYBE_UNUSED void accept_key(const char *request, char out[32])
{
    char joined[128];
    unsigned char digest[SHA_DIGEST_LENGTH];
    const char *key = strstr(request, "Sec-WebSocket-Key: ");
    if (!key) return;
    key += strlen("Sec-WebSocket-Key: ");
    int length = snprintf(joined, sizeof(joined), "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    (void)SHA1((const unsigned char *)joined, (size_t)length, digest);
    (void)EVP_EncodeBlock((unsigned char *)out, digest, SHA_DIGEST_LENGTH);
}

/* Writes the 101 with extra lines to `out`; returns its length. */
static MAYBE_UNUSED size_t make_101(const char *request, const char *lines, char *out, size_t size)
{
    char key[32] = "";
    accept_key(request, key);
    return (size_t)snprintf(
        out, size,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: %s\r\n%s\r\n",
        key, lines);
}

/* Reads the request and accepts it. */
static MAYBE_UNUSED bool upgrade(int fd, const char *lines)
{
    char request[4096], answer[2048];
    if (!read_request(fd, request, sizeof(request))) return false;
    say(fd, answer, make_101(request, lines, answer, sizeof(answer)));
    return true;
}

/* Sends an unmasked frame with a short payload. */
static MAYBE_UNUSED void say_frame(int fd, unsigned first, const void *payload, size_t length)
{
    unsigned char frame[4 + 65536] = {(unsigned char)first, (unsigned char)length};
    size_t header = 2;
    if (length > 125) {
        frame[1] = 126;
        frame[2] = (unsigned char)(length >> 8);
        frame[3] = (unsigned char)length;
        header = 4;
    }
    memcpy(frame + header, payload, length);
    say(fd, frame, header + length);
}

/* Reads one masked frame of the client with a short payload; returns its opcode, or -1 at the
 * end. */
static MAYBE_UNUSED int read_frame(int fd, char *payload, size_t size)
{
    unsigned char head[6];
    if (recv(fd, head, 6, MSG_WAITALL) != 6) return -1;
    size_t length = head[1] & 0x7f;
    assert_true((head[1] & 0x80) && length < 126 && length < size);
    if (length > 0 && recv(fd, payload, length, MSG_WAITALL) != (ssize_t)length) return -1;
    for (size_t i = 0; i < length; i++) payload[i] = (char)(payload[i] ^ head[2 + i % 4]);
    payload[length] = '\0';
    return head[0] & 0x0f;
}

static MAYBE_UNUSED void wait_for_end(int fd)
{
    char bytes[512];
    while (recv(fd, bytes, sizeof(bytes), 0) > 0) {}
}

/* Makes close() send a reset. */
static MAYBE_UNUSED void reset_on_close(int fd)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

#endif
