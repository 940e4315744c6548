/* Shared by the tests of the classification: samples of observed facts with their class. */
#ifndef RUSHHOUR_TESTS_FAILURE_FIXTURE_H
#define RUSHHOUR_TESTS_FAILURE_FIXTURE_H

#include "realtime/failure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct sample {
    struct failure_facts facts;
    const char *code, *catalogue;
};

static void check(const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct failure_class class = failure_classify(&samples[i].facts);
        if (strcmp(class.code, samples[i].code) != 0)
            fail_msg("row %zu: %s, not %s", i, class.code, samples[i].code);
        assert_string_equal(class.catalogue, samples[i].catalogue);
        assert_non_null(failure_class_of(class.code));
    }
}

#define CHECK(samples) check(samples, sizeof(samples) / sizeof(samples)[0])

#define REFUSED(status, code, message)                                                             \
    {                                                                                              \
        .http_status = status, .body_code = code, .body_message = message, .phase = PHASE_UPGRADE, \
        .closed = true                                                                             \
    }

#define ERROR_EVENT(type, code, message)                                                           \
    (&(struct event_facts){.kind = EVENT_ERROR,                                                    \
                           .has_error = true,                                                      \
                           .error_type = type,                                                     \
                           .error_code = code,                                                     \
                           .error_message = message})
#define FAILED(type, code, message)                                                                \
    (&(struct event_facts){.kind = EVENT_RESPONSE_DONE,                                            \
                           .status = STATUS_FAILED,                                                \
                           .has_error = true,                                                      \
                           .error_type = type,                                                     \
                           .error_code = code,                                                     \
                           .error_message = message})
#define ENDED(how, why)                                                                            \
    (&(struct event_facts){.kind = EVENT_RESPONSE_DONE, .status = how, .reason = why})

#endif
