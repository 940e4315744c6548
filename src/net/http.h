/*
 * HTTP requests, carried by libcurl on a libuv loop: HTTP/1.1 or HTTP/2, directly or through a
 * proxy (CONNECT, SOCKS), on connections of their own or kept ones, with what every layer reported.
 * For load: one client for each loop and its terms of TLS. For a single request: http_start_alone,
 * or http_ask without a loop. All calls belong to the loop's thread.
 */
#ifndef RUSHHOUR_NET_HTTP_H
#define RUSHHOUR_NET_HTTP_H

#include "base/error.h"
#include "net/http_target.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define HTTP_ADDRESSES 8
#define HTTP_BODY_MAX ((size_t)64 * 1024) /* of an answer that is kept */

struct http_client;   /* the connections and names known on one loop */
struct http_exchange; /* one request in progress */

/* How far an exchange got. */
enum http_step { HTTP_RESOLVE, HTTP_CONNECT, HTTP_TLS, HTTP_ANSWER, HTTP_DONE };

/* The certificate presented by the peer, trusted or not. */
struct http_certificate {
    bool seen;
    char subject[256], issuer[256]; /* one line each, RFC 2253 */
    char issuer_organization[128];  /* "" if it has none */
    int64_t not_before_s, not_after_s;
    long verify_error; /* X509_V_ERR_ number; 0: trusted and for this name */
    char verify_text[128];
};

/* What was observed. Valid during the callback. */
struct http_result {
    enum http_step reached;     /* the step that failed; HTTP_DONE if none did */
    bool timed_out;             /* the step ran into its limit */
    bool reused;                /* on a connection that had served others: no CONNECT, TLS */
    bool local_error;           /* this machine is at fault: memory, descriptors */
    int64_t step_ns[HTTP_DONE]; /* duration of each step; 0 if not reached */
    char addresses[HTTP_ADDRESSES][48]; /* all addresses of the name, numeric */
    size_t address_count;
    char address[48];                     /* the one connected to: the proxy's, if there is one */
    int resolve_error, os_error;          /* EAI_ code, errno; 0 if none */
    int proxy_status;                     /* of a refused CONNECT; 0 if none */
    char tls_version[16], tls_cipher[64]; /* "" until the handshake is done, and if reused */
    struct http_certificate certificate;
    int tls_alert; /* number of the alert with which the peer ended TLS; 0 if none came */
    bool certificate_asked, certificate_given; /* by the peer; by us */
    int version;                               /* of HTTP: 11 or 20; 0 without an answer */
    int status;                                /* of the answer; 0 if none came */
    const struct http_header *headers;         /* names in lower case; Set-Cookie omitted */
    size_t header_count;
    const char *body; /* NUL-terminated, at most HTTP_BODY_MAX; wiped after the callback because it
                         may hold a secret */
    size_t body_length;
    char detail[256]; /* the library's message; "" if none */
};

/*
 * Called while an exchange is in progress, never from within http_start; each may be NULL. Allowed
 * in them: http_abort, and http_start. at_ns: clock_mono_ns when it was observed.
 */
struct http_handlers {
    /* A step is over, the address known. Steps that a kept connection spares do not occur. */
    void (*on_step)(void *user, enum http_step step, const char *address, uint64_t at_ns);
    /* The answer's head is here: status, version and headers of the result. */
    void (*on_head)(void *user, const struct http_result *result, uint64_t at_ns);
    /* The next bytes of the body, which is not kept then, if the status is 2xx. */
    void (*on_body)(void *user, const char *bytes, size_t length, uint64_t at_ns);
};

/* Borrowed until http_start returns, but for the client certificate and the handlers. */
struct http_request {
    const struct http_target *where;
    const char *method;       /* "GET", "POST" */
    const char *content_type; /* of the body; NULL if none */
    const char *body;         /* NULL if none; wiped after sending */
    size_t body_length;       /* 0: the body is a string */
    /* limit of each step, ns; 0 if none */
    int64_t resolve_ns, connect_ns, tls_ns, answer_ns;
    bool reuse; /* a kept connection may serve, and this one may be kept; otherwise it has one of
                   its own, and says "Connection: close" */
    bool
        http2; /* offers HTTP/2 beside HTTP/1.1; a connection has one request at a time with both */
    const struct http_handlers *handlers; /* NULL: none */
};

/* Called once, as the last, never from within http_start. */
typedef void http_done(void *user, const struct http_result *result);

/* For connections of these terms, which is what they have in common; NULL: for plain ones. ERR_NET
 * names a ca_file or client certificate that cannot be used, ERR_NOMEM. */
MUST_USE enum err_code http_client_new(uv_loop_t *loop, const struct tls_terms *terms,
                                       struct http_client **out, struct error *err);

/* Ends all exchanges without their callbacks, and closes the kept connections. The memory is freed
 * once the loop has closed its handles. */
void http_client_close(struct http_client *client);

/* How often bytes of an answer's body were read, since the beginning. */
uint64_t http_client_reads(const struct http_client *client);

/*
 * Starts a request. ERR_NET for what cannot be sent (an invalid path, header or proxy); ERR_NOMEM
 * when out of memory; no callback follows then. An untrusted certificate ends it at HTTP_TLS with
 * the certificate's facts. The terms of its target are the client's.
 */
MUST_USE enum err_code http_start(struct http_client *client, const struct http_request *request,
                                  http_done *done, void *user, struct http_exchange **out,
                                  struct error *err);

/* The same with a client of its own, which ends with it: ERR_NET also for its terms. The loop still
 * has handles to close when it fails. */
MUST_USE enum err_code http_start_alone(uv_loop_t *loop, const struct http_request *request,
                                        http_done *done, void *user, struct http_exchange **out,
                                        struct error *err);

/* The same without a loop: returns after the callback. Its handlers must not abort it. */
MUST_USE enum err_code http_ask(const struct http_request *request, http_done *done, void *user,
                                struct error *err);

/* Ends it early; no callback follows. The loop still has to close its handles. */
void http_abort(struct http_exchange *exchange);

/* Whether bytes of the peer have arrived that were not read yet. */
bool http_unread(const struct http_exchange *exchange);

#endif
