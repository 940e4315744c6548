#include "net/http_private.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- what cannot be sent ---- */

static bool one_line(const char *string)
{
    return strpbrk(string, "\r\n") == NULL;
}

static enum err_code check(const struct http_target *where, struct error *err)
{
    if (where->host[0] == '\0' || strpbrk(where->host, " \r\n/@") != NULL)
        return error_set(err, ERR_NET, "the host name \"%.40s\" is not usable", where->host);
    if (where->port == 0 || (where->address != NULL && where->address_port == 0))
        return error_set(err, ERR_NET, "there is no port 0 to connect to at %s", where->host);
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

/* ---- lists ---- */

/* Appends the text to a list, and wipes it. */
static bool add_line(struct curl_slist **list, struct text *line)
{
    struct curl_slist *longer = line->failed ? NULL : curl_slist_append(*list, text_str(line));
    text_wipe(line);
    if (longer == NULL) return false;
    *list = longer;
    return true;
}

static void put_host(struct text *out, const char *host)
{
    text_printf(out, strchr(host, ':') != NULL ? "[%s]" : "%s", host);
}

static bool add_header(struct http_exchange *exchange, const char *name, const char *value)
{
    struct text line = {0};
    if (value == NULL) {
        text_printf(&line, "%s:", name); /* libcurl leaves out its own */
    } else if (value[0] == '\0') {
        text_printf(&line, "%s;", name); /* sends it empty */
    } else {
        text_printf(&line, "%s: %s", name, value);
    }
    return add_line(&exchange->lists[LIST_HEADERS], &line);
}

static bool add_headers(struct http_exchange *exchange, const struct http_request *request)
{
    const struct http_target *where = request->where;
    bool good = add_header(exchange, "Content-Type", request->content_type) &&
                add_header(exchange, "Expect", NULL);
    if (!request->reuse) good = good && add_header(exchange, "Connection", "close");
    for (size_t i = 0; i < where->header_count && good; i++)
        good = add_header(exchange, where->headers[i].name, where->headers[i].value);
    return good;
}

static bool add_connect_to(struct http_exchange *exchange, const struct http_target *where)
{
    struct text line = {0};
    if (where->address == NULL) return true;
    text_puts(&line, "::"); /* whatever host and port the URL has: it is ours alone */
    put_host(&line, where->address);
    text_printf(&line, ":%u", (unsigned)where->address_port);
    return add_line(&exchange->lists[LIST_CONNECT_TO], &line) &&
           curl_easy_setopt(exchange->easy, CURLOPT_CONNECT_TO, exchange->lists[LIST_CONNECT_TO]) ==
               CURLE_OK;
}

bool easy_resolve(struct http_exchange *exchange)
{
    const struct http_result *result = &exchange->result;
    struct text line = {0};
    if (resolver_is_numeric(exchange->connect_host)) return true;
    text_printf(&line, "%s:%u:", exchange->connect_host, (unsigned)exchange->connect_port);
    for (size_t i = 0; i < result->address_count; i++) {
        if (i > 0) text_puts(&line, ",");
        put_host(&line, result->addresses[i]);
    }
    return add_line(&exchange->lists[LIST_RESOLVE], &line) &&
           curl_easy_setopt(exchange->easy, CURLOPT_RESOLVE, exchange->lists[LIST_RESOLVE]) ==
               CURLE_OK;
}

/* ---- callbacks ---- */

/* Ours, so that no child process inherits it, and what is connected to is known, be it in vain. */
static curl_socket_t on_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct http_exchange *exchange = user;
    struct http_result *result = &exchange->result;
    (void)purpose;
    (void)getnameinfo(&address->addr, address->addrlen, result->address, sizeof result->address,
                      NULL, 0, NI_NUMERICHOST);
    const curl_socket_t made =
        socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (made == CURL_SOCKET_BAD) result->os_error = errno;
    return made;
}

/* The connection is there, new or kept, and the request goes out now. */
static int on_connected(void *user, char *address, char *local_address, int port, int local_port)
{
    struct http_exchange *exchange = user;
    struct http_result *result = &exchange->result;
    long connects = 0;
    (void)local_address, (void)port, (void)local_port;
    if (exchange->over) return CURL_PREREQFUNC_ABORT;
    (void)curl_easy_getinfo(exchange->easy, CURLINFO_NUM_CONNECTS, &connects);
    result->reused = connects == 0;
    text_copy(result->address, sizeof result->address, address);
    if (!result->reused) exchange_end_step(exchange);
    exchange_begin_step(exchange, HTTP_ANSWER);
    return exchange->over ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* ---- options ---- */

/* Sets an option of libcurl; only want of memory makes it fail. */
#define SET(option, value) (good = curl_easy_setopt(easy, option, value) == CURLE_OK && good)

static bool set_url(CURL *easy, const struct http_target *where)
{
    struct text url = {0};
    bool good = true;
    text_puts(&url, where->tls ? "https://" : "http://");
    put_host(&url, where->host);
    text_printf(&url, ":%u%s", (unsigned)where->port, where->target);
    good = !url.failed;
    SET(CURLOPT_URL, text_str(&url));
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    text_wipe(&url); /* a key may be in the query */
    return good;
}

static bool set_method(CURL *easy, const struct http_request *request)
{
    bool good = true;
    if (request->body != NULL || strcasecmp(request->method, "POST") == 0) {
        const char *body = request->body == NULL ? "" : request->body;
        const size_t length = request->body_length > 0 ? request->body_length : strlen(body);
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
        SET(CURLOPT_COPYPOSTFIELDS, body);
    } else if (strcmp(request->method, "HEAD") == 0) {
        SET(CURLOPT_NOBODY, 1L);
    }
    SET(CURLOPT_CUSTOMREQUEST, request->method);
    return good;
}

/* Verification is OpenSSL's, by the settings of http_tls.c; libcurl loads no roots of its own. */
static bool set_tls(struct http_exchange *exchange, const struct http_target *where)
{
    CURL *easy = exchange->easy;
    bool good = true;
    SET(CURLOPT_CAINFO, NULL);
    SET(CURLOPT_CAPATH, NULL);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_OPTIONS, (long)CURLSSLOPT_NO_PARTIALCHAIN);
    SET(CURLOPT_SSL_SESSIONID_CACHE, where->terms.resume ? 1L : 0L);
    SET(CURLOPT_SSL_CTX_FUNCTION, http_tls_settle);
    SET(CURLOPT_SSL_CTX_DATA, exchange);
    return good;
}

static bool set_callbacks(struct http_exchange *exchange)
{
    CURL *easy = exchange->easy;
    bool good = true;
    SET(CURLOPT_PRIVATE, (void *)exchange);
    SET(CURLOPT_ERRORBUFFER, exchange->curl_words);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
    SET(CURLOPT_OPENSOCKETDATA, exchange);
    SET(CURLOPT_PREREQFUNCTION, on_connected);
    SET(CURLOPT_PREREQDATA, exchange);
    SET(CURLOPT_HEADERFUNCTION, answer_on_header);
    SET(CURLOPT_HEADERDATA, exchange);
    SET(CURLOPT_WRITEFUNCTION, answer_on_body);
    SET(CURLOPT_WRITEDATA, exchange);
    return good;
}

static bool set_connection(struct http_exchange *exchange, const struct http_request *request)
{
    CURL *easy = exchange->easy;
    bool good = true;
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_HTTP_VERSION,
        request->http2 ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_FRESH_CONNECT, request->reuse ? 0L : 1L);
    SET(CURLOPT_FORBID_REUSE, request->reuse ? 0L : 1L);
    SET(CURLOPT_PROXY, ""); /* whatever the environment says */
    SET(CURLOPT_HTTPHEADER, exchange->lists[LIST_HEADERS]);
    return good;
}

/* ---- the proxy ---- */

/* Skips the scheme of a SOCKS proxy and tells its type; an HTTP proxy's is left to proxy_read. */
static long type_of_proxy(const char **text)
{
    static const struct {
        const char *scheme;
        long type;
    } kinds[] = {{"socks5h://", CURLPROXY_SOCKS5_HOSTNAME},
                 {"socks5://", CURLPROXY_SOCKS5},
                 {"socks4a://", CURLPROXY_SOCKS4A}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const size_t length = strlen(kinds[i].scheme);
        if (strncasecmp(*text, kinds[i].scheme, length) != 0) continue;
        *text += length;
        return kinds[i].type;
    }
    return CURLPROXY_HTTP;
}

/* login: "user:pass@"; cut up here. */
static bool set_login(CURL *easy, char *login)
{
    bool good = true;
    if (login[0] == '\0') return true;
    login[strlen(login) - 1] = '\0';
    char *colon = strchr(login, ':');
    if (colon != NULL) *colon++ = '\0';
    SET(CURLOPT_PROXYUSERNAME, login);
    SET(CURLOPT_PROXYPASSWORD, colon == NULL ? "" : colon);
    if (colon != NULL) explicit_bzero(colon, strlen(colon));
    return good;
}

static enum err_code set_proxy(struct http_exchange *exchange, const struct http_target *where,
                               struct error *err)
{
    CURL *easy = exchange->easy;
    const char *text = where->proxy;
    struct proxy proxy = {0};
    struct text host = {0};
    bool good = true;
    const long type = type_of_proxy(&text);
    enum err_code code = proxy_read(text, PROXY_LOGIN_MAX, &proxy, err);
    if (code != ERR_OK) return code;
    put_host(&host, proxy.host);
    good = !host.failed;
    SET(CURLOPT_PROXY, text_str(&host));
    SET(CURLOPT_PROXYPORT, (long)proxy.port);
    SET(CURLOPT_PROXYTYPE, type);
    SET(CURLOPT_HTTPPROXYTUNNEL, type == CURLPROXY_HTTP ? 1L : 0L);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    good = set_login(easy, proxy.login) && good;
    free(exchange->connect_host);
    exchange->connect_host = strdup(proxy.host);
    exchange->connect_port = proxy.port;
    good = good && exchange->connect_host != NULL;
    text_free(&host);
    proxy_clear(&proxy);
    return good ? ERR_OK : error_set(err, ERR_NOMEM, "no memory for a proxy");
}

/* ---- the request ---- */

static bool set_all(struct http_exchange *exchange, const struct http_request *request)
{
    const struct http_target *where = request->where;
    exchange->easy = curl_easy_init();
    exchange->host = strdup(where->host);
    exchange->connect_host = strdup(where->address != NULL ? where->address : where->host);
    exchange->connect_port = where->address != NULL ? where->address_port : where->port;
    if (exchange->easy == NULL || exchange->host == NULL || exchange->connect_host == NULL)
        return false;
    return add_headers(exchange, request) && set_url(exchange->easy, where) &&
           set_method(exchange->easy, request) && set_connection(exchange, request) &&
           set_callbacks(exchange) && (!where->tls || set_tls(exchange, where)) &&
           add_connect_to(exchange, where);
}

enum err_code easy_make(struct http_exchange *exchange, const struct http_request *request,
                        struct error *err)
{
    const struct http_target *where = request->where;
    enum err_code code = check(where, err);
    if (code == ERR_OK && where->tls && exchange->client->settings == NULL)
        code = error_set(err, ERR_NET, "the client for %s has no TLS", where->host);
    if (code != ERR_OK) return code;
    if (!set_all(exchange, request))
        return error_set(err, ERR_NOMEM, "no memory for a request to %s", where->host);
    return where->proxy == NULL ? ERR_OK : set_proxy(exchange, where, err);
}
