#include "profile/command_said.h"

#include "base/redact.h"
#include "base/secret.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>
#include <unistd.h>

#define SAID_LIMIT ((size_t)64 * 1024)
#define SECRETS_MOST 64

struct said {
    char *bytes; /* SAID_LIMIT of them */
    size_t length;
    bool cut;
};

struct said *said_new(void)
{
    struct said *said = calloc(1, sizeof *said);
    if (said != NULL) said->bytes = secret_new(SAID_LIMIT);
    if (said != NULL && said->bytes != NULL) return said;
    free(said);
    return NULL;
}

void said_free(struct said *said)
{
    if (said == NULL) return;
    secret_free(said->bytes);
    free(said);
}

bool said_read(struct said *said, int fd)
{
    char more[512];
    const size_t room = SAID_LIMIT - said->length;
    const ssize_t got =
        room > 0 ? read(fd, said->bytes + said->length, room) : read(fd, more, sizeof more);
    if (got < 0 && errno == EINTR) return true;
    if (got > 0 && room > 0) said->length += (size_t)got;
    if (got > 0 && room == 0) said->cut = true;
    return got > 0;
}

static bool is_secret_name(const char *name, size_t length)
{
    static const char *const words[] = {"key", "token", "secret", "pass", "_pwd"};
    for (size_t at = 0; at < length; at++) {
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
            const size_t size = strlen(words[i]);
            if (size <= length - at && strncasecmp(name + at, words[i], size) == 0) return true;
        }
    }
    return false;
}

static size_t add_environment(const char **secrets, size_t count)
{
    for (char **entry = environ; *entry != NULL && count < SECRETS_MOST; entry++) {
        const char *value = strchr(*entry, '=');
        if (value != NULL && is_secret_name(*entry, (size_t)(value - *entry)))
            secrets[count++] = value + 1;
    }
    return count;
}

/* A copy of the token without the white space around it. */
static char *bare(const char *token)
{
    token += strspn(token, " \t\r\n");
    size_t length = strlen(token);
    while (length > 0 && isspace((unsigned char)token[length - 1])) length--;
    return secret_copy_part(token, length);
}

void said_show(const struct said *said, const char *token)
{
    const char *secrets[SECRETS_MOST] = {NULL};
    struct text shown = {0};
    if (said->length == 0) return;
    char *printed = bare(token);
    if (printed == NULL) return;
    secrets[0] = printed;
    const size_t count = add_environment(secrets, 1);
    redact(&shown, said->bytes, said->length, secrets, count);
    if (said->cut) text_puts(&shown, "\n(and more, which is not shown)\n");
    for (size_t done = 0; !shown.failed && done < shown.length;) {
        const ssize_t wrote = write(STDERR_FILENO, shown.data + done, shown.length - done);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) break;
        done += (size_t)wrote;
    }
    secret_free(printed);
    text_free(&shown);
}
