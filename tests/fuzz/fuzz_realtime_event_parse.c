/* event_parse on arbitrary input: no read out of range, every string terminated, every number
 * valid. */
#include "realtime/event.h"
#include "realtime/failure.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct event_facts *facts)
{
    const struct {
        const char *string;
        size_t size;
    } strings[] = {
        {facts->event_id, sizeof facts->event_id},
        {facts->session_id, sizeof facts->session_id},
        {facts->response_id, sizeof facts->response_id},
        {facts->model, sizeof facts->model},
        {facts->reason, sizeof facts->reason},
        {facts->error_type, sizeof facts->error_type},
        {facts->error_code, sizeof facts->error_code},
        {facts->error_param, sizeof facts->error_param},
        {facts->error_message, sizeof facts->error_message},
        {facts->error_event_id, sizeof facts->error_event_id},
    };
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        if (strnlen(strings[i].string, strings[i].size) == strings[i].size) abort();
    }
    if (facts->expires_at_s < 0 || facts->usage.input > UINT64_C(1) << 53) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *message = (const char *)data;
    char type[EVENT_TYPE_SIZE];
    struct event_facts facts;
    enum event_kind kind = event_scan(message, size, type);
    (void)event_parse(kind, message, size, &facts);
    check(&facts);
    struct failure_facts failure = {.phase = PHASE_STREAM, .event = &facts};
    if (failure_class_of(failure_classify(&failure).code) == NULL) abort();
    char code[64];
    char text[512];
    (void)failure_body_parse(message, size, code, text);
    return 0;
}
