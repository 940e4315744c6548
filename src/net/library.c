#include "net/library.h"

#include <libwebsockets.h>
#include <openssl/crypto.h>

const char *net_websocket_library_version(void)
{
    return lws_get_library_version();
}

const char *net_tls_library_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}
