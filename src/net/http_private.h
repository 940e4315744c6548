/* An HTTP client and its exchanges, shared by their parts: sockets and timers for libcurl
 * (http_client.c), the life of an exchange (http_exchange.c), what it asks libcurl for
 * (http_easy.c), what it hears (http_answer.c), TLS (http_tls.c). */
#ifndef RUSHHOUR_NET_HTTP_PRIVATE_H
#define RUSHHOUR_NET_HTTP_PRIVATE_H

#include "base/text.h"
#include "net/client_tls.h"
#include "net/http.h"
#include "net/proxy.h"
#include "net/resolver.h"

#include <curl/curl.h>

#define HTTP_HEADERS_MAX 100
#define HTTP_HEAD_MAX ((size_t)64 * 1024)

struct http_client {
    uv_loop_t *loop;
    CURLM *multi;
    uv_timer_t timer; /* libcurl's */
    struct resolver *resolver;
    struct client_tls *settings;     /* NULL: plain connections only */
    struct http_exchange *exchanges; /* all that are not over */
    struct http_exchange *retired;   /* to be taken from libcurl, once it has returned */
    uint64_t reads;
    size_t holders; /* open handles and exchanges; the last one to go frees the client */
    bool inside;    /* libcurl is calling us: it must not be called */
    bool closing;
    bool alone; /* ends with its only exchange */
};

/* What OpenSSL said of one connection, which outlives it and its exchange. */
struct http_tls_notes {
    unsigned holders;
    struct http_exchange *exchange; /* NULL: over */
    struct http_certificate certificate;
    struct client_tls_failure failure;
    bool failed, asked, given;
    char version[16], cipher[64];
};

struct http_heading {
    uint32_t name, value; /* offsets in the head */
};

struct http_exchange {
    struct http_client *client;
    struct http_exchange *previous, *next; /* of the client's */
    struct http_exchange *retired;         /* the next one */
    http_done *done;
    void *user;
    const struct http_handlers *handlers;
    int64_t limit_ns[HTTP_DONE];
    bool over;      /* the callback was made or is no longer wanted */
    bool added;     /* libcurl has it */
    bool answering; /* bytes of the answer came */
    bool full;      /* as much of the body as is kept is here */
    enum http_step step;
    uint64_t step_began_ns;
    uv_timer_t timer;
    struct resolver_wait wait;
    char *host;         /* for the certificate check */
    char *connect_host; /* a name to resolve or a numeric address: the proxy's, the
                           connect_override's or the host's */
    uint16_t connect_port;
    CURL *easy;
    struct curl_slist *lists[3]; /* headers, connect-to, resolve */
    char curl_words[CURL_ERROR_SIZE];
    struct http_tls_notes *notes;
    struct http_result result;
    char *head; /* names and values, each with its NUL; NULL: none yet */
    size_t head_length, head_room;
    struct http_heading headings[HTTP_HEADERS_MAX];
    struct http_header headers[HTTP_HEADERS_MAX];
    size_t heading_count;
    char *body; /* HTTP_BODY_MAX + 1 bytes; NULL: nothing kept yet */
};

/* The places in lists. */
enum { LIST_HEADERS, LIST_CONNECT_TO, LIST_RESOLVE };

/* ---- http_client.c ---- */

/* Tells libcurl of an exchange. Not from within libcurl. */
void client_add(struct http_exchange *exchange);

/* Takes it from libcurl and lets it go: now, or as soon as libcurl has returned. */
void client_remove(struct http_exchange *exchange);

/* One holder of the client is gone. */
void client_release(struct http_client *client);

/* ---- http_exchange.c ---- */

/* Begins a step, with its limit, and ends it with success, recording its duration and telling of
 * it: its owner may have ended the exchange then. */
void exchange_begin_step(struct http_exchange *exchange, enum http_step step);
void exchange_end_step(struct http_exchange *exchange);

/* Ends it: makes the callback once and closes everything. The sentence of a failure may be NULL;
 * the first one is kept. */
void exchange_finish(struct http_exchange *exchange, enum http_step reached);
void exchange_fail(struct http_exchange *exchange, const char *detail);

/* libcurl is done with it. */
void exchange_ended(struct http_exchange *exchange, CURLcode code);

/* libcurl has let go of it: frees what it was given. */
void exchange_let_go(struct http_exchange *exchange);

/* ---- http_easy.c ---- */

/* Makes libcurl's handle for a request. ERR_NET for what cannot be sent, ERR_NOMEM. */
MUST_USE enum err_code easy_make(struct http_exchange *exchange, const struct http_request *request,
                                 struct error *err);

/* Says which addresses the name has. False if out of memory. */
bool easy_resolve(struct http_exchange *exchange);

/* ---- http_answer.c ---- */

/* For CURLOPT_HEADERFUNCTION and CURLOPT_WRITEFUNCTION. */
size_t answer_on_header(char *line, size_t size, size_t count, void *user);
size_t answer_on_body(char *bytes, size_t size, size_t count, void *user);

/* Frees and wipes what was kept of the answer. */
void answer_clear(struct http_exchange *exchange);

/* ---- http_tls.c ---- */

/* For CURLOPT_SSL_CTX_FUNCTION. */
CURLcode http_tls_settle(CURL *easy, void *context, void *user);

/* Copies what is known of the connection's TLS into the result. */
void http_tls_tell(const struct http_exchange *exchange, struct http_result *result);

/* The exchange no longer needs the notes; NULL is fine. */
void http_tls_leave(struct http_tls_notes *notes);

#endif
