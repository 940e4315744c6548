#include "net/http_private.h"

#include "net/library.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* Of connections: otherwise libcurl keeps four for each request in progress and closes the rest. */
#define KEPT_MOST 65536L

/* One descriptor that libcurl wants watched. libuv closes asynchronously, so each has its own
 * memory. */
struct http_socket {
    uv_poll_t poll;
    struct http_client *client;
};

/* ---- what libcurl is told, and when ---- */

void client_add(struct http_exchange *exchange)
{
    exchange->added = true;
    if (curl_multi_add_handle(exchange->client->multi, exchange->easy) == CURLM_OK) return;
    exchange->added = false;
    exchange->result.local_error = true;
    exchange_fail(exchange, "libcurl took no request");
}

void client_remove(struct http_exchange *exchange)
{
    struct http_client *client = exchange->client;
    if (client->inside) {
        exchange->retired = client->retired;
        client->retired = exchange;
        return;
    }
    if (exchange->added) (void)curl_multi_remove_handle(client->multi, exchange->easy);
    exchange->added = false;
    exchange_let_go(exchange);
}

/* Takes away what was ended while libcurl was calling us, and tells of what is over. */
static void settle(struct http_client *client)
{
    CURLMsg *message;
    int left = 0;
    while (client->retired != NULL) {
        struct http_exchange *exchange = client->retired;
        client->retired = exchange->retired;
        client_remove(exchange);
    }
    while (client->multi != NULL &&
           (message = curl_multi_info_read(client->multi, &left)) != NULL) {
        struct http_exchange *exchange = NULL;
        if (message->msg != CURLMSG_DONE) continue;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&exchange);
        if (exchange != NULL) exchange_ended(exchange, message->data.result);
    }
}

static void close_multi(struct http_client *client);

static void act(struct http_client *client, curl_socket_t fd, int events)
{
    int running = 0;
    if (client->multi == NULL) return;
    client->inside = true;
    (void)curl_multi_socket_action(client->multi, fd, events, &running);
    client->inside = false;
    settle(client);
    if (client->closing) close_multi(client);
}

/* ---- sockets and the timer ---- */

static void on_closed(uv_handle_t *handle)
{
    struct http_socket *socket = handle->data;
    struct http_client *client = socket->client;
    free(socket);
    client_release(client);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    const struct http_socket *socket = poll->data;
    uv_os_fd_t fd = -1;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    if (events & UV_READABLE) flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE) flags |= CURL_CSELECT_OUT;
    if (uv_fileno((const uv_handle_t *)poll, &fd) == 0) act(socket->client, fd, flags);
}

static struct http_socket *watch(struct http_client *client, curl_socket_t fd)
{
    struct http_socket *socket = calloc(1, sizeof *socket);
    if (socket == NULL) return NULL;
    if (uv_poll_init_socket(client->loop, &socket->poll, fd) != 0) {
        free(socket);
        return NULL;
    }
    socket->client = client;
    socket->poll.data = socket;
    client->holders++;
    (void)curl_multi_assign(client->multi, fd, socket);
    return socket;
}

/* libcurl wants a descriptor watched, or no longer. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *assigned)
{
    struct http_socket *socket = assigned;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (socket == NULL) return 0;
        (void)curl_multi_assign(((struct http_client *)user)->multi, fd, NULL);
        uv_close((uv_handle_t *)&socket->poll, on_closed);
        return 0;
    }
    if (socket == NULL) socket = watch(user, fd);
    if (socket == NULL) return -1;
    int events = what & CURL_POLL_IN ? UV_READABLE : 0;
    if (what & CURL_POLL_OUT) events |= UV_WRITABLE;
    return uv_poll_start(&socket->poll, events, on_ready) == 0 ? 0 : -1;
}

static void on_time(uv_timer_t *timer)
{
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer(CURLM *multi, long ms, void *user)
{
    struct http_client *client = user;
    (void)multi;
    if (ms < 0) {
        (void)uv_timer_stop(&client->timer);
    } else {
        uv_update_time(client->loop);
        (void)uv_timer_start(&client->timer, on_time, (uint64_t)ms, 0);
    }
    return 0;
}

/* ---- life ---- */

/* What a client consists of besides the loop's handle. */
static enum err_code make_parts(struct http_client *client, uv_loop_t *loop,
                                const struct tls_terms *terms, struct error *err)
{
    enum err_code code = ERR_OK;
    if (terms != NULL) code = client_tls_new(terms, &client->settings, err);
    if (code == ERR_OK) code = resolver_new(loop, &client->resolver, err);
    if (code != ERR_OK) return code;
    client->multi = curl_multi_init();
    return client->multi != NULL ? ERR_OK : error_set(err, ERR_NOMEM, "no memory for HTTP");
}

enum err_code http_client_new(uv_loop_t *loop, const struct tls_terms *terms,
                              struct http_client **out, struct error *err)
{
    net_note_memory(); /* before libcurl's first call, also where nobody has */
    struct http_client *client = calloc(1, sizeof *client);
    if (client == NULL) return error_set(err, ERR_NOMEM, "no memory for HTTP");
    enum err_code code = make_parts(client, loop, terms, err);
    if (code != ERR_OK) {
        resolver_free(client->resolver);
        client_tls_free(client->settings);
        free(client);
        return code;
    }
    client->loop = loop;
    client->holders = 1;
    (void)uv_timer_init(loop, &client->timer); /* cannot fail */
    client->timer.data = client;
    (void)curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    (void)curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    (void)curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    (void)curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, KEPT_MOST);
    /* Not several streams of HTTP/2 at once: driven by sockets, libcurl 7.88 now and then leaves
     * the end of an answer lying that it has read for another stream. */
    (void)curl_multi_setopt(client->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    *out = client;
    return ERR_OK;
}

void client_release(struct http_client *client)
{
    if (--client->holders > 0) return;
    client_tls_free(client->settings);
    free(client);
}

static void on_timer_closed(uv_handle_t *handle)
{
    client_release(handle->data);
}

static void close_multi(struct http_client *client)
{
    if (client->multi == NULL) return;
    client->inside = true; /* closing kept connections, it takes its sockets back */
    (void)curl_multi_cleanup(client->multi);
    client->inside = false;
    client->multi = NULL;
    resolver_close(client->resolver);
    uv_close((uv_handle_t *)&client->timer, on_timer_closed);
}

void http_client_close(struct http_client *client)
{
    if (client == NULL || client->closing) return;
    client->closing = true;
    while (client->exchanges != NULL) http_abort(client->exchanges);
    if (!client->inside) close_multi(client);
}

uint64_t http_client_reads(const struct http_client *client)
{
    return client->reads;
}

bool http_unread(const struct http_exchange *exchange)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    int waiting = 0;
    if (exchange->over || !exchange->added) return false;
    return curl_easy_getinfo(exchange->easy, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK &&
           fd != CURL_SOCKET_BAD && ioctl(fd, FIONREAD, &waiting) == 0 && waiting > 0;
}
