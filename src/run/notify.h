/* Tells a receiver over HTTP that a profile's verdict has changed. What is sent holds figures and
 * names of regions, never hosts, keys or content. */
#ifndef RUSHHOUR_RUN_NOTIFY_H
#define RUSHHOUR_RUN_NOTIFY_H

#include "base/error.h"
#include "base/text.h"
#include "figures/results.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where notices go; to nobody if host is NULL. Zero-initialise. */
struct notify_target {
    char *host;
    uint16_t port;
    bool tls;
    struct text path; /* with its query: often a secret, so it is in no message */
};

/* Reads https://HOST[:PORT]/PATH; http:// towards this machine alone. "${NAME}" is what the
 * environment holds, and nobody (host NULL) if that is empty. ERR_USAGE says what is wrong without
 * the path. Free it (notify_target_free) whatever it returns. */
MUST_USE enum err_code notify_target_read(const char *url, struct notify_target *out,
                                          struct error *err);
void notify_target_free(struct notify_target *target);

/* A verdict, and the one before it. */
struct notice {
    const struct results *results;
    const char *run;    /* its folder's name, or of the newest of several */
    const char *before; /* the verdict before; NULL: there is none yet */
    size_t runs;        /* that the verdict rests on */
};

/* Whether it is worth telling: the verdict differs from the one before, or is the first. */
bool notify_is_news(const struct notice *notice);

/* Appends the JSON object that is sent. */
void notify_json(const struct notice *notice, struct text *out);

/* Sends it and waits for the answer, 25 s at most. ERR_NET says what became of it unless the
 * receiver answered with 2xx; it names the host alone. */
MUST_USE enum err_code notify_send(const struct notify_target *target, const struct notice *notice,
                                   struct error *err);

#endif
