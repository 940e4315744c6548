/*
 * The other side of bench/peers/compare.py: one thread, epoll and OpenSSL, none of rushhour's code.
 * It speaks as much of the GA dialect as a session needs, streams audio deltas at a rate that it
 * keeps over all sessions together, and logs when each response was asked for (the kernel's receive
 * stamp) and when its first delta was written: the truth about ttft.
 *
 * usage: peer_server CERTIFICATE KEY LOG sessions rate deltas bytes [burst]
 *   deltas   of each response
 *   bytes    of each delta's message
 *   burst    deltas of a session that are written together (1)
 * It prints its port, then for each line on standard input one line of JSON with its counts, and
 * ends with the input.
 */
#include "peers/due.h"
#include "peers/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define INPUT_MOST 16384 /* bytes of a client's unfinished message */
#define FIRST_LEAST_NS UINT64_C(50000000)
#define FIRST_SPREAD_NS UINT64_C(100000000)
#define UNSENT_MOST 262144 /* bytes: a session that reads no faster gets its next delta later */
#define LATE_NS UINT64_C(5000000) /* behind its own plan by so much, it was the bottleneck */

enum state { SHAKES_HANDS, READS_HEAD, TALKS };

struct session {
    struct due due; /* its next delta; first, so that it is the session */
    SSL *ssl;
    BIO *in, *out; /* what came from the socket; what goes to it */
    int fd;
    enum state state;
    bool waits_for_room, gone;
    uint64_t asked_ns;
    unsigned long response;
    unsigned left; /* deltas still to send */
    size_t length;
    unsigned char *input; /* only while a message is incomplete */
};

static struct {
    unsigned long sessions, deltas, burst;
    double rate;
    size_t bytes;
    uint64_t gap_ns;
} plan;

static struct {
    int epoll;
    SSL_CTX *context;
    FILE *log;
    struct due_queue queue;
    unsigned long open, opened, responses;
    unsigned long long messages, bytes, late;
    uint64_t seed;
    char *delta,
        *delta_id; /* a delta's message with its frame's head; where the response's id is */
    size_t delta_length;
} server;

static uint64_t random_next(void)
{
    uint64_t x = server.seed;
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    return server.seed = x;
}

/* ---- to the socket ---- */

static void watch(struct session *session, bool room)
{
    struct epoll_event event = {.events = EPOLLIN | (room ? EPOLLOUT : 0U), .data.ptr = session};
    if (session->waits_for_room == room) return;
    session->waits_for_room = room;
    (void)epoll_ctl(server.epoll, EPOLL_CTL_MOD, session->fd, &event);
}

static void flush(struct session *session)
{
    char *bytes;
    long length;
    while ((length = BIO_get_mem_data(session->out, &bytes)) > 0) {
        const ssize_t sent = send(session->fd, bytes, (size_t)length, MSG_NOSIGNAL);
        if (sent < 0) {
            session->gone = errno != EAGAIN;
            watch(session, true);
            return;
        }
        if (sent == length) {
            (void)BIO_reset(session->out);
        } else {
            char skipped[4096];
            for (ssize_t left = sent; left > 0;) {
                const ssize_t step =
                    left < (ssize_t)sizeof skipped ? left : (ssize_t)sizeof skipped;
                left -= BIO_read(session->out, skipped, (int)step);
            }
        }
    }
    watch(session, false);
}

/* One frame that is ready with its head. */
static void write_frame(struct session *session, const char *bytes, size_t length)
{
    (void)SSL_write(session->ssl, bytes, (int)length);
    server.messages++;
    server.bytes += length;
}

static void say(struct session *session, const char *json)
{
    unsigned char frame[1024];
    const size_t length = strlen(json), head = frame_head(frame, 0x81, length);
    memcpy(frame + head, json, length);
    write_frame(session, (const char *)frame, head + length);
}

/* ---- the conversation ---- */

static void begin_response(struct session *session, uint64_t asked_ns)
{
    char json[512];
    session->response = ++server.responses;
    session->left = (unsigned)plan.deltas;
    session->asked_ns = asked_ns;
    (void)snprintf(json, sizeof json,
                   "{\"type\":\"response.created\",\"event_id\":\"event_1\",\"response\":{\"id\":"
                   "\"resp_%010lu\",\"object\":\"realtime.response\",\"status\":\"in_progress\"}}",
                   session->response);
    say(session, json);
    due_at(&server.queue, &session->due,
           now_ns() + FIRST_LEAST_NS + random_next() % FIRST_SPREAD_NS);
}

static void end_response(struct session *session)
{
    char json[768];
    (void)snprintf(json, sizeof json,
                   "{\"type\":\"response.done\",\"event_id\":\"event_9\",\"response\":{\"id\":"
                   "\"resp_%010lu\",\"object\":\"realtime.response\",\"status\":\"completed\","
                   "\"output\":[{\"id\":\"item_1\",\"type\":\"message\",\"status\":\"completed\","
                   "\"role\":\"assistant\",\"content\":[{\"type\":\"output_audio\"}]}],\"usage\":"
                   "{\"total_tokens\":30,\"input_tokens\":10,\"output_tokens\":20}}}",
                   session->response);
    say(session, json);
}

static void send_deltas(struct session *session, uint64_t now)
{
    char id[16];
    if (BIO_ctrl_pending(session->out) > UNSENT_MOST) {
        due_at(&server.queue, &session->due, now + plan.gap_ns * plan.burst + FIRST_LEAST_NS / 10);
        return;
    }
    if (now > session->due.at_ns + LATE_NS) server.late++;
    (void)snprintf(id, sizeof id, "%010lu", session->response);
    memcpy(server.delta_id, id, 10);
    if (session->left == plan.deltas) {
        (void)fprintf(server.log, "resp_%010lu,%llu,%llu\n", session->response,
                      (unsigned long long)session->asked_ns, (unsigned long long)now_ns());
    }
    for (unsigned long i = 0; i < plan.burst && session->left > 0; i++, session->left--)
        write_frame(session, server.delta, server.delta_length);
    if (session->left > 0) {
        due_at(&server.queue, &session->due, session->due.at_ns + plan.gap_ns * plan.burst);
    } else {
        due_never(&server.queue, &session->due);
        end_response(session);
    }
    flush(session);
}

static bool says(const unsigned char *text, size_t length, const char *type)
{
    return memmem(text, length, type, strlen(type)) != NULL;
}

static void on_text(struct session *session, const unsigned char *text, size_t length,
                    uint64_t arrived_ns)
{
    if (says(text, length, "\"session.update\"")) {
        say(session, "{\"type\":\"session.updated\",\"event_id\":\"event_2\",\"session\":{\"id\":"
                     "\"sess_1\"}}");
    } else if (says(text, length, "\"conversation.item.create\"")) {
        say(session, "{\"type\":\"conversation.item.added\",\"event_id\":\"event_3\",\"item\":{"
                     "\"id\":\"item_0\"}}");
    } else if (says(text, length, "\"response.create\"") && session->left == 0) {
        begin_response(session, arrived_ns);
    }
}

static void take_frames(struct session *session, uint64_t arrived_ns)
{
    struct frame frame;
    size_t at = 0, whole;
    while ((whole = frame_read(session->input + at, session->length - at, &frame)) > 0) {
        if (frame.opcode == 1) on_text(session, frame.payload, frame.length, arrived_ns);
        if (frame.opcode == 8) {
            const char close_frame[] = {(char)0x88, 0};
            write_frame(session, close_frame, sizeof close_frame);
            flush(session);
            session->gone = true;
            return;
        }
        at += whole;
    }
    memmove(session->input, session->input + at, session->length - at);
    session->length -= at;
}

static void take_head(struct session *session)
{
    char answer[256], accept[32];
    session->input[session->length] = '\0';
    char *head = (char *)session->input, *end = strstr(head, "\r\n\r\n");
    if (end == NULL) return;
    char *key = strcasestr(head, "sec-websocket-key:");
    if (key == NULL) {
        session->gone = true;
        return;
    }
    key += strlen("sec-websocket-key:");
    key += strspn(key, " ");
    accept_value(key, strcspn(key, "\r"), accept);
    const int length = snprintf(answer, sizeof answer,
                                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                                accept);
    session->length -= (size_t)(end + 4 - head);
    memmove(head, end + 4, session->length);
    session->state = TALKS;
    server.opened++;
    (void)SSL_write(session->ssl, answer, length);
    say(session, "{\"type\":\"session.created\",\"event_id\":\"event_1\",\"session\":{\"id\":"
                 "\"sess_1\",\"object\":\"realtime.session\"}}");
}

/* ---- from the socket ---- */

static void take_plain(struct session *session, uint64_t arrived_ns)
{
    int n;
    if (session->state == SHAKES_HANDS) {
        if (SSL_do_handshake(session->ssl) != 1) return;
        session->state = READS_HEAD;
    }
    if (session->input == NULL) session->input = malloc(INPUT_MOST + 1);
    need(session->input != NULL, "memory");
    while ((n = SSL_read(session->ssl, session->input + session->length,
                         (int)(INPUT_MOST - session->length))) > 0) {
        session->length += (size_t)n;
        if (session->state == READS_HEAD) take_head(session);
        if (session->state == TALKS && !session->gone) take_frames(session, arrived_ns);
        if (session->length == INPUT_MOST) session->gone = true;
        if (session->gone) return;
    }
    if (session->length == 0) {
        free(session->input);
        session->input = NULL;
    }
    if (SSL_get_shutdown(session->ssl) & SSL_RECEIVED_SHUTDOWN) session->gone = true;
}

static void end_session(struct session *session)
{
    due_never(&server.queue, &session->due);
    if (session->state == TALKS) server.open--;
    (void)close(session->fd);
    SSL_free(session->ssl);
    free(session->input);
    free(session);
}

static void on_ready(struct session *session, uint32_t events)
{
    char bytes[16384];
    uint64_t arrived_ns;
    const bool talked = session->state == TALKS;
    if (events & EPOLLOUT) flush(session);
    const ssize_t n = receive_stamped(session->fd, bytes, sizeof bytes, &arrived_ns);
    if (n == 0 || (n < 0 && errno != EAGAIN)) session->gone = true;
    if (n > 0) {
        (void)BIO_write(session->in, bytes, (int)n);
        take_plain(session, arrived_ns);
        if (!session->gone) flush(session);
    }
    if (!talked && session->state == TALKS) server.open++;
    if (session->gone) end_session(session);
}

static void accept_all(int listener)
{
    const int on = 1;
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct session *session = calloc(1, sizeof *session);
        need(session != NULL, "memory");
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = session};
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        (void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
        session->fd = fd;
        session->ssl = SSL_new(server.context);
        session->in = BIO_new(BIO_s_mem());
        session->out = BIO_new(BIO_s_mem());
        need(session->ssl != NULL && session->in != NULL && session->out != NULL, "memory");
        SSL_set_bio(session->ssl, session->in, session->out);
        SSL_set_accept_state(session->ssl);
        need(epoll_ctl(server.epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll");
    }
}

/* ---- the program ---- */

static bool answer_question(void)
{
    char line[64];
    struct rusage used;
    if (fgets(line, sizeof line, stdin) == NULL) return false;
    (void)getrusage(RUSAGE_SELF, &used);
    const double cpu_s = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                         (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    printf("{\"at_ns\":%llu,\"cpu_s\":%.6f,\"open\":%lu,\"opened\":%lu,\"responses\":%lu,"
           "\"messages\":%llu,\"bytes\":%llu,\"late\":%llu}\n",
           (unsigned long long)now_ns(), cpu_s, server.open, server.opened, server.responses,
           server.messages, server.bytes, server.late);
    (void)fflush(stdout);
    return true;
}

static int listen_somewhere(void)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof where;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    need(bind(fd, (const struct sockaddr *)&where, sizeof where) == 0 && listen(fd, 4096) == 0,
         "listen");
    need(getsockname(fd, (struct sockaddr *)&where, &length) == 0, "the port");
    printf("%u\n", (unsigned)ntohs(where.sin_port));
    (void)fflush(stdout);
    return fd;
}

static void make_delta(void)
{
    static const char start[] =
        "{\"type\":\"response.output_audio.delta\",\"event_id\":\"event_0000000000\",\"response_"
        "id\":"
        "\"resp_0000000000\",\"item_id\":\"item_1\",\"output_index\":0,\"content_index\":0,"
        "\"delta\":\"";
    unsigned char head[16];
    need(plan.bytes > sizeof start + 2, "a delta of so few bytes");
    const size_t head_length = frame_head(head, 0x81, plan.bytes);
    server.delta_length = head_length + plan.bytes;
    server.delta = malloc(server.delta_length + 1);
    need(server.delta != NULL, "memory");
    memset(server.delta, 'A', server.delta_length);
    memcpy(server.delta, head, head_length);
    memcpy(server.delta + head_length, start, sizeof start - 1);
    (void)strcpy(server.delta + server.delta_length - 2, "\"}");
    server.delta_id = strstr(server.delta + head_length, "resp_") + strlen("resp_");
}

static void make_context(const char *certificate, const char *key)
{
    server.context = SSL_CTX_new(TLS_server_method());
    need(server.context != NULL &&
             SSL_CTX_use_certificate_file(server.context, certificate, SSL_FILETYPE_PEM) == 1 &&
             SSL_CTX_use_PrivateKey_file(server.context, key, SSL_FILETYPE_PEM) == 1,
         "the certificate");
    (void)SSL_CTX_set_mode(server.context, SSL_MODE_RELEASE_BUFFERS);
}

/* Until the next delta is due. */
static struct timespec wait_of(void)
{
    if (server.queue.count == 0) return (struct timespec){.tv_sec = 1};
    const uint64_t now = now_ns(), due_ns = server.queue.list[1]->at_ns;
    const uint64_t left_ns = due_ns > now ? due_ns - now : 0;
    return (struct timespec){.tv_sec = (time_t)(left_ns / 1000000000),
                             .tv_nsec = (long)(left_ns % 1000000000)};
}

static void serve(int listener)
{
    static int standard_input; /* its address tells it apart from a session */
    struct epoll_event events[256], event = {.events = EPOLLIN};
    need(epoll_ctl(server.epoll, EPOLL_CTL_ADD, listener, &event) == 0, "epoll");
    event.data.ptr = &standard_input;
    need(epoll_ctl(server.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) == 0, "epoll");
    for (;;) {
        const struct timespec wait = wait_of();
        const int count = epoll_pwait2(server.epoll, events, 256, &wait, NULL);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL) {
                accept_all(listener);
            } else if (events[i].data.ptr == &standard_input) {
                if (!answer_question()) return;
            } else {
                on_ready(events[i].data.ptr, events[i].events);
            }
        }
        uint64_t now = now_ns();
        for (int n = 0; n < 256 && server.queue.count > 0 && server.queue.list[1]->at_ns <= now;
             n++)
            send_deltas((struct session *)server.queue.list[1], now = now_ns());
    }
}

int main(int argc, char **argv)
{
    if (argc < 8) return 2;
    (void)signal(SIGPIPE, SIG_IGN);
    plan.sessions = strtoul(argv[4], NULL, 10);
    plan.rate = strtod(argv[5], NULL);
    plan.deltas = strtoul(argv[6], NULL, 10);
    plan.bytes = strtoul(argv[7], NULL, 10);
    plan.burst = argc > 8 ? strtoul(argv[8], NULL, 10) : 1;
    if (plan.sessions == 0 || plan.rate <= 0 || plan.deltas == 0 || plan.burst == 0) return 2;
    /* A response takes as long as its deltas at their rate; the first wait is part of it. */
    const double whole_s = (double)plan.sessions * (double)plan.deltas / plan.rate;
    const double first_s = (double)(FIRST_LEAST_NS + FIRST_SPREAD_NS / 2) / 1e9;
    plan.gap_ns =
        whole_s > first_s ? (uint64_t)((whole_s - first_s) / (double)plan.deltas * 1e9) : 0;
    server.seed = 88172645463325252U;
    server.epoll = epoll_create1(EPOLL_CLOEXEC);
    server.log = fopen(argv[3], "w");
    need(server.log != NULL && server.epoll >= 0, "the log");
    (void)fprintf(server.log, "response_id,asked_ns,first_ns\n");
    make_context(argv[1], argv[2]);
    make_delta();
    raise_files();
    serve(listen_somewhere());
    return fclose(server.log) == 0 ? 0 : 1;
}
