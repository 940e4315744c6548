/*
 * What a bearer token says of itself: a JSON Web Token (RFC 7519) without its signature being
 * looked at, and when it is to be replaced. Pure: strings and times in, facts out.
 */
#ifndef RUSHHOUR_REALTIME_TOKEN_H
#define RUSHHOUR_REALTIME_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

/* Times in seconds since 1970 UTC; 0: the token does not say. */
struct token_facts {
    int64_t expires_s;    /* exp: it is no good from then on */
    int64_t not_before_s; /* nbf */
    int64_t issued_s;     /* iat */
    char audience[256];   /* aud, the first one when there are several; "": not said */
};

/* Reads the claims of a JWT. False: this is none (a key, or an opaque token), and *out is empty. */
bool token_read(const char *token, struct token_facts *out);

/*
 * When a credential that was got at got_s and expires at expires_s is to be replaced: five minutes
 * before its end, or when a short life (under 25 minutes) is 80 % over.
 */
int64_t token_renewal_s(int64_t got_s, int64_t expires_s);

#endif
