/*
 * The preflight: each layer between this machine and a region on its own, with the time that it
 * took, the cause of what failed and the next thing to do. Regions are checked side by side on one
 * libuv loop.
 */
#ifndef RUSHHOUR_CHECK_CHECK_H
#define RUSHHOUR_CHECK_CHECK_H

#include "base/error.h"
#include "base/text.h"
#include "net/connect_override.h"
#include "net/https.h"
#include "profile/profile.h"
#include "realtime/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* In the order in which they are shown; `credentials` are read first of all, a proxy may need
 * them. */
enum check_step {
    CHECK_PROFILE,     /* what can be said of the profile's entry without a network */
    CHECK_RESOLVE,     /* the name */
    CHECK_TCP,         /* the connection */
    CHECK_TLS,         /* the handshake and the certificate */
    CHECK_HTTPS,       /* a plain request and its answer; the clocks */
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

/* What came of one step. Texts are "" when there is nothing to say. */
struct check_result {
    enum check_status status;
    int64_t ns;         /* how long it took; negative: nothing was timed */
    char code[48];      /* of a failure: a class of realtime/failure.h, or one of the preflight's
                           own */
    char catalogue[16]; /* "F27", "unknown", or "" for the preflight's own */
    char cause[768];    /* of a failure: what was observed; of a skipped step: why */
    char fix[512];      /* of a failure: the next thing to do */
    char seen[256];     /* of a good step: what it met, in a few words */
};

#define CHECK_NOTES 16

/* Something that stops nobody today but should be known. */
struct check_note {
    enum check_step step;
    char text[512];
};

/* All that is known of one region. */
struct check_region {
    const struct region *region;     /* borrowed from the profile */
    const struct session_plan *said; /* likewise: what the service could quote */
    char *client_secret; /* what opened the session when the region is ephemeral (base/secret.h) */
    bool done, ok;       /* ok: nothing failed */
    struct check_result steps[CHECK_STEPS];
    struct check_note notes[CHECK_NOTES];
    size_t note_count;

    bool by_proxy; /* the addresses and the connection are the proxy's */
    char addresses[HTTPS_ADDRESSES][48];
    size_t address_count;
    char address[48]; /* the one connected to */
    char tls_version[16], tls_cipher[64];
    struct https_certificate certificate;
    int https_status;        /* of the plain request; 0: no answer */
    bool from_azure;         /* the answer carried apim-request-id or x-ms-region */
    char service_region[64]; /* x-ms-region */
    bool has_skew;
    int64_t skew_ms;          /* how far the service's clock is ahead of ours, to half a second */
    int64_t token_expires_s;  /* of a JWT; 0: unknown */
    char token_audience[256]; /* of a JWT; "": unknown */
    int upgrade_status;       /* HTTP status of the answer to the upgrade; 0: none came */
    char client_request_id[40];
    char request_id[80]; /* the service's, of the upgrade */
    char session_id[ID_SIZE], response_id[ID_SIZE], model[64];
    struct usage usage; /* of the turn */
};

struct check_options {
    struct profile *profile; /* its regions' secrets are loaded unless simulated */
    const struct connect_override *connect_overrides; /* borrowed, as all of these */
    size_t connect_override_count;
    const char *ca_file;           /* replaces every region's; NULL: as the profile says */
    bool simulated;                /* secrets are set already, and addresses and certificates prove
                                      nothing */
    void (*on_change)(void *user); /* some step has come to its end; may be NULL */
    void *user;
};

struct check; /* one preflight of all regions of a profile */

/* Reads the credentials (which may run commands, and waits for them) and starts. ws_global_init
 * comes first. */
MUST_USE enum err_code check_start(uv_loop_t *loop, const struct check_options *options,
                                   struct check **out, struct error *err);

/* Ends what is under way; the steps that were not done are skipped as interrupted. */
void check_stop(struct check *check);

bool check_done(const struct check *check);

/* One for each region of the profile, in its order; valid until check_free. */
const struct check_region *check_told(const struct check *check, size_t *count);

/* Stops, closes what is open (runs the loop for it) and frees. */
void check_free(struct check *check);

/* Appends the whole as one JSON object: {ok, regions[{name, ok, steps[{step, status, ms, cause,
 * fix, ...}], ...}], differences[]}. */
void check_json(const struct check_region *regions, size_t count, struct text *out);

#endif
