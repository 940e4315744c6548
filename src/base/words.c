#include "base/words.h"

#include <string.h>

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

const char *audio_format_name(enum audio_format format)
{
    static const char *const names[] = {"pcm16", "g711_ulaw", "g711_alaw"};
    return names[format];
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

bool phase_find(const char *name, enum phase *out)
{
    for (int i = PHASE_NONE; i <= PHASE_CLOSE; i++) {
        if (strcmp(name, phase_name((enum phase)i)) != 0) continue;
        *out = (enum phase)i;
        return true;
    }
    return false;
}

bool domain_find(const char *name, enum domain *out)
{
    for (int i = DOMAIN_NONE; i <= DOMAIN_CLIENT; i++) {
        if (strcmp(name, domain_name((enum domain)i)) != 0) continue;
        *out = (enum domain)i;
        return true;
    }
    return false;
}
