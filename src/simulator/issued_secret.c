#include "simulator/issued_secret.h"

#include <string.h>

bool issued_secret_admits(const struct issued_secrets *issued, const char *value, int64_t now_s)
{
    if (issued == NULL) return false;
    size_t count = issued->given < ISSUED_SECRETS ? issued->given : ISSUED_SECRETS;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(issued->kept[i].value, value) == 0) return now_s < issued->kept[i].expires_s;
    }
    return false;
}
