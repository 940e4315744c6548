#include "net/detour.h"

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

enum err_code detour_parse(const char *argument, struct detour *out, struct error *err)
{
    *out = (struct detour){0};
    const char *equals = strchr(argument, '=');
    bool good =
        equals != NULL &&
        split_host_port(argument, (size_t)(equals - argument), &out->host, &out->port) &&
        split_host_port(equals + 1, strlen(equals + 1), &out->address, &out->address_port) &&
        is_numeric(out->address);
    if (good) return ERR_OK;
    detour_free(out);
    return error_set(err, ERR_USAGE,
                     "--connect-to \"%s\": write HOST:PORT=ADDR:PORT with a numeric ADDR, such as "
                     "contoso.openai.azure.com:443=127.0.0.1:8443",
                     argument);
}

void detour_free(struct detour *detour)
{
    free(detour->host);
    free(detour->address);
    *detour = (struct detour){0};
}

void detour_take(struct ws_target *target, const char *region, const struct detour *detours,
                 size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (detours[i].region != NULL && strcmp(detours[i].region, region) != 0) continue;
        if (detours[i].port != target->port || strcasecmp(detours[i].host, target->host) != 0)
            continue;
        target->address = detours[i].address;
        target->address_port = detours[i].address_port;
        return;
    }
}
