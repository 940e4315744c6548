/* What an https_request sends: copied, checked and formatted. */
#ifndef RUSHHOUR_NET_HTTPS_REQUEST_H
#define RUSHHOUR_NET_HTTPS_REQUEST_H

#include "base/text.h"
#include "net/https.h"
#include "net/proxy.h"

struct https_words {
    char *host; /* for SNI and the certificate check */
    /* A name to resolve or a numeric address: the proxy's, the connect_override's or the host's. */
    char *connect_host;
    uint16_t connect_port;
    struct proxy proxy;  /* host NULL: direct */
    struct text tunnel;  /* the CONNECT request; empty: direct */
    struct text request; /* head and body */
};

/* ERR_NET for what cannot be sent (an invalid path, header or proxy), ERR_NOMEM. */
MUST_USE enum err_code https_words_make(const struct https_request *request,
                                        struct https_words *out, struct error *err);

/* Wipes and frees. */
void https_words_clear(struct https_words *words);

#endif
