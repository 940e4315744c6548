/* The client's own certificate and key, read from PEM text into an OpenSSL context. */
#ifndef RUSHHOUR_NET_CLIENT_CERTIFICATE_H
#define RUSHHOUR_NET_CLIENT_CERTIFICATE_H

#include "base/error.h"
#include "net/http_target.h"

#include <openssl/ssl.h>

/*
 * Has the context show this certificate to who asks for it. ERR_NET, with the names that were given
 * and what to do: no certificate or no key in the text, a key that is encrypted without a
 * passphrase or with another one, a key of another certificate. No message holds any of the text.
 */
MUST_USE enum err_code client_certificate_use(SSL_CTX *context,
                                              const struct tls_certificate *certificate,
                                              struct error *err);

#endif
