#include "net/client_resume.h"

#include "net/client_tls.h"

#include <stdlib.h>
#include <string.h>

struct client_resume {
    struct client_resume *next;
    SSL_SESSION *session;
    char host[];
};

/* The name that it is dialled with; NULL for an address. */
static const char *host_of(const SSL *ssl)
{
    return SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
}

static struct client_resume *find(const struct client_resumes *resumes, const char *host)
{
    struct client_resume *at = resumes->first;
    while (at != NULL && strcmp(at->host, host) != 0) at = at->next;
    return at;
}

static struct client_resume *make(struct client_resumes *resumes, const char *host)
{
    const size_t size = strlen(host) + 1;
    struct client_resume *made = malloc(sizeof *made + size);
    if (made == NULL) return NULL;
    memcpy(made->host, host, size);
    made->session = NULL;
    made->next = resumes->first;
    resumes->first = made;
    return made;
}

/* Returns 1 if it keeps the session. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
    struct client_tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    const char *host = host_of(ssl);
    if (tls == NULL || host == NULL || SSL_get_verify_result(ssl) != X509_V_OK) return 0;
    struct client_resume *kept = find(&tls->resumes, host);
    if (kept == NULL) kept = make(&tls->resumes, host);
    if (kept == NULL) return 0;
    SSL_SESSION_free(kept->session);
    kept->session = session;
    return 1;
}

void client_resume_keep(struct client_resumes *resumes, SSL_CTX *context)
{
    resumes->first = NULL;
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, on_session);
}

void client_resume_offer(const struct client_resumes *resumes, SSL *ssl)
{
    const char *host = host_of(ssl);
    const struct client_resume *kept = host == NULL ? NULL : find(resumes, host);
    if (kept != NULL && SSL_in_before(ssl)) (void)SSL_set_session(ssl, kept->session);
}

void client_resume_free(struct client_resumes *resumes)
{
    while (resumes->first != NULL) {
        struct client_resume *next = resumes->first->next;
        SSL_SESSION_free(resumes->first->session);
        free(resumes->first);
        resumes->first = next;
    }
}
