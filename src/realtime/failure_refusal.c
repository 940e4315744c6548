#include "realtime/failure_rules.h"

#include <string.h>

/* Codes that mean the same with any status below 500. */
static enum failure_id by_body_code(const char *code)
{
    static const struct failure_match codes[] = {
        /* the service's own spelling on one route */
        {"OpperationNotSupported", FAILURE_MODEL_NOT_REALTIME},
        {"OperationNotSupported", FAILURE_MODEL_NOT_REALTIME},
        {"PermissionDenied", FAILURE_PERMISSION_DENIED},
        {"DeploymentNotFound", FAILURE_DEPLOYMENT_NOT_FOUND},
        {"TokenExpired", FAILURE_TOKEN_EXPIRED},
        {"ExpiredAuthenticationToken", FAILURE_TOKEN_EXPIRED},
        {"insufficient_quota", FAILURE_QUOTA_EXHAUSTED},
    };
    return match_code(codes, MATCH_COUNT(codes), code);
}

static enum failure_id by_400(const char *message)
{
    static const struct failure_match phrases[] = {
        {"api-version query parameter is not allowed", FAILURE_API_VERSION_NOT_ALLOWED},
        {"API version not supported", FAILURE_API_VERSION_UNKNOWN},
    };
    enum failure_id id = match_phrase(phrases, MATCH_COUNT(phrases), message);
    return id != FAILURE_NONE ? id : FAILURE_UPGRADE_400;
}

/* What we sent takes precedence over the service's message, which is the same for every refused
 * credential. */
static enum failure_id by_401(const struct failure_facts *facts)
{
    static const struct failure_match phrases[] = {
        {"ephemeral token is required", FAILURE_EPHEMERAL_TOKEN_REQUIRED},
        {"token has expired", FAILURE_TOKEN_EXPIRED},
        {"token is expired", FAILURE_TOKEN_EXPIRED},
    };
    if (facts->key_as_subprotocol) return FAILURE_SUBPROTOCOL_AUTH;
    if (facts->credential_expired) return FAILURE_TOKEN_EXPIRED;
    enum failure_id id = match_phrase(phrases, MATCH_COUNT(phrases), facts->body_message);
    return id != FAILURE_NONE ? id : FAILURE_UPGRADE_401;
}

/* The network rules are Azure's; a bare 403 could come from anyone. */
static enum failure_id by_403(const struct failure_facts *facts)
{
    static const struct failure_match phrases[] = {
        {"public access is disabled", FAILURE_PUBLIC_ACCESS_DISABLED},
        {"temporarily blocked", FAILURE_RESOURCE_BLOCKED},
        {"Virtual Network", FAILURE_UPGRADE_403},
        {"Firewall", FAILURE_UPGRADE_403},
    };
    enum failure_id id = match_phrase(phrases, MATCH_COUNT(phrases), facts->body_message);
    if (id != FAILURE_NONE) return id;
    return facts->speaker == SPEAKER_AZURE ? FAILURE_UPGRADE_403 : FAILURE_UNCLEAR_403;
}

static enum failure_id by_404(const struct failure_facts *facts)
{
    static const struct failure_match phrases[] = {
        {"API version not supported", FAILURE_API_VERSION_UNKNOWN},
        {"Resource not found", FAILURE_PATH_NOT_FOUND},
    };
    enum failure_id id = match_phrase(phrases, MATCH_COUNT(phrases), facts->body_message);
    if (id != FAILURE_NONE) return id;
    bool numbered = facts->body_code != NULL && strcmp(facts->body_code, "404") == 0;
    return numbered ? FAILURE_PATH_NOT_FOUND : FAILURE_UPGRADE_404;
}

/*
 * Whose limit it was. A limit in force below the usual one is the service's own cut (F32), its
 * words for a busy pool mean shared capacity (F31), and a hint or a limit given with the refusal is
 * our quota (F30), or one for a whole day (F104). Without any of these the cause is unknown (F33).
 */
static enum failure_id by_429(const struct failure_facts *facts)
{
    static const struct failure_match phrases[] = {
        {"temporarily unable to process", FAILURE_CAPACITY_429},
        {"experiencing high demand", FAILURE_CAPACITY_429},
    };
    if (match_says_daily(facts->body_message)) return FAILURE_DAILY_LIMIT;
    if (facts->limit_tokens > 0 && facts->limit_tokens < facts->usual_limit_tokens) {
        return FAILURE_LOWERED_LIMIT_429;
    }
    enum failure_id id = match_phrase(phrases, MATCH_COUNT(phrases), facts->body_message);
    if (id != FAILURE_NONE) return id;
    bool quota =
        facts->hinted || facts->limit_tokens > 0 || match_says_rate_limit(facts->body_message);
    return quota ? FAILURE_UPGRADE_429 : FAILURE_UNCLEAR_429;
}

static enum failure_id by_client_status(const struct failure_facts *facts)
{
    switch (facts->http_status) {
    case 400:
        return by_400(facts->body_message);
    case 401:
        return by_401(facts);
    case 403:
        return by_403(facts);
    case 404:
        return by_404(facts);
    case 408:
        return FAILURE_UPGRADE_408;
    case 429:
        return by_429(facts);
    case 431:
        return FAILURE_UPGRADE_431;
    default:
        return FAILURE_UPGRADE_REJECTED;
    }
}

static enum failure_id by_server_status(int status)
{
    switch (status) {
    case 502:
        return FAILURE_UPGRADE_502;
    case 503:
        return FAILURE_UPGRADE_503;
    case 504:
        return FAILURE_UPGRADE_504;
    default:
        return FAILURE_UPGRADE_500;
    }
}

/* What a gateway refuses by itself. API Management reports an exceeded quota with 403 ("Out of call
 * volume quota. Quota will be replenished in ..."), and exceeded bandwidth too. */
static enum failure_id by_gateway(const struct failure_facts *facts)
{
    static const struct failure_match quotas[] = {
        {"out of call volume quota", FAILURE_GATEWAY_QUOTA},
        {"out of bandwidth quota", FAILURE_GATEWAY_QUOTA},
    };
    enum failure_id id = match_phrase(quotas, MATCH_COUNT(quotas), facts->body_message);
    if (id != FAILURE_NONE) return id;
    if (!speaker_is_gateway(facts->speaker)) return FAILURE_NONE;
    switch (facts->http_status) {
    case 401:
        return FAILURE_GATEWAY_401;
    case 403:
        return FAILURE_GATEWAY_403;
    case 404:
    case 405:
        return FAILURE_GATEWAY_404;
    case 429:
        return FAILURE_GATEWAY_429;
    case 502: /* have classes of their own, whose domain depends on who responds */
    case 504:
        return FAILURE_NONE;
    default:
        return facts->http_status >= 500 ? FAILURE_GATEWAY_500 : FAILURE_NONE;
    }
}

/* A message that says more than its sender does: what a gateway passes on from the service. */
static bool is_told(enum failure_id id)
{
    switch (id) {
    case FAILURE_UPGRADE_401:
    case FAILURE_UNCLEAR_403:
    case FAILURE_UPGRADE_404:
    case FAILURE_PATH_NOT_FOUND:
    case FAILURE_UPGRADE_429:
    case FAILURE_UNCLEAR_429:
    case FAILURE_UPGRADE_REJECTED:
        return false;
    default:
        return true;
    }
}

/*
 * The service answers an upgrade with 101 or refuses it in JSON. A success without the switch, or
 * 426, means that the Upgrade header was lost on the way; a page without a request id comes from
 * something in between.
 */
static bool is_blocked(const struct failure_facts *facts)
{
    int status = facts->http_status;
    if ((status >= 200 && status < 300) || status == 426) return true;
    /* whoever says 431, with a page or not, speaks of our headers */
    if (status == 431) return false;
    return facts->html && !facts->from_service && status >= 400 && status < 500;
}

enum failure_id failure_by_refusal(const struct failure_facts *facts)
{
    int status = facts->http_status;
    if (facts->head_too_long) return FAILURE_HEAD_TOO_LONG;
    if (status == 0) return FAILURE_NONE;
    if (status == 101) return FAILURE_BAD_HANDSHAKE;
    if (status >= 100 && status <= 199) return FAILURE_INTERIM_ANSWER;
    if (status < 100 || status > 599) return FAILURE_PROTOCOL_VIOLATION; /* RFC 9110, 15 */
    if (status >= 300 && status <= 399) return FAILURE_REDIRECTED;
    if (status == 407)
        return FAILURE_PROXY_AUTH; /* only proxies ask for this, with or without a
                                                     page */
    enum failure_id gateway = by_gateway(facts);
    if (status >= 500) return gateway != FAILURE_NONE ? gateway : by_server_status(status);
    enum failure_id id = by_body_code(facts->body_code);
    if (id != FAILURE_NONE) return id;
    id = gateway == FAILURE_NONE && is_blocked(facts) ? FAILURE_WEBSOCKET_BLOCKED
                                                      : by_client_status(facts);
    return gateway != FAILURE_NONE && !is_told(id) ? gateway : id;
}
