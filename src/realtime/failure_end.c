#include "realtime/failure_rules.h"

#include "base/clock.h"

#include <string.h>

/* ---- the session's age and silence ---- */

/*
 * How close to a mark still counts as the mark. The end announced by the service (`expires_at`, in
 * whole seconds of its own clock) is met within seconds, and may be enforced slightly late; but at
 * most a tenth of a session's time counts as its end, which matters when a replay makes sessions
 * short. Ages and silences are measured on one clock, so only network delay and the service's own
 * timer remain, which checks periodically, less often for longer marks.
 */
#define EXPIRY_EARLY_NS (5 * NS_PER_S)
#define EXPIRY_SHARE 10
#define EXPIRY_LATE_NS (60 * NS_PER_S)
#define AGE_MARGIN_NS (10 * NS_PER_S)
#define SHORT_IDLE_MARGIN_NS (3 * NS_PER_S)
#define LONG_IDLE_MARGIN_NS (10 * NS_PER_S)
#define CUT_MARGIN_NS (2 * NS_PER_S)

/* Documented caps of a session: 60 minutes, and 30 as of 2025. */
static const int64_t cap_ages[] = {1800 * NS_PER_S, 3600 * NS_PER_S};

/* After these silences, middleboxes drop a connection. */
static const int64_t cut_idles[] = {60 * NS_PER_S, 120 * NS_PER_S, 300 * NS_PER_S, 600 * NS_PER_S};

/* And after these the service closes it: 20 seconds (Azure), 15 minutes (the OpenAI-hosted API). */
#define SHORT_IDLE_NS (20 * NS_PER_S)
#define LONG_IDLE_NS (900 * NS_PER_S)

static bool is_near(int64_t value, int64_t mark, int64_t margin)
{
    return value >= mark - margin && value <= mark + margin;
}

static bool is_at_expiry(const struct failure_facts *facts)
{
    const int64_t left_ns = facts->expires_in_ns;
    if (!facts->has_expiry || left_ns > EXPIRY_EARLY_NS || left_ns < -EXPIRY_LATE_NS) return false;
    return facts->socket_age_ns == 0 || left_ns <= (facts->socket_age_ns + left_ns) / EXPIRY_SHARE;
}

static bool is_at_cap_age(const struct failure_facts *facts)
{
    for (size_t i = 0; i < MATCH_COUNT(cap_ages); i++) {
        if (is_near(facts->socket_age_ns, cap_ages[i], AGE_MARGIN_NS)) return true;
    }
    return false;
}

bool failure_at_cap(const struct failure_facts *facts)
{
    return is_at_expiry(facts) || is_at_cap_age(facts);
}

static bool has_no_frame(const struct failure_facts *facts)
{
    return facts->close_code == 0 || facts->close_code == 1006;
}

enum failure_id failure_by_life(const struct failure_facts *facts)
{
    bool mild = facts->close_code == 1000 || facts->close_code == 1001;
    bool bare = has_no_frame(facts);
    if (!mild && !bare) return FAILURE_NONE;
    if (is_at_expiry(facts)) return FAILURE_SESSION_CAP;
    if (facts->close_code == 1001 && is_at_cap_age(facts)) return FAILURE_SESSION_CAP;
    if (facts->in_turn || facts->phase == PHASE_SESSION) return FAILURE_NONE;
    if (mild && (is_near(facts->idle_ns, SHORT_IDLE_NS, SHORT_IDLE_MARGIN_NS) ||
                 is_near(facts->idle_ns, LONG_IDLE_NS, LONG_IDLE_MARGIN_NS))) {
        return FAILURE_IDLE_TIMEOUT;
    }
    for (size_t i = 0; bare && i < MATCH_COUNT(cut_idles); i++) {
        if (is_near(facts->idle_ns, cut_idles[i], CUT_MARGIN_NS)) return FAILURE_IDLE_CUT;
    }
    return FAILURE_NONE;
}

/* ---- Close frames ---- */

/* Reasons have the form <error.type>.<error.code>, or are a sentence. */
static enum failure_id by_reason(const char *reason)
{
    if (reason == NULL) return FAILURE_NONE;
    if (match_says(reason, "hit the maximum duration")) return FAILURE_SESSION_EXPIRED;
    const char *dot = strrchr(reason, '.');
    return dot == NULL ? FAILURE_NONE : failure_by_error_code(dot + 1);
}

static enum failure_id by_close_code(const struct failure_facts *facts)
{
    switch (facts->close_code) {
    case 1000:
        return facts->phase == PHASE_SESSION ? FAILURE_CLOSED_BEFORE_CREATED : FAILURE_CLOSE_1000;
    case 1001:
        return FAILURE_CLOSE_1001;
    case 1002:
        return FAILURE_CLOSE_1002;
    case 1007:
        return FAILURE_CLOSE_1007;
    case 1008:
        return FAILURE_CLOSE_1008;
    case 1009:
        return FAILURE_CLOSE_1009;
    case 1011:
        return FAILURE_CLOSE_1011;
    case 1012:
        return FAILURE_CLOSE_1012;
    case 1013:
        return FAILURE_CLOSE_1013;
    case 3000:
        return FAILURE_INVALID_API_KEY;
    default:
        return FAILURE_CLOSE_OTHER;
    }
}

/* ---- ends without a Close frame ---- */

static enum failure_id by_phase(enum phase phase)
{
    switch (phase) {
    case PHASE_RESOLVE:
    case PHASE_CONNECT:
        return FAILURE_CONNECT_RESET;
    case PHASE_TLS:
        return FAILURE_TLS_CLOSED;
    case PHASE_UPGRADE:
        return FAILURE_UPGRADE_CLOSED;
    case PHASE_SESSION:
        return FAILURE_CLOSED_BEFORE_CREATED;
    case PHASE_NONE:
    case PHASE_RESPONSE:
    case PHASE_STREAM:
    case PHASE_CLOSE:
        break;
    }
    return FAILURE_CONNECTION_LOST;
}

static bool has_ended(const struct failure_facts *facts)
{
    return facts->closed || facts->close_code != 0 || facts->os_error != 0 || facts->tls_alert != 0;
}

enum failure_id failure_by_end(const struct failure_facts *facts)
{
    if (facts->protocol_violation) return FAILURE_PROTOCOL_VIOLATION;
    if (facts->ping_timeout)
        return FAILURE_PING_TIMEOUT; /* whatever the peer did meanwhile did not reach us */
    if (facts->tls_failed && facts->phase > PHASE_TLS) return FAILURE_TLS_DAMAGED;
    if (!has_ended(facts)) return FAILURE_NONE;
    if (has_no_frame(facts) && facts->tls_alert != 0) return failure_by_alert(facts);
    enum failure_id id = has_no_frame(facts) ? FAILURE_NONE : by_reason(facts->close_reason);
    if (id == FAILURE_NONE) id = failure_by_life(facts);
    if (id != FAILURE_NONE) return id;
    if (!has_no_frame(facts)) return by_close_code(facts);
    if (failure_is_reset(facts->os_error)) return FAILURE_CONNECTION_RESET;
    return facts->os_error != 0 ? FAILURE_CONNECTION_LOST : by_phase(facts->phase);
}

/* ---- our deadlines ---- */

enum failure_id failure_by_deadline(const struct failure_facts *facts)
{
    switch (facts->deadline) {
    case DEADLINE_NONE:
        break;
    case DEADLINE_RESOLVE:
        return FAILURE_RESOLVE_TIMEOUT;
    case DEADLINE_CONNECT:
        return FAILURE_CONNECT_TIMEOUT;
    case DEADLINE_TLS:
        return FAILURE_TLS_TIMEOUT;
    case DEADLINE_UPGRADE:
        return FAILURE_UPGRADE_TIMEOUT;
    case DEADLINE_SESSION:
        return FAILURE_NO_SESSION_CREATED;
    case DEADLINE_CONFIGURE:
        return FAILURE_NO_SESSION_UPDATED;
    case DEADLINE_FIRST_OUTPUT:
        return facts->turn_missed ? FAILURE_TURN_MISSED : FAILURE_RESPONSE_NOT_STARTED;
    case DEADLINE_STALL:
        return FAILURE_STALL;
    case DEADLINE_RESPONSE:
        if (facts->turn_missed) return FAILURE_TURN_MISSED;
        return facts->output_flows ? FAILURE_SLOW_OUTPUT : FAILURE_RESPONSE_TIMEOUT;
    }
    return FAILURE_NONE;
}
