#include "net/library.h"

#include "base/memory.h"

#include <libwebsockets.h>
#include <openssl/crypto.h>
#include <uv.h>

const char *net_websocket_library_version(void)
{
    return lws_get_library_version();
}

const char *net_tls_library_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}

static void *for_websockets(void *old, size_t size, const char *reason)
{
    (void)reason;
    if (size > 0) return memory_enlarge(old, size);
    memory_release(old);
    return NULL;
}

void net_note_memory(void)
{
    (void)uv_replace_allocator(memory_allocate, memory_enlarge, memory_allocate_clear,
                               memory_release);
    lws_set_allocator(for_websockets);
}
