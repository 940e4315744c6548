/* The parts of form.h that parse origins: endpoints and proxies. */
#include "base/text.h"
#include "profile/form.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct origin {
    bool tls;
    char host[256]; /* in lower case; an IPv6 address without its brackets */
    uint16_t port;
};

static const struct scheme {
    const char *prefix;
    bool tls;
    uint16_t port;
} schemes[] = {
    {"https://", true, 443}, {"wss://", true, 443}, {"http://", false, 80}, {"ws://", false, 80}};

static bool parse_port(const char *text, uint16_t *out)
{
    unsigned value = 0;
    size_t length = strlen(text);
    if (length == 0 || length > 5) return false;
    for (size_t i = 0; i < length; i++) {
        if (!isdigit((unsigned char)text[i])) return false;
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    if (value == 0 || value > 65535) return false;
    *out = (uint16_t)value;
    return true;
}

/* Letters, digits, '-', '_' and single dots between them (DNS names and IPv4 addresses). */
static bool is_host_name(const char *host)
{
    char before = '.';
    for (const char *s = host; *s != '\0'; s++) {
        if (*s == '.' && before == '.') return false;
        if (*s != '.' && !isalnum((unsigned char)*s) && *s != '-' && *s != '_') return false;
        before = *s;
    }
    return host[0] != '\0';
}

/* host, host:port, [::1] or [::1]:port. */
static bool parse_authority(const char *text, size_t length, struct origin *out)
{
    char authority[sizeof out->host + 8];
    if (length == 0 || length >= sizeof authority) return false;
    memcpy(authority, text, length);
    authority[length] = '\0';
    char *host = authority;
    char *port = strchr(authority, ':');
    bool bracketed = authority[0] == '[';
    if (bracketed) {
        char *end = strchr(authority, ']');
        if (end == NULL) return false;
        *end = '\0';
        host = authority + 1;
        port = end[1] == '\0' ? NULL : end + 1;
        if (port != NULL && *port != ':') return false;
    }
    if (port != NULL) {
        *port = '\0';
        if (!parse_port(port + 1, &out->port)) return false;
    }
    struct in6_addr address;
    if (bracketed ? inet_pton(AF_INET6, host, &address) != 1 : !is_host_name(host)) return false;
    if (strlen(host) >= sizeof out->host) return false;
    size_t i = 0;
    for (; host[i] != '\0'; i++) out->host[i] = (char)tolower((unsigned char)host[i]);
    /* "name." is the name itself (RFC 1034, 3.1), but no certificate or service calls it so */
    if (i > 1 && !bracketed && out->host[i - 1] == '.') i--;
    out->host[i] = '\0';
    return true;
}

static const struct scheme *find_scheme(const char *text)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (strncasecmp(text, schemes[i].prefix, strlen(schemes[i].prefix)) == 0)
            return &schemes[i];
    }
    return NULL;
}

bool form_is_loopback(const char *host)
{
    struct in_addr address;
    if (inet_pton(AF_INET, host, &address) == 1) return ntohl(address.s_addr) >> 24 == 127;
    return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0;
}

static enum err_code endpoint_parse(const char *text, struct origin *out, struct error *err)
{
    const struct scheme *scheme = find_scheme(text);
    if (scheme == NULL) {
        return error_set(err, ERR_USAGE,
                         "an endpoint begins with https:// or wss://, such as "
                         "https://NAME.openai.azure.com");
    }
    const char *authority = text + strlen(scheme->prefix);
    size_t length = strcspn(authority, "/?#");
    if (memchr(authority, '@', length) != NULL) {
        return error_set(err, ERR_USAGE,
                         "an endpoint holds no user or password: credentials go into `auth`");
    }
    const char *rest = authority + length;
    if (strcmp(rest, "") != 0 && strcmp(rest, "/") != 0) {
        return error_set(err, ERR_USAGE,
                         "an endpoint is an origin without path and query: write %.*s; the dialect "
                         "makes the path "
                         "(`path` replaces it), api-version goes into `api_version`, deployment "
                         "into `deployment`",
                         (int)(authority + (length < 200 ? length : 200) - text), text);
    }
    *out = (struct origin){.tls = scheme->tls, .port = scheme->port};
    if (!parse_authority(authority, length, out)) {
        return error_set(
            err, ERR_USAGE,
            "not a host name with an optional port: write it as https://NAME.openai.azure.com");
    }
    return ERR_OK;
}

enum err_code form_endpoint(const char *text, struct error *err)
{
    struct origin origin = {0};
    enum err_code code = endpoint_parse(text, &origin, err);
    if (code != ERR_OK) return code;
    if (origin.tls || form_is_loopback(origin.host)) return ERR_OK;
    return error_set(err, ERR_USAGE,
                     "without TLS the credentials can be read on the way: write https:// or wss:// "
                     "(http:// and ws:// "
                     "are for this machine only: localhost, 127.0.0.1)");
}

void form_endpoint_split(const char *endpoint, char **host, uint16_t *port, bool *tls)
{
    struct origin origin = {0};
    *host = NULL;
    if (endpoint_parse(endpoint, &origin, NULL) != ERR_OK) return;
    *host = strdup(origin.host);
    *port = origin.port;
    *tls = origin.tls;
}

/* A password in full is a literal secret; a reference is not. */
static enum err_code check_proxy_user(const char *user, size_t length, struct error *err)
{
    const char *colon = memchr(user, ':', length);
    if (strncmp(user, "${file:", 7) == 0 || colon == NULL)
        colon = user;
    else
        colon++;
    struct text password = {0};
    text_append(&password, colon, (size_t)(user + length - colon));
    enum err_code code = form_secret_reference(text_str(&password), err);
    text_free(&password);
    if (code == ERR_OK) return ERR_OK;
    return error_set(
        err, ERR_USAGE,
        "a password does not belong into a profile: write http://USER:${NAME}@HOST:PORT");
}

enum err_code form_proxy_address(const char *text, struct error *err)
{
    struct origin origin = {.port = 80};
    if (strncasecmp(text, "http://", 7) != 0) {
        return error_set(err, ERR_USAGE,
                         "a proxy is written http://host:port (HTTP CONNECT; TLS to the region "
                         "goes through it)");
    }
    const char *authority = text + 7;
    const char *at = strrchr(authority, '@');
    if (at != NULL) authority = at + 1;
    size_t length = strcspn(authority, "/?#");
    bool ends = strcmp(authority + length, "") == 0 || strcmp(authority + length, "/") == 0;
    if (ends && parse_authority(authority, length, &origin)) return ERR_OK;
    return error_set(err, ERR_USAGE, "not a proxy's address: write http://host:port");
}

/* "${HTTPS_PROXY}": the whole address is in the environment, or in a file. */
static bool is_whole_reference(const char *text)
{
    const size_t length = strlen(text);
    return strncmp(text, "${", 2) == 0 && strchr(text, '}') == text + length - 1;
}

enum err_code form_proxy(const char *text, struct error *err)
{
    if (is_whole_reference(text)) return form_secret_reference(text, err);
    const char *authority = strncasecmp(text, "http://", 7) == 0 ? text + 7 : text;
    const char *at = strrchr(authority, '@');
    if (at != NULL) {
        enum err_code code = check_proxy_user(authority, (size_t)(at - authority), err);
        if (code != ERR_OK) return code;
    }
    return form_proxy_address(text, err);
}
