/*
 * One HTTPS request and what every layer below it reported: for the preflight check, and for tokens
 * fetched over HTTP. Not for load: no connection is kept. Runs on a libuv loop; all calls belong to
 * the loop's thread.
 */
#ifndef RUSHHOUR_NET_HTTPS_H
#define RUSHHOUR_NET_HTTPS_H

#include "base/error.h"
#include "net/http_target.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define HTTPS_ADDRESSES 16
#define HTTPS_BODY_MAX ((size_t)64 * 1024)

struct https_exchange; /* one request in progress */

/* Described in the same terms as a WebSocket. */
struct https_request {
    const struct http_target *where; /* its strings are copied */
    const char *method;              /* "GET" or "POST" */
    const char *content_type;        /* of the body; NULL if none */
    const char *body;                /* NULL if none; copied, and wiped after sending */
    /* limit of each step, ns; 0 if none */
    int64_t resolve_ns, connect_ns, tls_ns, answer_ns;
    bool tls_only; /* stop after the handshake */
};

/* How far the exchange got. */
enum https_step { HTTPS_RESOLVE, HTTPS_CONNECT, HTTPS_TLS, HTTPS_ANSWER, HTTPS_DONE };

/* The certificate presented by the peer, trusted or not. */
struct https_certificate {
    bool seen;
    char subject[256], issuer[256]; /* one line each, RFC 2253 */
    char issuer_organization[128];  /* "" if it has none */
    int64_t not_before_s, not_after_s;
    long verify_error; /* X509_V_ERR_ number; 0: trusted and for this name */
    char verify_text[128];
};

/* What was observed. Valid during the callback. */
struct https_result {
    enum https_step reached;             /* the step that failed; HTTPS_DONE if none did */
    bool timed_out;                      /* the step ran into its limit */
    int64_t step_ns[HTTPS_DONE];         /* duration of each step; 0 if not reached */
    char addresses[HTTPS_ADDRESSES][48]; /* all addresses of the name, numeric */
    size_t address_count;
    char address[48];                     /* the one connected to */
    int resolve_error, os_error;          /* EAI_ code, errno; 0 if none */
    int proxy_status;                     /* of a refused CONNECT; 0 if none */
    char tls_version[16], tls_cipher[64]; /* "" until the handshake is done */
    struct https_certificate certificate;
    int tls_alert; /* number of the alert with which the peer ended TLS; 0 if none came */
    bool certificate_asked, certificate_given; /* by the peer; by us */
    int status;                                /* of the response; 0 if none came */
    const struct http_header *headers;         /* names in lower case; Set-Cookie omitted */
    size_t header_count;
    const char *body; /* NUL-terminated, at most HTTPS_BODY_MAX; wiped after the callback because
                         it may hold a secret */
    size_t body_length;
    char detail[256]; /* the library's message; "" if none */
};

/* Called once, never from within https_start. */
typedef void https_done(void *user, const struct https_result *result);

/*
 * Starts a request. ERR_NET for an unusable ca_file or client certificate, ERR_NOMEM when out of
 * memory; no callback follows then. An untrusted certificate ends it at HTTPS_TLS with the
 * certificate's facts.
 */
MUST_USE enum err_code https_start(uv_loop_t *loop, const struct https_request *request,
                                   https_done *done, void *user, struct https_exchange **out,
                                   struct error *err);

/* Ends it early; no callback follows. The loop still has to close its handles. */
void https_abort(struct https_exchange *exchange);

#endif
