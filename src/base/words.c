#include "base/words.h"

const char *dialect_name(enum dialect dialect)
{
    static const char *const names[] = {"ga", "preview", "openai"};
    return names[dialect];
}

const char *modality_name(enum modality modality)
{
    static const char *const names[] = {"text", "audio"};
    return names[modality];
}

const char *phase_name(enum phase phase)
{
    static const char *const names[] = {"none",    "resolve",  "connect", "tls",  "upgrade",
                                        "session", "response", "stream",  "close"};
    return names[phase];
}

const char *domain_name(enum domain domain)
{
    static const char *const names[] = {"none",    "config",  "auth",    "quota",
                                        "network", "service", "content", "client"};
    return names[domain];
}
