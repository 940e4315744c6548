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

static enum failure_id by_tls(const struct failure_facts *facts)
{
    switch (facts->tls_verify_error) {
    case 0:
        return facts->tls_failed && !failure_is_reset(facts->os_error) ? FAILURE_TLS_FAILED
                                                                       : FAILURE_NONE;
    case CERTIFICATE_NOT_YET_VALID:
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
    if (facts->local_error != 0 || is_local_limit(facts->os_error)) return FAILURE_LOCAL_LIMIT;
    enum failure_id id = by_resolver(facts);
    if (id == FAILURE_NONE) id = by_tls(facts); /* a refused certificate also ends the socket */
    if (id == FAILURE_NONE && facts->proxy_status == 407) return FAILURE_PROXY_AUTH;
    if (id == FAILURE_NONE && facts->proxy_status != 0) return FAILURE_PROXY_REFUSED;
    if (id == FAILURE_NONE && facts->http_status == 0) id = by_socket(facts);
    return id;
}
