#include "net/client_answer.h"

#include <ctype.h>
#include <string.h>

void client_answer_begin(struct client_answer *answer)
{
    answer->state = ANSWER_HEAD;
    answer->status = 0;
    answer->header_count = answer->head_length = 0;
    answer->head[0] = answer->kept[0] = '\0';
    memset(&answer->body, 0, sizeof answer->body);
}

/* A character of a token (RFC 9110, 5.6.2). */
static bool is_token_char(char c)
{
    return isalnum((unsigned char)c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* Cuts off the next line, at CRLF or at a bare LF (RFC 9112, 2.2), and moves *at past it. */
static char *cut_line(char **at, const char *end)
{
    char *line = *at;
    char *feed = memchr(line, '\n', (size_t)(end - line));
    if (feed == NULL) return NULL;
    *at = feed + 1;
    *feed = '\0';
    if (feed > line && feed[-1] == '\r') feed[-1] = '\0';
    return line;
}

/* Reads "HTTP/1.1 200 OK"; the reason may be missing. 0 if it is not a status line. */
static int read_status(const char *line)
{
    if (strncmp(line, "HTTP/1.", 7) != 0 || !isdigit((unsigned char)line[7]) || line[8] != ' ')
        return 0;
    int status = 0;
    for (int i = 9; i < 12; i++) {
        if (!isdigit((unsigned char)line[i])) return 0;
        status = status * 10 + (line[i] - '0');
    }
    if (line[12] != '\0' && line[12] != ' ') return 0;
    return status >= 100 ? status : 0;
}

/* Splits "Name: value". Cookies are not kept; headers beyond the maximum are dropped, which is not
 * an error. */
static bool read_header(struct client_answer *answer, char *line)
{
    char *p = line;
    for (; is_token_char(*p); p++) *p = (char)tolower((unsigned char)*p);
    if (p == line || *p != ':') return false;
    *p++ = '\0';
    while (*p == ' ' || *p == '\t') p++;
    size_t length = strlen(p);
    while (length > 0 && (p[length - 1] == ' ' || p[length - 1] == '\t')) length--;
    p[length] = '\0';
    if (strcmp(line, "set-cookie") == 0 || answer->header_count == CLIENT_HEADERS_MAX) return true;
    answer->headers[answer->header_count++] = (struct http_header){.name = line, .value = p};
    return true;
}

const char *client_answer_header(const struct client_answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->header_count; i++) {
        if (strcmp(answer->headers[i].name, name) == 0) return answer->headers[i].value;
    }
    return NULL;
}

static void begin_body(struct client_answer *answer)
{
    const bool none =
        answer->status == 101 || answer->status == 204 || answer->status == 304; /* RFC 9112, 6.3 */
    client_body_begin(&answer->body, answer->kept, CLIENT_BODY_LIMIT,
                      client_answer_header(answer, "transfer-encoding"),
                      client_answer_header(answer, "content-length"));
    answer->state = none || answer->body.done ? ANSWER_COMPLETE : ANSWER_BODY;
}

/* Reads a complete head of `head_length` bytes, including its blank line. */
static void read_head(struct client_answer *answer)
{
    char *at = answer->head;
    const char *end = answer->head + answer->head_length;
    const char *first = cut_line(&at, end);
    answer->status = first == NULL ? 0 : read_status(first);
    if (answer->status == 0) {
        answer->state = ANSWER_BROKEN;
        return;
    }
    for (;;) {
        char *line = cut_line(&at, end);
        if (line == NULL || *line == '\0') break;
        if (read_header(answer, line)) continue;
        answer->state = ANSWER_BROKEN;
        return;
    }
    if (answer->status >= 200 || answer->status == 101) {
        begin_body(answer);
    } else {
        client_answer_begin(answer); /* an interim response: the real one follows */
    }
}

/* Whether the head has just become complete: its last line is blank. */
static bool head_ends(const struct client_answer *answer)
{
    const char *head = answer->head;
    size_t length = answer->head_length;
    if (length < 2 || head[length - 1] != '\n') return false;
    if (head[length - 2] == '\n') return true;
    return length >= 3 && head[length - 2] == '\r' && head[length - 3] == '\n';
}

static void take_head(struct client_answer *answer, char c)
{
    if (c == '\0' || answer->head_length == CLIENT_HEAD_MAX) {
        answer->state = ANSWER_BROKEN;
    } else {
        answer->head[answer->head_length++] = c;
        answer->head[answer->head_length] = '\0';
        if (head_ends(answer)) read_head(answer);
    }
}

void client_answer_feed(struct client_answer *answer, const char *bytes, size_t length)
{
    size_t used = 0;
    while (used < length && answer->state == ANSWER_HEAD) take_head(answer, bytes[used++]);
    if (answer->state != ANSWER_BODY) return;
    client_body_feed(&answer->body, bytes + used, length - used);
    if (answer->body.broken) {
        answer->state = ANSWER_BROKEN;
    } else if (answer->body.done) {
        answer->state = ANSWER_COMPLETE;
    }
}
