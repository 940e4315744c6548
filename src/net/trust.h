/* The root certificates that a client trusts. */
#ifndef RUSHHOUR_NET_TRUST_H
#define RUSHHOUR_NET_TRUST_H

#include "base/error.h"

#include <openssl/ssl.h>

/* Those of a PEM file (certificates, trusted certificates, revocation lists), and no others.
 * ERR_NET names the file and the reason. */
MUST_USE enum err_code trust_file(SSL_CTX *context, const char *path, struct error *err);

/* Whether OpenSSL, which opens the system's roots by itself, will find a file where SSL_CERT_FILE
 * says: at a pipe it would wait for ever. ERR_NET otherwise. */
MUST_USE enum err_code trust_system_check(struct error *err);

/* The system's, where OpenSSL or SSL_CERT_FILE says they are. */
MUST_USE enum err_code trust_system(SSL_CTX *context, struct error *err);

#endif
