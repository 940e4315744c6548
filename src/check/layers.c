#include "check/layers.h"

#include "base/clock.h"
#include "base/units.h"
#include "check/certificate.h"
#include "check/lint.h"
#include "check/step.h"
#include "realtime/response_headers.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SKEW_NOTED_MS (INT64_C(30) * 1000)
#define SKEW_FAILED_MS (INT64_C(5) * 60 * 1000)

struct reading {
    struct check_region *told;
    const struct http_result *result;
    const struct layers_view *view;
    struct response_headers headers;
};

/* ---- names ---- */

bool layers_is_private(const char *address)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, address, &v4) == 1) {
        uint32_t a = ntohl(v4.s_addr);
        return a >> 24 == 10 || a >> 20 == 0xAC1 || a >> 16 == 0xC0A8 || a >> 16 == 0xA9FE ||
               a >> 24 == 127 || a >> 22 == 0x191; /* 100.64.0.0/10 */
    }
    if (inet_pton(AF_INET6, address, &v6) != 1) return false;
    return (v6.s6_addr[0] & 0xFE) == 0xFC ||
           (v6.s6_addr[0] == 0xFE && (v6.s6_addr[1] & 0xC0) == 0x80) || IN6_IS_ADDR_LOOPBACK(&v6);
}

/* The name that was looked up, which is not the region's if there is a proxy. */
static const char *looked_up(const struct reading *reading)
{
    return reading->told->by_proxy ? "the proxy" : reading->told->region->host;
}

static void read_addresses(const struct reading *reading, struct text *seen)
{
    struct check_region *told = reading->told;
    const struct http_result *result = reading->result;
    size_t private = 0;
    told->address_count = result->address_count;
    memcpy(told->addresses, result->addresses, sizeof told->addresses);
    (void)snprintf(told->address, sizeof told->address, "%s", result->address);
    for (size_t i = 0; i < told->address_count; i++) {
        text_printf(seen, "%s%s", i == 0 ? "" : ", ", told->addresses[i]);
        if (layers_is_private(told->addresses[i])) private++;
    }
    if (reading->view->simulated || reading->view->connect_override || told->by_proxy) return;
    if (private > 0 && private < told->address_count) {
        step_note(told, CHECK_RESOLVE,
                  "the name has private and public addresses: one of two name servers "
                  "does not know the private endpoint (F03)");
    } else if (private > 0 && lint_is_azure(told->region->host)) {
        step_note(told, CHECK_RESOLVE,
                  "the address is private: this host uses the resource's private endpoint");
    }
}

static void read_resolve(const struct reading *reading)
{
    const struct http_result *result = reading->result;
    int64_t ns = result->step_ns[HTTP_RESOLVE];
    if (result->reached == HTTP_RESOLVE) {
        const struct failure_facts facts = {
            .phase = PHASE_RESOLVE,
            .resolve_error = result->resolve_error,
            .deadline = result->timed_out ? DEADLINE_RESOLVE : DEADLINE_NONE,
        };
        step_classified(reading->told, CHECK_RESOLVE, ns, &facts, "%s: %s", looked_up(reading),
                        result->timed_out            ? "no answer from the resolver in time"
                        : result->resolve_error != 0 ? gai_strerror(result->resolve_error)
                                                     : result->detail);
        return;
    }
    struct text seen = {0};
    read_addresses(reading, &seen);
    if (reading->view->connect_override) {
        step_skipped(reading->told, CHECK_RESOLVE, "not looked up: the address is given (%s)",
                     reading->view->simulated ? "the simulator's" : "--connect-to");
    } else {
        step_ok(reading->told, CHECK_RESOLVE, ns, "%s", text_str(&seen));
    }
    text_free(&seen);
}

/* ---- the connection ---- */

static void read_tcp(const struct reading *reading)
{
    const struct http_result *result = reading->result;
    const struct region *region = reading->told->region;
    int64_t ns = result->step_ns[HTTP_CONNECT];
    /* A tunnel refused by the proxy is not a connection, in whichever step that came to light. */
    if (result->reached != HTTP_CONNECT && result->proxy_status == 0) {
        step_ok(reading->told, CHECK_TCP, ns, "%s%s",
                reading->told->by_proxy ? "through the proxy " : "", result->address);
        return;
    }
    struct text where = {0};
    const struct failure_facts facts = {
        .phase = PHASE_CONNECT,
        .os_error = result->os_error,
        .proxy_status = result->proxy_status,
        .closed = !result->timed_out,
        .deadline = result->timed_out ? DEADLINE_CONNECT : DEADLINE_NONE,
    };
    if (reading->told->by_proxy) {
        text_printf(&where, "the proxy %s", result->address);
    } else {
        text_printf(&where, "%s, port %u", result->address, reading->view->port);
    }
    if (result->proxy_status != 0) {
        step_classified(reading->told, CHECK_TCP, ns, &facts,
                        "the proxy answered CONNECT %s:%u with %d", region->host,
                        (unsigned)region->port, result->proxy_status);
    } else if (result->timed_out) {
        text_puts(&where, ": no answer within ");
        text_duration(&where, reading->view->timeouts->connect_ns);
        step_classified(reading->told, CHECK_TCP, ns, &facts, "%s", text_str(&where));
    } else {
        step_classified(reading->told, CHECK_TCP, ns, &facts, "%s: %s", text_str(&where),
                        result->os_error != 0 ? strerror(result->os_error) : result->detail);
    }
    text_free(&where);
}

/* ---- HTTP ---- */

/* The service's clock against ours, halfway through the request; its Date stands for any moment of
 * a second. */
static bool read_clock(const struct reading *reading, int64_t *skew_ms)
{
    if (reading->headers.date_s < 0 || reading->view->clock_of_its_own) return false;
    int64_t middle_ns = reading->view->wall_ns - reading->result->step_ns[HTTP_ANSWER] / 2;
    *skew_ms = reading->headers.date_s * 1000 + 500 - middle_ns / NS_PER_MS;
    return true;
}

static void put_skew(struct text *out, int64_t skew_ms)
{
    text_duration(out, llabs(skew_ms) / 1000 * NS_PER_S);
    text_printf(out, " %s", skew_ms > 0 ? "behind" : "ahead of"); /* our clock, seen from the
                                                                     service's */
}

/* False if the clocks are too far apart for anything to work. */
static bool judge_clock(const struct reading *reading)
{
    struct check_region *told = reading->told;
    told->has_skew = read_clock(reading, &told->skew_ms);
    if (!told->has_skew || llabs(told->skew_ms) <= SKEW_NOTED_MS) return true;
    struct text skew = {0};
    bool good = llabs(told->skew_ms) <= SKEW_FAILED_MS;
    put_skew(&skew, told->skew_ms);
    if (good) {
        step_note(told, CHECK_HTTPS,
                  "this machine's clock is %s the service's: set it (chrony, timedatectl)",
                  text_str(&skew));
    } else {
        step_failed(told, CHECK_HTTPS, reading->result->step_ns[HTTP_ANSWER], "clock_skew", "F10",
                    "set this machine's clock (chrony, timedatectl): tokens and certificates are "
                    "judged by it",
                    "this machine's clock is %s the service's, by the Date of its answer",
                    text_str(&skew));
    }
    text_free(&skew);
    return good;
}

static void read_headers(const struct reading *reading)
{
    struct check_region *told = reading->told;
    const struct http_result *result = reading->result;
    const struct response_headers *headers = &reading->headers;
    told->https_status = result->status;
    told->from_azure = headers->region[0] != '\0' || headers->apim_request_id[0] != '\0';
    memcpy(told->service_region, headers->region, sizeof told->service_region);
    if (lint_is_azure(told->region->host) && !told->from_azure && !reading->view->simulated) {
        step_note(
            told, CHECK_HTTPS,
            "the answer to a plain request has neither apim-request-id nor x-ms-region: a proxy or "
            "gateway may have given it");
    }
    if (result->status >= 300 && result->status < 400)
        step_note(told, CHECK_HTTPS,
                  "a plain request is sent on to %s: a portal that wants a login?",
                  headers->location);
}

static void read_https(const struct reading *reading)
{
    const struct http_result *result = reading->result;
    struct check_region *told = reading->told;
    int64_t ns = result->step_ns[HTTP_ANSWER];
    if (result->reached == HTTP_ANSWER) {
        struct text limit = {0};
        text_duration(&limit, reading->view->timeouts->upgrade_ns);
        const char *fix =
            "the connection is up but HTTP is not: overload, or a proxy that swallows requests; "
            "compare with another network";
        if (result->tls_alert != 0) { /* TLS 1.3: the handshake's last word, after ours */
            const struct failure_facts facts = {
                .phase = PHASE_UPGRADE,
                .tls_alert = result->tls_alert,
                .certificate_asked = result->certificate_asked,
                .certificate_given = result->certificate_given,
            };
            step_classified(told, CHECK_HTTPS, ns, &facts, "no answer to a plain GET: %s",
                            result->detail);
        } else if (result->timed_out) {
            step_failed(told, CHECK_HTTPS, ns, "no_answer", "F38", fix,
                        "no answer to a plain GET within %s", text_str(&limit));
        } else {
            step_failed(told, CHECK_HTTPS, ns, "no_answer", "F11", fix,
                        "no answer to a plain GET: %s",
                        result->os_error != 0       ? strerror(result->os_error)
                        : result->detail[0] != '\0' ? result->detail
                                                    : "the connection was closed");
        }
        text_free(&limit);
        return;
    }
    read_headers(reading);
    if (!judge_clock(reading)) return;
    step_ok(told, CHECK_HTTPS, ns, "HTTP %d%s", result->status,
            told->from_azure ? ", with Azure's headers" : "");
}

void layers_read(struct check_region *told, const struct http_result *result,
                 const struct layers_view *view)
{
    struct reading reading = {.told = told, .result = result, .view = view};
    response_headers_init(&reading.headers);
    for (size_t i = 0; i < result->header_count; i++)
        response_headers_add(&reading.headers, result->headers[i].name, result->headers[i].value);
    read_resolve(&reading);
    if (result->reached == HTTP_RESOLVE) {
        steps_skipped(told, CHECK_TCP, CHECK_HTTPS, "the name was not resolved");
        return;
    }
    read_tcp(&reading);
    if (told->steps[CHECK_TCP].status == CHECK_FAILED) {
        steps_skipped(told, CHECK_TLS, CHECK_HTTPS, "there is no connection");
        return;
    }
    if (told->region->tls) {
        certificate_read(told, result, view);
    } else {
        step_skipped(told, CHECK_TLS, "the endpoint has no TLS");
    }
    if (told->steps[CHECK_TLS].status == CHECK_FAILED) {
        steps_skipped(told, CHECK_HTTPS, CHECK_HTTPS, "there is no TLS connection");
    } else {
        read_https(&reading);
    }
}
