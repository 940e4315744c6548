#include "net/server_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 4096 /* the kernel caps it at net.core.somaxconn */

struct listener {
    uv_tcp_t tcp; /* first member: its address is the listener's */
};

static bool read_address(const char *address, uint16_t port, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (uv_ip4_addr(address, port, (struct sockaddr_in *)out) == 0) return true;
    return uv_ip6_addr(address, port, (struct sockaddr_in6 *)out) == 0;
}

static socklen_t address_size(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                          : sizeof(struct sockaddr_in);
}

/*
 * Binds without listening. Two sockets with SO_REUSEADDR may share a port as long as only one of
 * them listens, so the listener can come and go while this one keeps the port from being given to
 * others.
 */
static int reserve(struct server_port *port)
{
    static const int yes = 1;
    socklen_t size = address_size(&port->address);
    int fd = socket(port->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(fd, (const struct sockaddr *)&port->address, size) != 0 ||
        getsockname(fd, (struct sockaddr *)&port->address, &size) != 0) {
        int status = -errno;
        (void)close(fd);
        return status;
    }
    port->reserved = fd;
    port->number = ntohs(port->address.ss_family == AF_INET6
                             ? ((struct sockaddr_in6 *)&port->address)->sin6_port
                             : ((struct sockaddr_in *)&port->address)->sin_port);
    return 0;
}

static void free_listener(uv_handle_t *handle)
{
    free(handle);
}

static void close_listener(struct server_port *port)
{
    if (port->listener == NULL) return;
    uv_close((uv_handle_t *)&port->listener->tcp, free_listener);
    port->listener = NULL;
}

static int open_listener(struct server_port *port)
{
    if (port->listener != NULL) return 0;
    struct listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL) return UV_ENOMEM;
    port->listener = listener;
    (void)uv_tcp_init(port->loop, &listener->tcp); /* cannot fail without an address family */
    listener->tcp.data = port->data;
    int status = uv_tcp_bind(&listener->tcp, (const struct sockaddr *)&port->address, 0);
    if (status == 0)
        status = uv_listen((uv_stream_t *)&listener->tcp, BACKLOG, port->on_connection);
    if (status != 0) close_listener(port);
    return status;
}

/* A filter that passes no packet: SYNs are dropped before the listener sees them, as by a firewall.
 * A full accept queue would do the same, but only after strangers have filled it. */
static int set_deaf(const struct server_port *port, bool deaf)
{
    static struct sock_filter drop_all = BPF_STMT(BPF_RET | BPF_K, 0);
    static const struct sock_fprog program = {.len = 1, .filter = &drop_all};
    int fd;
    int status = uv_fileno((const uv_handle_t *)&port->listener->tcp, &fd);
    if (status != 0) return status;
    if (deaf) {
        status = setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
    } else {
        int unused = 0;
        status = setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof unused);
    }
    return status == 0 ? 0 : -errno;
}

enum err_code server_port_set(struct server_port *port, enum ws_listening listening,
                              struct error *err)
{
    if (listening == port->listening) return ERR_OK;
    int status = 0;
    if (listening == WS_REFUSING) {
        close_listener(port);
    } else {
        bool was_deaf = port->listening == WS_IGNORING;
        status = open_listener(port);
        if (status == 0 && (was_deaf || listening == WS_IGNORING))
            status = set_deaf(port, listening == WS_IGNORING);
    }
    if (status != 0)
        return error_set(err, ERR_NET, "cannot change how port %u listens: %s",
                         (unsigned)port->number, uv_strerror(status));
    port->listening = listening;
    return ERR_OK;
}

/* NOLINTNEXTLINE(readability-function-size): seven plain facts */
enum err_code server_port_open(struct server_port *port, uv_loop_t *loop, const char *address,
                               uint16_t number, uv_connection_cb on_connection, void *data,
                               struct error *err)
{
    *port = (struct server_port){
        .loop = loop, .reserved = -1, .on_connection = on_connection, .data = data};
    if (!read_address(address, number, &port->address))
        return error_set(err, ERR_NET,
                         "\"%s\" is not a numeric address to listen on: write 127.0.0.1 or ::1",
                         address);
    int status = reserve(port);
    if (status == 0) status = open_listener(port);
    if (status == 0) return ERR_OK;
    server_port_close(port);
    return error_set(err, ERR_NET, "cannot listen on %s port %u: %s", address, (unsigned)number,
                     uv_strerror(status));
}

void server_port_close(struct server_port *port)
{
    close_listener(port);
    if (port->reserved >= 0) (void)close(port->reserved);
    port->reserved = -1;
}
