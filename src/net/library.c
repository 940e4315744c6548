#include "net/library.h"

#include "base/memory.h"

#include <curl/curl.h>
#include <libwebsockets.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <uv.h>

const char *net_websocket_library_version(void)
{
    return lws_get_library_version();
}

const char *net_tls_library_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}

const char *net_http_library_version(void)
{
    return curl_version_info(CURLVERSION_NOW)->version;
}

static void *for_websockets(void *old, size_t size, const char *reason)
{
    (void)reason;
    if (size > 0) return memory_enlarge(old, size);
    memory_release(old);
    return NULL;
}

/* ---- libcurl's memory ---- */

/* Each piece begins with its size, by which it is wiped. */
#define FRONT ((size_t)16)

static void *for_http(size_t size)
{
    size_t *front = size > SIZE_MAX - FRONT ? NULL : memory_allocate(FRONT + size);
    if (front == NULL) return NULL;
    *front = size;
    return (char *)front + FRONT;
}

static void *cleared_for_http(size_t count, size_t size)
{
    if (size > 0 && count > SIZE_MAX / size) return NULL;
    void *got = for_http(count * size);
    return got == NULL ? NULL : memset(got, 0, count * size);
}

static size_t *front_of(void *memory)
{
    return (size_t *)(void *)((char *)memory - FRONT);
}

static void wiped_by_http(void *memory)
{
    if (memory == NULL) return;
    size_t *front = front_of(memory);
    explicit_bzero(memory, *front);
    memory_release(front);
}

static void *enlarged_for_http(void *old, size_t size)
{
    if (old == NULL) return for_http(size);
    const size_t had = *front_of(old);
    void *got = for_http(size);
    if (got == NULL) return NULL;
    memcpy(got, old, had < size ? had : size);
    wiped_by_http(old);
    return got;
}

static char *copied_for_http(const char *string)
{
    const size_t size = strlen(string) + 1;
    char *got = for_http(size);
    return got == NULL ? NULL : memcpy(got, string, size);
}

/* ---- all of them ---- */

static void note_memory(void)
{
    (void)uv_replace_allocator(memory_allocate, memory_enlarge, memory_allocate_clear,
                               memory_release);
    lws_set_allocator(for_websockets);
    (void)curl_global_init_mem(CURL_GLOBAL_DEFAULT, for_http, wiped_by_http, enlarged_for_http,
                               copied_for_http, cleared_for_http);
}

void net_note_memory(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, note_memory);
}
