/* Shared by the files of the client side: the client, its connections, and which file acts on
 * them. */
#ifndef RUSHHOUR_NET_CLIENT_PRIVATE_H
#define RUSHHOUR_NET_CLIENT_PRIVATE_H

#include "net/client.h"
#include "net/client_answer.h"
#include "net/client_body.h"
#include "net/client_tls.h"
#include "net/client_tunnel.h"
#include "net/receive_stamp.h"
#include "net/resolver.h"
#include "net/ws_receive.h"

#include <libwebsockets.h>

#define CLIENT_PROTOCOL "rushhour"
#define CLIENT_MESSAGE_LIMIT ((size_t)16 * 1024 * 1024)
#define CLIENT_SERVICE_BUFFER                                                                      \
    32768 /* lws builds the request in it, and a bearer token may take several KiB */
/* What lws keeps of a response's head; it stores a header's length in 16 bits. */
#define CLIENT_HEAD_LIMIT 65535
#define CLIENT_FRAME_BUFFER                                                                        \
    128 /* of lws, per open connection: it reads no frames, so as small as it lets it be */
#define CLIENT_READ_SIZE ((size_t)65536) /* a session may bring so much per turn of the loop */
#define CLIENT_SMALL_MESSAGE 16384       /* what a connection may keep allocated between messages */

/* lws ties trusted roots to a "vhost"; there is one for each set of roots in use. */
struct client_vhost {
    struct client_vhost *next;
    struct lws_vhost *vhost;
    struct client_tls *tls;
};

/* What all open connections of a client are read with (client_read.c). */
struct client_reader {
    int epoll; /* watches their sockets; -1: not made */
    uv_poll_t poll;
    struct receive_stamp stamp;
    struct ws_stamps stamps;
    unsigned char *bytes; /* what the last read brought, up to `arrived`, and of that what was */
    size_t arrived, taken;
    const struct ws_conn *conn; /* whose it is; NULL: nobody's */
    char *plain;                /* decrypted */
};

struct ws_client {
    uv_loop_t *loop;
    struct ws_handlers handlers;
    struct lws_context *context;
    struct resolver *resolver;
    struct client_tls *tls; /* all terms used so far */
    struct client_vhost *vhosts;
    struct ws_conn *conns; /* all connections whose on_closed has not returned yet */
    uv_timer_t tick;       /* fires at once: defers what must not happen inside a caller's call */
    struct ws_conn *due, **due_end;
    unsigned char *scratch; /* LWS_PRE bytes, then the message about to be sent */
    size_t scratch_size;
    struct client_reader reader;
    size_t open_handles;
    size_t refusals; /* refusals whose handles are not closed yet */
};

/* Everything needed for dialling; freed once the connection is open. */
struct client_request {
    struct client_vhost *vhost;
    char *host;         /* for SNI and the certificate check */
    char *host_header;  /* with ":port" unless it is the scheme's default */
    char *connect_host; /* what to connect to: the host, its override, or the proxy */
    uint16_t connect_port;
    struct client_tunnel *tunnel; /* through the proxy; NULL: direct */
    char *target;
    char *subprotocol;  /* value of a Sec-WebSocket-Protocol header, or NULL: lws must know what
                           was offered */
    char *header_lines; /* "Name: value\r\n" ... */
    size_t header_length;
    struct resolver_answer addresses;
    size_t next_address;
};

#define CLIENT_MAX_HEADERS 32

/* The head of the response to the upgrade. */
struct client_response {
    int status;
    size_t count, used;
    struct http_header headers[CLIENT_MAX_HEADERS];
    char values[8192];
};

/* A refusal whose body is still coming, taken over from lws (client_refusal.c). */
struct client_refusal;

/* A message, or a Pong, that could not be sent at once. */
struct client_out {
    struct client_out *next;
    size_t length;
    unsigned char bytes[]; /* LWS_PRE, then the message */
};

enum client_state {
    CONN_WAITING, /* for the next tick, which dials or ends it */
    CONN_RESOLVING,
    CONN_DIALLING, /* lws connects, handshakes and requests the upgrade */
    CONN_OPEN,
    CONN_REFUSED, /* on_refused was called or is about to be */
    CONN_OVER     /* only on_closed is left */
};

struct ws_conn {
    /* What each message touches, together. */
    struct ws_client *client;
    void *user;
    SSL *ssl; /* what to read through; NULL: plain, or lws does not have it any more */
    int fd;   /* once TCP is established */
    enum client_state state;
    bool aborted;              /* by ws_abort or by ourselves: no callback but on_closed follows */
    bool reading;              /* its socket is watched */
    bool read_ended, read_eof; /* nothing more can be read; because the peer had ended TCP */
    bool answered;             /* the response to the upgrade has been read */
    int64_t stamp_ns;          /* the kernel's, of the last read */
    uint64_t told_ns; /* the latest time that the owner has been told or has asked something */
    size_t untold;    /* bytes read behind the message that is being delivered */
    char *message;    /* a message that arrives in pieces */
    size_t message_length, message_size;
    struct ws_receiver receiver;
    /* The rest. */
    struct ws_conn *previous, *next;
    struct ws_conn *next_due;
    bool is_due;
    struct lws *wsi;      /* NULL: lws does not know it, or no longer does */
    struct lws *dead_wsi; /* died inside of lws_client_connect_via_info */
    bool inside_connect;  /* lws_client_connect_via_info is on the stack */
    bool tls;
    bool connected; /* TCP is established: no other address is tried */
    bool asking;    /* TLS is established too: a later failure is not a handshake failure */
    bool observed;  /* the end was observed while the socket still existed */
    bool closing, close_sent, peer_closing;
    bool has_socket;    /* counted in the budget of the process */
    int write_error;    /* errno of a failed write */
    int read_error;     /* errno of a failed read */
    uint64_t answer_ns; /* when it arrived, if that is known (with TLS); 0 */
    bool early_shown;   /* lws has shown bytes behind the head of the 101 */
    char *early;        /* they, until they are told */
    size_t early_length;
    struct client_request *request;
    struct client_response *response;
    struct client_refusal *refusal;
    struct resolver_wait wait;
    char address[INET6_ADDRSTRLEN];
    struct ws_end end;
    char *detail, *close_reason; /* NULL: none */
    struct client_out *out, **out_end;
    struct client_out *pong; /* waits for room; NULL: none */
    size_t queued;           /* bytes in `out` */
    size_t in_lws;           /* bytes of the message that lws could not send whole */
};

/* client_conn.c: the life of a connection. */
void client_conn_step(struct ws_conn *conn, enum ws_step step, uint64_t at_ns);
void client_conn_due(struct ws_conn *conn); /* leaves the next move to the tick */
void client_conn_tick(uv_timer_t *tick);
void client_conn_gone(struct ws_conn *conn);                     /* lws has dropped it */
void client_conn_fail(struct ws_conn *conn, const char *detail); /* ends it for a reason of ours */
/* Nothing more is exchanged: lws is to drop it soon. */
void client_conn_end(struct ws_conn *conn);
void client_conn_finish(struct ws_conn *conn); /* calls on_closed and frees it */
/* Only the first detail is kept, and none when out of memory. */
void client_conn_detail(struct ws_conn *conn, const char *text, size_t length);
void client_conn_forget_detail(struct ws_conn *conn);

/* client_request.c: translates a target. */
MUST_USE enum err_code client_request_new(struct ws_client *client,
                                          const struct http_target *target,
                                          struct client_request **out, struct error *err);
void client_request_free(struct client_request *request);

/* client_vhost.c */
MUST_USE enum err_code client_vhost_find(struct ws_client *client, const struct http_target *target,
                                         struct client_vhost **out, struct error *err);

/* The settings for terms, made when they are first met; NULL: for plain connections. */
MUST_USE enum err_code client_vhost_tls(struct ws_client *client, const struct tls_terms *terms,
                                        struct client_tls **out, struct error *err);

/* client_dial.c */
void client_dial_start(struct ws_conn *conn); /* resolves, then connects */
bool client_dial_next(struct ws_conn *conn);  /* tries the next address; false: none is left */

/* client_callback.c: the callback of lws. */
void client_callback_open(struct ws_conn *conn); /* the upgrade has succeeded */
int client_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t length);

/* client_early.c: frames that came with the response to the upgrade. */
/* Inside the callback that brings a 101; false: the connection is to end. */
bool client_early_keep(struct ws_conn *conn);
void client_early_deliver(struct ws_conn *conn);

/* client_read.c: reads the sockets of open connections. */
MUST_USE enum err_code client_reader_open(struct ws_client *client, struct error *err);
void client_reader_free(struct ws_client *client);
void client_read_stamp(int fd);                /* has the kernel stamp what arrives */
bool client_read_attach(struct ws_conn *conn); /* TLS reads through us from now on; false: no
                                                  memory */
bool client_read_begin(struct ws_conn *conn);  /* instead of lws; false: no memory */
void client_read_stop(struct ws_conn *conn);
void client_read_rest(struct ws_conn *conn); /* what is left in the socket of one that has ended */
bool client_read_unread(const struct ws_conn *conn); /* read, but not told yet */

/* client_receive.c */
/* Takes what the peer sent, which arrived at a time; false if no more is wanted. */
bool client_receive_bytes(struct ws_conn *conn, const char *bytes, size_t length, uint64_t at_ns);
bool client_receive_wanted(const struct ws_conn *conn);
void client_receive_drop(struct ws_conn *conn); /* frees an unfinished message */

/* client_rest.c: reads the response to the upgrade of a connection that has ended before any of it
 * was read, and the frames behind it. */
void client_rest_answer(struct ws_conn *conn);

/* client_send.c */
int client_send_drain(struct ws_conn *conn); /* on writeable; -1: the connection is lost */
void client_send_pong(struct ws_conn *conn, const char *payload, size_t length);
/* Sends the last Close frame, unless one was sent; WS_CLOSE_NO_CODE: without a code. */
void client_send_goodbye(struct ws_conn *conn, int code);
void client_send_free(struct ws_conn *conn);

/* client_response.c */
struct client_response *client_response_read(struct lws *wsi);
struct client_response *client_response_of(const struct client_answer *answer);
void client_response_deliver(struct ws_conn *conn, const struct client_response *response,
                             const struct client_body *body, uint64_t at_ns);

/* client_refusal.c */
/* inside the callback that brings the head */
void client_refusal_begin(struct ws_conn *conn);
void client_refusal_piece(struct ws_conn *conn, char *bytes); /* lws delivers bytes of the body */
void client_refusal_complete(struct ws_conn *conn);           /* lws says that the body ended */
bool client_refusal_resume(struct ws_conn *conn); /* after lws has dropped it: reads on; false if
                                                     there is nothing to read */
void client_refusal_drop(struct ws_conn *conn);

/* client_end.c: records how a connection ended while the socket still exists. saved_errno: errno on
 * entry to the callback. */
void client_end_observe(struct ws_conn *conn, const char *said, size_t length, int saved_errno);
void client_end_no_start(struct ws_conn *conn, const char *address,
                         uint16_t port); /* lws could not even start */

#endif
