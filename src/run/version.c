#include "run/version.h"

#include "base/text.h"
#include "net/library.h"

#include <cjson/cJSON.h>
#include <uv.h>
#include <zlib.h>

void library_versions(struct library_version out[LIBRARY_COUNT])
{
    out[0] = (struct library_version){"libwebsockets", net_websocket_library_version()};
    out[1] = (struct library_version){"libcurl", net_http_library_version()};
    out[2] = (struct library_version){"libuv", uv_version_string()};
    out[3] = (struct library_version){"openssl", net_tls_library_version()};
    out[4] = (struct library_version){"cjson", cJSON_Version()};
    out[5] = (struct library_version){"zlib", zlibVersion()};
}
