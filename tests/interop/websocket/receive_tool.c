/*
 * Connects to one case after another of a server and says what it received, a line of JSON for
 * each: {"case": 3, "messages": [[is_text, bytes, FNV-1a of them], ...], "close_code": 1000, ...}.
 * usage: receive_tool PORT CA_FILE|- FIRST_CASE LAST_CASE (-: plain ws)
 */
#include "net/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct heard {
    int opened, closed;
    bool following;
};

static void on_open(void *user, const struct ws_response *response, uint64_t at_ns)
{
    struct heard *heard = user;
    (void)response, (void)at_ns;
    heard->opened++;
}

static void on_message(void *user, const char *data, size_t length, bool is_text, uint64_t at_ns)
{
    struct heard *heard = user;
    uint32_t hash = 2166136261U;
    (void)at_ns;
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)data[i]) * 16777619U;
    printf("%s[%s, %zu, %u]", heard->following ? ", " : "", is_text ? "true" : "false", length,
           (unsigned)hash);
    heard->following = true;
}

static void on_closed(void *user, const struct ws_end *end, uint64_t at_ns)
{
    struct heard *heard = user;
    (void)at_ns;
    printf("], \"close_code\": %d, \"close_reason\": \"%s\", \"violation\": %s, \"os_error\": %d, "
           "\"opened\": %s}\n",
           end->close_code, end->close_reason, end->protocol_violation ? "true" : "false",
           end->os_error, end->opened ? "true" : "false");
    (void)fflush(stdout);
    heard->closed++;
}

static bool run_case(uv_loop_t *loop, struct ws_client *client, struct http_target *target,
                     int number)
{
    struct heard heard = {0};
    struct ws_conn *conn;
    struct error err;
    char path[32];
    (void)snprintf(path, sizeof path, "/%d", number);
    target->target = path;
    printf("{\"case\": %d, \"messages\": [", number);
    if (ws_connect(client, target, &heard, &conn, &err) != ERR_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
        return false;
    }
    while (heard.closed == 0) (void)uv_run(loop, UV_RUN_ONCE);
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 5) return 2;
    const bool tls = strcmp(argv[2], "-") != 0;
    const uint16_t port = (uint16_t)strtoul(argv[1], NULL, 10);
    const struct tls_terms terms = {.ca_file = tls ? argv[2] : NULL};
    const struct ws_handlers handlers = {NULL, on_open, NULL, on_message, on_closed};
    struct http_target target = {.host = "localhost",
                                 .port = port,
                                 .address = "127.0.0.1",
                                 .address_port = port,
                                 .tls = tls,
                                 .terms = terms};
    struct ws_client *client = NULL;
    struct error err;
    uv_loop_t loop;
    (void)uv_loop_init(&loop);
    ws_global_init();
    if (ws_client_new(&loop, &terms, tls ? 1 : 0, &handlers, &client, &err) != ERR_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    bool good = true;
    for (int i = atoi(argv[3]); i <= atoi(argv[4]) && good; i++)
        good = run_case(&loop, client, &target, i);
    ws_client_free(client);
    (void)uv_loop_close(&loop);
    return good ? 0 : 1;
}
