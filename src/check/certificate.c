#include "check/certificate.h"

#include "base/clock.h"
#include "base/units.h"
#include "check/issuer.h"
#include "check/lint.h"
#include "check/step.h"

#include <string.h>
#include <time.h>

#define EXPIRY_NOTED_DAYS 14
#define S_PER_DAY INT64_C(86400)
#define HUNG_UP "the peer ended the connection" /* the wording of net/https.c */

void certificate_date(struct text *out, int64_t at_s)
{
    time_t at = (time_t)at_s;
    struct tm parts;
    char date[32];
    if (gmtime_r(&at, &parts) == NULL || strftime(date, sizeof date, "%Y-%m-%d", &parts) == 0)
        return;
    text_puts(out, date);
}

int64_t certificate_days(int64_t from_s, int64_t to_s)
{
    return (to_s - from_s) / S_PER_DAY;
}

const char *certificate_issuer(const struct http_certificate *certificate)
{
    return certificate->issuer_organization[0] != '\0' ? certificate->issuer_organization
                                                       : certificate->issuer;
}

/* ---- refused ---- */

/* An untrusted issuer for a host with public certificates: something intercepts TLS on the way. */
static void fail_inspected(struct check_region *told, int64_t ns, const struct failure_facts *facts,
                           enum issuer_kind kind, const char *product)
{
    const struct failure_class class = failure_classify(facts);
    const struct http_certificate *certificate = &told->certificate;
    const char *fix =
        "put the root certificate of that proxy into `ca_file` of the region, or have this host "
        "exempted from TLS inspection";
    if (kind == ISSUER_INSPECTOR) {
        step_failed(told, CHECK_TLS, ns, class.code, class.catalogue, fix,
                    "the certificate for this host was made by %s (issuer %s): an inspecting proxy "
                    "opens TLS on "
                    "the way, and its root is not trusted here",
                    product, certificate->issuer);
    } else {
        step_failed(
            told, CHECK_TLS, ns, class.code, class.catalogue, fix,
            "the certificate is signed by a private root (issuer %s), where a public authority is "
            "expected: an inspecting proxy on the way, or a wrong address",
            certificate->issuer);
    }
}

/* Minutes included, because an expiry today matters too. */
static void put_moment(struct text *out, int64_t at_s)
{
    certificate_date(out, at_s);
    text_printf(out, " %02d:%02d", (int)(at_s % S_PER_DAY / 3600), (int)(at_s % 3600 / 60));
}

static void put_validity(struct text *out, const struct http_certificate *certificate,
                         int64_t wall_ns)
{
    text_puts(out, "valid from ");
    put_moment(out, certificate->not_before_s);
    text_puts(out, " to ");
    put_moment(out, certificate->not_after_s);
    text_puts(out, "; this machine's clock says ");
    put_moment(out, wall_ns / NS_PER_S);
    text_puts(out, " UTC");
}

static void fail_certificate(struct check_region *told, int64_t ns,
                             const struct failure_facts *facts, const struct layers_view *view)
{
    const struct http_certificate *certificate = &told->certificate;
    const struct failure_class class = failure_classify(facts);
    const char *product = NULL;
    enum issuer_kind kind =
        issuer_judge(certificate->issuer, certificate->issuer_organization, &product);
    bool untrusted = strcmp(class.code, "tls_untrusted") == 0;
    bool expected_public = kind == ISSUER_PRIVATE && profile_is_hosted(told->region->host);
    if (untrusted && (kind == ISSUER_INSPECTOR || expected_public)) {
        fail_inspected(told, ns, facts, kind, product);
        return;
    }
    struct text validity = {0};
    put_validity(&validity, certificate, view->wall_ns);
    if (strcmp(class.catalogue, "F10") == 0) {
        step_classified(told, CHECK_TLS, ns, facts, "%s: %s", certificate->verify_text,
                        text_str(&validity));
    } else {
        step_classified(told, CHECK_TLS, ns, facts, "%s: the certificate is for %s, issued by %s",
                        certificate->verify_text, certificate->subject, certificate->issuer);
    }
    text_free(&validity);
}

static void fail_handshake(struct check_region *told, const struct http_result *result,
                           const struct layers_view *view)
{
    int64_t ns = result->step_ns[HTTP_TLS];
    bool cut = result->os_error != 0 || strncmp(result->detail, HUNG_UP, strlen(HUNG_UP)) == 0;
    const struct failure_facts facts = {
        .phase = PHASE_TLS,
        .os_error = result->os_error,
        .tls_verify_error = result->certificate.verify_error,
        .private_endpoint = !profile_is_hosted(told->region->host),
        .tls_failed = !cut && !result->timed_out,
        .tls_alert = result->tls_alert,
        .certificate_asked = result->certificate_asked,
        .certificate_given = result->certificate_given,
        .closed = cut,
        .deadline = result->timed_out ? DEADLINE_TLS : DEADLINE_NONE,
    };
    if (facts.tls_verify_error != 0) {
        fail_certificate(told, ns, &facts, view);
    } else if (result->timed_out) {
        struct text limit = {0};
        text_duration(&limit, view->timeouts->tls_ns);
        step_classified(told, CHECK_TLS, ns, &facts, "the handshake was not done within %s",
                        text_str(&limit));
        text_free(&limit);
    } else {
        step_classified(told, CHECK_TLS, ns, &facts, "the handshake ended: %s",
                        result->detail[0] != '\0' ? result->detail
                        : result->os_error != 0   ? strerror(result->os_error)
                                                  : "the peer hung up");
    }
}

/* ---- accepted ---- */

/* A trusted certificate may still be an inspecting proxy's whose root is installed on this
 * machine. */
static void note_inspection(struct check_region *told)
{
    const struct http_certificate *certificate = &told->certificate;
    const char *product = NULL;
    if (!profile_is_hosted(told->region->host)) return;
    enum issuer_kind kind =
        issuer_judge(certificate->issuer, certificate->issuer_organization, &product);
    if (kind == ISSUER_PUBLIC) return;
    step_note(told, CHECK_TLS,
              "%s signed the certificate, no public authority: TLS is inspected on the way. That "
              "may delay, "
              "block or cut WebSockets: have this host exempted",
              product != NULL ? product : certificate_issuer(certificate));
}

void certificate_read(struct check_region *told, const struct http_result *result,
                      const struct layers_view *view)
{
    told->certificate = result->certificate;
    memcpy(told->tls_version, result->tls_version, sizeof told->tls_version);
    memcpy(told->tls_cipher, result->tls_cipher, sizeof told->tls_cipher);
    if (result->reached == HTTP_TLS) {
        fail_handshake(told, result, view);
        return;
    }
    int64_t days = certificate_days(view->wall_ns / NS_PER_S, told->certificate.not_after_s);
    if (!view->simulated) note_inspection(told);
    if (days < EXPIRY_NOTED_DAYS)
        step_note(told, CHECK_TLS, "the certificate expires in %lld days", (long long)days);
    step_ok(told, CHECK_TLS, result->step_ns[HTTP_TLS], "%s, %s", told->tls_version,
            told->tls_cipher);
}
