/* The client over TLS against the project's own server: trust, names, ends, many sessions, two
 * threads. */
#include "test_net_client_fixture.h"

#include "net/server.h"

#include <errno.h>
#include <openssl/x509_vfy.h>

static struct authority *stranger;
static struct tls_identity *strange_identity, *other_name;

static int make_authorities(void **state)
{
    struct error err = {0};
    assert_int_equal(make_authority(state), 0);
    assert_int_equal(authority_new(&stranger, &err), ERR_OK);
    assert_int_equal(authority_issue(authority, "elsewhere.test", &other_name, &err), ERR_OK);
    assert_int_equal(authority_issue(stranger, "localhost.test", &strange_identity, &err), ERR_OK);
    return 0;
}

static int free_authorities(void **state)
{
    tls_identity_free(other_name);
    tls_identity_free(strange_identity);
    authority_free(stranger);
    return free_authority(state);
}

/* What the server does with each connection, by the word after /do/ in its path. */
static void on_request(void *user, struct ws_peer *peer, const struct ws_request *request)
{
    (void)user;
    if (strstr(request->target, "/refuse")) {
        ws_peer_refuse(peer, 429, "Retry-After: 3\r\nx-ms-region: East\r\n", "application/json",
                       "{\"error\":{}}");
        return;
    }
    if (strstr(request->target, "/cut")) {
        ws_peer_close(peer, 0, "");
        return;
    }
    ws_peer_accept(peer, "x-request-id: r1\r\n");
    if (strstr(request->target, "/greet")) ws_peer_send(peer, "{\"type\":\"session.created\"}", 26);
    if (strstr(request->target, "/1013")) ws_peer_close(peer, 1013, "try again later");
    if (strstr(request->target, "/1002")) ws_peer_close(peer, 1002, "");
}

static void on_message(struct ws_peer *peer, const char *text, size_t length, uint64_t at_ns)
{
    (void)at_ns;
    if (strcmp(text, "reset") != 0) ws_peer_send(peer, text, length);
    if (strcmp(text, "echo, then reset") == 0) ws_peer_flush(peer);
    if (strstr(text, "reset")) ws_peer_reset(peer);
}

static void on_gone(struct ws_peer *peer, int code)
{
    (void)peer, (void)code;
}

struct scene {
    struct bench bench;
    struct ws_server *server;
    struct http_target target;
};

static void scene_begin(struct scene *scene, struct tls_identity *tls)
{
    const struct ws_server_handlers handlers = {
        .on_request = on_request, .on_message = on_message, .on_gone = on_gone};
    struct error err = {0};
    trust_begin(&scene->bench);
    if (ws_server_listen(&scene->bench.loop, "127.0.0.1", 0, tls, &handlers, NULL, &scene->server,
                         &err) != ERR_OK) {
        fail_msg("%s", err.text);
    }
    scene->target = tls_target(ws_server_port(scene->server));
}

static void scene_end(struct scene *scene)
{
    ws_server_close(scene->server);
    bench_end(&scene->bench);
}

static void test_opens_over_tls(void **state)
{
    (void)state;
    struct scene scene;
    struct heard heard = {.close_after = 2};
    scene_begin(&scene, identity);
    scene.target.target = "/greet";
    heard.send_at_open = "hello";
    dial(&scene.bench, &scene.target, &heard);
    bench_run(&scene.bench, &heard.closed, 1);
    assert_int_equal(heard.step_count, 3);
    assert_int_equal(heard.messages, 2);
    assert_string_equal(heard.last, "hello");
    assert_non_null(strstr(heard.headers, "x-request-id=r1;"));
    assert_int_equal(heard.end.close_code, 1000);
    assert_int_equal(heard.end.tls_verify_error, 0);
    assert_false(heard.end.tls_failed || heard.end.protocol_violation);
    scene_end(&scene);
}

static void test_close_codes_over_tls(void **state)
{
    (void)state;
    struct scene scene;
    struct heard first = {0}, second = {0};
    scene_begin(&scene, identity);
    scene.target.target = "/1013";
    dial(&scene.bench, &scene.target, &first);
    bench_run(&scene.bench, &first.closed, 1);
    assert_int_equal(first.end.close_code, 1013);
    assert_string_equal(first.reason, "try again later");
    scene.target.target = "/1002";
    dial(&scene.bench, &scene.target, &second);
    bench_run(&scene.bench, &second.closed, 1);
    assert_int_equal(second.end.close_code, 1002);
    scene_end(&scene);
}

static void test_reset_over_tls(void **state)
{
    (void)state;
    struct scene scene;
    struct heard cold = {.send_at_open = "reset"}, warm = {.send_at_open = "echo, then reset"};
    scene_begin(&scene, identity);
    dial(&scene.bench, &scene.target, &cold);
    bench_run(&scene.bench, &cold.closed, 1);
    dial(&scene.bench, &scene.target, &warm);
    bench_run(&scene.bench, &warm.closed, 1);
    assert_int_equal(cold.messages, 0);
    assert_int_equal(warm.messages, 1);
    assert_int_equal(cold.end.os_error, ECONNRESET);
    assert_int_equal(warm.end.os_error, ECONNRESET);
    assert_false(cold.end.protocol_violation || cold.end.tls_failed);
    assert_true(cold.end.opened);
    scene_end(&scene);
}

/* The handshake was over: its library calls the end an error of TLS all the same. */
static void test_an_end_instead_of_an_answer_over_tls(void **state)
{
    (void)state;
    struct scene scene;
    struct heard heard = {0};
    scene_begin(&scene, identity);
    scene.target.target = "/cut";
    dial(&scene.bench, &scene.target, &heard);
    bench_run(&scene.bench, &heard.closed, 1);
    scene_end(&scene);
    assert_int_equal(heard.end.steps_done, 2);
    assert_false(heard.end.opened);
    assert_false(heard.end.tls_failed);
    assert_int_equal(heard.end.tls_verify_error, 0);
    assert_false(heard.end.protocol_violation);
}

static void test_refusal_over_tls(void **state)
{
    (void)state;
    struct scene scene;
    struct heard heard = {0};
    scene_begin(&scene, identity);
    scene.target.target = "/refuse";
    dial(&scene.bench, &scene.target, &heard);
    bench_run(&scene.bench, &heard.closed, 1);
    assert_int_equal(heard.status, 429);
    assert_string_equal(heard.body, "{\"error\":{}}");
    assert_non_null(strstr(heard.headers, "retry-after=3;"));
    assert_non_null(strstr(heard.headers, "x-ms-region=East;"));
    scene_end(&scene);
}

static void check_untrusted(struct tls_identity *tls, const char *ca, long verify_error)
{
    struct scene scene;
    struct heard heard = {0};
    scene_begin(&scene, tls);
    scene.target.terms.ca_file = ca;
    dial(&scene.bench, &scene.target, &heard);
    bench_run(&scene.bench, &heard.closed, 1);
    assert_int_equal(heard.opened, 0);
    assert_true(heard.end.tls_failed);
    assert_int_equal(heard.end.tls_verify_error, verify_error);
    assert_int_equal(heard.end.steps_done, 1);
    assert_int_equal(heard.end.os_error, 0);
    assert_string_equal(heard.detail, X509_verify_cert_error_string(verify_error));
    scene_end(&scene);
}

static void test_certificates_are_verified(void **state)
{
    (void)state;
    check_untrusted(other_name, ca_file, X509_V_ERR_HOSTNAME_MISMATCH);
    check_untrusted(strange_identity, ca_file, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    /* the system's roots */
    check_untrusted(identity, NULL, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
}

static void say_no_tls(int fd)
{
    char hello[4096];
    (void)recv(fd, hello, sizeof(hello), 0);
    say_text(fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
    wait_for_end(fd);
}

static void leave_in_handshake(int fd)
{
    char hello[4096];
    (void)recv(fd, hello, sizeof(hello), 0);
}

static void reset_in_handshake(int fd)
{
    char hello[4096];
    (void)recv(fd, hello, sizeof(hello), 0);
    reset_on_close(fd);
}

static void alert_in_handshake(int fd)
{
    char hello[4096];
    (void)recv(fd, hello, sizeof(hello), 0);
    say(fd, "\x15\x03\x03\x00\x02\x02\x28", 7); /* fatal handshake_failure */
    wait_for_end(fd);
}

static void test_failed_handshakes(void **state)
{
    (void)state;
    static const struct {
        hand_script *script;
        bool tls_failed;
        int os_error;
        const char *detail;
    } cases[] = {{say_no_tls, true, 0, "wrong version number"},
                 {leave_in_handshake, false, 0, "unexpected eof"},
                 {reset_in_handshake, false, ECONNRESET, ""},
                 {alert_in_handshake, true, 0, "handshake failure"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct heard heard = {0};
        run_one_tls(cases[i].script, &heard);
        assert_int_equal(heard.end.steps_done, 1);
        assert_int_equal(heard.end.tls_failed, cases[i].tls_failed);
        assert_int_equal(heard.end.os_error, cases[i].os_error);
        assert_int_equal(heard.end.tls_verify_error, 0);
        assert_non_null(strstr(heard.detail, cases[i].detail));
    }
}

static void reset_a_little_later(int fd)
{
    (void)usleep(100000);
    reset_in_handshake(fd);
}

/* Two handshakes on one context at once: neither gets the other's error text. */
static void test_failures_at_the_same_time_are_kept_apart(void **state)
{
    (void)state;
    struct hand_server refusing, leaving;
    struct bench bench;
    struct heard refused = {0}, reset = {0};
    hand_begin(&refusing, alert_in_handshake, 1);
    hand_begin(&leaving, reset_a_little_later, 1);
    trust_begin(&bench);
    struct http_target targets[] = {tls_target(refusing.port), tls_target(leaving.port)};
    dial(&bench, &targets[0], &refused);
    dial(&bench, &targets[1], &reset);
    bench_run(&bench, &refused.closed, 1);
    bench_run(&bench, &reset.closed, 1);
    bench_end(&bench);
    hand_end(&refusing);
    hand_end(&leaving);
    assert_true(refused.end.tls_failed);
    assert_non_null(strstr(refused.detail, "handshake failure"));
    assert_false(reset.end.tls_failed);
    assert_int_equal(reset.end.os_error, ECONNRESET);
    assert_null(strstr(reset.detail, "handshake failure"));
}

static void test_ca_file_without_certificate(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct error err = {0};
    struct ws_client *client = NULL;
    const struct tls_terms files[] = {{.ca_file = PROJECT_DIR "/CMakeLists.txt"}};
    const struct tls_terms missing[] = {{.ca_file = "/nowhere/ca.pem"}};
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(ws_client_new(&loop, files, 1, &heard_handlers, &client, &err), ERR_NET);
    assert_non_null(strstr(err.text, "CMakeLists.txt"));
    assert_int_equal(ws_client_new(&loop, missing, 1, &heard_handlers, &client, &err), ERR_NET);
    assert_non_null(strstr(err.text, "/nowhere/ca.pem"));
    assert_int_equal(uv_loop_close(&loop), 0);
}

#define MANY 100

static void test_many_sessions_at_once(void **state)
{
    (void)state;
    struct scene scene;
    static struct heard heard[MANY];
    scene_begin(&scene, identity);
    scene.target.target = "/greet";
    for (int i = 0; i < MANY; i++) {
        heard[i] = (struct heard){.send_at_open = "ping-pong", .close_after = 2};
        dial(&scene.bench, &scene.target, &heard[i]);
    }
    for (int i = 0; i < MANY; i++) {
        bench_run(&scene.bench, &heard[i].closed, 1);
        assert_int_equal(heard[i].messages, 2);
        assert_int_equal(heard[i].end.close_code, 1000);
    }
    scene_end(&scene);
}

/* Both clients exist before either dials, as the header demands. */
static pthread_barrier_t both_made;

static void *one_thread(void *argument)
{
    struct scene *scene = argument;
    static _Thread_local struct heard heard[20];
    (void)pthread_barrier_wait(&both_made);
    scene->target.target = "/greet";
    for (int i = 0; i < 20; i++) {
        heard[i] = (struct heard){.send_at_open = "hello", .close_after = 2};
        dial(&scene->bench, &scene->target, &heard[i]);
    }
    for (int i = 0; i < 20; i++) bench_run(&scene->bench, &heard[i].closed, 1);
    return heard[19].messages == 2 ? scene : NULL;
}

static void test_two_clients_in_two_threads(void **state)
{
    (void)state;
    struct scene scenes[2];
    pthread_t threads[2];
    assert_int_equal(pthread_barrier_init(&both_made, NULL, 2), 0);
    for (int i = 0; i < 2; i++) scene_begin(&scenes[i], identity);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, one_thread, &scenes[i]), 0);
    for (int i = 0; i < 2; i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_non_null(result);
    }
    for (int i = 0; i < 2; i++) scene_end(&scenes[i]);
    (void)pthread_barrier_destroy(&both_made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opens_over_tls),
        cmocka_unit_test(test_close_codes_over_tls),
        cmocka_unit_test(test_reset_over_tls),
        cmocka_unit_test(test_an_end_instead_of_an_answer_over_tls),
        cmocka_unit_test(test_refusal_over_tls),
        cmocka_unit_test(test_certificates_are_verified),
        cmocka_unit_test(test_failed_handshakes),
        cmocka_unit_test(test_failures_at_the_same_time_are_kept_apart),
        cmocka_unit_test(test_ca_file_without_certificate),
        cmocka_unit_test(test_many_sessions_at_once),
        cmocka_unit_test(test_two_clients_in_two_threads),
    };
    return cmocka_run_group_tests(tests, make_authorities, free_authorities);
}
