#include "realtime/failure_table.h"

#include <string.h>

/* FIXED: the phase is always the row's. MOVES: it can occur in several, and the observed phase
 * replaces the row's. */
enum { FIXED = 0, MOVES = 1 };
enum { SAME_SESSION = 0, NEW_SESSION = 1 }; /* what a retry needs */
/* what may follow; HARMLESS: nothing was lost (catalogue F56, F74); LASTS: not within a usual
 * wait */
enum { NEVER = 0, RETRY = 1, HARMLESS = 2, LASTS = 4 };

/* `second`: see failure_table.h. The advice comes last for readability. */
#define ROW(id, code, phase, moves, domain, catalogue, second, new_session, after, advice)         \
    [FAILURE_##id] = {{PHASE_##phase, DOMAIN_##domain, code, catalogue, advice, new_session,       \
                       ((after)&RETRY) != 0, ((after)&LASTS) != 0, ((after)&HARMLESS) != 0},       \
                      moves,                                                                       \
                      second}

static const struct failure_row rows[FAILURE_COUNT] = {
    ROW(LOCAL_LIMIT, "local_limit", CONNECT, MOVES, CLIENT, "F07", NULL, NEW_SESSION, NEVER,
        "this machine ran out of sockets, ports or memory: raise ulimit -n, widen the port range, "
        "or use "
        "more machines"),
    ROW(MESSAGE_LIMIT, "message_limit", STREAM, MOVES, CLIENT, "F105", NULL, NEW_SESSION, NEVER,
        "a message was longer than rushhour takes (16 MiB), or the unfinished ones of all sessions "
        "were (256 MiB): limits of ours and no fault of the service; use fewer sessions a machine"),
    ROW(PAUSED, "paused", RESPONSE, MOVES, CLIENT, "F106", NULL, NEW_SESSION, RETRY,
        "this machine was paused and did not look at its sockets meanwhile (SIGSTOP, a frozen "
        "virtual machine, no CPU): give it a CPU of its own, and drive again what was lost"),
    ROW(RESOLVE_FAILED, "resolve_failed", RESOLVE, FIXED, CONFIG, "F01", NULL, NEW_SESSION, NEVER,
        "the name does not exist: check the endpoint's spelling and the private DNS zone"),
    ROW(RESOLVE_TEMPORARY, "resolve_temporary", RESOLVE, FIXED, CLIENT, "F02", NULL, NEW_SESSION,
        RETRY,
        "the resolver did not answer: no network here, or it is overloaded, often by the load "
        "itself"),
    ROW(RESOLVE_TIMEOUT, "resolve_timeout", RESOLVE, FIXED, CLIENT, "F02", NULL, NEW_SESSION, RETRY,
        "the resolver was too slow: it may be overloaded, often by the load itself"),
    ROW(CONNECT_REFUSED, "connect_refused", CONNECT, FIXED, NETWORK, "F04", NULL, NEW_SESSION,
        NEVER, "nothing listens there, or a firewall refuses: check host, port and local rules"),
    ROW(CONNECT_TIMEOUT, "connect_timeout", CONNECT, FIXED, NETWORK, "F05", NULL, NEW_SESSION,
        RETRY,
        "no answer to the connect: check egress rules, and NAT ports if it grows with the load"),
    ROW(CONNECT_UNREACHABLE, "connect_unreachable", CONNECT, FIXED, NETWORK, "F05", NULL,
        NEW_SESSION, RETRY, "no route to the host: check routing, VPN and egress rules"),
    ROW(CONNECT_RESET, "connect_reset", CONNECT, MOVES, NETWORK, "F06", NULL, NEW_SESSION, RETRY,
        "the connection was reset before TLS was up: a middlebox or an overloaded front door"),
    ROW(CONNECT_FAILED, "connect_failed", CONNECT, MOVES, NETWORK, "unknown", NULL, NEW_SESSION,
        RETRY, "the connection could not be made: see os_error of the evidence record"),
    ROW(TLS_UNTRUSTED, "tls_untrusted", TLS, FIXED, NETWORK, "F08", NULL, NEW_SESSION, NEVER,
        "the certificate is not trusted: the root of its authority, such as a private one or an "
        "inspecting proxy's, belongs into ca_file"),
    ROW(TLS_WRONG_NAME, "tls_wrong_name", TLS, FIXED, NETWORK, "F08", NULL, NEW_SESSION, NEVER,
        "the certificate is for another name: a proxy or a wrong address answers"),
    ROW(TLS_EXPIRED, "tls_expired", TLS, FIXED, SERVICE, "F10", NULL, NEW_SESSION, NEVER,
        "the peer's certificate has expired: whoever runs the endpoint, or the gateway in front, "
        "must renew it; if other hosts fail alike, check this machine's clock"),
    ROW(TLS_NOT_YET_VALID, "tls_not_yet_valid", TLS, FIXED, CLIENT, "F10", NULL, NEW_SESSION, NEVER,
        "the certificate is not valid yet: this machine's clock is behind; set it (chrony, "
        "timedatectl)"),
    ROW(TLS_FAILED, "tls_failed", TLS, FIXED, CONFIG, "F09", NULL, NEW_SESSION, NEVER,
        "the TLS handshake failed: check TLS versions, ciphers and proxies"),
    ROW(TLS_CLIENT_CERT_MISSING, "client_certificate_required", TLS, MOVES, AUTH, "F98", NULL,
        NEW_SESSION, NEVER,
        "the endpoint, or a gateway in front of it, demands a client certificate (mutual TLS): "
        "name one with client_cert and client_key of the region"),
    ROW(TLS_CLIENT_CERT_REFUSED, "client_certificate_refused", TLS, MOVES, AUTH, "F99", NULL,
        NEW_SESSION, NEVER,
        "the endpoint, or a gateway in front of it, refuses our client certificate: the alert "
        "tells why; check the expiry of client_cert, who issued it, and its chain"),
    ROW(TLS_ACCESS_DENIED, "tls_access_denied", TLS, MOVES, AUTH, "F100", NULL, NEW_SESSION, NEVER,
        "the peer knows who we are and denies the access (TLS alert 49): have this client "
        "certificate, or this host, allowed there"),
    ROW(TLS_PEER_FAULT, "tls_peer_fault", TLS, MOVES, SERVICE, "F101", NULL, NEW_SESSION, RETRY,
        "TLS failed inside of the peer (alert 80): retry on a new connection; if it stays, its "
        "own logs tell why"),
    ROW(TLS_ALERT, "tls_alert", TLS, MOVES, NETWORK, "F102", NULL, NEW_SESSION, NEVER,
        "the peer ended TLS with an alert, see tls_alert of the evidence record: a middlebox that "
        "changes bytes, or a TLS of the peer that does not fit ours"),
    ROW(TLS_DAMAGED, "tls_damaged", STREAM, MOVES, NETWORK, "F107", NULL, NEW_SESSION, RETRY,
        "a TLS record was damaged on the way, which only what stands between can do: compare "
        "networks, and look for middleboxes and faulty hardware"),
    ROW(TLS_CLOSED, "tls_closed", TLS, FIXED, NETWORK, "F11", NULL, NEW_SESSION, RETRY,
        "the peer hung up in the TLS handshake: a middlebox or an overloaded front door"),
    ROW(TLS_TIMEOUT, "tls_timeout", TLS, FIXED, NETWORK, "F90", NULL, NEW_SESSION, RETRY,
        "the TLS handshake took too long: compare with another network"),
    ROW(PROXY_AUTH, "proxy_auth", CONNECT, FIXED, NETWORK, "F12", NULL, NEW_SESSION, NEVER,
        "the proxy wants credentials: put them into the proxy's URL"),
    ROW(PROXY_REFUSED, "proxy_refused", CONNECT, FIXED, NETWORK, "F13", NULL, NEW_SESSION, RETRY,
        "the proxy refused the tunnel: check its policy for this host and port"),
    ROW(WEBSOCKET_BLOCKED, "websocket_blocked", UPGRADE, FIXED, NETWORK, "F14", NULL, NEW_SESSION,
        NEVER, "the upgrade was answered as a plain request: a proxy strips or blocks WebSocket"),
    ROW(BAD_HANDSHAKE, "bad_handshake", UPGRADE, FIXED, NETWORK, "F39", NULL, NEW_SESSION, NEVER,
        "the answer to the upgrade is no WebSocket handshake: a broken intermediary"),
    ROW(HEAD_TOO_LONG, "head_too_long", UPGRADE, FIXED, CLIENT, "F103", NULL, NEW_SESSION, NEVER,
        "the answer has a longer head than rushhour takes, a limit of ours and no fault of the "
        "service: find out what adds so many headers or cookies on the way"),
    ROW(INTERIM_ANSWER, "interim_answer", UPGRADE, FIXED, CLIENT, "F108", NULL, NEW_SESSION, NEVER,
        "an interim answer (HTTP 1xx) came before the 101, which is allowed, and which rushhour "
        "cannot pass over: a limit of ours; have whatever sends it, a proxy or gateway, leave it "
        "out"),
    ROW(MODEL_NOT_REALTIME, "model_not_realtime", UPGRADE, MOVES, CONFIG, "F15", "F16", NEW_SESSION,
        NEVER, "the deployment's model does not serve the realtime API: deploy a realtime model"),
    ROW(API_VERSION_NOT_ALLOWED, "api_version_not_allowed", UPGRADE, FIXED, CONFIG, "F17", NULL,
        NEW_SESSION, NEVER,
        "the /v1 path takes no api-version: remove it, or use the preview dialect"),
    ROW(API_VERSION_UNKNOWN, "api_version_unknown", UPGRADE, FIXED, CONFIG, "F18", NULL,
        NEW_SESSION, NEVER,
        "this api-version is not served: use 2025-04-01-preview, or the ga dialect"),
    ROW(UPGRADE_400, "upgrade_400", UPGRADE, FIXED, CONFIG, "F19", NULL, NEW_SESSION, NEVER,
        "the request is malformed: check dialect, path and query parameters"),
    ROW(UPGRADE_401, "upgrade_401", UPGRADE, FIXED, AUTH, "F20", NULL, NEW_SESSION, NEVER,
        "the credential is missing, wrong or expired, or belongs to another resource"),
    ROW(PERMISSION_DENIED, "permission_denied", UPGRADE, MOVES, AUTH, "F21", NULL, NEW_SESSION,
        NEVER,
        "the identity lacks the role Cognitive Services OpenAI User (a new role takes up to 5 "
        "minutes)"),
    ROW(SUBPROTOCOL_AUTH, "subprotocol_auth", UPGRADE, FIXED, CONFIG, "F22", NULL, NEW_SESSION,
        NEVER, "Azure takes no key in Sec-WebSocket-Protocol: send it in the api-key header"),
    ROW(EPHEMERAL_TOKEN_REQUIRED, "ephemeral_token_required", UPGRADE, FIXED, CONFIG, "F23", NULL,
        NEW_SESSION, NEVER,
        "this path takes ephemeral secrets only, as for WebRTC: use the WebSocket path, or "
        "auth.ephemeral"),
    ROW(TOKEN_EXPIRED, "token_expired", UPGRADE, MOVES, AUTH, "F88", NULL, NEW_SESSION, RETRY,
        "the token had expired when the session was opened: refresh it earlier; open sessions live "
        "on"),
    ROW(UPGRADE_403, "upgrade_403", UPGRADE, FIXED, NETWORK, "F24", "unknown", NEW_SESSION, NEVER,
        "the resource's network rules refuse this address: add it, or come from the allowed "
        "network"),
    ROW(UNCLEAR_403, "unclear_403", UPGRADE, FIXED, CONFIG, "unknown", NULL, NEW_SESSION, NEVER,
        "403 from whom nothing tells: check endpoint and path, what stands in front of the "
        "service, "
        "and what the credential may do"),
    ROW(PUBLIC_ACCESS_DISABLED, "public_access_disabled", UPGRADE, FIXED, NETWORK, "F25", NULL,
        NEW_SESSION, NEVER,
        "the resource is reached only by its private endpoint: check DNS and network of this host"),
    ROW(RESOURCE_BLOCKED, "resource_blocked", UPGRADE, FIXED, AUTH, "F26", NULL, NEW_SESSION, NEVER,
        "the resource is suspended: open a support case"),
    ROW(DEPLOYMENT_NOT_FOUND, "deployment_not_found", UPGRADE, MOVES, CONFIG, "F27", NULL,
        NEW_SESSION, NEVER,
        "no such deployment on this resource: check its name (a new one takes up to 5 minutes) and "
        "retirement dates"),
    ROW(PATH_NOT_FOUND, "path_not_found", UPGRADE, FIXED, CONFIG, "F28", NULL, NEW_SESSION, NEVER,
        "no such path: ga and preview forms mixed, or a wrong api-version"),
    ROW(UPGRADE_404, "upgrade_404", UPGRADE, FIXED, CONFIG, "F28", NULL, NEW_SESSION, NEVER,
        "nothing is found there: check deployment, dialect, path and api-version"),
    ROW(UPGRADE_408, "upgrade_408", UPGRADE, FIXED, SERVICE, "F29", NULL, NEW_SESSION, RETRY,
        "the service gave up on the request (it may be billed): retry, or another region"),
    ROW(UPGRADE_429, "upgrade_429", UPGRADE, FIXED, QUOTA, "F30", NULL, NEW_SESSION, RETRY,
        "over a rate limit, the deployment's if there is an apim-request-id: spread the connects, "
        "honour retry-after, or ask for quota"),
    ROW(CAPACITY_429, "capacity_429", UPGRADE, FIXED, SERVICE, "F31", NULL, NEW_SESSION, RETRY,
        "the shared pool is busy, not your quota: back off, or use another region"),
    ROW(LOWERED_LIMIT_429, "lowered_limit_429", UPGRADE, FIXED, SERVICE, "F32", NULL, NEW_SESSION,
        RETRY,
        "the service has lowered the limit in force below the usual one for a while: back off, or "
        "use "
        "another region; more quota does not help"),
    ROW(UNCLEAR_429, "unclear_429", UPGRADE, FIXED, QUOTA, "F33", NULL, NEW_SESSION, RETRY,
        "429 without a hint: quota if it follows your own connects and tokens per minute up to the "
        "limit, "
        "capacity if it comes far below it or other regions are well at the same load"),
    ROW(UPGRADE_431, "upgrade_431", UPGRADE, FIXED, CONFIG, "F34", NULL, NEW_SESSION, NEVER,
        "too many or too long headers: Azure takes at most 10 custom ones, gateways about 8 KiB"),
    ROW(UPGRADE_500, "upgrade_500", UPGRADE, FIXED, SERVICE, "F35", "unknown", NEW_SESSION, RETRY,
        "the service failed, or a gateway if there is no apim-request-id: retry on a new "
        "connection, or another region"),
    ROW(UPGRADE_502, "upgrade_502", UPGRADE, FIXED, SERVICE, "F36", NULL, NEW_SESSION, RETRY,
        "a gateway got no good answer: retry, or another region; a proxy's if there is no "
        "apim-request-id"),
    ROW(UPGRADE_503, "upgrade_503", UPGRADE, FIXED, SERVICE, "F37", NULL, NEW_SESSION, RETRY,
        "overloaded, the service or a gateway if there is no apim-request-id: honour retry-after, "
        "back off, or use another region"),
    ROW(UPGRADE_504, "upgrade_504", UPGRADE, FIXED, SERVICE, "F36", NULL, NEW_SESSION, RETRY,
        "a gateway got no answer in time: retry, or another region; a proxy's if there is no "
        "apim-request-id"),
    ROW(UPGRADE_REJECTED, "upgrade_rejected", UPGRADE, FIXED, CONFIG, "unknown", NULL, NEW_SESSION,
        NEVER, "the upgrade was refused: see http_status and message of the evidence record"),
    ROW(REDIRECTED, "redirected", UPGRADE, FIXED, CONFIG, "F91", NULL, NEW_SESSION, NEVER,
        "sent elsewhere, and not followed since the credential would go along: see the message for "
        "where; to Azure's /v1/realtime: use the ga dialect; to a slash more: set `path`; to a "
        "login page: a portal is on the way"),
    ROW(GATEWAY_401, "gateway_401", UPGRADE, FIXED, AUTH, "F92", NULL, NEW_SESSION, NEVER,
        "a gateway in front of the service wants a credential of its own: put it into `headers`, "
        "such as Ocp-Apim-Subscription-Key for API Management"),
    ROW(GATEWAY_403, "gateway_403", UPGRADE, FIXED, CONFIG, "F93", NULL, NEW_SESSION, NEVER,
        "a gateway refused before the service was asked: check `path` and whether it has a "
        "WebSocket route there, then its policy"),
    ROW(GATEWAY_404, "gateway_404", UPGRADE, FIXED, CONFIG, "F94", NULL, NEW_SESSION, NEVER,
        "a gateway has no such route: check endpoint and `path`, and whether it passes WebSocket "
        "on"),
    ROW(GATEWAY_429, "gateway_429", UPGRADE, FIXED, QUOTA, "F95", NULL, NEW_SESSION, RETRY,
        "a gateway's own rate limit, not the deployment's: ask whoever runs it, or spread the "
        "connects"),
    ROW(GATEWAY_QUOTA, "gateway_quota", UPGRADE, FIXED, QUOTA, "F96", NULL, NEW_SESSION, NEVER,
        "a gateway's own quota is used up until the time that its message tells: ask whoever runs "
        "it; the deployment's quota is another"),
    ROW(GATEWAY_500, "gateway_500", UPGRADE, FIXED, NETWORK, "F97", NULL, NEW_SESSION, RETRY,
        "a gateway failed, or found no service behind it: its own logs tell why"),
    ROW(UPGRADE_CLOSED, "upgrade_closed", UPGRADE, FIXED, NETWORK, "F11", NULL, NEW_SESSION, RETRY,
        "the connection ended before the upgrade was answered: a middlebox or an overloaded front "
        "door"),
    ROW(UPGRADE_TIMEOUT, "upgrade_timeout", UPGRADE, FIXED, SERVICE, "F38", NULL, NEW_SESSION,
        RETRY, "the upgrade was not answered in time: overload, or a proxy that swallows it"),
    ROW(NO_SESSION_CREATED, "no_session_created", SESSION, FIXED, SERVICE, "F41", NULL, NEW_SESSION,
        RETRY,
        "the socket opened but no session came: retry on a new connection, or another region"),
    ROW(CLOSED_BEFORE_CREATED, "closed_before_created", SESSION, FIXED, SERVICE, "F42", "F61",
        NEW_SESSION, RETRY,
        "closed before the session was ready: check the session settings first, then retry"),
    ROW(FIRST_EVENT_ERROR, "first_event_error", SESSION, FIXED, SERVICE, "F43", NULL, NEW_SESSION,
        RETRY, "the first event was an error: see its type and message in the evidence record"),
    ROW(INVALID_API_KEY, "invalid_api_key", SESSION, FIXED, AUTH, "F44", NULL, NEW_SESSION, NEVER,
        "the key is wrong: check it and the resource that it belongs to"),
    ROW(UNKNOWN_PARAMETER, "unknown_parameter", SESSION, MOVES, CONFIG, "F45", NULL, SAME_SESSION,
        NEVER, "the service does not know a setting: ga and preview shapes mixed? see error param"),
    ROW(MISSING_REQUIRED_PARAMETER, "missing_required_parameter", SESSION, MOVES, CONFIG, "F46",
        NULL, SAME_SESSION, NEVER,
        "a setting is missing: a preview body sent to ga lacks session.type"),
    ROW(INVALID_VALUE, "invalid_value", SESSION, MOVES, CONFIG, "F47", NULL, SAME_SESSION, NEVER,
        "a value is refused: see param and message of the evidence record"),
    ROW(CANNOT_UPDATE_VOICE, "cannot_update_voice", SESSION, MOVES, CONFIG, "F49", NULL,
        SAME_SESSION, NEVER, "the voice cannot change after the first audio: use a new session"),
    ROW(NO_SESSION_UPDATED, "no_session_updated", SESSION, FIXED, SERVICE, "F50", NULL, NEW_SESSION,
        RETRY, "session.update was never answered: retry on a new connection"),
    ROW(COMMIT_EMPTY, "commit_empty", RESPONSE, MOVES, CLIENT, "F52", NULL, SAME_SESSION, NEVER,
        "less than 100 ms of audio was committed: check format and rate"),
    ROW(DUPLICATE_ITEM, "duplicate_item", RESPONSE, MOVES, CLIENT, "F53", NULL, SAME_SESSION, NEVER,
        "an item id was used twice: retries need new ids"),
    ROW(APPEND_TOO_BIG, "append_too_big", RESPONSE, MOVES, CONFIG, "F54", NULL, SAME_SESSION, NEVER,
        "an append may carry at most 15 MiB: send smaller chunks of audio"),
    ROW(ACTIVE_RESPONSE, "active_response", RESPONSE, MOVES, CLIENT, "F55", NULL, SAME_SESSION,
        RETRY, "a response was still running: wait for its response.done first"),
    ROW(CANCEL_NOT_ACTIVE, "cancel_not_active", RESPONSE, MOVES, CLIENT, "F56", NULL, SAME_SESSION,
        RETRY | HARMLESS, "there was nothing to cancel: harmless"),
    ROW(RESPONSE_NOT_STARTED, "response_not_started", RESPONSE, FIXED, SERVICE, "F57", NULL,
        NEW_SESSION, RETRY, "no output came after response.create: retry on a new session"),
    ROW(TURN_MISSED, "turn_missed", RESPONSE, FIXED, NONE, "F57", NULL, NEW_SESSION, RETRY,
        "the service did not notice that the user had spoken: level, noise, threshold, trailing "
        "silence; session.audio.missed_turns says whether that is a failure"),
    ROW(RATE_LIMIT_EXCEEDED, "rate_limit_exceeded", RESPONSE, MOVES, QUOTA, "F66", "F58",
        SAME_SESSION, RETRY,
        "over the deployment's tokens or requests per minute: honour the hint, slow down, or ask "
        "for quota"),
    ROW(DAILY_LIMIT, "daily_limit", RESPONSE, MOVES, QUOTA, "F104", NULL, SAME_SESSION,
        RETRY | LASTS,
        "over a limit for a whole day: no slower load helps before the time that the message "
        "tells; "
        "ask whoever set it for more"),
    ROW(QUOTA_EXHAUSTED, "quota_exhausted", RESPONSE, MOVES, QUOTA, "unknown", NULL, SAME_SESSION,
        NEVER, "the account's quota is used up: raise it or wait for the next period"),
    ROW(MODEL_NOT_SERVED, "model_not_served", RESPONSE, MOVES, CONFIG, "F60", NULL, NEW_SESSION,
        NEVER, "the model is not served here: check deployment and region"),
    ROW(SERVER_ERROR, "server_error", RESPONSE, MOVES, SERVICE, "F64", "F59", NEW_SESSION, RETRY,
        "the service failed: retry on a new session, or another region; give session and response "
        "ids to "
        "support"),
    ROW(SERVICE_UNAVAILABLE, "service_unavailable", RESPONSE, MOVES, SERVICE, "F65", NULL,
        NEW_SESSION, RETRY,
        "no capacity for this model in the region: back off, another region or another model"),
    ROW(BAD_SAMPLING, "bad_sampling", RESPONSE, MOVES, SERVICE, "F73", NULL, SAME_SESSION, RETRY,
        "the model produced invalid output: retry, with a lower temperature where there is one"),
    ROW(INVALID_REQUEST, "invalid_request", RESPONSE, MOVES, CONFIG, "unknown", NULL, SAME_SESSION,
        NEVER,
        "the service refused the request: see code, param and message of the evidence record"),
    ROW(UNKNOWN_ERROR, "unknown_error", RESPONSE, MOVES, SERVICE, "unknown", NULL, NEW_SESSION,
        RETRY, "the service reported an error of a kind not catalogued: see the evidence record"),
    ROW(CONTENT_FILTER, "content_filter", RESPONSE, MOVES, CONTENT, "F69", NULL, SAME_SESSION,
        NEVER, "the safety filter cut the answer: change the prompt"),
    ROW(MAX_OUTPUT_TOKENS, "max_output_tokens", RESPONSE, MOVES, NONE, "F70", NULL, SAME_SESSION,
        NEVER,
        "the answer reached session.max_output_tokens, a limit of our own; where nothing came at "
        "all, reasoning has used it up: raise it, or lower session.settings.reasoning.effort"),
    ROW(CANCELLED, "cancelled", RESPONSE, MOVES, NONE, "F71", NULL, SAME_SESSION, NEVER,
        "the response was cancelled, by us or by speech: no failure"),
    ROW(INCOMPLETE, "incomplete", RESPONSE, MOVES, SERVICE, "unknown", NULL, SAME_SESSION, RETRY,
        "the answer was cut short for a reason not catalogued: see the evidence record"),
    ROW(EMPTY_OUTPUT, "empty_output", RESPONSE, MOVES, SERVICE, "F72", NULL, NEW_SESSION, RETRY,
        "completed without the output that was asked for: retry once on a new session"),
    ROW(TRANSCRIPTION_FAILED, "transcription_failed", RESPONSE, MOVES, CONFIG, "F74", NULL,
        SAME_SESSION, HARMLESS,
        "the input was not transcribed: check the transcription deployment and its quota"),
    ROW(CONNECTION_RESET, "connection_reset", STREAM, MOVES, SERVICE, "F61", NULL, NEW_SESSION,
        RETRY,
        "the connection was reset without a Close frame: retry on a new session; compare networks"),
    ROW(CONNECTION_LOST, "connection_lost", STREAM, MOVES, SERVICE, "F61", NULL, NEW_SESSION, RETRY,
        "the connection ended without a Close frame: retry on a new session; compare networks"),
    ROW(STALL, "stall", STREAM, MOVES, SERVICE, "F62", NULL, NEW_SESSION, RETRY,
        "the response fell silent: retry on a new session, or another region"),
    ROW(SLOW_OUTPUT, "slow_output", STREAM, MOVES, SERVICE, "F63", NULL, NEW_SESSION, RETRY,
        "output came until the deadline, too slowly: an overloaded region; compare its gaps with "
        "others"),
    ROW(RESPONSE_TIMEOUT, "response_timeout", STREAM, MOVES, SERVICE, "F90", NULL, NEW_SESSION,
        RETRY,
        "the response was not complete in time: compare gaps between deltas with other regions"),
    ROW(PROTOCOL_VIOLATION, "protocol_violation", STREAM, MOVES, SERVICE, "F75", NULL, NEW_SESSION,
        RETRY, "a message was no valid event: a corrupting intermediary or a new wire version"),
    ROW(SESSION_EXPIRED, "session_expired", CLOSE, MOVES, NONE, "F76", NULL, NEW_SESSION, RETRY,
        "the session reached its longest duration: rotate earlier (session.max_age)"),
    ROW(SESSION_CAP, "session_cap", CLOSE, MOVES, NONE, "F77", NULL, NEW_SESSION, RETRY,
        "the session ended at the age that the service allows: rotate earlier (session.max_age)"),
    ROW(EXPIRY_SUSPECTED, "expiry_suspected", RESPONSE, MOVES, SERVICE, "F76", NULL, NEW_SESSION,
        RETRY,
        "a server_error just when the session's time was up: rotate earlier (session.max_age) and "
        "see "
        "whether it goes away"),
    ROW(IDLE_TIMEOUT, "idle_timeout", CLOSE, MOVES, NONE, "F78", NULL, NEW_SESSION, RETRY,
        "the service closed a session in which nothing was said: open it when it is needed"),
    ROW(IDLE_CUT, "idle_cut", CLOSE, MOVES, NETWORK, "F87", NULL, NEW_SESSION, RETRY,
        "cut without a Close frame after a round time of silence: an idle timer on the way; send "
        "pings"),
    ROW(PING_TIMEOUT, "ping_timeout", STREAM, MOVES, NETWORK, "F79", NULL, NEW_SESSION, RETRY,
        "our pings were not answered: a dead path, or this machine was too busy (see lag)"),
    ROW(CLOSE_1000, "close_1000", CLOSE, MOVES, SERVICE, "unknown", NULL, NEW_SESSION, RETRY,
        "the service closed the connection as if all were done: retry on a new session"),
    ROW(CLOSE_1001, "close_1001", CLOSE, MOVES, SERVICE, "unknown", NULL, NEW_SESSION, RETRY,
        "the service is going away: retry on a new session"),
    ROW(CLOSE_1002, "close_1002", CLOSE, MOVES, CLIENT, "F83", NULL, NEW_SESSION, NEVER,
        "closed for a protocol violation: an intermediary that changes frames, or a fault of "
        "rushhour"),
    ROW(CLOSE_1007, "close_1007", CLOSE, MOVES, CLIENT, "F83", NULL, NEW_SESSION, NEVER,
        "closed for text that is not UTF-8: check the prompts' encoding"),
    ROW(CLOSE_1008, "close_1008", CLOSE, MOVES, AUTH, "F81", NULL, NEW_SESSION, NEVER,
        "closed by policy: check whether the credential was revoked"),
    ROW(CLOSE_1009, "close_1009", CLOSE, MOVES, CONFIG, "F82", NULL, NEW_SESSION, NEVER,
        "closed for a message that is too big: send smaller audio chunks"),
    ROW(CLOSE_1011, "close_1011", CLOSE, MOVES, SERVICE, "F84", NULL, NEW_SESSION, RETRY,
        "closed for an internal error: retry on a new session, or another region"),
    ROW(CLOSE_1012, "close_1012", CLOSE, MOVES, SERVICE, "F85", NULL, NEW_SESSION, RETRY,
        "closed for a restart: retry on a new session, or another region"),
    ROW(CLOSE_1013, "close_1013", CLOSE, MOVES, SERVICE, "F85", NULL, NEW_SESSION, RETRY,
        "closed to try again later: back off, or another region"),
    ROW(CLOSE_OTHER, "close_other", CLOSE, MOVES, SERVICE, "F86", "unknown", NEW_SESSION, RETRY,
        "closed with a code not catalogued: see close_code and close_reason of the evidence "
        "record"),
    ROW(UNKNOWN, "unknown", NONE, MOVES, SERVICE, "unknown", NULL, NEW_SESSION, RETRY,
        "nothing tells why: please report it with the evidence record"),
};

const struct failure_row *failure_row(enum failure_id id)
{
    return &rows[id];
}

const struct failure_class *failure_class_of(const char *code)
{
    for (size_t i = 0; i < FAILURE_COUNT; i++) {
        if (strcmp(rows[i].class.code, code) == 0) return &rows[i].class;
    }
    return NULL;
}
