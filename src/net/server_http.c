#include "net/server_http.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

size_t http_head_length(const char *bytes, size_t length)
{
    size_t line = 0;
    while (line < length) {
        const char *end = memchr(bytes + line, '\n', length - line);
        if (end == NULL) return 0;
        size_t at = (size_t)(end - bytes);
        if (at == line || bytes[at - 1] != '\r') return at + 1; /* a bare LF */
        if (at == line + 1 && line > 0) return at + 1;
        line = at + 1;
    }
    return 0;
}

/* A character of a token (RFC 9110, 5.6.2). */
static bool is_token_char(char c)
{
    return isalnum((unsigned char)c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* Cuts off the next line at its CRLF and moves *at past it; NULL if no line ends that way. */
static char *cut_line(char **at, const char *end)
{
    char *line = *at;
    char *feed = memchr(line, '\n', (size_t)(end - line));
    if (feed == NULL || feed == line || feed[-1] != '\r') return NULL;
    feed[-1] = '\0';
    *at = feed + 1;
    return line;
}

/* True if the line holds no control character but tabs; also catches a NUL that would hide what
 * follows. */
static bool is_clean(const char *line, const char *next)
{
    for (const char *p = line; p < next - 2; p++) {
        unsigned char c = (unsigned char)*p;
        if ((c < 0x20 && c != '\t') || c == 0x7F) return false;
    }
    return true;
}

static int parse_request_line(char *line, struct http_request *out)
{
    char *p = line;
    while (is_token_char(*p)) p++;
    if (p == line || *p != ' ') return 400;
    *p++ = '\0';
    out->method = line;
    out->target = p;
    while (isgraph((unsigned char)*p)) p++; /* a target is ASCII (RFC 3986) */
    if (p == out->target || *p != ' ') return 400;
    *p++ = '\0';
    if (strncmp(p, "HTTP/", 5) != 0 || !isdigit((unsigned char)p[5]) || p[6] != '.' ||
        !isdigit((unsigned char)p[7]) || p[8] != '\0')
        return 400;
    if (p[5] != '1') return 505;
    out->minor = p[7] - '0';
    return 0;
}

/* A line that starts with a space would continue the previous one (obs-fold): refused along with
 * other bad names. */
static int parse_field(char *line, struct http_request *out)
{
    char *p = line;
    for (; is_token_char(*p); p++) *p = (char)tolower((unsigned char)*p);
    if (p == line || *p != ':') return 400;
    *p++ = '\0';
    while (*p == ' ' || *p == '\t') p++;
    size_t length = strlen(p);
    while (length > 0 && (p[length - 1] == ' ' || p[length - 1] == '\t')) length--;
    p[length] = '\0';
    if (out->field_count == HTTP_FIELDS_MAX) return 431;
    out->fields[out->field_count++] = (struct http_field){.name = line, .value = p};
    return 0;
}

static size_t count_fields(const struct http_request *request, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < request->field_count; i++)
        count += strcmp(request->fields[i].name, name) == 0;
    return count;
}

int http_parse(char *head, size_t length, struct http_request *out)
{
    *out = (struct http_request){0};
    char *at = head;
    char *end = head + length;
    char *line = cut_line(&at, end);
    /* RFC 9112, 2.2 */
    if (line != NULL && *line == '\0' && at - line == 2) line = cut_line(&at, end);
    if (line == NULL || !is_clean(line, at)) return 400;
    int status = parse_request_line(line, out);
    while (status == 0) {
        line = cut_line(&at, end);
        if (line == NULL || !is_clean(line, at)) return 400;
        if (*line == '\0') break;
        status = parse_field(line, out);
    }
    if (status != 0) return status;
    size_t hosts = count_fields(out, "host");
    if (hosts > 1 || (hosts == 0 && out->minor > 0)) return 400;
    return 0;
}

const char *http_field(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->field_count; i++) {
        if (strcmp(request->fields[i].name, name) == 0) return request->fields[i].value;
    }
    return NULL;
}

static bool value_has(const char *value, const char *token, bool match_case)
{
    size_t length = strlen(token);
    while (*value != '\0') {
        value += strspn(value, ", \t");
        size_t item = strcspn(value, ",");
        size_t used = item;
        while (used > 0 && (value[used - 1] == ' ' || value[used - 1] == '\t')) used--;
        if (used == length &&
            (match_case ? strncmp(value, token, length) : strncasecmp(value, token, length)) == 0)
            return true;
        value += item;
    }
    return false;
}

bool http_list_has(const struct http_request *request, const char *name, const char *token,
                   bool match_case)
{
    for (size_t i = 0; i < request->field_count; i++) {
        if (strcmp(request->fields[i].name, name) == 0 &&
            value_has(request->fields[i].value, token, match_case))
            return true;
    }
    return false;
}

/* Whether a key is the base64 of 16 bytes: 22 characters and two of padding. */
static bool is_key(const char *key)
{
    if (key == NULL || strlen(key) != 24 || key[22] != '=' || key[23] != '=') return false;
    for (int i = 0; i < 22; i++) {
        if (!isalnum((unsigned char)key[i]) && key[i] != '+' && key[i] != '/') return false;
    }
    return true;
}

bool http_is_websocket(const struct http_request *request)
{
    const char *version = http_field(request, "sec-websocket-version");
    return strcmp(request->method, "GET") == 0 && request->minor >= 1 && version != NULL &&
           strcmp(version, "13") == 0 && http_list_has(request, "upgrade", "websocket", false) &&
           http_list_has(request, "connection", "upgrade", false) &&
           count_fields(request, "sec-websocket-key") == 1 &&
           is_key(http_field(request, "sec-websocket-key"));
}

bool http_accept_value(const char *key, char out[HTTP_ACCEPT_SIZE])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    struct text text = {0};
    text_puts(&text, key);
    text_puts(&text, guid);
    bool done = !text.failed &&
                EVP_Digest(text.data, text.length, digest, &length, EVP_sha1(), NULL) == 1 &&
                length == 20;
    text_free(&text);
    if (!done) return false;
    EVP_EncodeBlock((unsigned char *)out, digest, 20);
    return true;
}

static const char *reason_phrase(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } phrases[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {407, "Proxy Authentication Required"},
        {408, "Request Timeout"},
        {421, "Misdirected Request"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++) {
        if (phrases[i].status == status) return phrases[i].phrase;
    }
    return "Refused";
}

void http_refusal(struct text *out, int status, const char *header_lines, const char *content_type,
                  const char *body, bool head_only)
{
    text_printf(out, "HTTP/1.1 %d %s\r\n", status, reason_phrase(status));
    if (content_type != NULL) text_printf(out, "content-type: %s\r\n", content_type);
    text_printf(out, "content-length: %zu\r\nconnection: close\r\n", strlen(body));
    text_puts(out, header_lines);
    text_puts(out, "\r\n");
    if (!head_only) text_puts(out, body);
}
