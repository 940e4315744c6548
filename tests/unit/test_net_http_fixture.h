/* Peers in Python and one request at a time, for the tests of HTTP. */
#ifndef TEST_NET_HTTP_FIXTURE_H
#define TEST_NET_HTTP_FIXTURE_H

#include "net/http.h"

#include "base/text.h"
#include "net/server.h"

#include <netdb.h>
#include <openssl/x509_vfy.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SECONDS INT64_C(1000000000)

/* ---- the peers ---- */

static struct {
    char folder[64], certificate[96], other[96];
    FILE *peer;
    int peer_input;
    pid_t peer_id, s_server_id, mutual_id;
    unsigned tls, plain, proxy, socks, s_server, mutual;
} peers;

static inline int make_certificate(const char *file, const char *name)
{
    char command[640];
    (void)snprintf(command, sizeof command,
                   "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
                   "-subj '/O=Inspecting Proxy, Inc./CN=%s' -addext 'subjectAltName=DNS:%s' "
                   "-keyout %s.key -out %s 2>/dev/null",
                   name, name, file, file);
    return system(command); /* NOLINT(bugprone-command-processor,cert-env33-c): a fixed text */
}

/* Starts a program with its standard output in a pipe, and its input in another that closes when we
 * exit. */
static inline pid_t spawn(char *const *words, FILE **output, int *input)
{
    int from[2], to[2];
    if (pipe2(from, 0) != 0 || pipe2(to, 0) != 0) return -1;
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(to[0], 0);
        (void)dup2(from[1], 1);
        (void)close(to[0]), (void)close(to[1]), (void)close(from[0]), (void)close(from[1]);
        (void)execvp(words[0], words);
        _exit(127);
    }
    (void)close(to[0]);
    (void)close(from[1]);
    *output = fdopen(from[0], "r");
    *input = to[1];
    return child;
}

/* `openssl s_server`, once it says where it listens. */
static inline pid_t start_server(char *const *words, unsigned *port)
{
    FILE *output = NULL;
    int input = -1;
    char line[256];
    const pid_t child = spawn(words, &output, &input);
    while (output != NULL && *port == 0 && fgets(line, sizeof line, output) != NULL)
        (void)sscanf(line, "ACCEPT 127.0.0.1:%u", port);
    return child;
}

static inline int start_peers(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)snprintf(peers.folder, sizeof peers.folder, "/tmp/test_net_http_XXXXXX");
    if (mkdtemp(peers.folder) == NULL) return -1;
    (void)snprintf(peers.certificate, sizeof peers.certificate, "%s/here.pem", peers.folder);
    (void)snprintf(peers.other, sizeof peers.other, "%s/other.pem", peers.folder);
    if (make_certificate(peers.certificate, "localhost") != 0 ||
        make_certificate(peers.other, "localhost") != 0)
        return -1;
    char key[128], line[256];
    (void)snprintf(key, sizeof key, "%s.key", peers.certificate);
    char script[] = TEST_DATA "/https/peer.py";
    char *words[] = {"python3", script, peers.certificate, key, NULL};
    peers.peer_id = spawn(words, &peers.peer, &peers.peer_input);
    if (peers.peer_id < 0 || peers.peer == NULL || fgets(line, sizeof line, peers.peer) == NULL ||
        sscanf(line, "%u %u %u %u", &peers.tls, &peers.plain, &peers.proxy, &peers.socks) != 4)
        return -1;
    char *server[] = {"openssl", "s_server",        "-accept", "127.0.0.1:0", "-www",
                      "-cert",   peers.certificate, "-key",    key,           NULL};
    char *mutual[] = {"openssl",
                      "s_server",
                      "-accept",
                      "127.0.0.1:0",
                      "-www",
                      "-cert",
                      peers.certificate,
                      "-key",
                      key,
                      "-Verify",
                      "1",
                      "-verify_return_error",
                      "-CAfile",
                      peers.certificate,
                      NULL};
    peers.s_server_id = start_server(server, &peers.s_server);
    peers.mutual_id = start_server(mutual, &peers.mutual);
    return peers.s_server == 0 || peers.mutual == 0 ? -1 : 0;
}

static inline int stop_peers(void **state)
{
    (void)state;
    (void)kill(peers.s_server_id, SIGTERM);
    (void)kill(peers.mutual_id, SIGTERM);
    (void)close(peers.peer_input);
    (void)waitpid(peers.peer_id, NULL, 0);
    (void)waitpid(peers.s_server_id, NULL, 0);
    (void)waitpid(peers.mutual_id, NULL, 0);
    char command[96];
    (void)snprintf(command, sizeof command, "rm -r %s", peers.folder);
    return system(command); /* NOLINT(bugprone-command-processor,cert-env33-c) */
}

/* ---- one request ---- */

static struct {
    int called;
    struct http_result result;
    char headers[1024], body[HTTP_BODY_MAX + 1];
} got;

static inline void on_done(void *user, const struct http_result *result)
{
    assert_ptr_equal(user, &got);
    got.called++;
    got.result = *result;
    size_t used = 0;
    got.headers[0] = '\0';
    for (size_t i = 0; i < result->header_count; i++) {
        used += (size_t)snprintf(got.headers + used, sizeof got.headers - used, "%s=%s;",
                                 result->headers[i].name, result->headers[i].value);
    }
    assert_int_equal(strlen(result->body), result->body_length);
    memcpy(got.body, result->body, result->body_length + 1);
}

static inline struct http_target target_of(unsigned port, const char *path)
{
    return (struct http_target){.host = "localhost",
                                .port = 8443,
                                .address = "127.0.0.1",
                                .address_port = (uint16_t)port,
                                .tls = port != peers.plain,
                                .terms.ca_file = port != peers.plain ? peers.certificate : NULL,
                                .target = path};
}

static inline struct http_request request_of(const struct http_target *where)
{
    return (struct http_request){.where = where,
                                 .method = "GET",
                                 .resolve_ns = 10 * SECONDS,
                                 .connect_ns = 10 * SECONDS,
                                 .tls_ns = 10 * SECONDS,
                                 .answer_ns = 10 * SECONDS};
}

static inline void ask(const struct http_request *request)
{
    uv_loop_t loop;
    struct http_exchange *exchange = NULL;
    struct error err = {0};
    memset(&got, 0, sizeof got);
    assert_int_equal(uv_loop_init(&loop), 0);
    if (http_start_alone(&loop, request, on_done, &got, &exchange, &err) != ERR_OK)
        fail_msg("%s", err.text);
    assert_int_equal(got.called, 0);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(got.called, 1);
}

static inline void get(unsigned port, const char *path)
{
    struct http_target where = target_of(port, path);
    struct http_request request = request_of(&where);
    ask(&request);
}

#endif
