/* What the answer to the upgrade tells beyond its status. */
#include "engine/driver.h"

#include "base/clock.h"
#include "realtime/response_headers.h"
#include "realtime/retry_hint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A session is never told to live longer than this; more is a figure of another kind. */
#define EXPIRY_MOST_S INT64_C(9000000000)

/* A Date tells whole seconds: clocks that seem no further apart than this are taken for right. */
#define SKEW_LEAST_NS NS_PER_S

static const struct run_clock *clock_of(const struct driver *driver)
{
    return &driver->worker->recorder.clock;
}

static void keep_headers(struct driver *driver, const struct ws_response *response)
{
    if (driver->headers != NULL || response->header_count == 0) return;
    driver->headers = calloc(response->header_count, sizeof *driver->headers);
    if (driver->headers == NULL) return; /* the record will say less, and still be one */
    for (size_t i = 0; i < response->header_count; i++) {
        const struct ws_header *header = &response->headers[i];
        if (!response_header_may_be_kept(header->name, header->value)) continue;
        struct evidence_header *kept = &driver->headers[driver->header_count++];
        (void)snprintf(kept->name, sizeof kept->name, "%s", header->name);
        (void)snprintf(kept->value, sizeof kept->value, "%s", header->value);
    }
}

/* When the upgrade was asked for: the end of the step before it. */
static uint64_t asked_ns(const struct session *session)
{
    for (int step = 2; step >= 0; step--) {
        if (session->step_ns[step] != 0) return session->step_ns[step];
    }
    return session->dial_ns;
}

/* Date stands for any moment of its second, written somewhere between question and answer: the
 * middle of both. */
static void take_skew(struct driver *driver, int64_t date_s, uint64_t at_ns)
{
    uint64_t asked = asked_ns(&driver->session);
    uint64_t middle = asked + (at_ns - asked) / 2;
    driver->has_skew = true;
    driver->skew_ns =
        date_s * NS_PER_S + NS_PER_S / 2 - run_clock_wall_at(clock_of(driver), middle);
}

static bool sends_key_as_subprotocol(const struct route *route)
{
    for (size_t i = 0; i < route->header_count; i++) {
        const struct ws_header *header = &route->headers[i];
        if (strcasecmp(header->name, "sec-websocket-protocol") != 0 || header->value == NULL)
            continue;
        if (strstr(header->value, "openai-insecure-api-key") != NULL) return true;
    }
    return false;
}

/* The highest limit that this worker has been told of in the region, the present one left out. */
static double usual_limit(struct driver *driver, double limit)
{
    struct share *share = &driver->worker->shares[driver->region];
    double usual = share->usual_limit_tokens;
    if (limit > usual) share->usual_limit_tokens = limit;
    return usual;
}

/* By the token's own words, in real time, which a replay does not speed up. */
static bool credential_has_expired(const struct driver *driver)
{
    const int64_t end_s = driver->credential.expires_s;
    return end_s != 0 && clock_wall_ns() / NS_PER_S >= end_s;
}

void driver_take_answer(struct driver *driver, const struct ws_response *response, uint64_t at_ns,
                        struct failure_facts *facts)
{
    struct response_headers headers;
    response_headers_init(&headers);
    for (size_t i = 0; i < response->header_count; i++) {
        response_headers_add(&headers, response->headers[i].name, response->headers[i].value);
    }
    keep_headers(driver, response);
    if (headers.date_s >= 0) take_skew(driver, headers.date_s, at_ns);
    const bool refused = response->status != 101;
    const int64_t now_s = run_clock_wall_at(clock_of(driver), at_ns) / NS_PER_S;
    if (refused) driver->hint_ns = response_headers_wait_ns(&headers, now_s);
    const double limit = headers.tokens.limit > 0 ? headers.tokens.limit : 0;
    *facts = (struct failure_facts){
        .from_service = headers.from_service,
        .html = headers.html ||
                (refused && response_body_is_html(response->body, response->body_length)),
        .hinted = headers.retry_after_ms_ns >= 0 || headers.retry_after_ns >= 0 ||
                  headers.retry_at_s >= 0 || retry_hint_in_text(driver->body_message) > 0,
        .limit_tokens = limit,
        .usual_limit_tokens = usual_limit(driver, limit),
        .key_as_subprotocol =
            sends_key_as_subprotocol(&driver->worker->plan->routes[driver->region]),
        .credential_expired = credential_has_expired(driver),
    };
}

bool driver_expiry(const struct driver *driver, const struct event_facts *created, uint64_t at_ns,
                   int64_t *out_ns)
{
    if (created->expires_at_s <= 0 || created->expires_at_s > EXPIRY_MOST_S) return false;
    int64_t service_now_ns = run_clock_wall_at(clock_of(driver), at_ns);
    if (driver->has_skew && llabs(driver->skew_ns) > SKEW_LEAST_NS)
        service_now_ns += driver->skew_ns;
    int64_t left_ns = created->expires_at_s * NS_PER_S - service_now_ns;
    *out_ns = (int64_t)((double)left_ns / clock_of(driver)->speed);
    return true;
}
