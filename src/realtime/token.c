#include "realtime/token.h"

#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AHEAD_S 300
#define TOKEN_MAX ((size_t)64 * 1024)
#define LATEST_S INT64_C(253402300799) /* the year 9999: anything later is not a time */

/* A digit of base64url (RFC 4648, section 5) or of the standard alphabet. -1 if neither. */
static int digit(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '-' || c == '+') return 62;
    if (c == '_' || c == '/') return 63;
    return -1;
}

/* Decodes `length` characters without padding into out, which has room for that many bytes.
 * SIZE_MAX: not base64. */
static size_t decode(const char *text, size_t length, char *out)
{
    size_t used = 0;
    unsigned bits = 0, count = 0;
    while (length > 0 && text[length - 1] == '=') length--;
    if (length % 4 == 1) return SIZE_MAX;
    for (size_t i = 0; i < length; i++) {
        int value = digit(text[i]);
        if (value < 0) return SIZE_MAX;
        bits = (bits << 6 | (unsigned)value) & 0xFFFF;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        out[used++] = (char)(bits >> count & 0xFF);
    }
    return used;
}

static int64_t time_of(const cJSON *claims, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(claims, name);
    if (!cJSON_IsNumber(item) || !(item->valuedouble > 0 && item->valuedouble < (double)LATEST_S))
        return 0;
    return (int64_t)item->valuedouble;
}

static void read_claims(const cJSON *claims, struct token_facts *out)
{
    out->expires_s = time_of(claims, "exp");
    out->not_before_s = time_of(claims, "nbf");
    out->issued_s = time_of(claims, "iat");
    const cJSON *audience = cJSON_GetObjectItemCaseSensitive(claims, "aud");
    if (cJSON_IsArray(audience)) audience = cJSON_GetArrayItem(audience, 0);
    const char *text = cJSON_GetStringValue(audience);
    if (text != NULL) (void)snprintf(out->audience, sizeof out->audience, "%s", text);
}

bool token_read(const char *token, struct token_facts *out)
{
    *out = (struct token_facts){0};
    const char *first = strchr(token, '.');
    const char *second = first == NULL ? NULL : strchr(first + 1, '.');
    /* header.claims.signature */
    if (second == NULL || strchr(second + 1, '.') != NULL) return false;
    const size_t length = (size_t)(second - first - 1);
    if (length == 0 || length > TOKEN_MAX) return false;
    char *text = malloc(length);
    if (text == NULL) return false;
    size_t decoded = decode(first + 1, length, text);
    cJSON *claims = decoded == SIZE_MAX ? NULL : cJSON_ParseWithLength(text, decoded);
    bool is_token = cJSON_IsObject(claims);
    if (is_token) read_claims(claims, out);
    cJSON_Delete(claims);
    explicit_bzero(text, length); /* the claims identify people */
    free(text);
    return is_token;
}

int64_t token_renewal_s(int64_t got_s, int64_t expires_s)
{
    if (expires_s <= got_s) return got_s;
    int64_t ahead_s = (expires_s - got_s) / 5;
    return expires_s - (ahead_s < AHEAD_S ? ahead_s : AHEAD_S);
}
