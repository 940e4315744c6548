#include "realtime/failure_rules.h"

#include <errno.h>
#include <netdb.h>

/* X509_V_ERR numbers from OpenSSL's x509_vfy.h; this folder does not know OpenSSL. */
#define CERTIFICATE_NOT_YET_VALID 9
#define CERTIFICATE_HAS_EXPIRED 10
#define CERTIFICATE_HOST_MISMATCH 62
#define CERTIFICATE_ADDRESS_MISMATCH 64

static bool is_local_limit(int os_error)
{
    return os_error == EMFILE || os_error == ENFILE || os_error == EADDRNOTAVAIL ||
           os_error == ENOBUFS || os_error == ENOMEM;
}

bool failure_is_reset(int os_error)
{
    return os_error == ECONNRESET || os_error == EPIPE || os_error == ECONNABORTED;
}

static enum failure_id by_resolver(const struct failure_facts *facts)
{
    switch (facts->resolve_error) {
    case 0:
        return FAILURE_NONE;
    case EAI_MEMORY:
        return FAILURE_LOCAL_LIMIT;
    case EAI_AGAIN:
    case EAI_SYSTEM:
        return FAILURE_RESOLVE_TEMPORARY;
    default:
        return FAILURE_RESOLVE_FAILED;
    }
}

/* A socket error before the WebSocket was open; later ones are ends of a connection
 * (failure_by_end). */
static enum failure_id by_socket(const struct failure_facts *facts)
{
    if (facts->os_error == 0 || facts->phase > PHASE_UPGRADE) return FAILURE_NONE;
    if (failure_is_reset(facts->os_error)) {
        return facts->phase == PHASE_UPGRADE ? FAILURE_UPGRADE_CLOSED : FAILURE_CONNECT_RESET;
    }
    switch (facts->os_error) {
    case ECONNREFUSED:
    case EACCES:
    case EPERM:
        return FAILURE_CONNECT_REFUSED;
    case ETIMEDOUT:
        return FAILURE_CONNECT_TIMEOUT;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
        return FAILURE_CONNECT_UNREACHABLE;
    default:
        return FAILURE_CONNECT_FAILED;
    }
}

/*
 * The alert with which the peer ended TLS (RFC 8446, 6.2). With TLS 1.3 it may come after our own
 * handshake is done, as an end of whatever phase follows. 41 to 48 speak of a certificate, which
 * can only be ours; with TLS 1.2 a missing one is answered with 40, as is everything else.
 */
enum failure_id failure_by_alert(const struct failure_facts *facts)
{
    const bool missing = facts->certificate_asked && !facts->certificate_given;
    switch (facts->tls_alert) {
    case 40: /* handshake_failure */
        if (missing) return FAILURE_TLS_CLIENT_CERT_MISSING;
        return facts->certificate_given ? FAILURE_TLS_CLIENT_CERT_REFUSED : FAILURE_TLS_FAILED;
    case 116: /* certificate_required */
    case 41:  /* no_certificate */
        return FAILURE_TLS_CLIENT_CERT_MISSING;
    case 42: /* bad, unsupported, revoked, expired, unknown certificate; unknown_ca */
    case 43:
    case 44:
    case 45:
    case 46:
    case 48:
        return missing ? FAILURE_TLS_CLIENT_CERT_MISSING : FAILURE_TLS_CLIENT_CERT_REFUSED;
    case 49: /* access_denied */
        return missing ? FAILURE_TLS_CLIENT_CERT_MISSING : FAILURE_TLS_ACCESS_DENIED;
    case 51: /* decrypt_error: our signature did not verify */
        return facts->certificate_given ? FAILURE_TLS_CLIENT_CERT_REFUSED : FAILURE_TLS_ALERT;
    case 70:  /* protocol_version */
    case 71:  /* insufficient_security */
    case 86:  /* inappropriate_fallback */
    case 109: /* missing_extension */
    case 110: /* unsupported_extension */
    case 112: /* unrecognized_name */
    case 120: /* no_application_protocol */
        return FAILURE_TLS_FAILED;
    case 80: /* internal_error */
        return FAILURE_TLS_PEER_FAULT;
    default:
        return FAILURE_TLS_ALERT;
    }
}

/* Before the WebSocket was open, as by_socket; and what the peer said by HTTP counts before how it
 * then ended TLS. */
static bool is_told_by_alert(const struct failure_facts *facts)
{
    return facts->tls_alert != 0 && facts->http_status == 0 && facts->phase <= PHASE_UPGRADE;
}

static enum failure_id by_tls(const struct failure_facts *facts)
{
    switch (facts->tls_verify_error) {
    case 0:
        if (is_told_by_alert(facts)) return failure_by_alert(facts);
        if (facts->tls_failed && facts->phase > PHASE_TLS) return FAILURE_TLS_DAMAGED;
        return facts->tls_failed && !failure_is_reset(facts->os_error) ? FAILURE_TLS_FAILED
                                                                       : FAILURE_NONE;
    case CERTIFICATE_NOT_YET_VALID:
        return FAILURE_TLS_NOT_YET_VALID;
    case CERTIFICATE_HAS_EXPIRED:
        return FAILURE_TLS_EXPIRED;
    case CERTIFICATE_HOST_MISMATCH:
    case CERTIFICATE_ADDRESS_MISMATCH:
        return FAILURE_TLS_WRONG_NAME;
    default:
        return FAILURE_TLS_UNTRUSTED;
    }
}

enum failure_id failure_by_transport(const struct failure_facts *facts)
{
    if (facts->local_error == EMSGSIZE) return FAILURE_MESSAGE_LIMIT;
    if (facts->local_error != 0 || is_local_limit(facts->os_error)) return FAILURE_LOCAL_LIMIT;
    enum failure_id id = by_resolver(facts);
    if (id == FAILURE_NONE) id = by_tls(facts); /* a refused certificate also ends the socket */
    if (id == FAILURE_NONE && facts->proxy_status == 407) return FAILURE_PROXY_AUTH;
    if (id == FAILURE_NONE && facts->proxy_status != 0) return FAILURE_PROXY_REFUSED;
    if (id == FAILURE_NONE && facts->http_status == 0) id = by_socket(facts);
    return id;
}
