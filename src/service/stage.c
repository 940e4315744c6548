#include "service/stage.h"

#include <stddef.h>

#define LIMIT(name)                                                                                \
    {                                                                                              \
        "timeouts." #name, offsetof(struct timeouts, name##_ns)                                    \
    }

static const struct {
    const char *key;
    size_t offset;
} limits[] = {
    [DEADLINE_RESOLVE] = LIMIT(resolve),
    [DEADLINE_CONNECT] = LIMIT(connect),
    [DEADLINE_TLS] = LIMIT(tls),
    [DEADLINE_UPGRADE] = LIMIT(upgrade),
    [DEADLINE_SESSION] = LIMIT(session),
    [DEADLINE_CONFIGURE] = LIMIT(configure),
    [DEADLINE_FIRST_OUTPUT] = LIMIT(first_output),
    [DEADLINE_STALL] = LIMIT(stall),
    [DEADLINE_RESPONSE] = LIMIT(response),
};

int64_t deadline_limit_ns(enum deadline deadline, const struct timeouts *timeouts)
{
    if (deadline == DEADLINE_NONE) return 0;
    return *(const int64_t *)((const char *)timeouts + limits[deadline].offset);
}

const char *deadline_key(enum deadline deadline)
{
    return deadline == DEADLINE_NONE ? "" : limits[deadline].key;
}
