/*
 * What an open connection receives is read here, beneath lws, which keeps connecting, TLS, the
 * upgrade, sending and the end: the sockets are watched by an epoll instance of our own, which the
 * loop watches in turn. Per session and turn of the loop there is one recvmsg of at most
 * CLIENT_READ_SIZE bytes. Epoll reports a socket once for what has come (it need not look at each
 * one again to find out that it is empty now), so that one with more to read is queued once again,
 * behind the others.
 */
#include "net/client_private.h"

#include "base/clock.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define READY_MOST 256 /* sessions read per turn: others, timers and sends get theirs, too */
#define REST_LIMIT ((size_t)1024 * 1024)
#define CACHE_LINE 64 /* bytes */
#define WATCHED (EPOLLIN | EPOLLRDHUP | EPOLLET)
#define PEER_ENDED (EPOLLRDHUP | EPOLLHUP | EPOLLERR) /* behind what it has sent */

/* ---- the socket ---- */

/* The kernel's stamp of the last packet that the read has taken from; 0 if there is none. */
static int64_t stamp_of(struct msghdr *message)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL;
         part = CMSG_NXTHDR(message, part)) {
        struct timespec stamp;
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
        memcpy(&stamp, CMSG_DATA(part), sizeof stamp);
        return (int64_t)stamp.tv_sec * NS_PER_S + stamp.tv_nsec;
    }
    return 0;
}

/* One read of the socket. *stamp_ns: the kernel's, if bytes came. */
static ssize_t read_socket(const struct ws_conn *conn, void *out, size_t size, int64_t *stamp_ns)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct timespec))];
    } control;
    struct iovec room = {.iov_base = out, .iov_len = size};
    struct msghdr message = {.msg_iov = &room,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    ssize_t count;
    do {
        count = recvmsg(conn->fd, &message, MSG_DONTWAIT);
    } while (count < 0 && errno == EINTR);
    if (count > 0) *stamp_ns = stamp_of(&message);
    return count;
}

static bool may_come(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK;
}

/* When bytes arrived. A stamp that is not after what the owner was last told or sent does not tell
 * how long this took (packets that wait together have the stamp of the last): the read counts. */
static uint64_t arrival(struct ws_conn *conn, int64_t stamp_ns, bool *by_kernel)
{
    const struct receive_look look = receive_look_now();
    const bool again = stamp_ns == conn->stamp_ns;
    const uint64_t at_ns =
        receive_stamp_at(&conn->client->reader.stamp, &look, again ? 0 : stamp_ns, by_kernel);
    conn->stamp_ns = stamp_ns;
    if (at_ns > conn->told_ns) return at_ns;
    *by_kernel = false;
    return look.before_ns > conn->told_ns ? look.before_ns : conn->told_ns;
}

/* ---- what TLS reads: the bytes of the last recvmsg ---- */

/* While lws waits for the response to the upgrade, it reads the socket through us. */
static int read_answer(BIO *bio, struct ws_conn *conn, char *out, int size)
{
    int64_t stamp_ns = 0;
    bool by_kernel;
    const ssize_t count = read_socket(conn, out, (size_t)size, &stamp_ns);
    if (count > 0 && (stamp_ns == 0 || stamp_ns != conn->stamp_ns)) /* a record takes two reads */
        conn->answer_ns = arrival(conn, stamp_ns, &by_kernel);
    if (count == 0) conn->read_eof = true;
    if (count < 0 && may_come()) BIO_set_retry_read(bio);
    return (int)count;
}

static int bio_read(BIO *bio, char *out, int size)
{
    struct ws_conn *conn = BIO_get_data(bio);
    struct client_reader *reader = &conn->client->reader;
    BIO_clear_retry_flags(bio);
    if (!conn->answered) return read_answer(bio, conn, out, size);
    const size_t left = reader->conn == conn ? reader->arrived - reader->taken : 0;
    if (left == 0) {
        if (conn->read_eof) return 0;
        BIO_set_retry_read(bio);
        return -1;
    }
    const size_t count = left < (size_t)size ? left : (size_t)size;
    memcpy(out, reader->bytes + reader->taken, count);
    reader->taken += count;
    return (int)count;
}

/* lws asks for the descriptor, to close it in the end. */
static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    const struct ws_conn *conn = BIO_get_data(bio);
    (void)number;
    switch (command) {
    case BIO_C_GET_FD:
        if (pointer != NULL) *(int *)pointer = conn->fd;
        return conn->fd;
    case BIO_CTRL_EOF:
        return conn->read_eof;
    case BIO_CTRL_FLUSH:
        return 1;
    default:
        return 0;
    }
}

static uv_once_t method_once = UV_ONCE_INIT;
static BIO_METHOD *method; /* created once and kept for the life of the process, like OpenSSL's
                              own */

static void make_method(void)
{
    const int type = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK | BIO_TYPE_DESCRIPTOR;
    BIO_METHOD *made = BIO_meth_new(type, "rushhour receive");
    if (made == NULL) return;
    if (BIO_meth_set_read(made, bio_read) == 1 && BIO_meth_set_ctrl(made, bio_control) == 1) {
        method = made;
    } else {
        BIO_meth_free(made);
    }
}

bool client_read_attach(struct ws_conn *conn)
{
    SSL *ssl = lws_get_ssl(conn->wsi);
    if (ssl == NULL) return true;
    uv_once(&method_once, make_method);
    BIO *bio = method == NULL ? NULL : BIO_new(method);
    if (bio == NULL) return false;
    BIO_set_data(bio, conn);
    BIO_set_init(bio, 1);
    SSL_set0_rbio(ssl, bio);
    conn->ssl = ssl;
    return true;
}

/* ---- one read ---- */

/* Fills the buffer from the socket. False if there is nothing to take; read_ended tells whether
 * that is the end. */
static bool fill(struct ws_conn *conn)
{
    struct client_reader *reader = &conn->client->reader;
    int64_t stamp_ns = 0;
    bool by_kernel;
    const ssize_t count = read_socket(conn, reader->bytes, CLIENT_READ_SIZE, &stamp_ns);
    if (count < 0 && may_come()) return false;
    if (count <= 0) {
        conn->read_ended = true;
        conn->read_eof = count == 0;
        if (count < 0) conn->read_error = errno;
        return false;
    }
    conn->told_ns = arrival(conn, stamp_ns, &by_kernel);
    if (by_kernel) {
        reader->stamps.kernel++;
    } else {
        reader->stamps.loop++;
    }
    reader->stamps.loop_last = !by_kernel;
    reader->conn = conn;
    reader->arrived = (size_t)count;
    reader->taken = 0;
    return true;
}

/* Without touching the whole queue where it is empty, as it is for nearly every message. */
static void forget_errors(void)
{
    if (ERR_peek_error() != 0) ERR_clear_error();
}

/*
 * Decrypts all that was read: records that came with one read share its time. Behind a full record
 * the message goes on in the next, and is told together with it, so that it need not be joined.
 */
static void take_tls(struct ws_conn *conn, SSL *ssl)
{
    struct client_reader *reader = &conn->client->reader;
    const uint64_t at_ns = conn->told_ns; /* which the handlers may move on */
    size_t have = 0;
    int count;
    bool more, ended = false;
    forget_errors(); /* the queue is shared with other connections */
    do {
        count = SSL_read(ssl, reader->plain + have, (int)(CLIENT_READ_SIZE - have));
        if (count > 0) have += (size_t)count;
        /* before the handlers, who may write */
        if (count <= 0) ended = SSL_get_error(ssl, count) != SSL_ERROR_WANT_READ;
        more = count > 0 && (reader->taken < reader->arrived || SSL_has_pending(ssl) != 0);
        if (more && count == SSL3_RT_MAX_PLAIN_LENGTH && have + (size_t)count <= CLIENT_READ_SIZE)
            continue;
        if (have > 0 && !client_receive_bytes(conn, reader->plain, have, at_ns)) return;
        have = 0;
    } while (more);
    if (ended) conn->read_ended = true;
    forget_errors();
}

/* One read of the socket, and all that it brought. *full: it may not have been all that had come.
 * False if there is nothing left to read now. */
static bool read_once(struct ws_conn *conn, bool *full)
{
    struct client_reader *reader = &conn->client->reader;
    *full = false;
    if (!fill(conn)) return false;
    *full = reader->arrived == CLIENT_READ_SIZE;
    if (conn->ssl != NULL) {
        take_tls(conn, conn->ssl);
    } else {
        const size_t count = reader->arrived;
        reader->taken = count;
        (void)client_receive_bytes(conn, (const char *)reader->bytes, count, conn->told_ns);
    }
    reader->conn = NULL;
    return !conn->read_ended;
}

/* Has epoll tell of a socket that is not empty yet, behind all others. */
static void queue_again(struct ws_conn *conn)
{
    struct epoll_event event = {.events = WATCHED, .data.ptr = conn};
    if (epoll_ctl(conn->client->reader.epoll, EPOLL_CTL_MOD, conn->fd, &event) == 0) return;
    conn->read_ended = true; /* nothing would tell of it any more */
    conn->read_error = errno;
}

/* What the message will touch comes into the cache while the kernel reads the socket. */
static void fetch(const struct ws_conn *conn)
{
    const char *const line = (const char *)conn;
    for (size_t i = 0; i < offsetof(struct ws_conn, previous); i += CACHE_LINE)
        __builtin_prefetch(line + i);
    __builtin_prefetch(conn->user);
    __builtin_prefetch(conn->ssl);
}

static void take_ready(struct ws_conn *conn, uint32_t events)
{
    bool full;
    fetch(conn);
    const bool more = read_once(conn, &full);
    /* a short read has emptied the socket, but for an end that had come before it */
    if (more && conn->reading && (full || (events & PEER_ENDED) != 0)) queue_again(conn);
    if (!conn->read_ended || !conn->reading) return;
    client_end_observe(conn, NULL, 0, conn->read_error);
    client_conn_end(conn);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct ws_client *client = poll->data;
    struct epoll_event ready[READY_MOST];
    (void)status, (void)events;
    const int count = epoll_wait(client->reader.epoll, ready, READY_MOST, 0);
    if (count == READY_MOST && client->reader.stamps.behind_ns == 0)
        client->reader.stamps.behind_ns = clock_mono_ns();
    for (int i = 0; i < count; i++) {
        struct ws_conn *conn = ready[i].data.ptr;
        /* one that is not read any more was ended by what another one received */
        if (conn->reading) take_ready(conn, ready[i].events);
    }
    if (count < READY_MOST) client->reader.stamps.behind_ns = 0;
}

/* ---- beginning and end ---- */

bool client_read_begin(struct ws_conn *conn)
{
    struct client_reader *reader = &conn->client->reader;
    struct epoll_event event = {.events = WATCHED, .data.ptr = conn};
    (void)lws_rx_flow_control(conn->wsi, 0);
    if (epoll_ctl(reader->epoll, EPOLL_CTL_ADD, conn->fd, &event) != 0) return false;
    conn->reading = true;
    return true;
}

void client_read_stop(struct ws_conn *conn)
{
    if (!conn->reading) return;
    conn->reading = false;
    (void)epoll_ctl(conn->client->reader.epoll, EPOLL_CTL_DEL, conn->fd, NULL);
}

void client_read_rest(struct ws_conn *conn)
{
    size_t most = REST_LIMIT / CLIENT_READ_SIZE;
    bool full;
    conn->peer_closing = true; /* the handlers must not send any more */
    while (most-- > 0 && !conn->read_ended && client_receive_wanted(conn) &&
           read_once(conn, &full)) {}
}

bool client_read_unread(const struct ws_conn *conn)
{
    const struct client_reader *reader = &conn->client->reader;
    return conn->untold > 0 || (reader->conn == conn && reader->arrived > reader->taken);
}

void client_read_stamp(int fd)
{
    const int on = 1; /* without it, the clock at the read serves */
    (void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
}

/* ---- the client's part ---- */

enum err_code client_reader_open(struct ws_client *client, struct error *err)
{
    struct client_reader *reader = &client->reader;
    const struct receive_look look = receive_look_now();
    receive_stamp_begin(&reader->stamp, &look);
    reader->bytes = malloc(CLIENT_READ_SIZE);
    reader->plain = malloc(CLIENT_READ_SIZE);
    if (reader->bytes == NULL || reader->plain == NULL)
        return error_set(err, ERR_NOMEM, "no memory to receive with");
    reader->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (reader->epoll < 0 || uv_poll_init(client->loop, &reader->poll, reader->epoll) != 0)
        return error_set(err, ERR_NET, "no descriptor to watch sockets with: %s", strerror(errno));
    reader->poll.data = client;
    client->open_handles++;
    (void)uv_poll_start(&reader->poll, UV_READABLE, on_ready);
    uv_unref((uv_handle_t *)&reader->poll);
    return ERR_OK;
}

void client_reader_free(struct ws_client *client)
{
    struct client_reader *reader = &client->reader;
    if (reader->epoll >= 0) (void)close(reader->epoll);
    free(reader->bytes);
    free(reader->plain);
}

struct ws_stamps ws_client_stamps(const struct ws_client *client)
{
    return client->reader.stamps;
}
