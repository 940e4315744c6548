/* The rules of the simulator: scripted delays, faults, quota. */
#include "profile/form.h"
#include "profile/keys.h"
#include "profile/profile.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#define REGIONS(rule)                                                                              \
    {                                                                                              \
        "regions", KEY_STRINGS, offsetof(struct rule, regions),                                    \
            .count_offset = offsetof(struct rule, region_count), .fallback = "[]",                 \
            .help = "names of the regions; none: all"                                              \
    }

#define DURING(rule)                                                                               \
    {                                                                                              \
        "during", KEY_DURING, offsetof(struct rule, during),                                       \
            .help = "time of day, HH:MM-HH:MM@ZONE[,mon-fri], of the run's own clock; left out: "  \
                    "always"                                                                       \
    }

#define STEP(step, text)                                                                           \
    {                                                                                              \
#step, KEY_LATENCY, offsetof(struct latency_rule, step), .most = "1h", .help = text        \
    }

static const struct key latency_keys[] = {
    REGIONS(latency_rule),
    DURING(latency_rule),
    STEP(upgrade, "upgrade request to the 101 response"),
    STEP(session, "101 response to session.created"),
    STEP(configure, "session.update to session.updated"),
    STEP(response_created, "response.create to response.created"),
    STEP(first_output, "response.created to the first delta"),
    STEP(delta, "one delta to the next"),
    STEP(answer, "the end of a preamble to the first delta of the answer itself"),
};

#define FAULT(member) offsetof(struct fault_rule, member)

static const struct key fault_keys[] = {
    {"fault", KEY_STRING, FAULT(fault), .required = true, .accept = form_fault,
     .help = "which fault; see the list of faults"},
    {"rate", KEY_FRACTION, FAULT(rate), .required = true, .instead = "hours",
     .help = "how often it strikes where the rule holds: of the connections, upgrades, sessions or "
             "responses, as the list of faults says; faults per region take 100% only"},
    {"hours", KEY_HOURS, FAULT(hours),
     .help = "instead of `rate`: 24 rates, one for each hour of the day from 00:00, of the run's "
             "own clock in "
             "UTC, or {\"zone\": \"America/Los_Angeles\", \"rates\": [24 rates]}"},
    REGIONS(fault_rule),
    {"deployments", KEY_STRINGS, FAULT(deployments), .count_offset = FAULT(deployment_count),
     .fallback = "[]", .help = "names of deployments (dialect openai: models); none: all"},
    DURING(fault_rule),
    {"burst.every", KEY_DURATION, FAULT(burst_every_ns), .fallback = "0s", .most = "7d",
     .help = "the rule holds only in bursts, one in each such stretch of the run's own clock, at a "
             "point "
             "drawn from the seed, in all its regions at once; 0s: no bursts"},
    {"burst.length", KEY_DURATION, FAULT(burst_length_ns), .fallback = "0s", .most = "7d",
     .help = "length of a burst, of the run's own clock"},
    {"after_failure.same_session", KEY_SHARE, FAULT(after_failure_same),
     .help = "the rate instead, for a response whose predecessor in the session failed; left out: "
             "`rate`"},
    {"after_failure.new_session", KEY_SHARE, FAULT(after_failure_new),
     .help =
         "the rate instead, for the first response of a session that is taken for a retry; who "
         "retries "
         "cannot be seen from outside, so each failure of a region is owed one retry, and the next "
         "session that opens there pays it; left out: `rate`"},
    {"min_socket_age", KEY_DURATION, FAULT(min_socket_age_ns), .fallback = "0s", .most = "7d",
     .help = "only responses asked for at this age of the connection or later"},
    {"max_socket_age", KEY_DURATION, FAULT(max_socket_age_ns), .fallback = "0s", .most = "7d",
     .help = "only responses asked for before this age of the connection; 0s: at any age"},
    {"from_turn", KEY_COUNT, FAULT(from_turn), .fallback = "1", .least = "1",
     .help = "only from this response of the session on"},
    {"to_turn", KEY_COUNT, FAULT(to_turn), .fallback = "0",
     .help = "only up to this response of the session; 0: all"},
    {"min_context_tokens", KEY_COUNT, FAULT(min_context_tokens), .fallback = "0",
     .help = "only responses that read at least this many tokens of input, as the simulator counts "
             "them"},
    {"max_context_tokens", KEY_COUNT, FAULT(max_context_tokens), .fallback = "0",
     .help = "only responses that read at most this many tokens of input; 0: any number"},
    {"after", KEY_DURATION, FAULT(after_ns), .fallback = "0s", .most = "1h",
     .help = "when it strikes within the response or session, for faults that need it; "
             "0: the "
             "fault's own default"},
};

#define QUOTA(member) offsetof(struct quota_rule, member)

static const struct key quota_keys[] = {
    REGIONS(quota_rule),
    DURING(quota_rule),
    {"rpm", KEY_COUNT, QUOTA(rpm), .fallback = "0", .most = "1000000000",
     .help = "requests per minute of the run's own clock; a request is a new connection, and a "
             "refused one "
             "counts too; 0: no limit"},
    {"tpm", KEY_COUNT, QUOTA(tpm), .fallback = "0", .most = "1000000000",
     .help = "tokens per minute of the run's own clock, estimated when a response is asked for: "
             "its input "
             "plus max_output_tokens (4096 when the answer has no limit); a refused one counts "
             "too; 0: no "
             "limit"},
    {"effective_tpm", KEY_COUNT, QUOTA(effective_tpm), .fallback = "0", .most = "1000000000",
     .help = "the lower limit that is really enforced, as when the service protects itself; "
             "x-ratelimit headers "
             "tell it, and new connections are refused too once it is used up; 0: none"},
    {"rpd", KEY_COUNT, QUOTA(rpd), .fallback = "0", .most = "1000000000",
     .help = "requests per day of the run's own clock; a request is here a response that is asked "
             "for, and each comes back after a day's share (86.4s of 1000); 0: no limit"},
    {"slice", KEY_DURATION, QUOTA(slice_ns), .fallback = "10s", .least = "100ms", .most = "1m",
     .help = "limits are enforced in slices of this length, each with its share of the minute, so "
             "that a "
             "burst meets them below the figure per minute; a call larger than a slice's share "
             "passes into "
             "an unused slice"},
};

const struct key_table key_latency_rule = {
    "a latency rule", latency_keys, LENGTH(latency_keys), sizeof(struct latency_rule), 0, NULL};
const struct key_table key_fault_rule = {
    "a fault rule", fault_keys, LENGTH(fault_keys), sizeof(struct fault_rule), 0, NULL};
const struct key_table key_quota_rule = {
    "a quota rule", quota_keys, LENGTH(quota_keys), sizeof(struct quota_rule), 0, NULL};
