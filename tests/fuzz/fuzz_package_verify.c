/* The verifier of evidence packages on arbitrary lines: it stays inside the line, and finds what is
 * planted anywhere in it. */
#include "package/verify.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const planted[] = {
    " sk-Canary0123456789 ",       " Bearer Canary0123456789 ",
    " api-key=Canary0123456789 ",  " eyJCanary0123.Canary456789 ",
    " \"transcript\":\"Canary\" ", " 0123456789abcdef0123456789abcdef ",
    " data:audio/wav;base64,UklG "};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) return 0;
    const char *secret = planted[data[0] % (sizeof planted / sizeof *planted)];
    size_t length = strlen(secret);
    size_t at = data[1] % size;
    char *line = malloc(size + length);
    if (line == NULL) abort();
    memcpy(line, data, size);
    (void)verify_line(line, size, NULL); /* of the exact size, so that any overrun is caught */
    memcpy(line, data, at);
    memcpy(line + at, secret, length);
    memcpy(line + at + length, data + at, size - at);
    if (verify_line(line, size + length, NULL) == NULL) abort();
    free(line);
    return 0;
}
