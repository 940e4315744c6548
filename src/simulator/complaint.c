#include "simulator/complaint.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Removes an incomplete UTF-8 sequence that a bounded print left at the end. */
static void trim_utf8(char *string)
{
    size_t length = strlen(string);
    size_t start = length;
    while (start > 0 && length - start < 4 && ((unsigned char)string[start - 1] & 0xC0U) == 0x80U)
        start--;
    if (start == 0 || ((unsigned char)string[start - 1] & 0x80U) == 0) return;
    unsigned char lead = (unsigned char)string[start - 1];
    size_t needed = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (length - (start - 1) < needed) string[start - 1] = '\0';
}

bool complain(struct complaint *complaint, const char *code, const char *param, const char *format,
              ...)
{
    complaint->type = NULL;
    complaint->code = code;
    (void)snprintf(complaint->param, sizeof complaint->param, "%s", param);
    trim_utf8(complaint->param);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(complaint->message, sizeof complaint->message, format, args);
    va_end(args);
    trim_utf8(complaint->message);
    return false;
}

void complaint_event(const struct complaint *complaint, struct identifiers *ids,
                     const char *client_event_id, struct text *out)
{
    char event_id[IDENTIFIER_SIZE];
    identifier_make(ids, "event_", event_id);
    text_puts(out, "{\"type\":\"error\",\"event_id\":\"");
    text_puts(out, event_id);
    text_puts(out, "\",\"error\":{\"type\":");
    text_json(out, complaint->type == NULL ? "invalid_request_error" : complaint->type);
    text_puts(out, ",\"code\":");
    text_json(out, complaint->code);
    text_puts(out, ",\"message\":");
    text_json(out, complaint->message);
    text_puts(out, ",\"param\":");
    text_json(out, complaint->param[0] == '\0' ? NULL : complaint->param);
    text_puts(out, ",\"event_id\":");
    text_json(out, client_event_id);
    text_puts(out, "}}");
}
