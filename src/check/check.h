/*
 * The preflight check: each layer between this machine and a region separately, with its duration,
 * the cause of a failure and what to do about it. Regions are checked concurrently on one libuv
 * loop.
 */
#ifndef RUSHHOUR_CHECK_CHECK_H
#define RUSHHOUR_CHECK_CHECK_H

#include "base/error.h"
#include "base/text.h"
#include "net/connect_override.h"
#include "net/http.h"
#include "profile/profile.h"
#include "realtime/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* In display order; `credentials` are read first of all, because a proxy may need them. */
enum check_step {
    CHECK_PROFILE,     /* what can be said about the profile's entry without a network */
    CHECK_RESOLVE,     /* the name */
    CHECK_TCP,         /* the connection */
    CHECK_TLS,         /* the handshake and the certificate */
    CHECK_HTTPS,       /* a plain request and its response; the clocks */
    CHECK_CREDENTIALS, /* the key or token */
    CHECK_UPGRADE,     /* the WebSocket */
    CHECK_SESSION,     /* session.created */
    CHECK_CONFIGURE,   /* session.updated */
    CHECK_TURN,        /* one minimal text turn */
    CHECK_STEPS
};

enum check_status { CHECK_PENDING, CHECK_OK, CHECK_FAILED, CHECK_SKIPPED };

/* "resolve"; "ok" ("pending" only while the check runs). */
const char *check_step_name(enum check_step step);
const char *check_status_name(enum check_status status);

/* The result of one step. Texts are "" if there is nothing to say. */
struct check_result {
    enum check_status status;
    int64_t ns;         /* duration; negative if not timed */
    char code[48];      /* of a failure: a class of realtime/failure.h, or one of the preflight's
                           own */
    char catalogue[16]; /* "F27", "unknown", or "" for the preflight's own */
    char cause[768];    /* of a failure: what was observed; of a skipped step: why */
    char fix[512];      /* of a failure: what to do */
    char seen[256];     /* of a successful step: what was found, in a few words */
};

#define CHECK_NOTES 16

/* Something that prevents nothing today but should be known. */
struct check_note {
    enum check_step step;
    char text[512];
};

/* Everything known about one region. */
struct check_region {
    const struct region *region;     /* borrowed from the profile */
    const struct session_plan *said; /* borrowed too: what the service could quote */
    char *client_secret; /* what opened the session if the region is ephemeral (base/secret.h) */
    bool done, ok;       /* ok: nothing failed */
    struct check_result steps[CHECK_STEPS];
    struct check_note notes[CHECK_NOTES];
    size_t note_count;

    bool
        goes_directly; /* its host is dialled as the profile says: no simulator, no other address */
    bool by_proxy;     /* the addresses and the connection are the proxy's */
    char addresses[HTTP_ADDRESSES][48];
    size_t address_count;
    char address[48]; /* the one connected to */
    char tls_version[16], tls_cipher[64];
    struct http_certificate certificate;
    int https_status;        /* of the plain request; 0 if no response */
    bool from_azure;         /* the response had apim-request-id or x-ms-region */
    char service_region[64]; /* x-ms-region */
    bool has_skew;
    int64_t skew_ms;          /* how far the service's clock is ahead of ours, to half a second */
    int64_t token_expires_s;  /* of a JWT; 0: unknown */
    char token_audience[256]; /* of a JWT; "" if unknown */
    int upgrade_status;       /* HTTP status of the response to the upgrade; 0 if none came */
    char client_request_id[40];
    char request_id[80]; /* the service's id of the upgrade */
    char session_id[ID_SIZE], response_id[ID_SIZE], model[64];
    struct usage usage; /* of the turn */
};

struct check_options {
    struct profile *profile; /* its regions' secrets are loaded unless simulated */
    const struct connect_override *connect_overrides; /* borrowed, like all of these */
    size_t connect_override_count;
    const char *ca_file;           /* overrides every region's; NULL: the profile's */
    bool simulated;                /* secrets are already set, and addresses and certificates
                                      prove nothing */
    void (*on_change)(void *user); /* called when a step has ended; may be NULL */
    void *user;
};

struct check; /* one preflight check of all regions of a profile */

/* Reads the credentials (which may run commands, and waits for them) and starts. Call
 * ws_global_init first. */
MUST_USE enum err_code check_start(uv_loop_t *loop, const struct check_options *options,
                                   struct check **out, struct error *err);

/* Ends what is in progress; unfinished steps are skipped as interrupted. */
void check_stop(struct check *check);

bool check_done(const struct check *check);

/* One for each region of the profile, in its order; valid until check_free. */
const struct check_region *check_told(const struct check *check, size_t *count);

/* Stops, closes what is open (running the loop) and frees. */
void check_free(struct check *check);

/* Appends everything as one JSON object: {ok, regions[{name, ok, steps[{step, status, ms, cause,
 * fix, ...}], ...}], differences[]}. */
void check_json(const struct check_region *regions, size_t count, struct text *out);

#endif
