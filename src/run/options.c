#include "run/options.h"

#include "base/units.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static enum err_code refuse_address(const char *given, struct error *err)
{
    return error_set(
        err, ERR_USAGE,
        "--metrics \"%s\": write a port or ADDR:PORT with a numeric address, such as 9464, "
        "0.0.0.0:9464 or [::1]:9464",
        given);
}

enum err_code metrics_address_read(const char *string, struct metrics_address *out,
                                   struct error *err)
{
    struct metrics_address read = {.asked = true};
    const char *colon = strrchr(string, ':');
    const char *digits = colon != NULL ? colon + 1 : string;
    size_t length = colon != NULL ? (size_t)(colon - string) : 0;
    uint64_t port = 0;
    if (parse_count(digits, &port, NULL) != ERR_OK || port > 65535)
        return refuse_address(string, err);
    const char *host = string;
    bool brackets = length > 2 && host[0] == '[' && host[length - 1] == ']';
    if (brackets) {
        host++;
        length -= 2;
    }
    if (length >= sizeof read.address) return refuse_address(string, err);
    (void)snprintf(read.address, sizeof read.address, "%.*s", (int)length, host);
    if (length == 0 || strcmp(read.address, "localhost") == 0)
        (void)snprintf(read.address, sizeof read.address, "127.0.0.1");
    unsigned char bytes[sizeof(struct in6_addr)];
    if (inet_pton(brackets ? AF_INET6 : AF_INET, read.address, bytes) != 1)
        return refuse_address(string, err);
    read.port = (uint16_t)port;
    *out = read;
    return ERR_OK;
}
