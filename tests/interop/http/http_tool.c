/*
 * Asks for all paths at once, over kept connections, and says what came: a line of JSON for each,
 * {"path": "/a", "status": 200, "version": 20, "reused": true, "bytes": 5, "hash": 1} (FNV-1a).
 * usage: http_tool PORT CA_FILE 1|2 PATH...    (1: HTTP/1.1; 2: HTTP/2 is offered)
 */
#include "net/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct asked {
    const char *path;
    uint32_t hash;
    size_t bytes;
};

static void on_body(void *user, const char *bytes, size_t length, uint64_t at_ns)
{
    struct asked *asked = user;
    (void)at_ns;
    for (size_t i = 0; i < length; i++)
        asked->hash = (asked->hash ^ (unsigned char)bytes[i]) * 16777619U;
    asked->bytes += length;
}

static void on_done(void *user, const struct http_result *result)
{
    const struct asked *asked = user;
    printf("{\"path\": \"%s\", \"reached\": %d, \"status\": %d, \"version\": %d, \"reused\": %s, "
           "\"bytes\": %zu, \"hash\": %u, \"kept\": %zu, \"detail\": \"%s\"}\n",
           asked->path, (int)result->reached, result->status, result->version,
           result->reused ? "true" : "false", asked->bytes, (unsigned)asked->hash,
           result->body_length, result->detail);
    free(user);
}

static enum err_code ask(struct http_client *client, const struct http_target *where, bool http2,
                         struct error *err)
{
    static const struct http_handlers handlers = {.on_body = on_body};
    struct http_exchange *exchange = NULL;
    const struct http_request request = {.where = where,
                                         .method = "GET",
                                         .answer_ns = INT64_C(30000000000),
                                         .reuse = true,
                                         .http2 = http2,
                                         .handlers = &handlers};
    struct asked *asked = malloc(sizeof *asked);
    if (asked == NULL) return error_set(err, ERR_NOMEM, "no memory");
    *asked = (struct asked){.path = where->target, .hash = 2166136261U};
    enum err_code code = http_start(client, &request, on_done, asked, &exchange, err);
    if (code != ERR_OK) free(asked);
    return code;
}

int main(int argc, char **argv)
{
    uv_loop_t loop;
    struct http_client *client = NULL;
    struct error err = {0};
    if (argc < 5 || uv_loop_init(&loop) != 0) return 2;
    struct http_target where = {.host = "localhost",
                                .port = (uint16_t)strtoul(argv[1], NULL, 10),
                                .tls = true,
                                .terms.ca_file = argv[2],
                                .address = "127.0.0.1"};
    where.address_port = where.port;
    enum err_code code = http_client_new(&loop, &where.terms, &client, &err);
    /* the first one alone, so that there is a connection for the others */
    for (int i = 4; i < argc && code == ERR_OK; i++) {
        where.target = argv[i];
        code = ask(client, &where, argv[3][0] == '2', &err);
        if (i == 4) (void)uv_run(&loop, UV_RUN_DEFAULT);
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    http_client_close(client);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    if (code != ERR_OK) (void)fprintf(stderr, "http_tool: %s\n", err.text);
    return code == ERR_OK && uv_loop_close(&loop) == 0 ? 0 : 1;
}
