/* The simulator below HTTP: names, ports, connections and the proxy, as a client and the ledger see
 * them. */
#include "service_fixture.h"

#include "simulator/below.h"

#include <netdb.h>

static unsigned port_of(const char *address)
{
    return (unsigned)strtoul(strrchr(address, ':') + 1, NULL, 10);
}

/* The name in the ready line is one that the C library itself knows cannot exist. */
static void test_no_name(void **state)
{
    (void)state;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    assert_int_equal(getaddrinfo(BELOW_NO_NAME, NULL, &hints, &found), EAI_NONAME);

    start("{" QUICK ",\"faults\":[{\"fault\":\"resolve_failed\",\"rate\":\"100%\",\"regions\":["
          "\"eastus2\"]}]}");
    assert_memory_equal(ready_value(0, "address"), BELOW_NO_NAME ":", sizeof BELOW_NO_NAME);
    assert_memory_equal(ready_value(1, "address"), "127.0.0.1:", 10);
    cJSON *lines = ledger_after_stop();
    assert_int_equal(cJSON_GetArraySize(lines), 1);
    assert_string_equal(at_path(lines, "0.kind"), "region");
    assert_string_equal(at_path(lines, "0.region"), "eastus2");
    assert_string_equal(at_path(lines, "0.fault"), "F01");
    assert_string_equal(at_path(lines, "0.fault_name"), "resolve_failed");
    cJSON_Delete(lines);
    finish();
}

static void test_refused_from_the_start(void **state)
{
    (void)state;
    start(
        "{" QUICK
        ",\"faults\":[{\"fault\":\"connect_refused\",\"rate\":\"100%\",\"regions\":[\"beta\"]}]}");
    assert_false(wire_connect(&wire, &fixture.loop, port_of(ready_value(1, "address"))));
    assert_int_equal(errno, ECONNREFUSED);
    wire_close(&wire);
    open_session(0);
    expect("session.created");
    cJSON *lines = ledger_after_stop();
    assert_string_equal(at_path(lines, "0.fault_name"), "connect_refused");
    assert_string_equal(at_path(lines, "0.kind"), "region");
    cJSON_Delete(lines);
    finish();
}

/* A new clock takes effect at once: at 03:00 the port is closed, at 05:00 it is open. */
static void test_clock(void **state)
{
    (void)state;
    start("{" QUICK
          ",\"faults\":[{\"fault\":\"connect_refused\",\"rate\":\"100%\",\"regions\":[\"eastus2\"],"
          "\"during\":\"02:00-04:00@UTC\"}]}");
    unsigned port = port_of(ready_value(0, "address"));
    for (int hour = 1; hour < 6; hour++) {
        struct run_clock clock = {clock_mono_ns(), hour * INT64_C(3600) * NS_PER_S, 1.0};
        simulator_set_clock(fixture.simulator, &clock);
        assert_int_equal(wire_connect(&wire, &fixture.loop, port), hour < 2 || hour >= 4);
        wire_close(&wire);
    }
    stop();
}

static void test_connections(void **state)
{
    (void)state;
    start("{" QUICK
          ",\"faults\":[{\"fault\":\"tls_closed\",\"rate\":\"100%\",\"regions\":[\"eastus2\"]}]}");
    for (int i = 0; i < 3; i++) {
        assert_true(wire_connect(&wire, &fixture.loop, port_of(ready_value(0, "address"))));
        assert_false(wire_tls(&wire, cJSON_GetObjectItem(fixture.ready, "ca_file")->valuestring,
                              ready_value(0, "host")));
        wire_close(&wire);
    }
    cJSON *lines = ledger_after_stop();
    assert_int_equal(cJSON_GetArraySize(lines), 3);
    for (int i = 0; i < 3; i++) {
        const cJSON *line = cJSON_GetArrayItem(lines, i);
        assert_string_equal(at_path(line, "kind"), "connection");
        assert_string_equal(at_path(line, "region"), "eastus2");
        assert_string_equal(at_path(line, "fault"), "F11");
        assert_string_equal(at_path(line, "fault_name"), "tls_closed");
        assert_string_equal(at_path(line, "outcome"), "(absent)");
    }
    cJSON_Delete(lines);
    finish();
}

/* Sends a request to the proxy in the ready line; returns the status of its answer. The connection
 * stays open in `wire`. */
static int ask_proxy(const char *host, unsigned port)
{
    const char *proxy = cJSON_GetObjectItem(fixture.ready, "proxy")->valuestring;
    char text[1024];
    assert_memory_equal(proxy, "http://127.0.0.1:", 17);
    assert_true(wire_connect(&wire, &fixture.loop, port_of(proxy)));
    int length =
        snprintf(text, sizeof text, "CONNECT %s:%u HTTP/1.1\r\nHost: %s\r\n\r\n", host, port, host);
    wire_send(&wire, text, (size_t)length);
    assert_true(wire_read_head(&wire, text, sizeof text));
    return atoi(text + 9);
}

static void test_proxy(void **state)
{
    (void)state;
    char head[2048];
    start("{" QUICK "}");
    assert_int_equal(ask_proxy("www.example.com", 443), 403);
    wire_close(&wire);
    assert_int_equal(ask_proxy("contoso.openai.azure.com", 80), 403);
    wire_close(&wire);
    assert_int_equal(ask_proxy("127.0.0.1", port_of(ready_value(1, "address"))), 200);
    wire_close(&wire);
    assert_int_equal(ask_proxy("Contoso-SC.openai.azure.com", 443), 200);
    assert_true(wire_tls(&wire, cJSON_GetObjectItem(fixture.ready, "ca_file")->valuestring,
                         "contoso-sc.openai.azure.com"));
    (void)snprintf(head, sizeof head, "api-key: %s\r\n", ready_value(1, "api_key"));
    wire_send_upgrade(&wire, PREVIEW, head);
    assert_true(wire_read_head(&wire, head, sizeof head));
    assert_memory_equal(head, "HTTP/1.1 101 ", 13);
    expect("session.created");
    stop();
}

static void test_faults_of_the_proxy(void **state)
{
    (void)state;
    static const struct {
        const char *fault, *number;
        int status;
    } cases[] = {{"proxy_auth", "F12", 407},
                 {"proxy_403", "F13", 403},
                 {"proxy_502", "F13", 502},
                 {"proxy_504", "F13", 504}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char block[512];
        (void)snprintf(
            block, sizeof block,
            "{" QUICK ",\"faults\":[{\"fault\":\"%s\",\"rate\":\"100%%\",\"regions\":[\"beta\"]}]}",
            cases[i].fault);
        start(block);
        assert_int_equal(ask_proxy("contoso.openai.azure.com", 443), 200); /* another region */
        wire_close(&wire);
        assert_int_equal(ask_proxy("contoso-sc.openai.azure.com", 443), cases[i].status);
        wire_close(&wire);
        open_session(1); /* bypassing the proxy */
        expect("session.created");
        cJSON *lines = ledger_after_stop();
        assert_string_equal(at_path(lines, "0.kind"), "connection");
        assert_string_equal(at_path(lines, "0.region"), "beta");
        assert_string_equal(at_path(lines, "0.fault"), cases[i].number);
        assert_string_equal(at_path(lines, "0.fault_name"), cases[i].fault);
        cJSON_Delete(lines);
        finish();
    }
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_name), cmocka_unit_test(test_refused_from_the_start),
        cmocka_unit_test(test_clock),   cmocka_unit_test(test_connections),
        cmocka_unit_test(test_proxy),   cmocka_unit_test(test_faults_of_the_proxy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
