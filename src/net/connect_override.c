#include "net/connect_override.h"

#include "base/units.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Splits "host:port" or "[v6]:port" of `length` bytes. */
static bool split_host_port(const char *string, size_t length, char **host, uint16_t *port)
{
    const char *end = string + length;
    const char *colon = memrchr(string, ':', length);
    if (colon == NULL || colon == string || end - colon > 6) return false;
    uint64_t number = 0;
    char digits[8] = {0};
    memcpy(digits, colon + 1, (size_t)(end - colon - 1));
    if (parse_count(digits, &number, NULL) != ERR_OK || number == 0 || number > 65535) return false;
    const char *last = colon;
    if (*string == '[' && colon[-1] == ']') {
        string++;
        last--;
    }
    *host = strndup(string, (size_t)(last - string));
    *port = (uint16_t)number;
    return *host != NULL;
}

static bool is_numeric(const char *address)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, address, bytes) == 1 || inet_pton(AF_INET6, address, bytes) == 1;
}

enum err_code connect_override_parse(const char *argument, struct connect_override *out,
                                     struct error *err)
{
    *out = (struct connect_override){0};
    const char *equals = strchr(argument, '=');
    bool good =
        equals != NULL &&
        split_host_port(argument, (size_t)(equals - argument), &out->host, &out->port) &&
        split_host_port(equals + 1, strlen(equals + 1), &out->address, &out->address_port) &&
        is_numeric(out->address);
    if (good) return ERR_OK;
    connect_override_free(out);
    return error_set(err, ERR_USAGE,
                     "--connect-to \"%s\": write HOST:PORT=ADDR:PORT with a numeric ADDR, such as "
                     "contoso.openai.azure.com:443=127.0.0.1:8443",
                     argument);
}

void connect_override_free(struct connect_override *connect_override)
{
    free(connect_override->host);
    free(connect_override->address);
    *connect_override = (struct connect_override){0};
}

void connect_override_take(struct http_target *target, const char *region,
                           const struct connect_override *connect_overrides, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (connect_overrides[i].region != NULL && strcmp(connect_overrides[i].region, region) != 0)
            continue;
        if (connect_overrides[i].port != target->port ||
            strcasecmp(connect_overrides[i].host, target->host) != 0)
            continue;
        target->address = connect_overrides[i].address;
        target->address_port = connect_overrides[i].address_port;
        return;
    }
}
