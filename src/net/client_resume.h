/* TLS sessions to resume: the latest of each host name, for the connections of one set of terms. */
#ifndef RUSHHOUR_NET_CLIENT_RESUME_H
#define RUSHHOUR_NET_CLIENT_RESUME_H

#include <openssl/ssl.h>

struct client_resume;

/* Zero-initialise. */
struct client_resumes {
    struct client_resume *first;
};

/* Keeps the tickets of a context's connections, none of which is verified but by the name that it
 * was dialled with: a session is resumed for that name alone. */
void client_resume_keep(struct client_resumes *resumes, SSL_CTX *context);

/* Offers the latest session of its host to a connection whose handshake has not begun. */
void client_resume_offer(const struct client_resumes *resumes, SSL *ssl);

/* Once its context is gone, or no connection of it goes on. */
void client_resume_free(struct client_resumes *resumes);

#endif
