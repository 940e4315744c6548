/* What a bearer token says about itself (a JSON Web Token, RFC 7519, whose signature is not
 * checked), and when to replace it. Pure: strings and times in, facts out. */
#ifndef RUSHHOUR_REALTIME_TOKEN_H
#define RUSHHOUR_REALTIME_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

/* Times in seconds since 1970 UTC; 0 if not given. */
struct token_facts {
    int64_t expires_s;    /* exp: invalid from then on */
    int64_t not_before_s; /* nbf */
    int64_t issued_s;     /* iat */
    char audience[256];   /* aud, the first if there are several; "" if not given */
};

/* Reads the claims of a JWT. False if it is not one (a key, or an opaque token); *out is then
 * empty. */
bool token_read(const char *token, struct token_facts *out);

/* When to replace a credential obtained at got_s that expires at expires_s: five minutes before it
 * expires, or after 80% of a short life (under 25 minutes). */
int64_t token_renewal_s(int64_t got_s, int64_t expires_s);

#endif
