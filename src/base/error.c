#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum err_code error_set(struct error *err, enum err_code code, const char *format, ...)
{
    if (err == NULL) return code;
    va_list args;
    va_start(args, format);
    err->code = code;
    (void)vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return code;
}

enum err_code error_prefix(struct error *err, const char *format, ...)
{
    if (err == NULL) return ERR_INTERNAL;
    char prefix[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    char text[sizeof err->text];
    memcpy(text, err->text, sizeof text);
    (void)snprintf(err->text, sizeof err->text, "%s: %.500s", prefix, text);
    return err->code;
}

int error_exit_status(enum err_code code)
{
    switch (code) {
    case ERR_OK:
        return 0;
    case ERR_USAGE:
    case ERR_PROFILE:
        return 2;
    case ERR_IO:
    case ERR_FORMAT:
    case ERR_NET:
    case ERR_NOMEM:
    case ERR_INTERNAL:
        return 1;
    }
    return 1;
}
