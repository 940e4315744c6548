/* Checks a target and translates it for lws. */
#include "net/client_private.h"

#include "base/text.h"
#include "net/proxy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What lws 4.1.6 holds without truncating: the request line and the Host line. */
#define MAX_TARGET 2000
#define MAX_HOST 110
#define MAX_HEADERS 24000

/* The string may hold a credential: wipe it before freeing. */
static void wipe(char *string)
{
    if (string != NULL) explicit_bzero(string, strlen(string));
    free(string);
}

void client_request_free(struct client_request *request)
{
    if (request == NULL) return;
    if (request->tunnel != NULL && request->vhost != NULL &&
        request->vhost->tls->tunnel == request->tunnel)
        request->vhost->tls->tunnel = NULL;
    free(request->host);
    free(request->host_header);
    free(request->connect_host);
    client_tunnel_free(request->tunnel);
    wipe(request->target);
    wipe(request->subprotocol);
    wipe(request->header_lines);
    free(request);
}

static enum err_code read_proxy(struct client_request *request, const char *text, struct error *err)
{
    struct proxy proxy;
    enum err_code code = proxy_read(text, PROXY_LOGIN_MAX, &proxy, err);
    if (code != ERR_OK) return code;
    request->tunnel = client_tunnel_new(request->connect_host, request->connect_port, proxy.login);
    free(request->connect_host);
    request->connect_host = proxy.host;
    request->connect_port = proxy.port;
    proxy.host = NULL;
    proxy_clear(&proxy);
    return request->tunnel != NULL ? ERR_OK : error_set(err, ERR_NOMEM, "no memory for a proxy");
}

static bool printable(const char *string)
{
    for (; *string; string++) {
        if (*string == '\r' || *string == '\n') return false;
    }
    return true;
}

static enum err_code write_headers(struct client_request *request, const struct http_target *target,
                                   struct error *err)
{
    struct text lines = {0};
    for (size_t i = 0; i < target->header_count; i++) {
        const struct http_header *header = &target->headers[i];
        if (!printable(header->name) || !printable(header->value) || !header->name[0]) {
            text_free(&lines);
            return error_set(err, ERR_NET,
                             "header %zu for %s holds a line break: its value must be one line",
                             i + 1, target->host);
        }
        if (strcasecmp(header->name, "sec-websocket-protocol") == 0 &&
            request->subprotocol == NULL) {
            request->subprotocol = strdup(header->value);
        } else {
            text_printf(&lines, "%s: %s\r\n", header->name, header->value);
        }
    }
    request->header_length = lines.length;
    if (lines.length > MAX_HEADERS) {
        text_free(&lines);
        return error_set(err, ERR_NET, "the headers for %s take %zu bytes: at most %d are possible",
                         target->host, request->header_length, MAX_HEADERS);
    }
    if (lines.length == 0) return ERR_OK;
    request->header_lines = text_take(&lines);
    return request->header_lines != NULL ? ERR_OK
                                         : error_set(err, ERR_NOMEM, "no memory for the headers");
}

static enum err_code check_target(const struct http_target *target, struct error *err)
{
    if (!target->host[0] || strlen(target->host) > MAX_HOST || !printable(target->host)) {
        return error_set(err, ERR_NET,
                         "the host name \"%.40s\" is not usable: 1 to %d characters are",
                         target->host, MAX_HOST);
    }
    if (target->tls && strchr(target->host, ':') != NULL) {
        return error_set(err, ERR_NET,
                         "TLS to the bare IPv6 address %s cannot be verified: give a host name",
                         target->host);
    }
    if (target->target[0] != '/' || strlen(target->target) > MAX_TARGET ||
        strpbrk(target->target, " \r\n") != NULL) {
        return error_set(
            err, ERR_NET,
            "the path for %s must start with '/', have no space and at most %d characters",
            target->host, MAX_TARGET);
    }
    if (target->port == 0 || (target->address != NULL && target->address_port == 0)) {
        return error_set(err, ERR_NET, "there is no port 0 to connect to at %s", target->host);
    }
    if (target->proxy != NULL && !target->tls) {
        return error_set(
            err, ERR_NET,
            "a proxy leads to TLS only, and %s is asked for without: leave one of the two out",
            target->host);
    }
    return ERR_OK;
}

static enum err_code copy_names(struct client_request *request, const struct http_target *target,
                                struct error *err)
{
    struct text host = {0};
    bool bare_ipv6 = strchr(target->host, ':') != NULL;
    text_printf(&host, bare_ipv6 ? "[%s]" : "%s", target->host);
    if (target->port != (target->tls ? 443 : 80)) text_printf(&host, ":%u", (unsigned)target->port);
    request->host_header = text_take(&host);
    request->host = strdup(target->host);
    request->connect_host = strdup(target->address != NULL ? target->address : target->host);
    request->connect_port = target->address != NULL ? target->address_port : target->port;
    request->target = strdup(target->target);
    if (request->host_header != NULL && request->host != NULL && request->connect_host != NULL &&
        request->target != NULL)
        return ERR_OK;
    return error_set(err, ERR_NOMEM, "no memory for a connection");
}

enum err_code client_request_new(struct ws_client *client, const struct http_target *target,
                                 struct client_request **out, struct error *err)
{
    enum err_code code = check_target(target, err);
    if (code != ERR_OK) return code;
    struct client_request *request = calloc(1, sizeof *request);
    if (request == NULL) return error_set(err, ERR_NOMEM, "no memory for a connection");
    code = copy_names(request, target, err);
    if (code == ERR_OK) code = write_headers(request, target, err);
    if (code == ERR_OK && target->proxy != NULL) code = read_proxy(request, target->proxy, err);
    if (code == ERR_OK) code = client_vhost_find(client, target, &request->vhost, err);
    if (code == ERR_OK) {
        *out = request;
        return ERR_OK;
    }
    client_request_free(request);
    return code;
}
