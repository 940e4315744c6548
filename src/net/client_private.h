/* Shared by the files of the client side: the client, its connections, and which file acts on
 * them. */
#ifndef RUSHHOUR_NET_CLIENT_PRIVATE_H
#define RUSHHOUR_NET_CLIENT_PRIVATE_H

#include "net/client.h"
#include "net/client_body.h"
#include "net/client_tls.h"
#include "net/client_tunnel.h"
#include "net/https_answer.h"
#include "net/resolver.h"

#include <libwebsockets.h>

#define CLIENT_PROTOCOL "rushhour"
#define CLIENT_MESSAGE_LIMIT ((size_t)16 * 1024 * 1024)
#define CLIENT_SERVICE_BUFFER                                                                      \
    32768 /* lws builds the request in it, and a bearer token may take several KiB */
/* What lws keeps of a response's head; it stores a header's length in 16 bits. */
#define CLIENT_HEAD_LIMIT 65535
#define CLIENT_FRAME_BUFFER                                                                        \
    4096 /* per open connection; larger frames arrive in pieces of this size */
#define CLIENT_SMALL_MESSAGE 16384 /* what a connection may keep allocated between messages */

/* lws ties trusted roots to a "vhost"; there is one for each set of roots in use. */
struct client_vhost {
    struct client_vhost *next;
    struct lws_vhost *vhost;
    struct client_tls *tls;
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
    const unsigned char *service_buffer; /* lws's own, NULL until seen; see client_receive.c */
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

/* A message that could not be sent at once. */
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
    struct ws_client *client;
    void *user;
    struct ws_conn *previous, *next;
    struct ws_conn *next_due;
    bool is_due;
    enum client_state state;
    struct lws *wsi;      /* NULL: lws does not know it, or no longer does */
    struct lws *dead_wsi; /* died inside of lws_client_connect_via_info */
    bool inside_connect;  /* lws_client_connect_via_info is on the stack */
    bool tls;
    bool aborted;   /* by ws_abort or by ourselves: no callback but on_closed follows */
    bool connected; /* TCP is established: no other address is tried */
    bool asking;    /* TLS is established too: a later failure is not a handshake failure */
    bool observed;  /* the end was observed while the socket still existed */
    bool closing, close_sent, peer_closing;
    bool has_socket; /* counted in the budget of the process */
    int write_error; /* errno of a failed write */
    struct client_request *request;
    struct client_response *response;
    struct client_refusal *refusal;
    struct resolver_wait wait;
    char address[INET6_ADDRSTRLEN];
    struct ws_end end;
    char detail[256];
    char close_reason[126];
    struct client_out *out, **out_end;
    size_t queued; /* bytes in `out` */
    size_t in_lws; /* bytes of the message that lws could not send whole */
    char *message; /* a message that arrives in pieces */
    size_t message_length, message_size;
};

/* client_conn.c: the life of a connection. */
void client_conn_step(struct ws_conn *conn, enum ws_step step);
void client_conn_due(struct ws_conn *conn); /* leaves the next move to the tick */
void client_conn_tick(uv_timer_t *tick);
void client_conn_gone(struct ws_conn *conn);                     /* lws has dropped it */
void client_conn_fail(struct ws_conn *conn, const char *detail); /* ends it for a reason of ours */
void client_conn_finish(struct ws_conn *conn);                   /* calls on_closed and frees it */
/* only the first detail is kept */
void client_conn_detail(struct ws_conn *conn, const char *text, size_t length);

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

/* client_receive.c */
void client_receive_deliver(struct ws_conn *conn, const char *bytes, size_t length, bool is_text,
                            uint64_t at_ns);
int client_receive_piece(struct ws_conn *conn, char *bytes, size_t length);
void client_receive_drop(struct ws_conn *conn); /* frees an unfinished message */
void client_receive_close(struct ws_conn *conn, const unsigned char *payload, size_t length);
void client_receive_learn(struct ws_client *client, const char *position, size_t room);

/* client_rest.c: reads what is left in the socket of a connection that has ended: frames if it is
 * open, or the response to the upgrade if none of it was read before. */
void client_rest_read(struct ws_conn *conn);
void client_rest_answer(struct ws_conn *conn);

/* client_send.c */
int client_send_drain(struct ws_conn *conn); /* on writeable; -1: the connection is lost */
void client_send_free(struct ws_conn *conn);

/* client_response.c */
struct client_response *client_response_read(struct lws *wsi);
struct client_response *client_response_of(const struct https_answer *answer);
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
