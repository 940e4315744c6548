#include "net/proxy.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/*
 * Undoes the percent-encoding of a login in place (RFC 3986, 2.1), like every other client of a
 * proxy. Anything that is not a valid encoding stays: "100%" is a valid password; so does %00,
 * which a string cannot contain.
 */
static void decode_login(char *login)
{
    char *out = login;
    for (const char *in = login; *in != '\0'; in++) {
        const int high = *in == '%' ? hex_digit(in[1]) : -1;
        const int low = high >= 0 ? hex_digit(in[2]) : -1;
        if (low >= 0 && high * 16 + low > 0) {
            *out++ = (char)(high * 16 + low);
            in += 2;
        } else {
            *out++ = *in;
        }
    }
    explicit_bzero(out, strlen(out));
}

enum err_code proxy_read(const char *text, size_t login_max, struct proxy *out, struct error *err)
{
    const char *rest = strncmp(text, "http://", 7) == 0 ? text + 7 : text;
    const char *at = strrchr(rest, '@');
    size_t login = at != NULL ? (size_t)(at + 1 - rest) : 0;
    const char *host = rest + login;
    size_t length = strcspn(host, "/");
    const char *colon = memrchr(host, ':', length);
    char *end = NULL;
    unsigned long port = colon != NULL ? strtoul(colon + 1, &end, 10) : 0;
    if (login > login_max || colon == NULL || colon == host || end != host + length || port == 0 ||
        port > 65535) {
        return error_set(
            err, ERR_NET,
            "the proxy is not of the form http://[user:pass@]host:port (with at most %zu "
            "characters of user and password)",
            login_max - 1);
    }
    size_t name = (size_t)(colon - host);
    if (host[0] == '[' && host[name - 1] == ']') {
        host++;
        name -= 2;
    }
    *out = (struct proxy){
        .host = strndup(host, name), .port = (uint16_t)port, .login = strndup(rest, login)};
    if (out->login != NULL) decode_login(out->login);
    if (out->host != NULL && out->login != NULL) return ERR_OK;
    proxy_clear(out);
    return error_set(err, ERR_NOMEM, "no memory for a proxy");
}

void proxy_clear(struct proxy *proxy)
{
    if (proxy->login != NULL) explicit_bzero(proxy->login, strlen(proxy->login));
    free(proxy->login);
    free(proxy->host);
    *proxy = (struct proxy){0};
}

/* The login in Basic form (RFC 7617), without its '@', and the blank line. */
static void put_login(const char *login, struct text *out)
{
    size_t length = strlen(login) - 1;
    size_t size = length / 3 * 4 + 8;
    char *basic = malloc(size);
    if (basic == NULL) {
        out->failed = true;
        return;
    }
    (void)EVP_EncodeBlock((unsigned char *)basic, (const unsigned char *)login, (int)length);
    /* last, so that no copy is left behind by a reallocation */
    text_printf(out, "Proxy-Authorization: Basic %s\r\n\r\n", basic);
    explicit_bzero(basic, size);
    free(basic);
}

void proxy_question(const char *host, uint16_t port, const char *login, struct text *out)
{
    const char *form = strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u";
    struct text authority = {0};
    text_printf(&authority, form, host, (unsigned)port);
    text_printf(out, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", text_str(&authority),
                text_str(&authority));
    out->failed |= authority.failed;
    text_free(&authority);
    if (login[0] != '\0')
        put_login(login, out);
    else
        text_puts(out, "\r\n");
}
