/* The possible causes on our side of the wire, each with what the record says for or against it. */
#include "base/digits.h"
#include "package/parts.h"
#include "report/format.h"

#include <math.h>
#include <string.h>

static void add(struct package *package, const char *what, enum finding_state state,
                struct text *how)
{
    finding_add(&package->exclusions, what, state, how);
}

/* What the records say of a cause: it is excluded only if none tells of it and none is missing. */
static enum finding_state by_records(const struct package *package, bool seen)
{
    if (seen) return FINDING_NOT_EXCLUDED;
    return digest_lacks(&package->digest) ? FINDING_NOT_KNOWN : FINDING_EXCLUDED;
}

/* Opens a sentence on counts of records with what is missing of them. */
static void caveat(const struct package *package, struct text *how)
{
    if (digest_lacks(&package->digest))
        text_printf(how, "%s, and these show ", text_str(&package->digest.missing));
}

static void by_count(struct package *package, const char *what, uint64_t count, const char *unit,
                     uint64_t of, const char *how)
{
    struct text line = {0};
    caveat(package, &line);
    text_count(&line, count);
    text_puts(&line, " of ");
    text_count(&line, of);
    text_printf(&line, " %s; %s", unit, how);
    add(package, what, by_records(package, count > 0), &line);
}

static uint64_t dials(const struct package *package)
{
    uint64_t count = 0;
    for (size_t r = 0; r < package->results->region_count; r++) {
        if (package->subject[r]) count += package_cell(package, r)->cell.counters.sessions_started;
    }
    return count;
}

static uint64_t own_failures(const struct package *package)
{
    uint64_t count = 0;
    for (size_t r = 0; r < package->results->region_count; r++) {
        if (package->subject[r]) count += package_cell(package, r)->cell.counters.own_failures;
    }
    return count;
}

static uint64_t with_code(const struct package *package, const char *code)
{
    for (size_t i = 0; i < package->digest.code_count; i++) {
        if (strcmp(package->digest.codes[i].code, code) == 0) return package->digest.codes[i].count;
    }
    return 0;
}

static void saturation(struct package *package)
{
    const struct report_cell *cell = package_cell(package, package->focus);
    const struct health *health = &cell->health;
    struct text how = {0};
    text_puts(&how, "worst interval: loop delay P99 ");
    format_us(&how, (double)health->loop_delay_p99_ns / 1e3);
    text_puts(&how, ", lag P99 ");
    format_us(&how, (double)health->lag_p99_ns / 1e3);
    text_printf(&how, ", CPU %.0f%% of a core", health->cpu * 100);
    if (health_wanted(health) > 0)
        text_printf(&how, ", %.1f%% of the planned sessions begun, %.1f%% in time",
                    100 * (double)health->achieved / (double)health_wanted(health),
                    100 * (double)(health->achieved - health->achieved_late) /
                        (double)health_wanted(health));
    if (health->held > 0)
        text_printf(&how, " (%llu more were held back: see the holds)",
                    (unsigned long long)health->held);
    if (health->displaced > 0)
        text_printf(&how, " (%llu came late or never behind retries of failed attempts)",
                    (unsigned long long)health->displaced);
    text_printf(&how, "; %llu of %llu intervals over a limit of its own health",
                (unsigned long long)cell->invalid_intervals, (unsigned long long)cell->intervals);
    if (!report_cell_valid(cell)) {
        text_puts(&how, "; over a limit as a whole: ");
        report_cell_why(cell, &how);
    }
    bool known = cell->intervals > 0;
    add(package, "our client was overloaded",
        !known                    ? FINDING_NOT_CHECKED
        : report_cell_valid(cell) ? FINDING_EXCLUDED
                                  : FINDING_NOT_EXCLUDED,
        &how);
}

static void layers(struct package *package)
{
    uint64_t all = dials(package);
    uint64_t upgrade = with_code(package, "websocket_blocked") +
                       with_code(package, "bad_handshake") + with_code(package, "proxy_auth") +
                       with_code(package, "proxy_refused");
    by_count(package, "our machine ran out of sockets, ports or memory",
             with_code(package, "local_limit"), "connects", all,
             "EMFILE, EADDRNOTAVAIL and ENOBUFS are counted apart");
    by_count(package, "DNS", package_in_phase(package, PHASE_RESOLVE), "name lookups failed", all,
             "each connect is resolved and timed on its own");
    by_count(package, "TCP path and firewalls", package_in_phase(package, PHASE_CONNECT),
             "connects failed", all,
             "refused, timed out and reset connects are counted apart from TLS");
    by_count(package, "TLS, certificates, inspecting proxies", package_in_phase(package, PHASE_TLS),
             "handshakes failed", all, "certificates are checked against the region's own name");
    by_count(package, "a proxy that blocks WebSocket", upgrade, "upgrades", all,
             "answers that did not come from the service");
}

static void request_side(struct package *package)
{
    uint64_t all = package_attempts(package);
    const uint64_t recorded = package_in_domain(package, DOMAIN_CLIENT);
    const uint64_t counted =
        own_failures(package); /* of intervals.csv, as records may be missing */
    by_count(package, "credentials", package_in_domain(package, DOMAIN_AUTH), "attempts", all,
             "401, 403 for roles, revoked keys");
    by_count(package, "our configuration", package_in_domain(package, DOMAIN_CONFIG), "attempts",
             all, "refused for deployment, path, api-version or session settings");
    by_count(package, "content filter", package_in_domain(package, DOMAIN_CONTENT), "attempts", all,
             "responses that the filter refused or cut");
    by_count(package, "faults of our client", recorded > counted ? recorded : counted, "attempts",
             all, "wrong events, local limits and what nothing explains");
}

static void retries(struct package *package)
{
    static const char *const keys[] = {"attempts", "deadline", "budget"};
    const struct counters *c = &package_cell(package, package->focus)->cell.counters;
    uint64_t interactions = c->interactions_ok + c->interactions_failed;
    struct text how = {0};
    text_puts(&how, "policy in force:");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        text_printf(&how, " %s ", keys[i]);
        package_profile(package, "retry", keys[i], &how);
        text_puts(&how, ",");
    }
    text_puts(&how, " exponential backoff with jitter; ");
    text_count(&how, c->retries);
    text_puts(&how, " retries");
    double amplification =
        interactions == 0 ? 0
                          : (double)(c->attempts_ok + c->attempts_failed) / (double)interactions;
    if (interactions > 0) text_printf(&how, ", %.3f attempts per user turn", amplification);
    add(package, "a storm of our own retries",
        interactions == 0      ? FINDING_NOT_CHECKED
        : amplification <= 1.5 ? FINDING_EXCLUDED
                               : FINDING_NOT_EXCLUDED,
        &how);
}

static void headroom(struct package *package)
{
    const struct digest *digest = &package->digest;
    const struct peak *peak = &package->peaks[package->focus];
    struct text how = {0};
    caveat(package, &how);
    text_printf(&how, "%llu refusals for quota, %llu for capacity, %llu that do not say which",
                (unsigned long long)digest->limits[LIMIT_QUOTA],
                (unsigned long long)digest->limits[LIMIT_CAPACITY],
                (unsigned long long)digest->limits[LIMIT_UNCLEAR]);
    uint64_t gateway = digest->limits[LIMIT_GATEWAY];
    if (gateway > 0)
        text_printf(&how, ", %llu by the limit of a gateway", (unsigned long long)gateway);
    text_printf(&how,
                "; our busiest minute: %.0f connects, %.0f attempts, %.0f tokens as a quota counts "
                "them",
                peak->sessions.per_minute, peak->attempts.per_minute, peak->counted.per_minute);
    if (digest->limit_requests.count > 0)
        text_printf(&how, "; x-ratelimit-limit-requests %.0f", digest->limit_requests.low);
    if (digest->limit_tokens.count > 0)
        text_printf(&how, "; x-ratelimit-limit-tokens %.0f", digest->limit_tokens.low);
    if (digest->remaining_tokens.count > 0)
        text_printf(&how, "; lowest x-ratelimit-remaining-tokens %.0f",
                    digest->remaining_tokens.low);
    bool none = digest->limits[LIMIT_QUOTA] + digest->limits[LIMIT_UNCLEAR] == 0;
    const enum finding_state state = by_records(package, !none);
    if (state == FINDING_EXCLUDED && gateway == 0)
        text_puts(&how, "; no attempt was refused for a rate limit");
    add(package, "our quota (RPM, TPM)", state, &how);
}

static void skew(struct package *package)
{
    const struct span *span = &package->digest.skew_ms;
    struct text how = {0};
    double checked_ms;
    bool checked =
        package_check_skew(package, package->results->regions[package->focus], &checked_ms);
    if (span->count == 0) {
        text_puts(&how, checked ? "" : "no answer with the service's Date header to compare with");
        if (checked)
            text_printf(&how, "%.0f ms against the service's Date header in the preflight",
                        checked_ms);
        add(package, "clock of our machine",
            !checked                   ? FINDING_NOT_CHECKED
            : fabs(checked_ms) <= 5000 ? FINDING_EXCLUDED
                                       : FINDING_NOT_EXCLUDED,
            &how);
        return;
    }
    double worst = fmax(fabs(span->low), fabs(span->high));
    text_printf(&how, "%.0f to %.0f ms against the service's Date header in %llu records",
                span->low, span->high, (unsigned long long)span->count);
    add(package, "clock of our machine", worst <= 5000 ? FINDING_EXCLUDED : FINDING_NOT_EXCLUDED,
        &how);
}

static void lifecycle(struct package *package)
{
    struct text how = {0};
    text_puts(&how, "ends of a session's life (session cap, idle close, cancelled) are counted "
                    "apart and in no failure rate; ");
    caveat(package, &how);
    text_count(&how, package->digest.lifecycle);
    text_puts(&how, " of them");
    add(package, "the documented end of a session", FINDING_EXCLUDED, &how);
}

static void unseen(struct package *package)
{
    struct text how = {0};
    struct text rates = {0};
    const bool several = package_hosts(package) > 1;
    text_puts(&how, "the figures come from ");
    package_hosts_words(package, &how);
    for (size_t i = 0; i < package->comparison_count; i++) {
        if (!package->comparisons[i].same_minutes) continue;
        text_puts(&how, "; the control regions were reached from the same");
        break;
    }
    add(package, "this one host or network",
        several && package_hosts_alike(package, &rates) == FINDING_MET ? FINDING_EXCLUDED
                                                                       : FINDING_NOT_CHECKED,
        &how);
    text_free(&rates);
    text_puts(&how, "only we can say: see \"our recent changes\" above");
    add(package, "recent changes on our side", FINDING_NOT_CHECKED, &how);
}

void package_exclude(struct package *package)
{
    saturation(package);
    layers(package);
    request_side(package);
    retries(package);
    headroom(package);
    skew(package);
    lifecycle(package);
    unseen(package);
}
