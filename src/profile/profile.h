/* What the user asked for: the profile file as structs. Durations in ns, rates per second,
 * fractions 0..1. */
#ifndef RUSHHOUR_PROFILE_PROFILE_H
#define RUSHHOUR_PROFILE_PROFILE_H

#include "base/error.h"
#include "base/text.h"
#include "base/window.h"
#include "base/words.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest lists that a profile may have, and so a run folder: reports group by each of them. */
#define PROFILE_REGIONS_MOST 256
#define PROFILE_STAGES_MOST 1000
#define PROFILE_WINDOWS_MOST 64
#define PROFILE_THRESHOLDS_MOST 256

enum auth_kind { AUTH_NONE, AUTH_API_KEY, AUTH_TOKEN, AUTH_TOKEN_COMMAND };

/* The credential of a region. `source` ("${EASTUS2_KEY}") may be shown; `secret` never leaves
 * memory. */
struct auth {
    enum auth_kind kind;
    bool in_query;  /* api-key as a query parameter (allowed, warned about) */
    bool ephemeral; /* the key or token only fetches short-lived client secrets, which open the
                       sessions */
    bool loaded;    /* `secret` was loaded from `source` by secrets_load */
    char *source;   /* the reference as written: ${NAME}, ${file:PATH} or a command */
    char *secret;   /* the value (base/secret.h); NULL until secrets_load */
};

/* A header for the upgrade request. `source` may hold references such as ${NAME}; it and `value`
 * are never shown. */
struct header {
    char *name;
    char *source; /* as written */
    char *value;  /* what is sent (base/secret.h): equals `source` until secrets_load resolves
                     its references */
};

/* A client certificate (mutual TLS). The sources are paths or references and may be shown; the PEM
 * texts and the passphrase never leave memory (base/secret.h) and are NULL until secrets_load. */
struct client_identity {
    char *certificate_source; /* NULL if there is none */
    char *key_source;         /* NULL: the key is in the certificate's file */
    char *passphrase_source;  /* NULL if there is none */
    char *certificate, *key, *passphrase;
};

/* A region: one endpoint, deployment and credential under a short name. */
struct region {
    char *name;
    char *endpoint; /* as written: an https:// or wss:// origin; http:// or ws:// to loopback
                       only */
    char *host;     /* from the endpoint, without port, in lower case */
    uint16_t port;
    bool tls;
    char *deployment;
    char *model; /* defaults to the deployment */
    enum deployment_type deployment_type;
    enum dialect dialect;
    char *api_version; /* preview only; NULL otherwise */
    struct auth auth;
    double weight;
    uint64_t quota_rpm, quota_tpm; /* what was bought, per minute; 0 if not given */
    char *proxy; /* http://[user:pass@]host:port or NULL; equals proxy_source until secrets_load;
                    never shown */
    char *proxy_source; /* as written: may hold references such as ${NAME} */
    char *ca_file;      /* PEM file of trusted roots instead of the system's, or NULL */
    struct client_identity client;
    char *path;     /* overrides the dialect's path, or NULL */
    char *settings; /* further fields of session.update, over those of the session; or NULL */
    struct header *headers;
    size_t header_count;
};

enum load_model { LOAD_SESSIONS, LOAD_ARRIVALS };
enum arrival { ARRIVAL_POISSON, ARRIVAL_EVEN };
enum routing { ROUTING_EACH, ROUTING_WEIGHTED, ROUTING_FAILOVER, ROUTING_HEDGED };

/* A linear ramp from the previous stage's target (0 at first) to this one; a duration of 0 is a
 * step. */
struct stage {
    int64_t duration_ns;
    double target; /* sessions (closed model) or session arrivals per second (open model), per
                      region */
    bool is_rate;  /* it was written as a rate ("5/s"), which only the open model accepts */
};

struct load {
    enum load_model model;
    enum arrival arrival;
    enum routing routing;
    int64_t hedge_after_ns; /* with ROUTING_HEDGED: without first output by then, a second region is
                               asked, too */
    uint64_t max_sessions; /* open at the same time, per region; of all together where they share */
    double connect_rate;   /* connects per second, all regions together */
    double pace_to_quota;  /* share of each region's quota that is used at most; 0: no pace */
    int64_t drain_ns;      /* in which the run ends when a SIGKILL will follow */
    struct stage *stages;
    size_t stage_count;
};

/* What becomes of a conversation that grows. */
enum history_policy { HISTORY_KEEP, HISTORY_TRUNCATE, HISTORY_ROTATE };

/* What a user may say in a turn. The text goes to the service and into no output. */
struct prompt {
    char *text;
    size_t length; /* of the text, in bytes */
    double weight; /* how often it is drawn, against the others' */
    double until;  /* the sum of the weights up to this one, itself included */
};

struct audio_file {
    char *path;
    double weight;
};

enum voice_source { VOICE_NONE, VOICE_SYNTHETIC };

/* What users say with their voice. */
struct audio_plan {
    struct audio_file *files;
    size_t file_count;
    enum voice_source voice; /* where there are no files */
    int64_t length_ns;       /* of a synthetic utterance, on average */
    enum audio_format format;
    int64_t chunk_ns; /* of audio in one message */
    double noise_db;  /* below full scale; 0: none */
    enum turn_detection detection;
    double threshold; /* 0, as with the next three: the service's own */
    int64_t prefix_ns, silence_ns, idle_timeout_ns;
    enum eagerness eagerness;
    double interrupt_share; /* of answers */
    int64_t interrupt_after_ns;
    bool missed_fails;        /* a turn that the service does not notice is its failure */
    int64_t mean_ns, most_ns; /* of the utterances, once they are known (service/voice.h) */
};

/* Whether users speak. */
static inline bool audio_speaks(const struct audio_plan *plan)
{
    return plan->file_count > 0 || plan->voice == VOICE_SYNTHETIC;
}

struct session_plan {
    uint64_t interactions; /* per session */
    int64_t think_time_ns;
    enum modality modality;
    enum wanted_answer answer; /* required to count as answered */
    char *instructions;        /* NULL: not sent */
    struct prompt *prompts;    /* one at least */
    size_t prompt_count;
    char *prompts_file;        /* JSON lines that stand for them once profile_load has read it, or
                                  NULL */
    struct redact_index *said; /* the prompts, where they are many (base/redact.h); or NULL */
    struct audio_plan audio;
    uint64_t max_output_tokens; /* 0: not sent */
    char *settings;             /* further fields of session.update as JSON, or NULL */
    int64_t max_age_ns;         /* 0: no rotation by age */
    uint64_t rotate_after;      /* turns; 0: no rotation by turns */
    enum history_policy history;
    uint64_t history_tokens;  /* from which on it is truncated, or the session replaced */
    double history_retain;    /* the share of them that a truncation keeps */
    bool tls_resume;          /* new sessions resume the TLS session of earlier ones */
    int64_t before_expiry_ns; /* it is replaced so long before its announced end; 0: not */
};

/* An optional rate: a fraction. */
struct optional_rate {
    bool set;
    double value;
};

/* Deadlines of each phase; all > 0. */
struct timeouts {
    int64_t resolve_ns, connect_ns, tls_ns, upgrade_ns, session_ns, configure_ns;
    int64_t first_output_ns, stall_ns, response_ns, close_ns;
};

enum jitter { JITTER_FULL, JITTER_EQUAL, JITTER_NONE };

/* Whom a wait that the service asks for holds back. */
enum hold_scope { HOLD_THE_REGION, HOLD_THE_INTERACTION };

/* Where a retry goes. */
enum retry_session {
    RETRY_AS_NEEDED, /* the same session if the failure leaves it good, else a new one */
    RETRY_SAME,      /* the same session for as long as it is open */
    RETRY_NEW,       /* always a new one */
    RETRY_ELSEWHERE  /* a session in another region, if one takes load */
};

struct retry {
    uint64_t attempts; /* per interaction, including the first; 1: no retries */
    int64_t backoff_initial_ns, backoff_max_ns;
    enum jitter jitter;
    int64_t deadline_ns;      /* from the interaction's first due time; no retry starts later */
    double budget;            /* retries allowed per first attempt; 1 = unlimited */
    int64_t budget_window_ns; /* in each of which it holds */
    enum retry_session session;
    bool probe_poisoned; /* one more try on a session whose response failed, before a new session */
    enum hold_scope hold;
};

/* When a region gets no load for a while because its attempts fail or are slow; failure_rate is
 * unset without such a breaker. */
struct breaker_plan {
    struct optional_rate failure_rate; /* of a window's attempts, from which on it opens */
    int64_t latency_ns;  /* an answer whose first output comes later counts as failed; 0: none */
    int64_t window_ns;   /* slides */
    uint64_t attempts;   /* fewest in the window that may open it */
    int64_t open_for_ns; /* then single attempts try whether it is over */
    uint64_t probes;     /* so many of them in a row must be ok */
};

struct budget {
    double usd;      /* 0: no limit */
    uint64_t tokens; /* 0: no limit */
    double *alerts;  /* fractions */
    size_t alert_count;
};

struct window_plan {
    int64_t interval_ns; /* by the run's own clock */
    struct window *report;
    size_t report_count;
};

/* When to stop a run because its failure rate is too high; both rates are set, or neither (no
 * rule). */
struct abort_plan {
    struct optional_rate acceptable, too_high;
    double errors; /* the probability of a wrong decision, over all regions */
};

/* USD per million tokens of one model, and per minute of an open session; 0: not given. */
struct price {
    char *model;
    double text_in, text_cached, text_out, audio_in, audio_cached, audio_out;
    double image_in, image_cached;
    double per_minute;
};

struct prices {
    char *as_of; /* a date, or NULL */
    struct price *models;
    size_t count;
};

/* A scripted delay: log-normal, given by its median and P99; constant if both are equal. */
struct latency {
    bool set;
    int64_t median_ns, p99_ns;
};

/* The steps whose delay the simulator scripts. A rule leaves unset what it does not override. */
struct latency_rule {
    char **regions; /* names; region_count 0: all */
    size_t region_count;
    struct window *during; /* NULL: always */
    struct latency upgrade, session, configure, response_created, first_output, delta, answer;
};

/* A rate for each hour of the day. */
struct hours {
    double rates[24];  /* fractions, by local hour in `zone` */
    struct zone *zone; /* NULL: UTC */
};

/*
 * A fault and when it strikes. `fault` is a name in the simulator's table; its rate is per chance
 * (see `help profile`). The rule applies where all its conditions are met; a bound of 0 is no
 * condition.
 */
struct fault_rule {
    char *fault;
    double rate;
    struct hours *hours; /* overrides `rate`; NULL: use `rate` */
    char **regions;
    size_t region_count;
    char **deployments; /* deployment_count 0: all */
    size_t deployment_count;
    struct window *during;                        /* NULL: always */
    int64_t burst_every_ns, burst_length_ns;      /* by the run's own clock; 0: no bursts, always
                                                active */
    struct optional_rate after_failure_same;      /* the rate after a failed response of the session
                                                ... */
    struct optional_rate after_failure_new;       /* ... and in the session used for its retry */
    int64_t min_socket_age_ns, max_socket_age_ns; /* at response.create; the maximum is exclusive */
    uint64_t from_turn, to_turn;                  /* of the session, from 1, both inclusive */
    uint64_t min_context_tokens, max_context_tokens;
    int64_t after_ns; /* for faults that need a delay, such as a late reset; 0: the fault's
                         default */
};

/* Limits of the service as it counts them, by the run's own clock. */
struct quota_rule {
    char **regions;
    size_t region_count;
    struct window *during;  /* NULL: always */
    uint64_t rpm;           /* new connections per minute; 0: no limit */
    uint64_t tpm;           /* tokens per minute, estimated when a response is requested; 0: no
                               limit */
    uint64_t effective_tpm; /* the lower limit that is actually enforced; 0: tpm */
    int64_t slice_ns;       /* each slice gets its share of the minute */
    uint64_t rpd;           /* responses per day; 0: no limit */
};

struct simulator_plan {
    double clock_speed;            /* 1: real time */
    int64_t clock_start_ns;        /* the first instant of the run, ns since 1970 UTC; INT64_MIN:
                                      now */
    uint64_t output_deltas;        /* per response */
    uint64_t audio_delta_bytes;    /* PCM16 bytes per audio delta */
    uint64_t reasoning_tokens;     /* before each answer of a reasoning model */
    double preambles;              /* share of the answers of reasoning models with a preamble */
    int64_t client_secret_life_ns; /* of ephemeral client secrets; 0: as documented */
    int64_t max_session_age_ns;
    struct latency_rule *latency; /* later rules override earlier ones */
    size_t latency_count;
    struct fault_rule *faults; /* drawn in order; the first hit wins */
    size_t fault_count;
    struct quota_rule *quota; /* the last applicable one wins; if none applies, the region's own
                                 quota, or that of its model's tier */
    size_t quota_count;
    bool quota_none; /* nothing is limited */
};

struct profile {
    char *file; /* as given on the command line */
    char *json; /* what it held, for the simulator beside the run: it may be a pipe */
    char *name;
    struct region *regions;
    size_t region_count;
    struct load load;
    struct session_plan session;
    struct timeouts timeouts;
    struct retry retry;
    struct breaker_plan breaker;
    struct budget budget;
    struct window_plan windows;
    char **thresholds;
    size_t threshold_count;
    struct abort_plan abort_on_fail;
    struct prices prices;
    struct simulator_plan simulator;
    uint64_t seed; /* 0: drawn at start */
    bool record_attempts;
    uint64_t rotate_at;       /* bytes of attempts.csv that become a part; 0: it is one file */
    uint64_t evidence_limit;  /* full evidence records per code and region; 0: all are full */
    struct json_node *source; /* the parsed file, for line and column of later messages; for
                                 profile/ only */
};

/*
 * Reads and checks a profile file (JSON with comments and trailing commas). Does not read the
 * environment yet. Errors are ERR_PROFILE (or ERR_IO if the file cannot be read) and say
 * "file:line:column: key: what and the fix"; an unknown key names the nearest known one. On success
 * the caller owns *out (profile_free).
 */
MUST_USE enum err_code profile_load(const char *file, struct profile **out, struct error *err);

/* As profile_load, from memory; `file` is only used in messages. */
MUST_USE enum err_code profile_parse(const char *file, const char *json, size_t length,
                                     struct profile **out, struct error *err);

/* Checks the profile as a whole (called by profile_load; call it again after a change). */
MUST_USE enum err_code profile_check(const struct profile *profile, struct error *err);

/* Reads the secrets of every region from environment, files and commands. ERR_PROFILE names region,
 * key and variable. */
MUST_USE enum err_code profile_secrets_load(struct profile *profile, struct error *err);

/* As profile_secrets_load, for a single region. */
MUST_USE enum err_code profile_secrets_load_region(struct profile *profile, size_t index,
                                                   struct error *err);

/* Whether this is one of Azure's or OpenAI's own hosts: they require credentials, and public
 * authorities sign their certificates. */
bool profile_is_hosted(const char *host);

/* Whether reading a region's token again may give a different one: it comes from a command or a
 * file. */
bool profile_secret_changes(const struct region *region);

/*
 * Reads a region's token again from its source; the profile keeps the old one. The caller owns *out
 * (secret_free). A command is killed after a minute, or when *stop becomes true. May be called from
 * any thread while nobody writes to the profile. ERR_PROFILE names region and key.
 */
MUST_USE enum err_code profile_secret_again(const struct profile *profile, size_t index,
                                            const atomic_bool *stop, char **out, struct error *err);

void profile_free(struct profile *profile);

/* Whether the profile replays time (clock.speed or clock.start is set) and must therefore never
 * reach a real service. */
bool profile_simulate_only(const struct profile *profile);

/* The zone in which people read the run's times: that of the first named window, in which the
 * question is asked; NULL: UTC. */
const struct zone *profile_zone(const struct profile *profile);

/* Total length of the load's stages, ns by the run's own clock. */
int64_t load_duration_ns(const struct load *load);

/* Whether a price row of this name matches a model better than the best so far (NULL: none): its
 * name is the model's or the beginning of it, and longer. */
bool price_fits_better(const char *name, const char *model, const char *best);

/* The price row that matches a model best, or NULL. */
const struct price *prices_find(const struct prices *prices, const char *model);

/* Appends the JSON Schema (draft 2020-12) of a profile, generated from the key table. */
void profile_schema(struct text *out);

/* Appends the reference of all keys for `rushhour help profile`: name, type, unit, range, default,
 * help. */
void profile_help(struct text *out);

/* Appends the profile as one JSON object for run.json: secrets as their references, prompts and
 * instructions only by number and length. */
void profile_manifest(const struct profile *profile, struct text *out);

#endif
