#include "profile/keys.h"

#include "profile/form.h"
#include "profile/keys_audio.h"
#include "profile/profile.h"
#include "profile/release.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const char *const dialects[] = {"ga", "preview", "openai", NULL};
static const char *const modalities[] = {"text", "audio", NULL};
static const char *const answers[] = {"any", "output", "tool_call", NULL};
static const char *const deployment_types[] = {"unknown",
                                               "standard",
                                               "data_zone_standard",
                                               "global_standard",
                                               "provisioned",
                                               "data_zone_provisioned",
                                               "global_provisioned",
                                               NULL};
static const char *const load_models[] = {"sessions", "arrivals", NULL};
static const char *const arrivals[] = {"poisson", "even", NULL};
static const char *const routings[] = {"each", "weighted", "failover", "hedged", NULL};
static const char *const jitters[] = {"full", "equal", "none", NULL};
static const char *const retry_sessions[] = {"as_needed", "same", "new", "other_region", NULL};
static const char *const hold_scopes[] = {"region", "interaction", NULL};
static const char *const histories[] = {"keep", "truncate", "rotate", NULL};
static const char *const key_places[] = {"header", "query", NULL};

/* A number of a macro as text. */
#define TEXT_OF(number) #number
#define MOST(number) TEXT_OF(number)

#define AT(member) .offset = offsetof(struct profile, member)
#define LIST(member, count)                                                                        \
    .offset = offsetof(struct profile, member), .count_offset = offsetof(struct profile, count)

static const struct key profile_keys[] = {
    {"$schema", KEY_IGNORED, .help = "where editors find the JSON Schema of profiles; not read"},
    {"name", KEY_STRING, AT(name), .required = true, .accept = form_profile_name,
     .pattern = "^[A-Za-z0-9_.-]{1,64}$",
     .help = "short name of the profile; part of the run folder's name"},
    {"seed", KEY_COUNT, AT(seed), .fallback = "0",
     .most = "9007199254740991", /* every reader of JSON keeps numbers up to it exact */
     .help = "makes the plan of a run (arrivals, prompts, jitter, faults) repeatable; 0: drawn at "
             "the start"},
    {"regions", KEY_OBJECTS, LIST(regions, region_count), .table = &key_region, .required = true,
     .least = "1", .most = MOST(PROFILE_REGIONS_MOST),
     .help = "the endpoints to compare, at least one"},

    {"load.model", KEY_WORD, AT(load.model), .words = load_models, .fallback = "sessions",
     .help = "sessions: keep a set number of sessions busy; arrivals: sessions arrive at a "
             "rate, whatever the service does"},
    {"load.arrival", KEY_WORD, AT(load.arrival), .words = arrivals, .fallback = "poisson",
     .help = "spacing of arrivals: poisson (as independent users) or even"},
    {"load.routing", KEY_WORD, AT(load.routing), .words = routings, .fallback = "each",
     .help =
         "each: every region gets the whole load; weighted: the regions share one load by their "
         "weights; failover: the first region of the list that takes load gets all of it, and "
         "gets it back when it takes load again (see breaker); hedged: new sessions go to the "
         "first region that takes load, and a turn that it does not answer within hedge_after is "
         "asked in the next one as well"},
    {"load.hedge_after", KEY_DURATION, AT(load.hedge_after_ns), .fallback = "1s", .least = "1ms",
     .most = "1h",
     .help = "with routing hedged: how long after a turn was due its second attempt begins, in a "
             "new session of another region, if there is no output yet; the first output decides, "
             "and the other answer is cancelled; such an attempt counts as a retry (attempts, "
             "budget, deadline)"},
    {"load.max_sessions", KEY_COUNT, AT(load.max_sessions), .fallback = "500", .least = "1",
     .most = "100000",
     .help = "sessions open at once, per region; of all regions together "
             "where they share one load (load.routing)"},
    {"load.connect_rate", KEY_RATE, AT(load.connect_rate), .fallback = "100/s", .least = "1/m",
     .most = "100000/s", .help = "connects begun per second of real time, all regions together"},
    {"load.pace_to_quota", KEY_FRACTION, AT(load.pace_to_quota), .fallback = "0%",
     .help =
         "the share of each region's quota (regions[].quota, or its model's tier) that the load "
         "may take, as the service counts it: connections, dialect openai responses, and the "
         "input and max_output_tokens (4096 without) of each response; what is due beyond that "
         "waits, and arrivals that would wait for over 10 s are dropped and counted; 0: the "
         "quota holds nothing back but by refusing"},
    {"load.drain", KEY_DURATION, AT(load.drain_ns), .fallback = "20s", .most = "1h",
     .help =
         "after SIGTERM or the loss of the terminal, how long the run may take to end: turns in "
         "flight have three quarters of it, or all but 5 s of more than 20 s, then they are "
         "cancelled; what is left is for the folder and its pages. Kubernetes kills after 30 s, "
         "`docker stop` after 10 s"},
    {"load.stages", KEY_OBJECTS, LIST(load.stages, load.stage_count), .table = &key_stage,
     .fallback = "[{\"duration\": \"30s\", \"target\": 5}]", .least = "1",
     .most = MOST(PROFILE_STAGES_MOST),
     .help =
         "linear ramps, one after the other, from the previous target (0 at first) to the next"},

    {"session.interactions", KEY_COUNT, AT(session.interactions), .fallback = "1", .least = "1",
     .most = "1000000", .help = "user turns that a session holds before it ends"},
    {"session.think_time", KEY_DURATION, AT(session.think_time_ns), .fallback = "1s", .most = "1d",
     .help = "pause before the next interaction"},
    {"session.modality", KEY_WORD, AT(session.modality), .words = modalities, .fallback = "text",
     .help = "what the model answers with"},
    {"session.answer", KEY_WORD, AT(session.answer), .words = answers, .fallback = "any",
     .help =
         "what a turn must contain to be answered: output (text or audio, as the modality says; "
         "a preamble of phase commentary is none), tool_call, or any of them"},
    {"session.instructions", KEY_HIDDEN, AT(session.instructions),
     .help = "system instructions of the session; not sent when left out"},
    {"session.prompts", KEY_PROMPTS, LIST(session.prompts, session.prompt_count),
     .fallback = "[\"Say OK.\"]", .least = "1",
     .help = "what users say; each interaction draws one by the seed, the same in every region and "
             "on any number of workers or machines, and as often as its weight (1) says against "
             "the others'"},
    {"session.prompts_file", KEY_STRING, AT(session.prompts_file),
     .help = "a file of prompts instead, of any size: each line a JSON text or {\"text\": text, "
             "\"weight\": number}; they are held in memory"},
    KEYS_AUDIO,
    {"session.max_output_tokens", KEY_COUNT, AT(session.max_output_tokens), .fallback = "0",
     .most = "1000000", .help = "most tokens of one answer; 0: the service's own limit"},
    {"session.settings", KEY_JSON, AT(session.settings),
     .help = "further fields of session.update, as the service documents them: reasoning, tools, "
             "tool_choice, truncation, prompt, audio.output.voice and any other; laid over what "
             "rushhour sends, and named in run.json without their values"},
    {"session.max_age", KEY_DURATION, AT(session.max_age_ns), .fallback = "0s", .most = "1d",
     .help = "a session of this age is replaced by a new one after its turn; 0: never"},
    {"session.rotate_after", KEY_COUNT, AT(session.rotate_after), .fallback = "0",
     .help = "a session is replaced by a new one after this many turns; 0: never"},
    {"session.history", KEY_WORD, AT(session.history), .words = histories, .fallback = "keep",
     .help = "what becomes of a conversation that grows, since all of it is read again for every "
             "turn: keep: nothing (the service drops the oldest at the model's window); truncate: "
             "the service is told to drop the oldest (truncation, with a retention_ratio and "
             "token_limits; no dialect preview); rotate: the session is replaced by a new one"},
    {"session.history_tokens", KEY_COUNT, AT(session.history_tokens), .fallback = "0",
     .most = "1000000",
     .help = "tokens of the conversation from which on that happens: truncate: of its items; "
             "rotate: of the last turn, input and output"},
    {"session.history_retain", KEY_FRACTION, AT(session.history_retain), .fallback = "80%",
     .help = "the share of them that truncate keeps; each truncation empties the cache"},
    {"session.tls_resume", KEY_BOOL, AT(session.tls_resume), .fallback = "false",
     .help =
         "a session resumes the TLS session of an earlier one to the same host, as a client that "
         "reconnects does; false: each does a full handshake, like a new user's"},
    {"session.before_expiry", KEY_DURATION, AT(session.before_expiry_ns), .fallback = "30s",
     .most = "1d",
     .help =
         "a session is replaced by a new one when a turn would begin this close to the end that "
         "the service announced for it (expires_at), or within the last tenth of its life if "
         "that is shorter; 0: never"},

    {"timeouts.resolve", KEY_DURATION, AT(timeouts.resolve_ns), .fallback = "5s", .least = "1ms",
     .most = "1h", .help = "name lookup"},
    {"timeouts.connect", KEY_DURATION, AT(timeouts.connect_ns), .fallback = "10s", .least = "1ms",
     .most = "1h", .help = "TCP connection"},
    {"timeouts.tls", KEY_DURATION, AT(timeouts.tls_ns), .fallback = "10s", .least = "1ms",
     .most = "1h", .help = "TLS handshake"},
    {"timeouts.upgrade", KEY_DURATION, AT(timeouts.upgrade_ns), .fallback = "10s", .least = "1ms",
     .most = "1h", .help = "upgrade request to the 101 response"},
    {"timeouts.session", KEY_DURATION, AT(timeouts.session_ns), .fallback = "10s", .least = "1ms",
     .most = "1h", .help = "101 response to session.created"},
    {"timeouts.configure", KEY_DURATION, AT(timeouts.configure_ns), .fallback = "10s",
     .least = "1ms", .most = "1h", .help = "session.update to session.updated"},
    {"timeouts.first_output", KEY_DURATION, AT(timeouts.first_output_ns), .fallback = "15s",
     .least = "1ms", .most = "1h", .help = "response.create to the first text or audio delta"},
    {"timeouts.stall", KEY_DURATION, AT(timeouts.stall_ns), .fallback = "10s", .least = "1ms",
     .most = "1h", .help = "longest silence within a response"},
    {"timeouts.response", KEY_DURATION, AT(timeouts.response_ns), .fallback = "60s", .least = "1ms",
     .most = "1h", .help = "response.create to response.done"},
    {"timeouts.close", KEY_DURATION, AT(timeouts.close_ns), .fallback = "5s", .least = "1ms",
     .most = "1h", .help = "our close frame to the service's"},

    {"retry.attempts", KEY_COUNT, AT(retry.attempts), .fallback = "3", .least = "1", .most = "100",
     .help = "attempts per interaction, the first one included; 1: no retries"},
    {"retry.backoff.initial", KEY_DURATION, AT(retry.backoff_initial_ns), .fallback = "500ms",
     .most = "1h", .help = "wait before the first retry, doubled before each further one"},
    {"retry.backoff.max", KEY_DURATION, AT(retry.backoff_max_ns), .fallback = "8s", .most = "1h",
     .help = "longest wait before a retry"},
    {"retry.backoff.jitter", KEY_WORD, AT(retry.jitter), .words = jitters, .fallback = "full",
     .help = "full: each wait is drawn between 0 and its value; equal: between half of it and its "
             "value; none: exactly its value"},
    {"retry.deadline", KEY_DURATION, AT(retry.deadline_ns), .fallback = "30s", .least = "1ms",
     .most = "1d", .help = "no retry starts later than this after the interaction was due"},
    {"retry.budget", KEY_FRACTION, AT(retry.budget), .fallback = "10%",
     .help =
         "retries per first attempt that are allowed in the run, and in every budget_window "
         "(3 always are), over all workers of a process, of each region, or of all together where "
         "they share one load; 100%: no bound"},
    {"retry.budget_window", KEY_DURATION, AT(retry.budget_window_ns), .fallback = "10s",
     .least = "1s", .most = "1h",
     .help = "length of the window that slides: no quiet time saves up retries for an outage"},
    {"retry.session", KEY_WORD, AT(retry.session), .words = retry_sessions, .fallback = "as_needed",
     .help = "where a retry goes: as_needed: the same session after a failure that leaves it good "
             "(a limit), else a new one; same: the same session for as long as it is open; new: "
             "always a new one; other_region: a session in another region that takes load, else "
             "as_needed (needs regions that share one load: load.routing)"},
    {"retry.probe_poisoned", KEY_BOOL, AT(retry.probe_poisoned), .fallback = "false",
     .help = "after a failed response, one more try in the same open session before the new one: "
             "tells how "
             "often a session recovers; the try counts as a retry"},
    {"retry.hold", KEY_WORD, AT(retry.hold), .words = hold_scopes, .fallback = "region",
     .help = "region: a wait that the service asks for holds back the region's whole load, and so "
             "do growing waits after config, auth or quota failures in a row, in each worker that "
             "was told; interaction: only the interaction that was told waits, and the others go "
             "on asking"},

    {"breaker.failure_rate", KEY_SHARE, AT(breaker.failure_rate),
     .help = "share of failed attempts in the window from which on a region gets no load: it is "
             "held back for open_for, then single attempts try it; counted by each worker for "
             "itself (--workers), without failures of content and of our own side; left out: no "
             "breaker"},
    {"breaker.latency", KEY_DURATION, AT(breaker.latency_ns), .fallback = "0s", .most = "1h",
     .help = "an answer whose first output comes later than this counts as failed for the breaker; "
             "0: none does"},
    {"breaker.window", KEY_DURATION, AT(breaker.window_ns), .fallback = "30s", .least = "1s",
     .most = "1h", .help = "length of the window that slides"},
    {"breaker.attempts", KEY_COUNT, AT(breaker.attempts), .fallback = "10", .least = "1",
     .most = "1000000",
     .help = "fewest attempts of a worker in the window that may open its breaker"},
    {"breaker.open_for", KEY_DURATION, AT(breaker.open_for_ns), .fallback = "30s", .least = "1ms",
     .most = "1d", .help = "how long it stays open before single attempts try the region"},
    {"breaker.probes", KEY_COUNT, AT(breaker.probes), .fallback = "3", .least = "1", .most = "1000",
     .help =
         "so many of a worker's attempts must be ok, one after the other, for the region to get "
         "its load again; the first that fails opens the breaker once more"},

    {"budget.usd", KEY_NUMBER, AT(budget.usd), .fallback = "0", .least = "0", .most = "1000000000",
     .help = "the run stops before more US dollars than these are spent, by `prices`: each turn "
             "reserves what it can cost at most (its conversation, max_output_tokens, and "
             "per_minute for the length of timeouts.response) and gives back the rest; where that "
             "leaves no room for others they wait, or as arrivals are dropped and counted; 0: no "
             "limit"},
    {"budget.tokens", KEY_COUNT, AT(budget.tokens), .fallback = "0",
     .help = "the same in tokens. Without session.max_output_tokens nobody knows what an answer "
             "can take: turns reserve 4096 tokens for it until 10 of the region were heard (one "
             "turn at a time where that does not fit), then twice the longest; longer ones exceed "
             "the budget by that much. 0: no limit"},
    {"budget.alerts", KEY_FRACTIONS, LIST(budget.alerts, budget.alert_count),
     .fallback = "[\"50%\", \"80%\", \"100%\"]",
     .help = "shares of the budget at which the run tells so"},

    {"windows.interval", KEY_DURATION, AT(windows.interval_ns), .fallback = "10s", .least = "100ms",
     .most = "1h", .help = "the fixed slice that is recorded and written, of the run's own clock"},
    {"windows.report", KEY_WINDOWS, LIST(windows.report, windows.report_count),
     .fallback = "[\"1m\"]", .most = MOST(PROFILE_WINDOWS_MOST),
     .help = "what reports group by: a width that is a multiple of the interval, or "
             "NAME=HH:MM-HH:MM@ZONE[,mon-fri]"},
    {"record.evidence_limit", KEY_COUNT, AT(evidence_limit), .fallback = "0",
     .help = "evidence records that are written in full, per failure code and region; further ones "
             "leave out "
             "events, "
             "headers and messages, and are still one line each; 0: all are full"},
    {"record.attempts", KEY_BOOL, AT(record_attempts), .fallback = "true",
     .help = "whether attempts.csv gets a row per attempt"},
    {"record.rotate_at", KEY_SIZE, AT(rotate_at), .fallback = "64MiB", .most = "1GiB",
     .help =
         "from this size on what attempts.csv holds becomes a part, attempts-0001.csv, which is "
         "compressed (.gz) beside the run, and attempts.csv begins anew; every command reads all "
         "of them; 0: it stays one file"},
    {"thresholds", KEY_STRINGS, LIST(thresholds, threshold_count), .fallback = "[]",
     .most = MOST(PROFILE_THRESHOLDS_MOST), .accept = form_threshold,
     .help =
         "limits that decide the exit code: metric[.stat][{region=NAME,window=NAME}] OP value, or "
         "share(metric > limit) OP value; they ask what the service does at such hours, and with "
         "{about=run} only what happened in this run, as a gate of some seconds does"},

    {"abort_on_fail.acceptable", KEY_SHARE, AT(abort_on_fail.acceptable),
     .help =
         "failure rate that is still acceptable: with too_high, a cumulative sum watches each "
         "region for as long as the run lasts, and stops it (exit 99) when a rate is too high; "
         "the evidence of one minute counts for an eighth, so that takes 6 to 8 minutes at least; "
         "left out: no such rule"},
    {"abort_on_fail.too_high", KEY_SHARE, AT(abort_on_fail.too_high),
     .help = "failure rate at which to stop. Judged are first failures among attempts at risk, "
             "those of interaction chains without a failure so far, dials included, in the order "
             "in which they began; so a session that lives on after its failure counts no "
             "further: let long-lived sessions be replaced (session.rotate_after, "
             "session.interactions)"},
    {"abort_on_fail.errors", KEY_FRACTION, AT(abort_on_fail.errors), .fallback = "5%",
     .help = "chance of a false alarm at the acceptable rate in the whole run, over all regions "
             "together (and over all shards); less than 50%"},

    {"prices.as_of", KEY_STRING, AT(prices.as_of), .accept = form_date,
     .pattern = "^\\d{4}-\\d{2}-\\d{2}$", .help = "the day on which the prices held"},
    {"prices.*", KEY_MAP, LIST(prices.models, prices.count), .table = &key_price,
     .help = "prices of a model by its name, or the beginning of it"},

    {"simulator.clock.speed", KEY_NUMBER, AT(simulator.clock_speed), .fallback = "1",
     .least = "0.001", .most = "100000",
     .help =
         "how many times faster than real time the run's own clock goes: all of the profile's "
         "times "
         "follow it (stages, rates, windows, think time, backoff, deadlines, latencies, ages, "
         "quotas) but connect_rate and what client secrets live; no limit is shorter than 2 s of "
         "real time, which the run tells. Other than 1: the profile "
         "runs only with --simulate"},
    {"simulator.clock.start", KEY_TIME, AT(simulator.clock_start_ns), .fallback = "now",
     .help =
         "time of day at the run's start, RFC 3339; the profile then runs only with --simulate"},
    {"simulator.output_deltas", KEY_COUNT, AT(simulator.output_deltas), .fallback = "10",
     .least = "1", .most = "10000", .help = "text or audio deltas in a response"},
    {"simulator.audio_delta_bytes", KEY_SIZE, AT(simulator.audio_delta_bytes), .fallback = "4800",
     .least = "2", .most = "1MiB",
     .help = "PCM16 audio in one delta, an even number; 4800 bytes are 100 ms at 24 kHz"},
    {"simulator.reasoning_tokens", KEY_COUNT, AT(simulator.reasoning_tokens), .fallback = "0",
     .most = "32768",
     .help = "tokens that a reasoning model (gpt-realtime-2 and later, by `model`) thinks before "
             "each answer: part of its output, and of max_output_tokens"},
    {"simulator.preambles", KEY_FRACTION, AT(simulator.preambles), .fallback = "0%",
     .help =
         "share of the answers of reasoning models that begin with a preamble, an item of phase "
         "commentary; the final_answer comes after the latency `answer`"},
    {"simulator.client_secret_life", KEY_DURATION, AT(simulator.client_secret_life_ns),
     .fallback = "0s", .most = "2h",
     .help = "whole seconds that an ephemeral client secret is good for, real time; 0: as "
             "documented (10m, "
             "preview 60s)"},
    {"simulator.max_session_age", KEY_DURATION, AT(simulator.max_session_age_ns), .fallback = "60m",
     .least = "1ms", .most = "7d", .help = "the simulator ends a session of this age"},
    {"simulator.latency", KEY_OBJECTS, LIST(simulator.latency, simulator.latency_count),
     .table = &key_latency_rule, .fallback = "[]",
     .first = "[{\"upgrade\": {\"median\": \"40ms\", \"p99\": \"150ms\"},"
              " \"session\": {\"median\": \"10ms\", \"p99\": \"60ms\"},"
              " \"configure\": {\"median\": \"20ms\", \"p99\": \"80ms\"},"
              " \"response_created\": {\"median\": \"30ms\", \"p99\": \"120ms\"},"
              " \"first_output\": {\"median\": \"250ms\", \"p99\": \"900ms\"},"
              " \"delta\": {\"median\": \"20ms\", \"p99\": \"60ms\"},"
              " \"answer\": {\"median\": \"800ms\", \"p99\": \"2s\"}}]",
     .help = "scripted delays; a later rule overrides the steps that it names"},
    {"simulator.faults", KEY_OBJECTS, LIST(simulator.faults, simulator.fault_count),
     .table = &key_fault_rule, .fallback = "[]",
     .help = "injected faults, drawn in order; the first that strikes wins"},
    {"simulator.quota", KEY_OBJECTS, LIST(simulator.quota, simulator.quota_count),
     .table = &key_quota_rule, .fallback = "[]",
     .none_offset = offsetof(struct profile, simulator.quota_none),
     .help = "limits that the simulator counts and enforces as the service does; of the rules in "
             "force in a region the last one holds, and where there is none its regions[].quota, "
             "or else Azure's default of tier 1 for its model, as far as it is known; \"none\": "
             "nothing is limited"},
};

#undef AT
#undef LIST
#define AT(member) .offset = offsetof(struct region, member)

static const struct key region_keys[] = {
    {"name", KEY_STRING, AT(name), .required = true, .accept = form_region_name,
     .pattern = "^[A-Za-z0-9_-]{1,63}$", .help = "short name, used in every report: eastus2"},
    {"endpoint", KEY_STRING, AT(endpoint), .required = true, .accept = form_endpoint,
     .pattern = "^(https|wss|http|ws)://[^/?#@]+/?$",
     .help = "origin, https:// or wss://, without path or query; http:// and ws:// only towards "
             "this machine"},
    {"deployment", KEY_STRING, AT(deployment), .accept = form_deployment,
     .pattern = "^[^\\s/?#&]+$",
     .help = "Azure deployment; with dialect openai leave it out and write `model`"},
    {"model", KEY_STRING, AT(model), .accept = form_deployment, .pattern = "^[^\\s/?#&]+$",
     .help = "model behind the deployment, for prices and reports (default: the deployment); with "
             "dialect "
             "openai, "
             "the model to ask for"},
    {"deployment_type", KEY_WORD, AT(deployment_type), .words = deployment_types,
     .fallback = "unknown",
     .help = "how the deployment is sold: with the global and data zone types the region is the "
             "entry only, and answers are computed anywhere in the world or the zone; reports and "
             "quota requests say so"},
    {"dialect", KEY_WORD, AT(dialect), .words = dialects, .fallback = "ga",
     .help = "wire protocol: ga (/openai/v1/realtime), preview (/openai/realtime with "
             "api_version), or openai "
             "(/v1/realtime)"},
    {"api_version", KEY_STRING, AT(api_version), .accept = form_api_version,
     .pattern = "^\\d{4}-\\d{2}-\\d{2}(-preview)?$",
     .help = "api-version such as 2025-04-01-preview; needed with dialect preview, refused with "
             "the others"},
    {"auth.api_key", KEY_CREDENTIAL, AT(auth), .variant = AUTH_API_KEY,
     .accept = form_secret_reference, .pattern = "^\\$\\{.+\\}$",
     .help = "where the API key is: ${NAME} (environment) or ${file:PATH}; never the key"},
    {"auth.token", KEY_CREDENTIAL, AT(auth), .variant = AUTH_TOKEN, .accept = form_secret_reference,
     .pattern = "^\\$\\{.+\\}$",
     .help = "where an Entra bearer token is: ${NAME}, or ${file:PATH}, which is read again before "
             "the token "
             "expires or "
             "when it is refused; never the token"},
    {"auth.token_command", KEY_CREDENTIAL, AT(auth), .variant = AUTH_TOKEN_COMMAND,
     .accept = form_command,
     .help = "shell command that prints an Entra bearer token, run at the start, and again before "
             "the token "
             "expires or "
             "when it is refused"},
    {"auth.ephemeral", KEY_BOOL, AT(auth.ephemeral), .fallback = "false",
     .help = "use the key or token only to ask for short-lived client secrets (ek_...), and open "
             "sessions "
             "with those"},
    {"auth.in", KEY_EITHER, AT(auth.in_query), .words = key_places, .fallback = "header",
     .help = "where an API key goes; in the query it can end up in the logs of proxies"},
    {"settings", KEY_JSON, AT(settings),
     .help = "the same as session.settings for this region alone, laid over those: for a region "
             "whose dialect or model takes other fields"},
    {"weight", KEY_NUMBER, AT(weight), .fallback = "1", .least = "0", .most = "1000000",
     .help = "share of the load with routing weighted"},
    {"quota.rpm", KEY_COUNT, AT(quota_rpm), .fallback = "0", .most = "1000000000",
     .help = "requests per minute that the deployment's quota allows, as the portal shows it; "
             "reports set the limit that the service tells against it; 0: not known"},
    {"quota.tpm", KEY_COUNT, AT(quota_tpm), .fallback = "0", .most = "1000000000000",
     .help = "the same for tokens per minute"},
    {"proxy", KEY_REFERENCES, AT(proxy_source), .accept = form_proxy,
     .pattern = "^(http://.+|\\$\\{.+\\})$",
     .help = "HTTP proxy (CONNECT): http://host:port, http://${USER}:${PASSWORD}@host:port, or all "
             "of it by reference, such as ${HTTPS_PROXY}; the environment alone is not followed"},
    {"ca_file", KEY_STRING, AT(ca_file),
     .help =
         "PEM file of trusted roots, instead of the system's (which SSL_CERT_FILE replaces, too)"},
    {"client_cert", KEY_STRING, AT(client.certificate_source), .accept = form_pem_source,
     .help = "PEM file with a client certificate and its chain (mutual TLS), or ${NAME}, "
             "${file:PATH} for its text or path"},
    {"client_key", KEY_STRING, AT(client.key_source), .accept = form_pem_source,
     .help = "PEM file with the key of client_cert, or ${NAME}, ${file:PATH}; never the key itself "
             "(default: in the file of client_cert)"},
    {"client_key_passphrase", KEY_STRING, AT(client.passphrase_source),
     .accept = form_secret_reference, .pattern = "^\\$\\{.+\\}$",
     .help = "where the passphrase of an encrypted client_key is: ${NAME} or ${file:PATH}"},
    {"path", KEY_STRING, AT(path), .accept = form_path, .pattern = "^/[^?#\\s]*$",
     .help = "replaces the path of the dialect, for a gateway; the query is still added"},
    {"headers", KEY_HEADERS, AT(headers), .count_offset = offsetof(struct region, header_count),
     .help = "further headers of the upgrade request; values may hold ${NAME} or ${file:PATH}, "
             "secrets must"},
};

#undef AT

static const struct key stage_keys[] = {
    {"duration", KEY_DURATION, offsetof(struct stage, duration_ns), .required = true, .most = "30d",
     .help = "length of the ramp, of the run's own clock; 0s: a step"},
    {"target", KEY_TARGET, offsetof(struct stage, target), .required = true,
     .help = "at the ramp's end, per region: sessions (20) with model sessions, arrivals of "
             "sessions per "
             "time of the "
             "run's own clock (5/s, 300/m, 893/h) with model arrivals"},
};

const struct key_table key_profile = {
    "a profile", profile_keys, LENGTH(profile_keys), sizeof(struct profile), 0, NULL};
const struct key_table key_region = {
    "a region", region_keys, LENGTH(region_keys), sizeof(struct region), 0, region_drop};
const struct key_table key_stage = {"a stage", stage_keys, LENGTH(stage_keys), sizeof(struct stage),
                                    0,         NULL};
