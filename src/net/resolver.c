#include "net/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* One name: a lookup in progress, or an answer kept for a while. */
struct resolver_lookup {
    uv_getaddrinfo_t request;
    struct resolver *resolver;
    struct resolver_lookup *next;
    struct resolver_wait *waits;
    struct resolver_answer answer;
    uint64_t answered_ms; /* uv_now when the answer came */
    bool pending;
    char host[];
};

struct resolver {
    uv_loop_t *loop;
    struct resolver_lookup *lookups;
    size_t pending;
    bool closing;
    bool goes_last; /* closed: the last lookup to end frees it */
};

enum err_code resolver_new(uv_loop_t *loop, struct resolver **out, struct error *err)
{
    struct resolver *resolver = calloc(1, sizeof *resolver);
    if (resolver == NULL) return error_set(err, ERR_NOMEM, "no memory for the name resolver");
    resolver->loop = loop;
    *out = resolver;
    return ERR_OK;
}

static void unlink_lookup(struct resolver_lookup *lookup)
{
    struct resolver_lookup **link = &lookup->resolver->lookups;
    while (*link != lookup) link = &(*link)->next;
    *link = lookup->next;
}

static void drop(struct resolver_lookup *lookup)
{
    unlink_lookup(lookup);
    free(lookup);
}

static void cancel_all(struct resolver *resolver)
{
    resolver->closing = true;
    for (struct resolver_lookup *l = resolver->lookups; l != NULL; l = l->next) {
        if (l->pending) (void)uv_cancel((uv_req_t *)&l->request);
    }
}

static void destroy(struct resolver *resolver)
{
    struct resolver_lookup *next = NULL;
    for (struct resolver_lookup *l = resolver->lookups; l != NULL; l = next) {
        next = l->next;
        free(l);
    }
    free(resolver);
}

void resolver_free(struct resolver *resolver)
{
    if (resolver == NULL) return;
    cancel_all(resolver);
    while (resolver->pending > 0) uv_run(resolver->loop, UV_RUN_ONCE);
    destroy(resolver);
}

void resolver_close(struct resolver *resolver)
{
    cancel_all(resolver);
    resolver->goes_last = true;
    if (resolver->pending == 0) destroy(resolver);
}

/* libuv renumbers the EAI_ codes; we record the system's numbers. */
int resolver_system_eai(int uv_status)
{
    switch (uv_status) {
    case UV_EAI_ADDRFAMILY:
        return EAI_ADDRFAMILY;
    case UV_EAI_AGAIN:
        return EAI_AGAIN;
    case UV_EAI_BADFLAGS:
        return EAI_BADFLAGS;
    case UV_EAI_CANCELED:
        return EAI_CANCELED;
    case UV_EAI_FAIL:
        return EAI_FAIL;
    case UV_EAI_FAMILY:
        return EAI_FAMILY;
    case UV_EAI_MEMORY:
        return EAI_MEMORY;
    case UV_EAI_NODATA:
        return EAI_NODATA;
    case UV_EAI_NONAME:
        return EAI_NONAME;
    case UV_EAI_OVERFLOW:
        return EAI_OVERFLOW;
    case UV_EAI_SERVICE:
        return EAI_SERVICE;
    case UV_EAI_SOCKTYPE:
        return EAI_SOCKTYPE;
    default:
        return EAI_SYSTEM;
    }
}

static void keep_addresses(struct resolver_answer *answer, const struct addrinfo *list)
{
    for (; list != NULL && answer->count < RESOLVER_MAX_ADDRESSES; list = list->ai_next) {
        char *out = answer->addresses[answer->count];
        if (getnameinfo(list->ai_addr, list->ai_addrlen, out, INET6_ADDRSTRLEN, NULL, 0,
                        NI_NUMERICHOST) == 0) {
            answer->count++;
        }
    }
    if (answer->count == 0) answer->eai_error = EAI_NODATA;
}

static void on_answer(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
    struct resolver_lookup *lookup = request->data;
    struct resolver *resolver = lookup->resolver;
    lookup->pending = false;
    if (status == 0) {
        keep_addresses(&lookup->answer, list);
    } else if (status == UV_EMFILE || status == UV_ENFILE || status == UV_ENOMEM ||
               status == UV_EAI_MEMORY) {
        lookup->answer.local_error = status == UV_EAI_MEMORY ? ENOMEM : -status;
    } else {
        lookup->answer.eai_error = resolver_system_eai(status);
    }
    uv_freeaddrinfo(list);
    lookup->answered_ms = uv_now(resolver->loop);
    bool keep = lookup->answer.count > 0;
    if (!keep)
        unlink_lookup(lookup); /* before the callbacks, so that nobody finds a failure in the
                                  cache */
    while (lookup->waits != NULL) {
        struct resolver_wait *wait = lookup->waits;
        resolver_forget(wait);
        if (!resolver->closing) wait->done(wait, &lookup->answer);
    }
    if (!keep) free(lookup);
    if (--resolver->pending == 0 && resolver->goes_last) destroy(resolver);
}

static void await(struct resolver_lookup *lookup, struct resolver_wait *wait)
{
    wait->lookup = lookup;
    wait->previous = NULL;
    wait->next = lookup->waits;
    if (wait->next != NULL) wait->next->previous = wait;
    lookup->waits = wait;
}

static enum err_code ask(struct resolver *resolver, const char *host, struct resolver_wait *wait,
                         struct error *err)
{
    size_t size = strlen(host) + 1;
    struct resolver_lookup *lookup = calloc(1, sizeof *lookup + size);
    if (lookup == NULL) return error_set(err, ERR_NOMEM, "no memory to resolve %s", host);
    memcpy(lookup->host, host, size);
    lookup->resolver = resolver;
    lookup->request.data = lookup;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    int status =
        uv_getaddrinfo(resolver->loop, &lookup->request, on_answer, lookup->host, NULL, &hints);
    if (status != 0) {
        free(lookup);
        return error_set(err, ERR_NET, "cannot resolve %s: %s", host, uv_strerror(status));
    }
    lookup->pending = true;
    lookup->next = resolver->lookups;
    resolver->lookups = lookup;
    resolver->pending++;
    await(lookup, wait);
    return ERR_OK;
}

enum err_code resolver_find(struct resolver *resolver, const char *host, struct resolver_wait *wait,
                            const struct resolver_answer **cached, struct error *err)
{
    *cached = NULL;
    for (struct resolver_lookup *l = resolver->lookups; l != NULL; l = l->next) {
        if (strcmp(l->host, host) != 0) continue;
        if (l->pending) {
            await(l, wait);
            return ERR_OK;
        }
        if (uv_now(resolver->loop) - l->answered_ms < RESOLVER_TTL_MS) {
            *cached = &l->answer;
            return ERR_OK;
        }
        drop(l);
        break;
    }
    return ask(resolver, host, wait, err);
}

void resolver_forget(struct resolver_wait *wait)
{
    if (wait->lookup == NULL) return;
    if (wait->previous != NULL)
        wait->previous->next = wait->next;
    else
        wait->lookup->waits = wait->next;
    if (wait->next != NULL) wait->next->previous = wait->previous;
    wait->lookup = NULL;
    wait->previous = wait->next = NULL;
}

bool resolver_is_numeric(const char *host)
{
    struct in6_addr address;
    return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}
