#include "cli/version.h"

#include "base/text.h"
#include "cli/command.h"
#include "net/library.h"

#include <cjson/cJSON.h>
#include <uv.h>
#include <zlib.h>

void library_versions(struct library_version out[LIBRARY_COUNT])
{
    out[0] = (struct library_version){"libwebsockets", net_websocket_library_version()};
    out[1] = (struct library_version){"libuv", uv_version_string()};
    out[2] = (struct library_version){"openssl", net_tls_library_version()};
    out[3] = (struct library_version){"cjson", cJSON_Version()};
    out[4] = (struct library_version){"zlib", zlibVersion()};
}

int print_version(void)
{
    struct library_version libraries[LIBRARY_COUNT];
    struct text out = {0};
    library_versions(libraries);
    text_printf(&out, "rushhour %s (%s)\n", RUSHHOUR_VERSION, RUSHHOUR_COMMIT);
    for (size_t i = 0; i < LIBRARY_COUNT; i++)
        text_printf(&out, "%s %s\n", libraries[i].name, libraries[i].version);
    int status = print_out(text_str(&out));
    text_free(&out);
    return status;
}
