/* Request heads of a hostile client: every string that the parser returns must lie in the head and
 * end there. */
#include "net/server_http.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_string(const char *string, const char *head, size_t length)
{
    if (string < head || string + strlen(string) >= head + length) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t length = http_head_length((const char *)data, size);
    if (length > size) abort();
    if (length == 0) length = size;
    if (length == 0) return 0;
    char *head = malloc(length); /* of the exact size, so that any overrun is caught */
    if (head == NULL) return 0;
    memcpy(head, data, length);
    struct http_request request;
    if (http_parse(head, length, &request) == 0) {
        check_string(request.method, head, length);
        check_string(request.target, head, length);
        for (size_t i = 0; i < request.field_count; i++) {
            check_string(request.fields[i].name, head, length);
            check_string(request.fields[i].value, head, length);
        }
        (void)http_is_websocket(&request);
        (void)http_list_has(&request, "sec-websocket-protocol", "realtime", true);
    }
    free(head);
    return 0;
}
