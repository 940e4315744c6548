/* Frames of a hostile client: the same bytes in one piece and one by one must give the same result,
 * within the limit. */
#include "net/ws_frame.h"

#include <stdlib.h>

#define LIMIT 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds) abort();
}

/* Digests everything that a reader reports. */
static uint64_t digest(const uint8_t *data, size_t size, size_t piece)
{
    struct ws_reader reader = {.limit = LIMIT};
    uint64_t sum = 0;
    for (size_t i = 0; i < size; i += piece) {
        const char *at = (const char *)data + i;
        size_t length = size - i < piece ? size - i : piece;
        enum ws_read result;
        while ((result = ws_reader_next(&reader, &at, &length)) != WS_READ_MORE) {
            check(reader.message.length <= LIMIT && reader.control_length <= WS_CONTROL_MAX);
            if (result == WS_READ_TEXT)
                check(ws_utf8_valid(reader.message.data, reader.message.length));
            uint64_t fact = reader.message.length * 31 + (uint64_t)reader.close_code +
                            reader.control_length * 7;
            sum = (sum + (uint64_t)result) * UINT64_C(1099511628211) + fact;
            if (result == WS_READ_VIOLATION || result == WS_READ_NOMEM) goto done;
        }
        check(length == 0);
    }
done:
    ws_reader_free(&reader);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    check(digest(data, size, size) == digest(data, size, 1));
    return 0;
}
