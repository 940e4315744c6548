/* What a client did wrong, in the form of an `error` event (realtime protocol, section 5). */
#ifndef RUSHHOUR_SIMULATOR_COMPLAINT_H
#define RUSHHOUR_SIMULATOR_COMPLAINT_H

#include "base/error.h"
#include "base/text.h"
#include "simulator/identifier.h"

#include <stdbool.h>

#define MESSAGE_TEXT_SIZE 768

struct complaint {
    const char *type; /* NULL means invalid_request_error */
    const char *code; /* NULL means null */
    char param[128];  /* dotted path; "" means null */
    char message[MESSAGE_TEXT_SIZE];
};

/* Fills a complaint and returns false, so that refusing is one return statement. A long message is
 * truncated. */
bool complain(struct complaint *complaint, const char *code, const char *param, const char *format,
              ...) PRINTF_LIKE(4, 5);

/* Appends the `error` event. client_event_id is the client's own id of the offending event, or
 * NULL. */
void complaint_event(const struct complaint *complaint, struct identifiers *ids,
                     const char *client_event_id, struct text *out);

#endif
