#include "net/https_request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void https_words_clear(struct https_words *words)
{
    proxy_clear(&words->proxy);
    text_wipe(&words->tunnel);
    text_wipe(&words->request);
    free(words->host);
    free(words->connect_host);
    *words = (struct https_words){0};
}

static bool one_line(const char *string)
{
    return strpbrk(string, "\r\n") == NULL;
}

static enum err_code check(const struct https_request *request, struct error *err)
{
    const struct http_target *where = request->where;
    if (where->host[0] == '\0' || strpbrk(where->host, " \r\n/") != NULL)
        return error_set(err, ERR_NET, "the host name \"%.40s\" is not usable", where->host);
    if (where->port == 0 || (where->address != NULL && where->address_port == 0))
        return error_set(err, ERR_NET, "there is no port 0 to connect to at %s", where->host);
    if (request->tls_only) return ERR_OK;
    if (where->target[0] != '/' || strpbrk(where->target, " \r\n") != NULL)
        return error_set(err, ERR_NET, "the path for %s must start with '/' and have no space",
                         where->host);
    for (size_t i = 0; i < where->header_count; i++) {
        const struct http_header *header = &where->headers[i];
        if (header->name[0] == '\0' || !one_line(header->name) || !one_line(header->value))
            return error_set(err, ERR_NET,
                             "header %zu for %s holds a line break: its value must be one line",
                             i + 1, where->host);
    }
    return ERR_OK;
}

static void put_host(struct text *out, const char *host)
{
    text_printf(out, strchr(host, ':') != NULL ? "[%s]" : "%s", host);
}

static void write_request(const struct https_request *request, struct text *out)
{
    const struct http_target *where = request->where;
    text_printf(out, "%s %s HTTP/1.1\r\nHost: ", request->method, where->target);
    put_host(out, where->host);
    if (where->port != (where->tls ? 443 : 80)) text_printf(out, ":%u", (unsigned)where->port);
    text_puts(out, "\r\nConnection: close\r\n");
    for (size_t i = 0; i < where->header_count; i++)
        text_printf(out, "%s: %s\r\n", where->headers[i].name, where->headers[i].value);
    if (request->content_type != NULL)
        text_printf(out, "Content-Type: %s\r\n", request->content_type);
    if (request->body != NULL || strcasecmp(request->method, "POST") == 0) {
        text_printf(out, "Content-Length: %zu\r\n",
                    request->body != NULL ? strlen(request->body) : 0);
    }
    text_puts(out, "\r\n");
    if (request->body != NULL) text_puts(out, request->body);
}

enum err_code https_words_make(const struct https_request *request, struct https_words *out,
                               struct error *err)
{
    const struct http_target *where = request->where;
    *out = (struct https_words){0};
    enum err_code code = check(request, err);
    if (code == ERR_OK && where->proxy != NULL)
        code = proxy_read(where->proxy, PROXY_LOGIN_MAX, &out->proxy, err);
    if (code != ERR_OK) return code;
    const char *connect_host = where->address != NULL ? where->address : where->host;
    out->connect_port = where->address != NULL ? where->address_port : where->port;
    if (out->proxy.host != NULL) {
        proxy_question(connect_host, out->connect_port, out->proxy.login, &out->tunnel);
        connect_host = out->proxy.host;
        out->connect_port = out->proxy.port;
    }
    if (!request->tls_only) write_request(request, &out->request);
    out->host = strdup(where->host);
    out->connect_host = strdup(connect_host);
    if (out->host != NULL && out->connect_host != NULL && !out->tunnel.failed &&
        !out->request.failed)
        return ERR_OK;
    https_words_clear(out);
    return error_set(err, ERR_NOMEM, "no memory for a request to %s", where->host);
}
